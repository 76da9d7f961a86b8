"""A tensor of the float network as a sum of linear maps of populations, plus a bias."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from augend.gen.compose import pool_after, pool_map
from augend.gen.graph import AvgPool, Floats, Shape
from augend.gen.link import Link, Places, Pooled
from augend.gen.term import Term

__all__ = ["Form", "Item", "summed"]

Item = Link | Pooled | Term


@dataclass(frozen=True, kw_only=True, eq=False)
class Form:
    """What a layer's output is, in terms of what spikes.

    Parameters
    ----------
    name
        Of the layer that gave it its weights, or its meaning.
    layers
        Names of the layers folded into it since the last population.
    items
        Linear maps that are summed.
    bias
        ``(C, H, W)``, of the tensor's shape; ``(N,)`` counts as ``(N, 1, 1)``.
    """

    name: str
    layers: tuple[str, ...]
    items: tuple[Item, ...]
    bias: Floats

    @property
    def shape(self) -> Shape:
        """``(C, H, W)``."""
        return self.bias.shape

    @property
    def links(self) -> tuple[Link, ...] | None:
        """Its items where all only hand on; else None."""
        links = tuple(item for item in self.items if isinstance(item, Link))
        return links if len(links) == len(self.items) else None

    @property
    def weighted(self) -> bool:
        """Whether using it twice would compute a layer's weights twice."""
        return any(isinstance(item, Term) for item in self.items)

    @property
    def plain(self) -> str | None:
        """Name of the source that it is exactly, if it is one."""
        links = self.links
        if links is None or len(links) != 1 or not links[0].is_plain or np.any(self.bias):
            return None
        return links[0].source

    def passing(self, *layers: str) -> "Form":
        """The same tensor after layers that are folded into it."""
        return replace(self, layers=(*self.layers, *layers))

    def scaled(self, gain: Floats, shift: Floats) -> "Form":
        """``gain x + shift``, per channel ``(C,)`` each, or the shift ``(C, H, W)``."""
        items: list[Item] = []
        for item in self.items:
            if isinstance(item, Term):
                rows = gain[slice(*item.target_range)]
                if item.kind == "dense":
                    rows = np.repeat(rows, int(np.prod(self.shape[1:])))
                rows = rows.reshape(-1, *(1,) * (item.weight.ndim - 1))
                items.append(replace(item, weight=item.weight * rows))
            else:
                items.append(item.scaled(gain))
        moved = shift if shift.ndim == 3 else shift[:, None, None]
        return replace(self, items=tuple(items), bias=self.bias * gain[:, None, None] + moved)

    def placed(self, first: int, channels: int) -> "Form":
        """The tensor from channel ``first`` on in one of so many channels, zeros around it."""
        own = self.shape[0]
        places = np.arange(channels) - first
        places = np.where((places >= 0) & (places < own), places, -1)
        bias = np.zeros((channels, *self.shape[1:]))
        bias[first : first + own] = self.bias
        items: list[Item] = []
        for item in self.items:
            if isinstance(item, Term):
                low, high = item.target_range
                target = (first + low, first + high)
                whole = None if target == (0, channels) else target
                shape = (channels, *self.shape[1:])
                items.append(replace(item, shape=shape, target_channels=whole))
            else:
                items.append(_channels(item, places))
        return replace(self, items=tuple(items), bias=bias)

    def pooled(self, pool: AvgPool) -> "Form | None":
        """Its average pooling; None where an item has none that is exact."""
        items: list[Item] = []
        for item in self.items:
            if isinstance(item, Link):
                items.append(Pooled(link=item, pool=pool))
                continue
            after = pool_after(item, pool) if isinstance(item, Term) else None
            if after is None:
                return None
            items.append(after)
        rows, columns = pool_map(pool, self.shape)
        bias = np.einsum("chw,yh,xw->cyx", self.bias, rows, columns, optimize=True)
        name = pool.name if self.links is not None else self.name
        return replace(
            self, items=tuple(items), bias=bias, name=name, layers=(*self.layers, pool.name)
        )

    def picked(self, channels: Places, rows: Places, columns: Places) -> "Form | None":
        """Chosen channels, rows and columns, -1 for zeros; None where an item has no such part."""
        items: list[Item] = []
        for item in self.items:
            if isinstance(item, Link):
                items.append(item.picked(channels, rows, columns))
                continue
            if isinstance(item, Pooled) or item.kind == "conv" or self.shape[1:] != (1, 1):
                return None
            items.append(_rows(item, channels))
        bias = self.bias
        for axis, places in enumerate((channels, rows, columns)):
            there = (places >= 0).reshape(-1, *(1,) * (2 - axis))
            bias = np.take(bias, np.maximum(places, 0), axis) * there
        return replace(self, items=tuple(items), bias=bias)


def summed(name: str, forms: Sequence[Form], gains: Sequence[float]) -> Form:
    """Sum of tensors of one shape, each times its gain."""
    items: list[Item] = []
    bias = np.zeros(forms[0].shape)
    for form, gain in zip(forms, gains, strict=True):
        scaled = form.scaled(np.full(form.shape[0], float(gain)), np.zeros(form.shape[0]))
        items += scaled.items
        bias = bias + scaled.bias
    layers = tuple(dict.fromkeys(layer for form in forms for layer in form.layers))
    return Form(name=name, layers=(*layers, name), items=tuple(items), bias=bias)


def _rows(term: Term, channels: Places) -> Term:
    """Chosen neurons of a dense term, -1 for such as get nothing."""
    first, last = term.target_range
    there = (channels >= first) & (channels < last)
    weight = term.weight[np.where(there, channels - first, 0)] * there[:, None]
    return replace(term, weight=weight, shape=(len(channels), 1, 1), target_channels=None)


def _channels(item: Link | Pooled, places: Places) -> Link | Pooled:
    if isinstance(item, Link):
        return item.picked(places, *(np.arange(size) for size in item.shape[1:]))
    link = _channels(item.link, places)
    assert isinstance(link, Link)
    pool = replace(item.pool, shape=(len(places), *item.pool.shape[1:]))
    return Pooled(link=link, pool=pool)
