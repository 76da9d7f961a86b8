"""Norm ``levels``: scales for a network that was trained on rounded activations."""

import numpy as np
import pytest
import torch
from torch import nn

from augend.gen import convert
from augend.gen.normalize import mse_scale
from augend.sim.golden import GoldenModel


@pytest.fixture(scope="module")
def drawn():
    torch.manual_seed(3)
    network = nn.Sequential(
        nn.Linear(12, 40), nn.ReLU(), nn.Linear(40, 30), nn.ReLU(), nn.Linear(30, 4)
    )
    return network, np.random.default_rng(1).integers(0, 2, (1500, 12)).astype(np.float32)


def levels(network, images, scales):
    """What each layer makes of whole spikes: responses of the second layer, and scores."""
    values = torch.from_numpy(images)
    with torch.no_grad():
        for layer, scale in zip((network[0], network[2]), scales, strict=True):
            seen = layer(values).relu()
            step = torch.tensor(scale, dtype=torch.float32)
            values = step * (seen >= step / 2)
        return seen.numpy(), network[4](values).numpy()


def test_scales_fit_what_layers_make_of_spikes(drawn):
    network, images = drawn
    program = convert(network, images, timesteps=1, pixel_bits=1, norm="levels")
    scales = list(program.metadata["scales"].values())
    seen, scores = levels(network, images, scales)
    fitted = mse_scale(seen, 1)
    errors = [
        np.square(scale * (seen >= np.asarray(scale) / 2) - seen).mean(0)
        for scale in (fitted, scales[1])
    ]
    assert (errors[1] <= 1.02 * errors[0] + 1e-6).all()
    result = GoldenModel(program.network).run(program.encode(images))
    assert (result.predictions == scores.argmax(1)).mean() > 0.95


def test_it_differs_from_mse(drawn):
    network, images = drawn
    one, other = (
        convert(network, images, timesteps=1, pixel_bits=1, norm=norm) for norm in ("levels", "mse")
    )
    first, second = one.metadata["scales"], other.metadata["scales"]
    names = list(first)
    assert first[names[0]] == second[names[0]]
    assert first[names[1]] != second[names[1]]
    scores = levels(network, images, first.values())[1].argmax(1)
    agree = [
        (GoldenModel(p.network).run(p.encode(images)).predictions == scores).mean()
        for p in (one, other)
    ]
    assert agree[0] > agree[1]
