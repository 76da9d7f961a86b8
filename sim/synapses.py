"""Projections made ready to sum their weights: the reference, in NumPy.

Populations are laid out flat with the channels last, (H, W, C), in which order a convolution's
sums come out and are needed next; ``flatten`` leads there and ``unflatten`` back.
"""

from abc import ABC, abstractmethod
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from augend.gen.network import Ints, Projection

__all__ = [
    "ConvSynapses",
    "DenseSynapses",
    "PartSynapses",
    "Range",
    "Shape",
    "Synapses",
    "exact_type",
    "flatten",
    "unflatten",
]

Shape = tuple[int, ...]
Range = tuple[int, int]
"""Least value, at most 0, and greatest value, at least 0, that source neurons will have."""


def flatten(values: npt.NDArray, shape: Shape) -> npt.NDArray:
    """Turn ``(..., *shape)`` into ``(..., neurons)`` with the channels last."""
    leading = values.shape[: values.ndim - len(shape)]
    if len(shape) == 3:
        values = np.moveaxis(values, -3, -1)
    return np.ascontiguousarray(values).reshape(*leading, int(np.prod(shape)))


def unflatten(values: npt.NDArray, shape: Shape) -> npt.NDArray:
    """Undo ``flatten``."""
    if len(shape) == 1:
        return values
    channels, height, width = shape
    return np.moveaxis(values.reshape(*values.shape[:-1], height, width, channels), -1, -3)


def exact_type(bound: int) -> type[np.float32] | type[np.float64] | type[np.int64]:
    """Fastest type for sums of integers of which no partial sum, in any order, exceeds ``bound``.

    Every integer up to 2**24 is a float32 and every one up to 2**53 a float64. Sums that stay
    within never round, in whatever order BLAS takes them and with or without fused additions.
    """
    if bound <= 1 << 24:
        return np.float32
    return np.float64 if bound <= 1 << 53 else np.int64


def greatest_sum(projection: Projection, values: Range) -> int:
    """Bound on every partial sum of any neuron when all sources' values are within a range."""
    rows = projection.weight.reshape(len(projection.weight), -1).astype(np.int64)
    rise, fall = rows.clip(min=0).sum(1), -rows.clip(max=0).sum(1)
    low, high = -values[0], values[1]
    return int(np.maximum(high * rise + low * fall, high * fall + low * rise).max(initial=0))


class Synapses(ABC):
    """A projection made ready to sum its weights.

    Parameters
    ----------
    projection
        What to sum.
    source, target
        Shapes at its ends.
    values
        Least and greatest value that a source neuron will have.

    Attributes
    ----------
    fan_out
        Synapses of every source neuron.
    bound
        No partial sum exceeds it.
    """

    def __init__(self, projection: Projection, source: Shape, target: Shape, values: Range) -> None:
        self.projection = projection
        self.source = source
        self.target = target
        self.targets = int(np.prod(self.target))
        self.fan_out = flatten(projection.fan_out(self.source, self.target), self.source)
        self.bound = greatest_sum(projection, values)

    @abstractmethod
    def sums(self, values: npt.NDArray) -> npt.NDArray:
        """Sum weights times values: (rows, sources) to (rows, targets)."""


class DenseSynapses(Synapses):
    """All to all: one matrix product."""

    def __init__(self, projection: Projection, source: Shape, target: Shape, values: Range) -> None:
        super().__init__(projection, source, target, values)
        self.type = exact_type(self.bound)
        self.weight = dense_weight(projection, self.source, self.target).astype(self.type)

    def sums(self, values: npt.NDArray) -> Ints:
        """Sum weights times values: (rows, sources) to (rows, targets)."""
        return (values.astype(self.type) @ self.weight).astype(np.int64)


