"""A tensor of the float network as what it takes from populations, channel by channel."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from augend.gen.graph import AvgPool, Floats, Shape

__all__ = ["Link", "Places", "Pooled", "affine_places"]

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Link:
    """A source handed on: chosen channels, rows and columns, each channel times a gain.

    Parameters
    ----------
    source
        Name of a stage, or ``input``.
    source_shape
        ``(C, H, W)`` of the whole source; ``(N,)`` counts as ``(N, 1, 1)``.
    channels
        For each channel of the tensor the source's, or -1 where it gives nothing.
    gain
        For each channel of the tensor.
    rows, columns
        For each row (column) of the tensor the source's, or -1 where a zero is.
    """

    source: str
    source_shape: Shape
    channels: Places
    gain: Floats
    rows: Places
    columns: Places

    @classmethod
    def whole(cls, source: str, source_shape: Shape) -> "Link":
        """All of a source, as it is."""
        wide = (*source_shape, 1, 1)[:3]
        places = [np.arange(size) for size in wide]
        return cls(
            source=source,
            source_shape=wide,
            channels=places[0],
            gain=np.ones(wide[0]),
            rows=places[1],
            columns=places[2],
        )

    @property
    def shape(self) -> Shape:
        """Of the tensor, ``(C, H, W)``."""
        return len(self.channels), len(self.rows), len(self.columns)

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the source, every channel in its place, whatever its gain."""
        return all(
            len(places) == size and np.array_equal(places, np.arange(size))
            for places, size in zip(
                (self.channels, self.rows, self.columns), self.source_shape, strict=True
            )
        )

    @property
    def is_plain(self) -> bool:
        """Whether it is exactly the source."""
        return self.is_whole and bool(np.all(self.gain == 1))

    @property
    def used(self) -> npt.NDArray[np.bool_]:
        """Channels of the tensor that it gives anything to, ``(C,)``."""
        return (self.channels >= 0) & (self.gain != 0)

    def scaled(self, gain: Floats) -> "Link":
        """Every channel times a gain ``(C,)``."""
        return replace(self, gain=self.gain * gain)

    def picked(self, channels: Places, rows: Places, columns: Places) -> "Link":
        """Chosen channels, rows and columns of the tensor; -1 for zeros."""
        return replace(
            self,
            channels=_taken(self.channels, channels, -1),
            gain=_taken(self.gain, channels, 0.0),
            rows=_taken(self.rows, rows, -1),
            columns=_taken(self.columns, columns, -1),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Pooled:
    """An average pooling of a link, not yet folded into what follows."""

    link: Link
    pool: AvgPool

    @property
    def source(self) -> str:
        """Name of the source."""
        return self.link.source

    def scaled(self, gain: Floats) -> "Pooled":
        """Every channel times a gain ``(C,)``."""
        return replace(self, link=self.link.scaled(gain))


def affine_places(places: Places, size: int) -> tuple[int, int] | None:
    """``(start, step)`` with ``places[i] == start + step i``, -1 standing for all off the source.

    None where there is no such pair with a step of at least 1.
    """
    valid = np.flatnonzero(places >= 0)
    if not len(valid):
        return None
    steps = np.diff(places[valid]) // np.maximum(np.diff(valid), 1)
    step = int(steps[0]) if len(steps) else 1
    candidates = [step] if len(steps) else [1, size + len(places)]
    for step in candidates:
        if step < 1:
            continue
        start = int(places[valid[0]]) - step * int(valid[0])
        reached = start + step * np.arange(len(places))
        inside = (reached >= 0) & (reached < size)
        if np.array_equal(np.where(inside, reached, -1), places):
            return start, step
    return None


def _taken(values: np.ndarray, places: Places, missing: float) -> np.ndarray:
    return np.where(places >= 0, values[np.maximum(places, 0)], missing).astype(values.dtype)
