"""Networks that train on what will run: integer weights, and spikes for activations."""

import math
from collections import OrderedDict
from collections.abc import Sequence
from typing import Literal

import torch
from torch import nn

from augend.gen.training.lattice_weights import LatticeConv2d, LatticeLinear
from augend.gen.training.layers import checked_shape
from augend.gen.training.spike_activations import Heaviside, Sign, SpikeCount

__all__ = ["BinaryMlp", "IntegerCnn"]

Activation = Literal["heaviside", "sign", "spikes"]


def _activation(kind: Activation, window: float, steps: int) -> nn.Module:
    if kind == "heaviside":
        return Heaviside(window)
    if kind == "sign":
        return Sign(window)
    if kind == "spikes":
        return SpikeCount(steps)
    raise ValueError(f"activation is {kind!r}; it must be 'heaviside', 'sign' or 'spikes'")


def _centred(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> nn.Module:
    """A normalisation that learns no scale: one below 0 would turn integers round."""
    norm.weight.requires_grad_(False)
    return norm


class Temper(nn.Module):
    """One learnt scale of all scores, which softmax needs and their order does not.

    Parameters
    ----------
    scale
        To begin with, above 0.
    """

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(scale))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores, scaled."""
        return x * self.scale.abs()


class BinaryMlp(nn.Sequential):
    """A multi-layer perceptron of weights -1 and +1 (Courbariaux 2015, 2016; Rueckauer 2017, 3.4).

    Batch normalisation follows every hidden layer and becomes biases and thresholds. Images
    ``(images, C, H, W)`` go in, scores ``(images, classes)`` come out.

    Parameters
    ----------
    shape
        Shape of one image, ``(C, H, W)``.
    classes
        Number of outputs.
    hidden
        Number of units of each hidden layer.
    activation
        ``heaviside`` and ``sign``: BinaryNet. ``spikes``: BinaryConnect's ReLU, as counts of
        spikes in ``steps`` time steps.
    steps
        T, for ``spikes``.
    window
        Gradients of ``heaviside`` and ``sign`` pass within it, in standard deviations.
    input_dropout, dropout
        Share of the pixels, and of each hidden layer's units, hidden in each training step.
    bits
        Width of weights.
    """

    def __init__(
        self,
        *,
        shape: Sequence[int],
        classes: int,
        hidden: Sequence[int] = (1200, 1200),
        activation: Activation = "heaviside",
        steps: int = 1,
        window: float = 1.0,
        input_dropout: float = 0.0,
        dropout: float = 0.0,
        bits: int = 1,
    ) -> None:
        layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
        layers["dropout0"] = nn.Dropout(input_dropout)
        width = math.prod(checked_shape(shape))
        for index, units in enumerate(hidden, start=1):
            layers[f"linear{index}"] = LatticeLinear(width, units, bits=bits)
            layers[f"norm{index}"] = _centred(nn.BatchNorm1d(units))
            layers[f"spikes{index}"] = _activation(activation, window, steps)
            layers[f"dropout{index}"] = nn.Dropout(dropout)
            width = units
        layers["output"] = LatticeLinear(width, classes, bits=bits, shared=True)
        layers["temper"] = Temper(1 / math.sqrt(width))
        super().__init__(layers)


class IntegerCnn(nn.Sequential):
    """The network of Diehl 2015, 28x28-12c5-2s-64c5-2s-10o, trained as the integers that run.

    Batch normalisation follows every convolution and becomes biases and thresholds; the mean over
    2 x 2 windows folds into the layer behind, as in `augend.gen.training.diehl_networks.Cnn`.

    Parameters
    ----------
    shape, classes
        As for the other networks.
    channels, kernels, pool, strides
        Of each stage; without strides each is 1.
    activation, steps, window
        As for `BinaryMlp`.
    dropout
        Share of the last stage's units hidden in each training step.
    bits
        Width of weights.
    """

    def __init__(
        self,
        *,
        shape: Sequence[int],
        classes: int,
        channels: Sequence[int] = (12, 64),
        kernels: Sequence[int] = (5, 5),
        pool: Sequence[int] = (2, 2),
        strides: Sequence[int] | None = None,
        activation: Activation = "heaviside",
        steps: int = 1,
        window: float = 1.0,
        dropout: float = 0.0,
        bits: int = 8,
    ) -> None:
        before, height, width = checked_shape(shape)
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        strides = (1,) * len(channels) if strides is None else strides
        for index, (maps, kernel, stride, size) in enumerate(
            zip(channels, kernels, strides, pool, strict=True), start=1
        ):
            layers[f"conv{index}"] = LatticeConv2d(before, maps, kernel, bits=bits, stride=stride)
            layers[f"norm{index}"] = _centred(nn.BatchNorm2d(maps))
            layers[f"spikes{index}"] = _activation(activation, window, steps)
            if size > 1:
                layers[f"pool{index}"] = nn.AvgPool2d(size)
            height, width = (((side - kernel) // stride + 1) // size for side in (height, width))
            before = maps
            if height < 1 or width < 1:
                raise ValueError(
                    f"images of shape {tuple(shape)} are used up after {index} of the stages with "
                    f"kernels {tuple(kernels)} and windows {tuple(pool)}; use smaller ones"
                )
        layers["flatten"] = nn.Flatten()
        layers["dropout"] = nn.Dropout(dropout)
        layers["output"] = LatticeLinear(before * height * width, classes, bits=bits, shared=True)
        layers["temper"] = Temper(1 / math.sqrt(before * height * width) if bits == 1 else 1.0)
        super().__init__(layers)
