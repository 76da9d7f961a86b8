"""What a tensor of an ONNX model holds: places of a layer's output, in some order."""

from dataclasses import dataclass, replace
from math import prod

import numpy as np
import numpy.typing as npt

from augend.gen.graph import Pair, Shape

__all__ = ["Condition", "Places", "Value", "chosen", "without_frame"]

Places = npt.NDArray[np.int64]
Choice = tuple[int, ...] | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Value:
    """A tensor of the model for one image, as places of the output of one layer.

    Operators that only move values (Transpose, Reshape, Slice ...) change the order of the places,
    not the layer. So transpositions that cancel leave nothing, and a Gemm behind a flattening in
    another order has its columns exchanged.

    Parameters
    ----------
    source, shape
        Name of the layer, and the shape of its output for one image.
    dims
        Shape of the tensor in the model, with 1 for the images.
    index
        For each element of the tensor its place in the layer's output, counted in its own order,
        or -1 where a zero is; None where all come in order.
    mover
        Operator that moved values last; names the layer if they must be moved in fact.
    scores
        Operator that made of scores something with the same order, e.g. a softmax; else None.
    shared
        Whether several operators read it, so that none of them may be folded into its layer.
    codes
        Whether the model holds integer codes here, between QuantizeLinear and DequantizeLinear.
    """

    source: str
    shape: Shape
    dims: tuple[int, ...]
    index: Places | None = None
    mover: str | None = None
    scores: str | None = None
    shared: bool = False
    codes: bool = False

    @property
    def size(self) -> int:
        """Number of elements of the tensor."""
        return prod(self.dims)

    @property
    def places(self) -> Places:
        """``index``, written out."""
        if self.index is not None:
            return self.index
        return np.arange(prod(self.shape), dtype=np.int64).reshape(self.dims)

    @property
    def complete(self) -> bool:
        """Whether it holds every element of the layer's output exactly once."""
        if self.index is None:
            return True
        if self.index.size != prod(self.shape) or self.index.min() < 0:
            return False
        return bool((np.bincount(self.index.ravel()) == 1).all())

    @property
    def is_vector(self) -> bool:
        """Whether at most one axis is longer than 1."""
        return self.size == max(self.dims, default=1)

    def at(self, places: Places, mover: str | None = None) -> "Value":
        """The same layer's output at other places."""
        places = np.asarray(places, np.int64)
        plain = places.size == prod(self.shape) and np.array_equal(
            places.ravel(), np.arange(places.size)
        )
        return replace(
            self,
            dims=places.shape,
            index=None if plain else places,
            mover=mover or self.mover,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Condition:
    """Where a value is above 0: true there, or, ``negated``, everywhere else.

    ``zero``: whether 0 counts as above.
    """

    value: Value
    zero: bool
    negated: bool = False


def chosen(index: Places, shape: Shape) -> tuple[Choice, Choice, Choice] | None:
    """Channels, rows and columns of ``shape`` that an ``index`` ``(C, H, W)`` is made of.

    Each is None where all come in order; the result is None where no choice of channels, rows and
    columns gives the index.
    """
    inside = index >= 0
    places = np.unravel_index(np.where(inside, index, 0), shape)
    kept: list[Places] = []
    for axis in range(3):
        others: Pair = ((axis + 1) % 3, (axis + 2) % 3)
        kept.append(np.where(inside, places[axis], -1).max(axis=others))
    c, y, x = np.ix_(*kept)
    flat = (c * shape[1] + y) * shape[2] + x
    if not np.array_equal(np.where((c < 0) | (y < 0) | (x < 0), -1, flat), index):
        return None
    choices = [
        None if np.array_equal(axis, np.arange(size)) else tuple(int(place) for place in axis)
        for axis, size in zip(kept, shape, strict=True)
    ]
    return choices[0], choices[1], choices[2]


def without_frame(value: Value) -> tuple[Value, tuple[Pair, Pair]]:
    """An image ``(1, C, H, W)`` without the zeros around it, and how many there are.

    A Pad in front of a convolution is padding of the convolution. The numbers are those of rows,
    in front and behind, then of columns.
    """
    none = ((0, 0), (0, 0))
    if value.index is None or len(value.dims) != 4 or value.dims[0] != 1:
        return value, none
    inside = value.index[0] >= 0
    rows, columns = (np.flatnonzero(inside.any(others)) for others in ((0, 2), (0, 1)))
    if not rows.size:
        return value, none
    top, left, bottom, right = rows[0], columns[0], rows[-1] + 1, columns[-1] + 1
    if (top, left) == (0, 0) and (bottom, right) == value.dims[2:]:
        return value, none
    frame = (
        (int(top), value.dims[2] - int(bottom)),
        (int(left), value.dims[3] - int(right)),
    )
    return value.at(value.index[:, :, top:bottom, left:right]), frame
