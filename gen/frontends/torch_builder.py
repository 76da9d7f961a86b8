"""Layers under construction: choices of neurons become Pick, Concat and Flatten where needed."""

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.utils.weak import WeakTensorKeyDictionary

from augend.gen.frontends.refusals import advice
from augend.gen.frontends.torch_call import Call, Source
from augend.gen.frontends.torch_names import Places
from augend.gen.frontends.torch_neurons import Numbers, Register, Unreadable, Wiring
from augend.gen.graph import (
    Binary,
    Concat,
    ConversionError,
    Flatten,
    Layer,
    Pick,
    Relu,
    Shape,
)

__all__ = ["LayerBuilder", "Move", "Trail"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Move:
    """The call that brought numbers where they are, and the shapes before and after it."""

    row: int
    name: str
    kind: str
    before: Shape
    after: Shape


@dataclass(frozen=True, kw_only=True, eq=False)
class Trail:
    """Numbers of a tensor's neurons, and the last call that moved them, if any."""

    ids: torch.Tensor
    move: Move | None = None


class LayerBuilder:
    """Keeps the layers of a walk, and which neurons every tensor of it holds.

    ``errors`` are refusals by row; ``made`` is what became of moves, by row.
    """

    def __init__(self, images: int, places: Places) -> None:
        self.register = Register(images)
        self.places = places
        self.trails: WeakTensorKeyDictionary = WeakTensorKeyDictionary()
        self.layers: list[Layer] = []
        self.errors: dict[int, ConversionError] = {}
        self.made: dict[int, str] = {}
        self.lost: set[int] = set()
        self.finished: list[int] = []
        self.known: dict[Any, Source] = {}

    def follows(self, value: Any) -> bool:
        """Whether a value consists of neurons."""
        return isinstance(value, torch.Tensor) and value in self.trails

    def blank(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor still holds only the zeros that it was made with."""
        return not torch.count_nonzero(self.trails[tensor].ids)

    def ids(self, tensor: torch.Tensor) -> torch.Tensor | None:
        """Numbers of a tensor's neurons; None for a constant."""
        return self.trails[tensor].ids if self.follows(tensor) else None

    def add(self, layer: Layer) -> Source:
        """Append a layer."""
        self.layers.append(layer)
        return Source(name=layer.name, shape=layer.shape)

    def part(self, name: str, part: str) -> str:
        """Name for a layer that a call needs besides its own."""
        return self.places.part(name, part)

    def rectified(self, name: str) -> bool:
        """Whether a layer is a ReLU or a step from 0 to 1."""
        layer = next((layer for layer in self.layers if layer.name == name), None)
        if isinstance(layer, Relu):
            return layer.rectifies
        return isinstance(layer, Binary) and layer.function == "heaviside"

    def lose(self, shape: Shape) -> torch.Tensor:
        """Numbers for the result of a refused call: what follows it is not looked at."""
        ids = self.register.born("", (math.prod(shape),), shape)
        self.lost.add(self.register.owners[-1].start)
        return ids

    def lone(self, tensor: torch.Tensor) -> Source | None:
        """The only layer whose neurons a tensor holds, in any order and without zeros added."""
        ids = self.trails[tensor].ids
        owners = self.register.owners_of(ids)
        if len(owners) != 1 or not bool((ids > 0).all()) or owners[0].error is not None:
            return None
        if owners[0].start in self.lost:
            return None
        return Source(name=owners[0].name, shape=owners[0].shape)

    def through(self, tensor: torch.Tensor, layer: Layer) -> torch.Tensor:
        """Numbers of a layer's neurons, each in the place of the one that it follows."""
        ids = self.trails[tensor].ids
        owner = self.register.owners_of(ids)[0]
        shape = (self.register.images, *layer.shape)
        start = int(self.register.born(layer.name, layer.shape, shape).reshape(-1)[0])
        return ids - owner.start + start

    def numbers(self, tensor: torch.Tensor, call: Call) -> Numbers | None:
        """What a tensor consists of; None where this cannot be said, or where it was refused."""
        ids = self._revealed(self.trails[tensor].ids, call)
        if ids is None:
            return None
        try:
            return self._wiring(ids)
        except Unreadable:
            return None

    def source(self, tensor: torch.Tensor, call: Call, like: torch.Tensor | None = None) -> Source:
        """Layer that computes a tensor, made of other layers where it is a choice of theirs."""
        if not self.follows(tensor):
            raise call.refuse("it is given a constant.", "Give it activations.")
        trail = self.trails[tensor]
        shown = trail.ids if like is None else trail.ids.expand(like.shape)
        ids = self._revealed(shown, call)
        if ids is None:
            rest = tuple(shown.shape[1:])
            known = {1: rest, 2: (*rest[:1], 1, *rest[1:]), 3: rest}.get(len(rest))
            return Source(name="", shape=known or (math.prod(rest),))
        try:
            found = self._wiring(ids)
        except Unreadable as error:
            return self._blame(trail.move, call, ids, error)
        return self._built(found, trail.move, call)

    def _wiring(self, ids: torch.Tensor) -> Numbers:
        if ids.ndim in (2, 4):
            return self.register.wiring(ids)
        if ids.ndim != 3:
            raise Unreadable(f"it has {ids.ndim - 1} axes")
        try:
            return self.register.wiring(ids.unsqueeze(2))
        except Unreadable:
            owners = self.register.owners_of(ids)
            if len(owners) == 1 and len(owners[0].shape) == 3:
                shape = owners[0].shape
                if ids.shape[1] == shape[0] and ids[0].numel() == math.prod(shape):
                    return self.register.wiring(ids.reshape(-1, *shape))
            raise

    def _revealed(self, ids: torch.Tensor, call: Call) -> torch.Tensor | None:
        """Numbers behind calls that ``call`` may follow; None where something was refused."""
        while True:
            owners = self.register.owners_of(ids)
            if any(owner.start in self.lost for owner in owners):
                return None
            guarded = [owner for owner in owners if owner.error is not None]
            if not guarded:
                return ids
            for owner in guarded:
                assert isinstance(owner.error, ConversionError)
                if owner.hidden is None or call.spelling.name not in owner.allowed:
                    self.errors.setdefault(owner.row, owner.error)
                    self.lost.add(owner.start)
                    return None
                ids = self.register.reveal(ids, owner)
                self.finished.append(owner.row)

    def _blame(self, move: Move | None, call: Call, ids: torch.Tensor, error: Unreadable) -> Source:
        """Refuse the call that moved numbers to where no layer can follow them."""
        if move is None:
            shape = tuple(ids.shape[1:])
            raise call.refuse(f"it cannot take {shape}: {error}.", advice("view"))
        images = self.register.images
        if move.after[0] != images:
            reason = (
                f"it makes {move.after[1:]} of {move.before[1:]}, and of {images} images "
                f"{move.after[0]}."
            )
        else:
            reason = (
                f"it makes {move.after[1:]} of {move.before[1:]}, which {call.name!r} cannot take: "
                f"{error}."
            )
        self.errors.setdefault(
            move.row,
            ConversionError(reason, layer=move.name, kind=move.kind, instead=advice("view")),
        )
        shape = tuple(ids.shape[1:])
        return Source(name="", shape=shape if len(shape) in (1, 3) else (math.prod(shape),))

    def _built(self, found: Numbers, move: Move | None, call: Call) -> Source:
        """Source for a choice of neurons; its last layer has the name of the call that made it."""
        if len(found.parts) == 1 and found.parts[0].whole and not found.order:
            owner = found.parts[0].owner
            if not found.flat or len(owner.shape) == 1:
                return Source(name=owner.name, shape=owner.shape)
        key = _key(found)
        if key not in self.known:
            title = move.name if move is not None else call.name
            before = len(self.layers)
            ends = [self._part(part, found.flat, title) for part in found.parts]
            end = ends[0]
            if len(ends) > 1:
                shape = (sum(e.shape[0] for e in ends), *end.shape[1:])
                end = self._another(title, Concat, *ends, shape=shape)
            if found.order is not None:
                shape = (len(found.order), *end.shape[1:])
                end = self._another(title, Pick, end, shape=shape, channels=found.order)
            if len(self.layers) > before and move is not None:
                end = self._rename(end, title)
            self.known[key] = end
        if move is not None:
            self.made.setdefault(move.row, _said(self.known[key], self.layers))
        return self.known[key]

    def _part(self, part: Wiring, flat: bool, title: str) -> Source:
        """One stretch of neurons of one owner."""
        end = Source(name=part.owner.name, shape=part.owner.shape)
        if flat and len(end.shape) == 3:
            key = ("flat", part.owner.start)
            if key not in self.known:
                self.known[key] = self._another(title, Flatten, end, shape=(part.owner.size,))
            end = self.known[key]
        if part.whole:
            return end
        chosen = {"channels": part.channels, "rows": part.rows, "columns": part.columns}
        shape = tuple(
            size if choice is None else len(choice)
            for size, choice in zip(end.shape, chosen.values(), strict=False)
        )
        return self._another(title, Pick, end, shape=shape, **chosen)

    def _another(self, title: str, kind: type[Layer], *ends: Source, **fields: Any) -> Source:
        name = self.places.part(title, kind.__name__.lower())
        return self.add(kind(name=name, sources=tuple(end.name for end in ends), **fields))

    def _rename(self, end: Source, title: str) -> Source:
        """Give the layer that was just made the name of its call, if no other has it."""
        if self.layers[-1].name != end.name or any(layer.name == title for layer in self.layers):
            return end
        self.layers[-1] = replace(self.layers[-1], name=title)
        renamed = Source(name=title, shape=end.shape)
        self.known = {k: renamed if v.name == end.name else v for k, v in self.known.items()}
        return renamed


def _key(found: Numbers) -> tuple[Any, ...]:
    parts = tuple(
        (part.owner.start, part.channels, part.rows, part.columns) for part in found.parts
    )
    return parts, found.order, found.flat


def _said(source: Source, layers: list[Layer]) -> str:
    return next((layer.kind for layer in layers if layer.name == source.name), "")
