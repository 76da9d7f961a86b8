"""What one source brings to a stage: a linear map, dense or a convolution."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from augend.gen.graph import Floats, Shape

__all__ = ["Range", "Term", "coverage"]

Range = tuple[int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Term:
    """``W x`` of one source ``x``, added to the chosen channels of a stage.

    Parameters
    ----------
    source
        Name of the stage that ``x`` comes from, or ``input``.
    kind
        ``dense``, with ``weight`` ``(N, sources)`` over sources flattened in (C, H, W) order, or
        ``conv``, with ``weight`` ``(C_out, C_in / groups, KH, KW)``; of the channels that take
        part.
    source_shape, shape
        Of the whole source, and of the whole stage, for one image.
    stride, padding, dilation, groups
        Of a convolution; padding below 0 leaves rows and columns away.
    source_channels, target_channels
        First channel and the one past the last that take part; None for all.
    handed_on
        Every neuron takes in one source neuron only, as in a shortcut: such weights are few, and
        get a width of their own.
    """

    source: str
    kind: Literal["dense", "conv"]
    weight: Floats
    source_shape: Shape
    shape: Shape
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    source_channels: Range | None = None
    target_channels: Range | None = None
    handed_on: bool = False

    @property
    def source_range(self) -> Range:
        """First source channel that takes part, and the one past the last."""
        return self.source_channels or (0, self.source_shape[0])

    @property
    def target_range(self) -> Range:
        """First channel of the stage that it adds to, and the one past the last."""
        return self.target_channels or (0, self.shape[0])

    @property
    def rows(self) -> Floats:
        """Weights of every channel that it adds to in one row: ``(channels, weights)``."""
        first, last = self.target_range
        return self.weight.reshape(last - first, -1)

    def source_index(self) -> np.ndarray:
        """Source channel of every weight, broadcastable to ``weight``."""
        first, last = self.source_range
        if self.kind == "dense":
            area = int(np.prod(self.source_shape[1:]))
            return np.repeat(np.arange(first, last), area)[None, :]
        outputs, inputs = self.weight.shape[:2]
        group = np.arange(outputs) // (outputs // self.groups)
        return (first + group[:, None] * inputs + np.arange(inputs))[:, :, None, None]

    def synapses(self) -> int:
        """Number of synapses, those off the image included."""
        first, last = self.target_range
        area = int(np.prod(self.shape[1:])) if self.kind == "conv" else 1
        del first, last
        return self.weight.size * area

    def covers(self, axis: int) -> Floats:
        """``(size, out_size, taps)``: 1 where an output coordinate's tap reads an input."""
        return coverage(
            size=self.source_shape[1 + axis],
            outputs=self.shape[1 + axis],
            taps=self.weight.shape[2 + axis],
            stride=self.stride[axis],
            padding=self.padding[axis],
            dilation=self.dilation[axis],
        )


def coverage(
    *, size: int, outputs: int, taps: int, stride: int, padding: int, dilation: int = 1
) -> Floats:
    """``(size, outputs, taps)``: 1 where ``output stride - padding + tap dilation == input``."""
    reached = np.arange(outputs)[:, None] * stride - padding + np.arange(taps) * dilation
    return (reached == np.arange(size)[:, None, None]).astype(np.float64)
