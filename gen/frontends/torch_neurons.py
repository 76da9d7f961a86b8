"""Which neuron every number of a tensor is: how slices, shuffles and joins are understood."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from augend.gen.graph import Shape

__all__ = ["Numbers", "Owner", "Register", "Unreadable", "Wiring"]

Integers = npt.NDArray[np.int64]


class Unreadable(Exception):
    """Numbers of a tensor lie in an order that no layer can make; the message says which."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Owner:
    """A layer, or the input, and the numbers that its neurons were given.

    ``hidden``: numbers of the neurons that it stands for where only the calls ``allowed`` may
    follow; ``error`` is why no other may, and ``row`` the call to blame.
    """

    name: str
    shape: Shape
    start: int
    hidden: torch.Tensor | None = None
    allowed: frozenset[str] = frozenset()
    error: Exception | None = None
    row: int = -1

    @property
    def size(self) -> int:
        """Neurons of one image."""
        return int(np.prod(self.shape, dtype=np.int64))


@dataclass(frozen=True, kw_only=True, eq=False)
class Wiring:
    """Channels, rows and columns of one owner, -1 for zero; None means all as they are."""

    owner: Owner
    channels: tuple[int, ...] | None
    rows: tuple[int, ...] | None = None
    columns: tuple[int, ...] | None = None

    @property
    def whole(self) -> bool:
        """Whether it is the owner itself."""
        return self.channels is None and self.rows is None and self.columns is None


@dataclass(frozen=True, kw_only=True, eq=False)
class Numbers:
    """What a tensor consists of: parts, one behind the other, in the order ``order`` (or as is).

    ``flat``: owners of ``(C, H, W)`` are read as vectors.
    """

    parts: tuple[Wiring, ...]
    order: tuple[int, ...] | None = None
    flat: bool = False


class Register:
    """Gives every neuron of every image a number from 1 up; 0 is a zero that is no neuron.

    A tensor of neurons is followed by a second one that holds their numbers, on which the same
    slices, views and joins are carried out; `wiring` then tells what they came to.
    """

    def __init__(self, images: int) -> None:
        self.images = images
        self.owners: list[Owner] = []
        self.next = 1

    def born(self, name: str, shape: Shape, result: Shape, **fields: Any) -> torch.Tensor:
        """Numbers of new neurons, in a tensor of the shape ``result`` (images first)."""
        owner = Owner(name=name, shape=shape, start=self.next, **fields)
        total = int(np.prod(result, dtype=np.int64))
        self.owners.append(owner)
        self.next += max(total, owner.size * self.images)
        return (torch.arange(total, dtype=torch.float64) + owner.start).reshape(result)

    def owners_of(self, ids: torch.Tensor) -> list[Owner]:
        """Owners of the neurons of a tensor, in their order of birth."""
        if not ids.numel() or not self.owners:
            return []
        low, high = int(ids.min()), int(ids.max())
        starts = [owner.start for owner in self.owners]
        first = max(int(np.searchsorted(starts, max(low, 1), side="right")) - 1, 0)
        last = int(np.searchsorted(starts, high, side="right"))
        near = self.owners[first:last]
        if len(near) < 2:
            return near if high else []
        edges = np.array([owner.start for owner in near] + [self.next])
        places = np.searchsorted(edges, ids.numpy().reshape(-1), side="right") - 1
        present = np.unique(places[places >= 0])
        return [near[place] for place in present if place < len(near)]

    def reveal(self, ids: torch.Tensor, owner: Owner) -> torch.Tensor:
        """The same numbers, with those of ``owner`` replaced by what it hides."""
        assert owner.hidden is not None
        inside = (ids >= owner.start) & (ids < owner.start + owner.hidden.numel())
        places = (ids - owner.start).clamp(0, owner.hidden.numel() - 1).long()
        return torch.where(inside, owner.hidden.reshape(-1)[places], ids)

    def wiring(self, ids: torch.Tensor) -> Numbers:
        """What a tensor ``(images, N)`` or ``(images, C, H, W)`` of numbers consists of.

        Raises
        ------
        Unreadable
            It mixes images, or has another order than channels, rows and columns allow.
        """
        array = ids.numpy().astype(np.int64)
        if array.shape[0] != self.images:
            raise Unreadable(f"it makes {array.shape[0]} images of {self.images}")
        owners = self.owners_of(ids)
        if len(owners) == 1 and array.size == owners[0].size * self.images:
            first = owners[0].start
            same = np.array_equal(array.reshape(-1), np.arange(first, first + array.size))
            if same and array.shape[1:] == owners[0].shape:
                return Numbers(parts=(Wiring(owner=owners[0], channels=None),))
            if same and array.ndim == 2:
                return Numbers(parts=(Wiring(owner=owners[0], channels=None),), flat=True)
        if not owners:
            raise Unreadable("it holds only zeros")
        edges = np.array([owner.start for owner in owners])
        which = np.where(array[0] > 0, np.searchsorted(edges, array[0], side="right") - 1, -1)
        sizes = np.array([owner.size for owner in owners])
        for image in range(1, self.images):
            moved = np.where(which >= 0, array[0] + image * sizes[which], 0)
            if not np.array_equal(array[image], moved):
                raise Unreadable("it mixes images, or treats them differently")
        element = np.where(which >= 0, array[0] - edges[which], -1)
        if array.ndim == 2:
            return _vector(owners, which, element)
        if any(len(owner.shape) != 3 for owner in owners):
            raise Unreadable("it makes an image of a vector")
        return _image(owners, which, element)


