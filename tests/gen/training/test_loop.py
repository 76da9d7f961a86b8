"""Training: what it reaches, that it repeats, and what it looks at."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from augend.gen.datasets import DataSet, DataSetError, load
from augend.gen.training import Recipe, RecipeError, accuracy, loop, recipe_for, train
from augend.gen.training.networks import NETWORKS


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


def some_images(shape, count=64):
    generator = np.random.default_rng(1)
    return DataSet(
        name="noise",
        images=generator.random((count, *shape), dtype=np.float32),
        labels=np.arange(count) % 10,
        classes=10,
    )


@pytest.mark.parametrize(
    ("name", "data", "shape"),
    [
        ("lenet", "mnist", (1, 28, 28)),
        ("cnn7", "mnist", (1, 28, 28)),
        ("cifar-cnn", "cifar10", (3, 32, 32)),
        ("pruned-mlp", "mnist", (1, 28, 28)),
    ],
)
def test_each_recipe_learns_a_few_images_in_three_epochs(name, data, shape):
    images, recipe = some_images(shape), recipe_for(name, data)
    recipe = replace(recipe, batch=16, augmentation=replace(recipe.augmentation, shift=1))
    torch.manual_seed(1)
    network = NETWORKS[name](shape=shape, classes=10, **recipe.arguments)

    def loss():
        scores = network.eval()(torch.from_numpy(images.images))
        return torch.nn.functional.cross_entropy(scores, torch.from_numpy(images.labels)).item()

    before = loss()
    loop.fit(network, images, images, recipe, 3, True)
    assert loss() < before
    assert all(value.is_contiguous() for value in network.state_dict().values())
    assert {value.dtype for value in network.parameters()} == {torch.float32}


def test_refusals():
    with pytest.raises(RecipeError, match="^there is no recipe 'rnn' for digits; the recipes"):
        train("rnn", "digits")
    with pytest.raises(RecipeError, match="'lenet' for digits; the recipes are mlp, cnn$"):
        train("lenet", "digits")
    with pytest.raises(RecipeError, match="^epochs is 0; it must be 1 or more$"):
        train("mlp", "digits", epochs=0)
    with pytest.raises(DataSetError, match="no data set 'letters'"):
        train("mlp", "letters")
    with pytest.raises(RecipeError, match="^batch is 0; it must be 1 or more$"):
        Recipe(network="mlp", epochs=1, batch=0, learning_rate=0.1)
    with pytest.raises(RecipeError, match="no network 'rnn'; the networks are mlp, cnn"):
        Recipe(network="rnn", epochs=1, learning_rate=0.1)
    with pytest.raises(RecipeError, match="^label_smoothing is 1; it must be from 0 to below 1$"):
        Recipe(network="mlp", epochs=1, learning_rate=0.1, label_smoothing=1)


def test_recipe_depends_on_the_data():
    assert recipe_for("mlp", "mnist").arguments["hidden"] == (1200, 1200)
    assert recipe_for("mlp", "digits").arguments["hidden"] != (1200, 1200)
    assert recipe_for("cifar-cnn", "cifar10").augmentation.mirror
    with pytest.raises(RecipeError, match="'cifar-cnn' for mnist; the recipes are mlp, cnn, lenet"):
        recipe_for("cifar-cnn", "mnist")
