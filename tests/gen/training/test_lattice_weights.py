"""Weights that are integers while they are trained: what conversion makes of them."""

import numpy as np
import pytest
import torch
from torch import nn

from augend.gen import convert
from augend.gen.training.integer_networks import IntegerCnn
from augend.gen.training.lattice_weights import LatticeLinear, on_lattice, signs


def test_signs_and_their_gradients():
    weight = torch.tensor([-1.5, -0.2, -0.0, 0.0, 0.3, 1.5], requires_grad=True)
    found = signs(weight)
    assert found.tolist() == [-1, -1, 1, 1, 1, 1]
    (found * torch.arange(1.0, 7.0)).sum().backward()
    assert weight.grad is not None
    assert weight.grad.tolist() == [0, 2, 3, 4, 5, 0]


def test_multiples_of_the_step_and_their_gradients():
    weight = torch.tensor([[0.2, -0.26, 0.9, -9.0], [2.0, 1.0, 3.0, 4.0]], requires_grad=True)
    found = on_lattice(weight, torch.tensor([0.5, 1.0]), 3)
    assert found.tolist() == [[0.0, -0.5, 1.0, -2.0], [2.0, 1.0, 3.0, 3.0]]
    found.sum().backward()
    assert weight.grad is not None
    assert weight.grad.tolist() == [[1, 1, 1, 0], [1, 1, 1, 0]]


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("shared", [False, True])
def test_training_and_evaluation_see_the_same_whole_weights(bits, shared):
    torch.manual_seed(bits)
    layer = LatticeLinear(30, 4, bits=bits, shared=shared)
    x = torch.randn(5, 30)
    trained = layer(x)
    torch.testing.assert_close(layer.eval()(x), trained)
    whole = layer.whole_weight().detach().numpy()
    integers = layer.integers()
    assert integers.min() >= -(1 << bits - 1)
    assert integers.max() < 1 << bits - 1
    ratio = np.divide(whole, integers, out=np.full(whole.shape, np.nan), where=integers != 0)
    spread = np.nanmax(ratio, 1) - np.nanmin(ratio, 1)
    np.testing.assert_allclose(spread, 0, atol=1e-6)
    assert (np.ptp(np.nanmean(ratio, 1)) < 1e-6) == shared


def test_steps_are_looked_for_now_and_then():
    layer = LatticeLinear(8, 2, bits=4)
    x = torch.randn(3, 8)
    layer(x)
    before = layer.whole_weight().detach()
    with torch.no_grad():
        layer.weight.mul_(3)
    assert layer(x).abs().max() < 3 * (x @ before.T).abs().max()  # clipped at the old step
    for _ in range(layer.EVERY):
        layer(x)
    torch.testing.assert_close(layer.whole_weight().detach(), 3 * before)


def test_an_epoch_begins_with_new_steps_and_evaluation_leaves_them():
    layer = LatticeLinear(8, 2, bits=4)
    x = torch.randn(3, 8)
    before = layer(x)
    with torch.no_grad():
        layer.weight.mul_(2)
    doubled = layer.eval()(x)
    torch.testing.assert_close(doubled, 2 * before)
    torch.testing.assert_close(layer.train()(x), doubled)
    with torch.no_grad():
        layer.weight.mul_(2)
    assert not torch.allclose(layer(x), 2 * doubled)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_conversion_gives_the_very_integers(bits):
    torch.manual_seed(3)
    network = IntegerCnn(
        shape=(1, 8, 8), classes=5, channels=(4, 6), kernels=(3, 3), pool=(2, 1), bits=bits
    )
    for layer in network:
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2)
            layer.bias.data.normal_()
    images = np.random.default_rng(1).random((20, 1, 8, 8), np.float32)
    program = convert(network.eval(), images, weight_bits=bits, timesteps=1)
    first, second, last = (projection.weight for projection in program.network.projections)
    np.testing.assert_array_equal(first, network.conv1.integers())
    np.testing.assert_array_equal(
        second, np.repeat(np.repeat(network.conv2.integers(), 2, 2), 2, 3)
    )
    np.testing.assert_array_equal(last, network.output.integers())


@pytest.mark.parametrize("bits", [0, 9])
def test_bits_are_1_to_8(bits):
    with pytest.raises(ValueError, match=f"bits is {bits}; it must be 1 to 8"):
        LatticeLinear(3, 2, bits=bits)