class ConvSynapses(Synapses):
    """Convolution: windows gathered, then one matrix product a group."""

    def __init__(self, projection: Projection, source: Shape, target: Shape, values: Range) -> None:
        super().__init__(projection, source, target, values)
        self.type = exact_type(self.bound)
        groups, taps = projection.groups, projection.weight.shape[2:]
        weight = projection.weight.reshape(groups, self.target[0] // groups, -1, *taps)
        weight = weight.transpose(0, 3, 4, 2, 1)  # (groups, KH, KW, C_in / groups, C_out / groups)
        self.weight = weight.reshape(groups, -1, self.target[0] // groups).astype(self.type)

    def sums(self, values: npt.NDArray) -> Ints:
        """Sum weights times values: (rows, sources) to (rows, targets)."""
        channels, height, width = self.source
        groups = self.projection.groups
        top, left = (max(0, before) for before in self.projection.padding)
        rows, columns = self._taps(0), self._taps(1)
        tall, wide = max(rows.max() + 1, top + height), max(columns.max() + 1, left + width)
        padded = np.zeros((len(values), tall, wide, groups, channels // groups), self.type)
        padded[:, top : top + height, left : left + width] = values.reshape(
            len(values), height, width, groups, channels // groups
        )
        # (images, out rows, out columns, KH, KW, groups, channels / groups)
        windows = padded[:, rows[:, None, :, None], columns[None, :, None, :]]
        windows = np.moveaxis(windows, 5, 0).reshape(groups, -1, self.weight.shape[1])
        sums = np.moveaxis(windows @ self.weight, 0, 1)  # (positions, groups, channels / groups)
        return sums.astype(np.int64).reshape(len(values), self.targets)

    def _taps(self, axis: int) -> Ints:
        """Coordinates in the padded source that an output coordinate's taps read: (out, taps)."""
        projection = self.projection
        outputs = np.arange(self.target[1 + axis]) * projection.stride[axis]
        taps = np.arange(projection.weight.shape[2 + axis]) * projection.dilation[axis]
        return outputs[:, None] + taps - min(0, projection.padding[axis])


class PartSynapses(Synapses):
    """Between some of the channels, or with shifted weights, on top of what does without.

    Parameters
    ----------
    inner
        Sums the unshifted weights of the channels that take part.
    projection, source, target
        As a whole.
    """

    def __init__(
        self, inner: Synapses, projection: Projection, source: Shape, target: Shape
    ) -> None:
        self.projection = projection
        self.source = source
        self.target = target
        self.targets = int(np.prod(target))
        self.fan_out = flatten(projection.fan_out(source, target), source)
        self.bound = inner.bound << projection.shift
        self.inner = inner

    def sums(self, values: npt.NDArray) -> npt.NDArray[np.signedinteger]:
        """Sum weights times values: (rows, sources) to (rows, targets)."""
        rows = len(values)
        projection = self.projection
        if projection.source_channels is not None:
            channels = self.source[0]
            some = values.reshape(rows, values.shape[1] // channels, channels)
            some = np.ascontiguousarray(some[..., slice(*projection.source_channels)])
            values = some.reshape(rows, some.shape[1] * some.shape[2])
        sums = self.inner.sums(values)
        if projection.shift:
            kind = np.int32 if self.bound < 1 << 31 else np.int64
            sums = sums.astype(np.promote_types(sums.dtype, kind)) << projection.shift
        if projection.target_channels is None:
            return sums
        every = np.zeros((rows, self.targets // self.target[0], self.target[0]), sums.dtype)
        chosen = every[..., slice(*projection.target_channels)]
        chosen[...] = sums.reshape(chosen.shape)
        return every.reshape(rows, self.targets)


def whole(projection: Projection) -> Projection:
    """Return the projection between the channels that take part, unshifted."""
    return replace(projection, source_channels=None, target_channels=None, shift=0)


def is_part(projection: Projection) -> bool:
    """Whether a projection has shifted weights, or leaves channels out."""
    chosen = projection.source_channels, projection.target_channels
    return projection.shift > 0 or chosen != (None, None)


def dense_weight(projection: Projection, source: Shape, target: Shape) -> npt.NDArray[np.int16]:
    """Weights of a dense projection as (sources, targets), both laid out as ``flatten`` does."""
    weight = flatten(projection.weight.reshape(*target, *source), source)  # (*target, sources)
    return flatten(np.moveaxis(weight, -1, 0), target)
