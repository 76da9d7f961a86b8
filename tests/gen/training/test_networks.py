"""The networks' layers, widths and refusals."""

import pytest
import torch
from torch import nn

from augend.gen.training import Cnn, Mlp


def test_mlp_is_784_1200_1200_10():
    network = Mlp(shape=(1, 28, 28), classes=10).eval()
    widths = [layer.weight.shape for layer in network if isinstance(layer, nn.Linear)]
    assert widths == [(1200, 784), (1200, 1200), (10, 1200)]
    assert network(torch.zeros(3, 1, 28, 28)).shape == (3, 10)


def test_cnn_is_12c5_2s_64c5_2s_10():
    network = Cnn(shape=(1, 28, 28), classes=10).eval()
    assert [type(layer).__name__ for layer in network] == [
        *("Conv2d", "ReLU", "AvgPool2d"),
        *("Conv2d", "ReLU", "AvgPool2d"),
        *("Flatten", "Dropout", "Linear"),
    ]
    assert network.conv1.weight.shape == (12, 1, 5, 5)
    assert network.conv2.weight.shape == (64, 12, 5, 5)
    assert network.output.weight.shape == (10, 1024)


@pytest.mark.parametrize("network", [Mlp, Cnn])
def test_without_biases_black_gives_zeros(network):
    made = network(shape=(3, 32, 32), classes=7).eval()
    assert all(name.endswith("weight") for name in made.state_dict())
    assert torch.equal(made(torch.zeros(2, 3, 32, 32)), torch.zeros(2, 7))


def test_window_of_one_leaves_pooling_out():
    network = Cnn(shape=(1, 8, 8), classes=10, channels=(4, 8), kernels=(3, 3), pool=(1, 2))
    names = [name for name, _ in network.named_children()]
    assert "pool1" not in names
    assert "pool2" in names
    assert network.output.in_features == 8 * 2 * 2


def test_image_too_small():
    with pytest.raises(ValueError) as error:
        Cnn(shape=(1, 8, 8), classes=10)
    assert str(error.value) == (
        "images of shape (1, 8, 8) are used up after 2 of the stages with kernels (5, 5) and "
        "windows (2, 2); use smaller ones"
    )


def test_image_without_channels():
    with pytest.raises(ValueError, match=r"an image has the shape \(C, H, W\), not \(28, 28\)"):
        Mlp(shape=(28, 28), classes=10)


def test_first_weights_can_be_uniform():
    weight = Mlp(shape=(1, 8, 8), classes=10, hidden=[400], uniform=0.1).linear1.weight.detach()
    assert 0.099 < float(weight.abs().max()) <= 0.1
    assert float(weight.std()) == pytest.approx(0.1 / 3**0.5, rel=0.02)
