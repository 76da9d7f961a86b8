"""Float layers between a front end and folding: what every front end produces."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = [
    "AvgPool",
    "BatchNorm",
    "Conv",
    "ConversionError",
    "Flatten",
    "Floats",
    "Graph",
    "Layer",
    "Linear",
    "Relu",
    "Shape",
]

Floats = npt.NDArray[np.float64]
Shape = tuple[int, ...]
Pair = tuple[int, int]


class ConversionError(ValueError):
    """A network, or an option, that cannot be converted.

    Parameters
    ----------
    reason
        What stands in the way, in one sentence.
    layer
        Name of the layer: its place in the module, or None where no single layer is meant.
    kind
        What the layer is, e.g. ``MaxPool2d``.
    instead
        What could be used instead, as an imperative sentence.
    """

    def __init__(
        self,
        reason: str,
        *,
        layer: str | None = None,
        kind: str | None = None,
        instead: str | None = None,
    ) -> None:
        self.reason, self.layer, self.kind, self.instead = reason, layer, kind, instead
        where = "" if layer is None else f"Layer {layer!r}{f' ({kind})' if kind else ''}: "
        super().__init__(f"{where}{reason}{f' {instead}' if instead else ''}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """One layer of a chain.

    Parameters
    ----------
    name
        Its place in the module, e.g. ``features.3``.
    shape
        Shape of its output for one image: ``(C, H, W)`` or ``(N,)``.
    """

    name: str
    shape: Shape

    @property
    def kind(self) -> str:
        """Name of the layer's class."""
        return type(self).__name__

    def macs(self, source: Shape) -> int:
        """Multiply-accumulates for one image whose input to this layer has the shape ``source``."""
        del source
        return 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Linear(Layer):
    """``y = W x + b`` with ``weight`` ``(out, in)`` and ``bias`` ``(out,)``."""

    weight: Floats
    bias: Floats

    def macs(self, source: Shape) -> int:
        """One for each weight."""
        del source
        return self.weight.size


@dataclass(frozen=True, kw_only=True, eq=False)
class Conv(Layer):
    """Convolution with ``weight`` ``(C_out, C_in / groups, KH, KW)`` and ``bias`` ``(C_out,)``.

    ``padding`` is the number of zeros before the first row and column; as many follow the last as
    the output's shape asks for.
    """

    weight: Floats
    bias: Floats
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1

    def macs(self, source: Shape) -> int:
        """One for each weight and output position; products with padded zeros do not count."""
        taps = 1
        for axis in (0, 1):
            outputs = np.arange(self.shape[1 + axis]) * self.stride[axis] - self.padding[axis]
            inputs = outputs[:, None] + np.arange(self.weight.shape[2 + axis]) * self.dilation[axis]
            taps *= int(((inputs >= 0) & (inputs < source[1 + axis])).sum())
        return self.shape[0] * self.weight.shape[1] * taps


@dataclass(frozen=True, kw_only=True, eq=False)
class AvgPool(Layer):
    """Sum over windows, divided by ``divisor``; padded zeros count as inputs."""

    kernel: Pair
    stride: Pair
    padding: Pair = (0, 0)
    divisor: float


@dataclass(frozen=True, kw_only=True, eq=False)
class BatchNorm(Layer):
    """Trained normalisation ``y = scale x + shift`` per channel, both ``(C,)``.

    ``scale = gamma / sqrt(variance + eps)`` and ``shift = beta - scale mean`` (Rueckauer 2017,
    2.2.3).
    """

    scale: Floats
    shift: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class Relu(Layer):
    """``y = max(x, 0)``."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Flatten(Layer):
    """``(C, H, W)`` read in that order as ``(C H W,)``."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Graph:
    """A network as a chain of float layers, each fed by the one before it.

    Parameters
    ----------
    input_shape
        Shape of one image: ``(C, H, W)`` or ``(N,)``.
    layers
        In order, each with its output shape.
    passed
        Layers that do nothing when the network is used, with the reason: ``(name, reason)``.
    """

    input_shape: Shape
    layers: tuple[Layer, ...]
    passed: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        for shape in (self.input_shape, *(layer.shape for layer in self.layers)):
            if len(shape) not in (1, 3) or min(shape) < 1:
                raise ConversionError(
                    f"Shapes must be (N,) or (C, H, W) of at least 1, not {shape}."
                )

    def source_shape(self, index: int) -> Shape:
        """Shape of what enters layer ``index``."""
        return self.input_shape if index == 0 else self.layers[index - 1].shape

    @property
    def output_shape(self) -> Shape:
        """Shape of what the network returns for one image."""
        return self.source_shape(len(self.layers))

    @property
    def macs(self) -> dict[str, int]:
        """Multiply-accumulates an image, by layer; layers without weights are left out."""
        counts = (
            (layer.name, layer.macs(self.source_shape(index)))
            for index, layer in enumerate(self.layers)
        )
        return {name: count for name, count in counts if count}
