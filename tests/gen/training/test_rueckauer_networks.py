"""The networks of Rueckauer 2017: their layers, and the sizes that the paper states."""

import pytest
import torch
from torch import nn

from augend.gen.training import CifarCnn, Cnn7, LeNet


def outputs(network, shape):
    """Shape of every layer's output for one image."""
    seen = {}
    image = torch.rand(1, *shape)
    for name, layer in network.eval().named_children():
        image = layer(image)
        seen[name] = tuple(image.shape[1:])
    return seen


def connections(network, shape):
    """Products of one image, those of the first layer among them."""
    seen = outputs(network, shape)
    return sum(
        torch.Size(seen[name]).numel() * layer.weight[0].numel()
        for name, layer in network.named_children()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    )


def test_lenet_is_6c5_2s_16c5_2s_120_84_10():
    seen = outputs(LeNet(shape=(1, 28, 28), classes=10), (1, 28, 28))
    weighted = [seen[name] for name in seen if name.startswith(("conv", "pool", "linear", "out"))]
    assert weighted == [(6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (120,), (84,), (10,)]


def test_cnn7_has_the_neurons_and_operations_of_the_paper():
    shape = (1, 28, 28)
    network = Cnn7(shape=shape, classes=10)
    seen = outputs(network, shape)
    layers = [
        seen[name] for name in seen if name.startswith(("conv", "pool", "flat", "lin", "out"))
    ]
    assert layers == [(16, 12, 12), (32, 10, 10), (32, 5, 5), (800,), (800,), (10,)]
    assert round(sum(torch.Size(layer).numel() for layer in layers), -3) == 8_000
    products = connections(network, shape)
    assert round(products, -5) == 1_200_000
    pooled, weighted = 800, 2304 + 3200 + 800 + 10
    operations = 2 * products + weighted + (2 * 4 + 1) * pooled  # Rueckauer 2017, equation 9
    assert round(operations, -4) == 2_350_000


def test_cifar_cnn_has_the_layers_of_the_paper():
    shape = (3, 32, 32)
    seen = outputs(CifarCnn(shape=shape, classes=10), shape)
    layers = [seen[name] for name in seen if name.startswith(("conv", "pool", "linear", "output"))]
    assert layers == [
        *((32, 32, 32), (32, 32, 32), (32, 16, 16)),
        *((64, 14, 14), (64, 12, 12), (64, 6, 6)),
        *((512,), (10,)),
    ]
    assert round(sum(torch.Size(layer).numel() for layer in layers), -5) == 100_000


@pytest.mark.parametrize("network", [Cnn7, CifarCnn])
def test_batch_normalisation_is_the_bias_of_every_hidden_layer(network):
    made = network(shape=(3, 32, 32), classes=10)
    kinds = [type(layer) for layer in made]
    for index, (name, layer) in enumerate(made.named_children()):
        if isinstance(layer, nn.Conv2d | nn.Linear) and name != "output":
            assert layer.bias is None
            assert kinds[index + 1] in (nn.BatchNorm1d, nn.BatchNorm2d)
            assert kinds[index + 2] is nn.ReLU
    assert made.output.bias is not None


def test_lenet_has_a_bias_in_every_layer():
    made = LeNet(shape=(1, 28, 28), classes=10)
    layers = [layer for layer in made if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert len(layers) == 5
    assert all(layer.bias is not None for layer in layers)
    assert nn.AvgPool2d not in {type(layer) for layer in made}


@pytest.mark.parametrize(("network", "blocks"), [(LeNet, 2), (CifarCnn, 2), (Cnn7, 1)])
def test_image_too_small(network, blocks):
    with pytest.raises(ValueError) as error:
        network(shape=(1, 8, 8), classes=10)
    assert str(error.value) == (
        f"images of shape (1, 8, 8) are used up after {blocks} of the {blocks} blocks of "
        f"{network.__name__}; use larger images"
    )
