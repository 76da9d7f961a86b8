"""Float layers between a front end and folding: what every front end produces."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = [
    "SOURCE",
    "Add",
    "AvgPool",
    "BatchNorm",
    "Binary",
    "Concat",
    "Conv",
    "ConversionError",
    "Flatten",
    "Floats",
    "Graph",
    "Layer",
    "Linear",
    "MaxPool",
    "Pick",
    "Relu",
    "Shape",
]

SOURCE = "input"
"""Name under which layers refer to the network's input."""

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
    """One layer of a network.

    Parameters
    ----------
    name
        Its place in the module, e.g. ``features.3``; unique.
    shape
        Shape of its output for one image: ``(C, H, W)`` or ``(N,)``.
    sources
        Names of the layers that feed it, in order; the network's input is ``input``. Where left
        out, the layer before it in the graph.
    """

    name: str
    shape: Shape
    sources: tuple[str, ...] = ()

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
class MaxPool(Layer):
    """Greatest value of each window; places off the image are not there."""

    kernel: Pair
    stride: Pair
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Relu(Layer):
    """``y = min(max(x, slope x), ceiling)``.

    ``slope``: of what is below 0, 0 to 1, one for all or one a channel ``(C,)``; 0 is ReLU, 1 is
    no activation at all. ``ceiling``: e.g. 6 for ReLU6; None for none.
    """

    slope: float | Floats = 0.0
    ceiling: float | None = None

    @property
    def rectifies(self) -> bool:
        """Whether nothing below 0 passes."""
        return not np.any(self.slope)


@dataclass(frozen=True, kw_only=True, eq=False)
class Binary(Layer):
    """``heaviside``: 1 where x >= 0 (or > 0), else 0; ``sign``: +1 there, else -1.

    ``zero``: whether x = 0 counts as above, one for all or one a channel ``(C,)``.
    """

    function: Literal["heaviside", "sign"]
    zero: bool | npt.NDArray[np.bool_] = True


@dataclass(frozen=True, kw_only=True, eq=False)
class Flatten(Layer):
    """``(C, H, W)`` read in that order as ``(C H W,)``."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Add(Layer):
    """Sum of its sources, each times its gain; all have the shape of the result."""

    gains: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Concat(Layer):
    """Its sources one behind the other along the first axis, that of channels."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pick(Layer):
    """Chosen channels, rows and columns of its source: slices, zero padding, shuffles, flips.

    ``channels``, ``rows`` and ``columns`` are, for each of the output, the source's index, or -1
    where a zero comes; None means all as they are. Of ``(N,)`` only ``channels`` are chosen.
    """

    channels: tuple[int, ...] | None = None
    rows: tuple[int, ...] | None = None
    columns: tuple[int, ...] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Graph:
    """A network of float layers.

    Parameters
    ----------
    input_shape
        Shape of one image: ``(C, H, W)`` or ``(N,)``.
    layers
        Each behind its sources. The last is the network's output; what does not lead to it is
        left out.
    passed
        Layers that do nothing when the network is used, with the reason: ``(name, reason)``.
    """

    input_shape: Shape
    layers: tuple[Layer, ...]
    passed: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        before, shapes, layers = SOURCE, {SOURCE: self.input_shape}, []
        for layer in self.layers:
            linked = layer if layer.sources else replace(layer, sources=(before,))
            for source in linked.sources:
                if source not in shapes:
                    raise ConversionError(
                        f"it is fed by {source!r}, which is no layer before it.",
                        layer=layer.name,
                        kind=layer.kind,
                    )
            if layer.name in shapes:
                raise ConversionError("two layers have this name.", layer=layer.name)
            shapes[layer.name] = layer.shape
            before = layer.name
            layers.append(linked)
        for shape in shapes.values():
            if len(shape) not in (1, 3) or min(shape) < 1:
                raise ConversionError(
                    f"Shapes must be (N,) or (C, H, W) of at least 1, not {shape}."
                )
        needed = {layers[-1].name} if layers else set()
        for layer in reversed(layers):
            if layer.name in needed:
                needed.update(layer.sources)
        kept = tuple(layer for layer in layers if layer.name in needed)
        object.__setattr__(self, "layers", kept)

    def shape_of(self, name: str) -> Shape:
        """Shape of a layer, or of the input."""
        if name == SOURCE:
            return self.input_shape
        return next(layer.shape for layer in self.layers if layer.name == name)

    def users(self, name: str) -> tuple[Layer, ...]:
        """Layers that a layer, or the input, feeds."""
        return tuple(layer for layer in self.layers if name in layer.sources)

    @property
    def output_shape(self) -> Shape:
        """Shape of what the network returns for one image."""
        return self.layers[-1].shape if self.layers else self.input_shape

    @property
    def macs(self) -> dict[str, int]:
        """Multiply-accumulates an image, by layer; layers without weights are left out."""
        shapes = {SOURCE: self.input_shape} | {layer.name: layer.shape for layer in self.layers}
        counts = ((layer.name, layer.macs(shapes[layer.sources[0]])) for layer in self.layers)
        return {name: count for name, count in counts if count}
