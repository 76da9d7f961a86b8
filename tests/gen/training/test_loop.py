"""Training: what it reaches, that it repeats, and what it looks at."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from augend.gen.datasets import DataSet, DataSetError, load
from augend.gen.training import (
    Augmentation,
    CheckpointError,
    Optimizer,
    Recipe,
    RecipeError,
    accuracy,
    load_network,
    loop,
    recipe_for,
    train,
)
from augend.gen.training.losses import CrossEntropy
from augend.gen.training.networks import NETWORKS
from augend.gen.training.piece import Options, Piece
from augend.gen.training.pruning import Pruning
from augend.gen.training.spike_levels import Spikes

OPTIMIZER = Optimizer(learning_rate=0.1)


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
    with pytest.raises(RecipeError, match="^epochs is 0; it must be 1 or more$"):
        train("mlp", "digits", epochs=0)
    with pytest.raises(RecipeError, match="^only a training with an output can be resumed$"):
        train("mlp", "digits", resume=True)
    with pytest.raises(DataSetError, match="no data set 'letters'"):
        train(Recipe(network="mlp", epochs=1, optimizer=OPTIMIZER), "letters")
    with pytest.raises(RecipeError, match="^batch is 0; it must be 1 or more$"):
        Recipe(network="mlp", epochs=1, batch=0, optimizer=OPTIMIZER)
    with pytest.raises(RecipeError, match="no network 'rnn'; the networks are mlp, cnn"):
        Recipe(network="rnn", epochs=1, optimizer=OPTIMIZER)
    with pytest.raises(ValueError, match="^label_smoothing is 1; it must be from 0 to below 1$"):
        CrossEntropy(label_smoothing=1)


class Stopped(Exception):
    """Ends a training from within, as a power cut would."""


@dataclass(frozen=True, kw_only=True)
class Stop(Options):
    """Stops before an epoch."""

    epoch: int

    def start(self, network, run):
        stop = Piece()

        def begin_epoch(epoch):
            if epoch == self.epoch:
                raise Stopped

        stop.begin_epoch = begin_epoch
        return stop

    def __repr__(self):
        return "the same training"


def pruned(stop):
    """A small recipe with everything that has a state."""
    return Recipe(
        network="mlp",
        arguments={"hidden": [16], "dropout": 0.2},
        epochs=6,
        batch=64,
        validation=197,
        patience=6,
        optimizer=Optimizer(learning_rate=3e-3),
        augmentation=Augmentation(shift=1),
        pieces=(Pruning(kept=(0.3, 1.0), last=0.5), Spikes(spikes=2), Stop(epoch=stop)),
    )


@pytest.mark.parametrize("stop", [2, 5])
def test_a_stopped_training_goes_on_as_if_nothing_was(tmp_path, stop):
    whole = train(pruned(0), "digits", output=tmp_path / "whole.pt", quiet=True)
    output = tmp_path / "stopped.pt"
    with pytest.raises(Stopped):
        train(pruned(stop), "digits", output=output, quiet=True)
    assert [path.name for path in tmp_path.iterdir() if "stopped" in path.name] == [
        "stopped.pt.unfinished"
    ]
    torch.rand(3)
    again = train(pruned(0), "digits", output=output, resume=True, quiet=True)
    expected = whole.module.state_dict()
    assert all(torch.equal(v, expected[k]) for k, v in again.module.state_dict().items())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["stopped.pt", "whole.pt"]


def test_an_unfinished_training_of_another_kind_is_refused(tmp_path):
    output = tmp_path / "ann.pt"
    with pytest.raises(Stopped):
        train(pruned(2), "digits", output=output, seed=1, quiet=True)
    with pytest.raises(CheckpointError, match="is of another training: its recipe, data, seed or"):
        train(pruned(0), "digits", output=output, seed=2, resume=True, quiet=True)
    Path(f"{output}.unfinished").write_bytes(b"no")
    with pytest.raises(CheckpointError, match="is damaged; delete it and train from the beg"):
        train(pruned(0), "digits", output=output, resume=True, quiet=True)
    train(pruned(0), "digits", output=output, epochs=1, quiet=True)


def test_patience_keeps_the_best_epoch(monkeypatch):
    measured = iter([0.5, 0.7, 0.6, 0.7, 0.9])
    weights = []

    def some_accuracy(network, dataset):
        weights.append(network.output.weight.clone())
        return next(measured)

    monkeypatch.setattr(loop, "accuracy", some_accuracy)
    recipe = replace(recipe_for("mlp", "digits"), patience=2)
    images = some_images((1, 8, 8))
    network = NETWORKS["mlp"](shape=(1, 8, 8), classes=10, hidden=[8])
    assert loop.fit(network, images, images, recipe, 10, quiet=True) == 4
    assert torch.equal(network.output.weight, weights[1])
    assert not torch.equal(network.output.weight, weights[3])


def test_pieces_are_called_in_their_order():
    calls = []

    @dataclass(frozen=True, kw_only=True)
    class Listening(Options):
        name: str

        def start(self, network, run):
            class Listener(Piece):
                pass

            listener = Listener()
            for hook in ("begin", "begin_epoch", "before", "after", "remove"):
                setattr(listener, hook, lambda *at, h=hook: calls.append((self.name, h, *at)))
            listener.inputs = lambda images: calls.append((self.name, "inputs")) or images
            return listener

    recipe = replace(
        recipe_for("mlp", "digits"), batch=64, pieces=(Listening(name="a"), Listening(name="b"))
    )
    images = some_images((1, 8, 8))
    network = NETWORKS["mlp"](shape=(1, 8, 8), classes=10, hidden=[8])
    loop.fit(network, images, images, recipe, 1, quiet=True)
    order = [("begin",), ("begin_epoch", 1), ("before", 1), ("after", 1), ("remove",)]
    expected = [(name, *call) for call in order for name in "ab"]
    expected[4:6] = [("a", "before", 1), ("a", "inputs"), ("b", "before", 1), ("b", "inputs")]
    assert calls == expected


def test_a_training_goes_on_from_another_network(tmp_path):
    first = tmp_path / "first.pt"
    recipe = replace(pruned(0), pieces=())
    train(recipe, "digits", epochs=1, output=first, quiet=True)
    later = replace(recipe, name="later", after="first", optimizer=Optimizer(learning_rate=1e-12))
    with pytest.raises(RecipeError, match="^later goes on from a network that was trained by"):
        train(later, "digits", epochs=1, quiet=True)
    result = train(later, "digits", epochs=1, start=first, quiet=True)
    expected = load_network(first)[0].state_dict()
    for name, value in result.module.state_dict().items():
        torch.testing.assert_close(value, expected[name])
    assert (result.metadata["recipe"], result.metadata["network"]) == ("later", "mlp")
    with pytest.raises(CheckpointError, match="mlp network in .* has other tensors than the one"):
        train("mlp", "digits", epochs=1, start=first, quiet=True)
