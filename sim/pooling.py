"""Average pooling that was folded into a convolution, taken out of it again.

Folding makes a kernel of equal blocks as large as its stride. Adding up each block of the source
first leaves a convolution of stride 1 with a fraction of the terms and the same integer sums.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from augend.gen.network import Ints, Projection
from augend.sim.synapses import ConvSynapses, Range, Shape, Synapses

__all__ = ["PooledSynapses", "pools", "without_pooling"]


def pools(projection: Projection) -> bool:
    """Whether a projection is a convolution whose kernel consists of equal, aligned blocks."""
    rows, columns = projection.stride
    if projection.kind != "conv" or projection.dilation != (1, 1) or rows * columns == 1:
        return False
    if projection.padding[0] % rows or projection.padding[1] % columns:
        return False
    blocks = projection.weight[:, :, ::rows, ::columns]
    return np.array_equal(blocks.repeat(rows, 2).repeat(columns, 3), projection.weight)


def without_pooling(projection: Projection, source: Shape) -> tuple[Projection, Shape]:
    """Return the convolution of the blocks' sums, and the shape of these."""
    (rows, columns), (top, left) = projection.stride, projection.padding
    channels, height, width = source
    smaller = replace(
        projection,
        weight=projection.weight[:, :, ::rows, ::columns],
        stride=(1, 1),
        padding=(top // rows, left // columns),
    )
    return smaller, (channels, -(-height // rows), -(-width // columns))


def block_range(values: Range, size: int) -> Range:
    """Least and greatest sum of a block of so many values."""
    return values[0] * size, values[1] * size


class PooledSynapses(Synapses):
    """Convolution of the sums of the source's blocks, of a projection that ``pools``."""

    def __init__(self, projection: Projection, source: Shape, target: Shape, values: Range) -> None:
        super().__init__(projection, source, target, values)
        smaller, self.pooled = without_pooling(projection, source)
        rows, columns = projection.stride
        self.inner = ConvSynapses(smaller, self.pooled, target, block_range(values, rows * columns))

    def sums(self, values: npt.NDArray) -> Ints:
        """Sum weights times values: (rows, sources) to (rows, targets)."""
        (channels, height, width), (_, tall, wide) = self.source, self.pooled
        rows, columns = self.projection.stride
        whole = np.pad(
            values.reshape(len(values), height, width, channels),
            ((0, 0), (0, tall * rows - height), (0, wide * columns - width), (0, 0)),
        )
        blocks = whole.reshape(len(values), tall, rows, wide, columns, channels)
        pooled = blocks.sum((2, 4), dtype=np.int32)
        return self.inner.sums(pooled.reshape(len(values), tall * wide * channels))
