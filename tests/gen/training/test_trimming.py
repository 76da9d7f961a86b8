"""Fewer additions by higher thresholds of the first spiking layer."""

import numpy as np
import pytest
import torch
from torch import nn

from augend.gen import convert
from augend.gen.training.integer_networks import IntegerCnn
from augend.gen.training.lattice_weights import LatticeLinear
from augend.gen.training.trimming import additions, trimmed
from augend.sim.golden import GoldenModel


def made():
    torch.manual_seed(4)
    network = IntegerCnn(
        shape=(1, 8, 8), classes=5, channels=(4, 6), kernels=(3, 3), pool=(2, 1), bits=4
    )
    images = torch.from_numpy(np.random.default_rng(1).integers(0, 4, (50, 1, 8, 8)) / 3).float()
    network(images)
    return network.eval(), images


def test_additions_are_those_of_the_golden_model():
    network, images = made()
    program = convert(network, images.numpy(), weight_bits=4, pixel_bits=2, timesteps=1)
    result = GoldenModel(program.network).run(program.encode(images.numpy()))
    found = sum(operations.mean() for operations in result.operations.values())
    assert additions(network, images, 2) == pytest.approx(found)


def test_the_budget_is_kept_and_hardly_more_than_that_is_done():
    network, images = made()
    spent = additions(network, images, 2)
    bias = network.norm1.bias.detach().clone()
    found = trimmed(network, images, pixel_bits=2, millions=0.8 * spent / 1e6)
    assert 0.7 * spent < additions(found, images, 2) <= 0.8 * spent
    raised = bias - found.norm1.bias
    torch.testing.assert_close(raised, raised[0].expand(4))
    assert torch.equal(network.norm1.bias, bias)


def test_what_is_within_the_budget_stays():
    network, images = made()
    found = trimmed(network, images, pixel_bits=2, millions=1.0)
    assert found is not network
    assert torch.equal(found.norm1.bias, network.norm1.bias)


def test_what_cannot_be_kept_is_refused():
    network, images = made()
    with pytest.raises(ValueError, match="no threshold keeps a budget of 1e-06 million"):
        trimmed(network, images, pixel_bits=2, millions=1e-6)
    plain = nn.Sequential(nn.Flatten(), LatticeLinear(64, 2, bits=1))
    with pytest.raises(ValueError, match="without batch normalisation"):
        trimmed(plain, images, pixel_bits=2, millions=1.0)
