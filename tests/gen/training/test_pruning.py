"""Pruning while training: what is kept, in which pieces, and what it costs to spike."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from augend.gen.datasets import DataSet
from augend.gen.training.loop import fit
from augend.gen.training.pruning import Pruner, Pruning, kept_weights
from augend.gen.training.recipe_file import recipe_for
from augend.gen.training.spike_levels import Spikes

SCORE = torch.arange(1.0, 7 * 5 + 1).reshape(7, 5)


def test_the_greatest_weights_are_kept():
    kept = kept_weights(SCORE, 0.4, "weights", 4)
    assert kept.sum() == 14
    assert kept.flatten()[-14:].all()


def test_blocks_are_kept_or_gone_as_a_whole():
    score = torch.rand(10, 6, generator=torch.Generator().manual_seed(1))
    kept = kept_weights(score, 0.5, "blocks", 4)
    words = nn.functional.pad(score, (0, 0, 0, 2)).reshape(3, 4, 6).square().sum(1)
    best = words >= words.flatten().sort().values[9]
    assert best.sum() == 9
    assert kept.tolist() == best.repeat_interleave(4, 0)[:10].float().tolist()


def test_banks_keep_as_many_in_each_lane():
    score = torch.rand(12, 6, generator=torch.Generator().manual_seed(1))
    kept = kept_weights(score, 1 / 3, "banks", 4)
    assert kept.reshape(3, 4, 6).sum(0).eq(1).all()
    assert torch.equal((score * kept).reshape(3, 4, 6).amax(0), score.reshape(3, 4, 6).amax(0))


def test_columns_are_read_or_not():
    score = torch.rand(7, 5, generator=torch.Generator().manual_seed(1))
    kept = kept_weights(score, 0.4, "columns", 4)
    best = score.square().sum(0).topk(2).indices.tolist()
    assert kept.sum(0).tolist() == [7.0 if column in best else 0.0 for column in range(5)]


@pytest.mark.parametrize("form", ["weights", "blocks", "banks", "columns"])
def test_what_is_gone_stays_gone(form):
    score = torch.rand(16, 6, generator=torch.Generator().manual_seed(1))
    gone = (slice(None), slice(2)) if form == "columns" else slice(8)
    score[gone] = 0
    assert not kept_weights(score, 1.0, form, 8)[gone].any()


def test_shares_fall_as_a_cubic_curve():
    pruning = Pruning(kept=(0.2,), first=0.2, last=0.6)
    found = [pruning.share(0, progress) for progress in (0, 0.2, 0.4, 0.6, 1)]
    assert found == pytest.approx([1, 1, 0.2 + 0.8 / 8, 0.2, 0.2])


def test_activations_have_a_price():
    network = nn.Sequential(nn.Linear(2, 2, bias=False), nn.ReLU())
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([[1.0, 0.0], [0.0, -1.0]]))
    pruner = Pruner(network, Pruning(kept=(1.0,), price=3.0), 1)
    with torch.no_grad():
        network(torch.tensor([[4.0, 2.0]]))
    assert float(pruner.cost()) == 3 * 4 / 2
    assert float(pruner.cost()) == 0
    pruner.remove()
    network(torch.tensor([[4.0, 2.0]]))
    assert float(pruner.cost()) == 0


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"kept": ()}, r"kept is \(\); each share must be above 0 and at most 1"),
        ({"kept": (0.5, 0.0)}, "each share must be above 0"),
        (
            {"form": "rows"},
            "form is 'rows'; it must be one of 'weights', 'blocks', 'banks', 'col",
        ),
        ({"lanes": 0}, "lanes is 0; it must be 1 or more"),
        ({"first": 0.6, "last": 0.6}, "pruning from 0.6 to 0.6 of the steps; it must begin"),
        ({"price": -1}, "price is -1; it must not be below 0"),
    ],
)
def test_refusals(chosen, message):
    with pytest.raises(ValueError, match=message):
        Pruning(**{"kept": (0.5,)} | chosen)


def test_as_many_shares_as_full_layers():
    with pytest.raises(ValueError, match="kept names 2 layers; the network has 1 full ones"):
        Pruner(nn.Sequential(nn.Linear(2, 2)), Pruning(kept=(0.5, 0.5)), 1)


@pytest.mark.parametrize("form", ["weights", "blocks", "banks"])
def test_a_recipe_leaves_what_it_says(form):
    generator = np.random.default_rng(1)
    images = DataSet(
        name="noise",
        images=generator.random((64, 1, 6, 6), dtype=np.float32),
        labels=np.arange(64) % 10,
        classes=10,
    )
    recipe = recipe_for("pruned-mlp", "mnist")
    recipe = replace(
        recipe,
        batch=16,
        augmentation=replace(recipe.augmentation, shift=0),
        pieces=(Pruning(kept=(0.25, 0.125, 1.0), form=form, lanes=4), Spikes(spikes=1)),
    )
    torch.manual_seed(1)
    network = nn.Sequential(
        nn.Flatten(),
        *(nn.Linear(36, 32), nn.BatchNorm1d(32), nn.ReLU()),
        *(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10)),
    )
    fit(network, images, images, recipe, 3, True)
    layers = [layer for layer in network if isinstance(layer, nn.Linear)]
    left = [float((layer.weight != 0).float().mean()) for layer in layers]
    assert left == [0.25, 0.125, 1.0]
    assert not any(layer._forward_hooks for layer in network)
