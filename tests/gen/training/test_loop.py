"""Training: what it reaches, that it repeats, and what it looks at."""

import numpy as np
import pytest
import torch

from augend.gen.datasets import DataSetError, load
from augend.gen.training import Recipe, RecipeError, accuracy, loop, recipe_for, train


@pytest.mark.parametrize(("recipe", "floor"), [("mlp", 0.90), ("cnn", 0.88)])
def test_a_few_epochs_teach_digits(recipe, floor):
    result = train(recipe, "digits", epochs=4, seed=1, quiet=True)
    assert result.metadata["test_accuracy"] >= floor
    assert result.metadata["test_accuracy"] == accuracy(result.module, load("digits", "test"))
    assert result.metadata["epochs"] == 4
    assert not result.module.training


@pytest.mark.parametrize("recipe", ["mlp", "cnn"])
def test_the_seed_decides_the_weights(recipe):
    before = torch.get_rng_state()
    first, again, other = (
        train(recipe, "digits", epochs=2, seed=seed, quiet=True).module.state_dict()
        for seed in (5, 5, 6)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_progress_bar_changes_nothing(capsys):
    silent = train("mlp", "digits", epochs=1, seed=2, quiet=True)
    assert capsys.readouterr() == ("", "")
    shown = train("mlp", "digits", epochs=1, seed=2)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "validation" in captured.err
    assert torch.equal(silent.module.output.weight, shown.module.output.weight)


def test_test_images_do_not_shape_the_network(monkeypatch):
    honest = train("mlp", "digits", epochs=1, seed=2, quiet=True)

    def other_test_images(name, split="train"):
        found = load(name, split)
        return found if split == "train" else found.take(np.arange(10))

    monkeypatch.setattr(loop, "load", other_test_images)
    again = train("mlp", "digits", epochs=1, seed=2, quiet=True)
    assert torch.equal(honest.module.output.weight, again.module.output.weight)
    assert honest.metadata["test_accuracy"] != again.metadata["test_accuracy"]


def test_accuracy_counts():
    images = load("digits", "test").take(np.arange(7))

    class Constant(torch.nn.Linear):
        def forward(self, images):
            return torch.eye(10)[3].repeat(len(images), 1)

    assert accuracy(Constant(1, 1), images) == pytest.approx(np.mean(images.labels == 3))


def test_shift_moves_by_whole_pixels_and_pads_with_black():
    torch.manual_seed(0)
    image = torch.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    padded = torch.nn.functional.pad(image, (1, 1, 1, 1))
    seen = {
        tuple(cut.flatten().int().tolist())
        for cut in loop._shifted(padded, torch.zeros(500, dtype=torch.int64), 1)
    }
    assert len(seen) == 9
    assert (1, 2, 3, 4, 5, 6, 7, 8, 9) in seen
    assert (0, 0, 0, 0, 1, 2, 0, 4, 5) in seen
    assert (5, 6, 0, 8, 9, 0, 0, 0, 0) in seen


def test_refusals():
    with pytest.raises(RecipeError, match="^there is no recipe 'rnn'; the recipes are mlp, cnn$"):
        train("rnn", "digits")
    with pytest.raises(RecipeError, match="^epochs is 0; it must be 1 or more$"):
        train("mlp", "digits", epochs=0)
    with pytest.raises(DataSetError, match="no data set 'letters'"):
        train("mlp", "letters")
    with pytest.raises(RecipeError, match="^batch is 0; it must be 1 or more$"):
        Recipe(network="mlp", epochs=1, batch=0, learning_rate=0.1)
    with pytest.raises(RecipeError, match="no network 'rnn'; the networks are mlp, cnn"):
        Recipe(network="rnn", epochs=1, learning_rate=0.1)


def test_recipe_depends_on_the_data():
    assert recipe_for("mlp", "mnist").arguments["hidden"] == (1200, 1200)
    assert recipe_for("mlp", "digits").arguments["hidden"] != (1200, 1200)