def _runs(keys: Integers) -> list[slice]:
    """Stretches of equal keys."""
    edges = np.flatnonzero(np.diff(keys)) + 1
    borders = [0, *edges.tolist(), len(keys)]
    return [slice(a, b) for a, b in zip(borders, borders[1:], strict=False)]


def _settle(keys: Integers) -> Integers:
    """Give zeros, of key -1, to the stretch before them, or at the start to the one after."""
    known = np.where(keys >= 0, np.arange(len(keys)), -1)
    before = np.maximum.accumulate(known)
    before[before < 0] = int(np.argmax(keys >= 0))
    return keys[before]


def _vector(owners: list[Owner], which: Integers, element: Integers) -> Numbers:
    keys = _settle(which)
    runs = _runs(keys)
    if len(runs) == len(owners):
        parts = tuple(
            _chosen(owners[keys[run.start]], element[run], owners[keys[run.start]].size)
            for run in runs
        )
        return Numbers(parts=parts, flat=True)
    offsets = np.concatenate([[0], np.cumsum([owner.size for owner in owners])])
    order = np.where(which >= 0, element + offsets[which], -1)
    parts = tuple(Wiring(owner=owner, channels=None) for owner in owners)
    return Numbers(parts=parts, order=tuple(order.tolist()), flat=True)


def _image(owners: list[Owner], which: Integers, element: Integers) -> Numbers:
    """Channel by channel: one owner, one of its channels, rows and columns apart."""
    channels = which.shape[0]
    mine = which.reshape(channels, -1).max(1)
    here = which >= 0
    if not np.array_equal(here & (which != mine[:, None, None]), np.zeros_like(here)):
        raise Unreadable("it puts rows or columns of several layers into one channel")
    heights = np.array([owner.shape[1] for owner in owners])[mine][:, None, None]
    widths = np.array([owner.shape[2] for owner in owners])[mine][:, None, None]
    channel = np.where(here, element // (heights * widths), -1)
    row = np.where(here, element // widths % heights, -1)
    column = np.where(here, element % widths, -1)
    source = channel.reshape(channels, -1).max(1)
    rows, columns = row.max(2), column.max(1)
    made = (rows[:, :, None] >= 0) & (columns[:, None, :] >= 0)
    place = (source[:, None, None] * heights + rows[:, :, None]) * widths + columns[:, None, :]
    if not np.array_equal(np.where(made, place, -1), element):
        raise Unreadable("it mixes channels, rows and columns")
    maps = np.concatenate([mine[:, None], rows, columns], axis=1)
    _, keys = np.unique(maps, axis=0, return_inverse=True)
    keys = _settle(np.where(mine >= 0, keys.reshape(-1), -1))
    groups, runs = np.unique(keys), _runs(keys)

    def part(choice: Integers | None, first: int) -> Wiring:
        owner = owners[mine[first]]
        height, width = owner.shape[1:]
        return Wiring(
            owner=owner,
            channels=None if choice is None else _chosen(owner, choice, owner.shape[0]).channels,
            rows=_unless_whole(rows[first], height),
            columns=_unless_whole(columns[first], width),
        )

    firsts = {key: int(np.flatnonzero((keys == key) & (mine >= 0))[0]) for key in groups}
    if len(runs) == len(groups):
        return Numbers(parts=tuple(part(source[run], firsts[keys[run.start]]) for run in runs))
    parts, order, offset = [], np.full(channels, -1), 0
    for key in groups:
        members = np.flatnonzero((keys == key) & (mine >= 0))
        chosen, places = np.unique(source[members], return_inverse=True)
        order[members] = places + offset
        offset += len(chosen)
        parts.append(part(chosen, firsts[key]))
    return Numbers(parts=tuple(parts), order=tuple(order.tolist()))


def _unless_whole(chosen: Integers, size: int) -> tuple[int, ...] | None:
    return None if np.array_equal(chosen, np.arange(size)) else tuple(chosen.tolist())


def _chosen(owner: Owner, element: Integers, size: int) -> Wiring:
    return Wiring(owner=owner, channels=_unless_whole(element, size))
