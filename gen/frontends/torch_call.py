"""One call of a network under way: what a reader of operations sees, and how it makes layers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from augend.gen.frontends.torch_names import Spelling
from augend.gen.frontends.torch_neurons import Numbers
from augend.gen.graph import ConversionError, Floats, Layer, Shape

__all__ = ["Builder", "Call", "Only", "Passed", "Source", "Through", "pair", "vary"]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A layer, or the input, that feeds another."""

    name: str
    shape: Shape


@dataclass(frozen=True)
class Passed:
    """A call that hands on what it is given: the neurons of its first argument, or those ``of``."""

    reason: str
    of: torch.Tensor | None = None


@dataclass(frozen=True)
class Only:
    """A call that stands for its first argument if nothing but the calls ``before`` follow it.

    ``finish`` does to a tensor of scores what the call does, where it may end the network.
    """

    before: frozenset[str]
    reason: str
    error: ConversionError
    finish: Callable[[torch.Tensor], torch.Tensor] | None = None


@dataclass(frozen=True)
class Through:
    """A layer whose neurons take the places of those of its source, in the call's argument."""

    layer: Layer


class Builder(Protocol):
    """What a call needs of the walk that it is part of."""

    def follows(self, value: Any) -> bool:
        """Whether a value consists of neurons."""
        ...

    def blank(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor still holds only the zeros that it was made with."""
        ...

    def source(self, tensor: torch.Tensor, call: "Call", like: torch.Tensor | None) -> Source:
        """Layer that computes a tensor, made of other layers where it is a choice of theirs."""
        ...

    def numbers(self, tensor: torch.Tensor, call: "Call") -> Numbers | None:
        """What a tensor consists of; None where this cannot be said."""
        ...

    def lone(self, tensor: torch.Tensor) -> Source | None:
        """The only layer whose neurons a tensor holds, in any order and without zeros added."""
        ...

    def rectified(self, name: str) -> bool:
        """Whether no neuron of a layer is ever below 0."""
        ...

    def add(self, layer: Layer) -> Source:
        """Append a layer that a call needs besides its own."""
        ...

    def part(self, name: str, part: str) -> str:
        """Name for such a layer."""
        ...


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call with its name, its result, and the walk that it is part of."""

    name: str
    kind: str
    spelling: Spelling
    result: Any
    images: int
    builder: Builder

    @property
    def tensor(self) -> torch.Tensor:
        """The result, or the first tensor of it."""
        return self.result if isinstance(self.result, torch.Tensor) else self.result[0]

    @property
    def shape(self) -> Shape:
        """Shape of the result for one image."""
        return tuple(self.tensor.shape[1:])

    def refuse(self, reason: str, instead: str) -> ConversionError:
        """Error that names this call."""
        return ConversionError(reason, layer=self.name, kind=self.kind, instead=instead)

    def follows(self, value: Any) -> bool:
        """Whether a value depends on the network's input."""
        return self.builder.follows(value) and not self.builder.blank(value)

    def source(self, tensor: torch.Tensor, like: torch.Tensor | None = None) -> Source:
        """Layer that computes a tensor; of sequences ``(C, L)``, as images ``(C, 1, L)``.

        ``like``: a tensor to whose shape this one is repeated.
        """
        return self.builder.source(tensor, self, like)

    def image(self, tensor: torch.Tensor) -> Source:
        """Layer that computes a tensor of images."""
        found = self.source(tensor)
        if len(found.shape) != 3:
            raise self.refuse(f"it is given {found.shape}.", "Give it images of (C, H, W).")
        return found

    def vector(self, tensor: torch.Tensor) -> Source:
        """Layer that computes a tensor of vectors."""
        if tensor.ndim != 2:
            raise self.refuse(
                f"it works on the last axis of {tuple(tensor.shape[1:])} only.",
                "Put nn.Flatten() before it.",
            )
        return self.source(tensor)

    def elsewhere(self, part: str, layer: type[Layer], *sources: Source, **fields: Any) -> Source:
        """Append a layer besides the call's own."""
        name = self.builder.part(self.name, part)
        names = tuple(source.name for source in sources)
        return self.builder.add(layer(name=name, sources=names, **fields))

    def layer(self, layer: Callable[..., Layer], *sources: Source, **fields: Any) -> Layer:
        """The call's own layer."""
        names = tuple(source.name for source in sources)
        return layer(name=self.name, sources=names, **fields)

    def neuronwise(
        self, tensor: torch.Tensor, layer: Callable[..., Layer], **fields: Any
    ) -> Layer | Through:
        """Layer that does the same to every neuron, in whatever order the tensor has them."""
        lone = None
        if self.builder.numbers(tensor, self) is None:
            lone = self.builder.lone(tensor)
        found = lone or self.source(tensor)
        made = self.layer(layer, found, shape=found.shape, **fields)
        return Through(made) if lone else made

    def finite(self, parameter: str, value: Any) -> Floats:
        """Float64 values of a constant; refused where not finite."""
        if self.follows(value):
            raise self.refuse(
                f"its {parameter} is computed from the images.", "Use trained, constant weights."
            )
        blank = self.builder.follows(value)  # zeros that something may be written into by now
        tensor = torch.zeros_like(value) if blank else torch.as_tensor(value).detach().cpu()
        if tensor.is_complex():
            raise self.refuse(f"its {parameter} is complex.", "Use real weights.")
        array = np.asarray(tensor.double().numpy())
        if not np.isfinite(array).all():
            raise self.refuse(
                f"its {parameter} holds {np.count_nonzero(~np.isfinite(array))} values that are "
                f"NaN or infinite, of {array.size}.",
                "Train it again, e.g. with a lower learning rate.",
            )
        return array

    def per_channel(self, parameter: str, value: Any, shape: Shape) -> Floats:
        """``(C,)`` of a constant that is broadcast to ``shape`` of one image."""
        array = self.finite(parameter, value)
        wide = array.reshape((1,) * (1 + len(shape) - array.ndim) + array.shape)
        axes = (0, *range(2, wide.ndim))
        first = wide[
            tuple(slice(0, 1) if axis in axes else slice(None) for axis in range(wide.ndim))
        ]
        if not np.array_equal(np.broadcast_to(first, wide.shape), wide):
            raise self.refuse(
                f"its {parameter} differs from place to place.", "Use one value a channel."
            )
        return np.array(np.broadcast_to(first.reshape(-1), shape[:1]))


def pair(value: Any) -> tuple[int, int]:
    """Two whole numbers of one, or of a sequence."""
    if isinstance(value, int):
        return value, value
    both = tuple(int(v) for v in value)
    return (both[0], both[0]) if len(both) == 1 else (both[0], both[1])


def vary(array: Floats) -> bool:
    """Whether the values of an array differ."""
    return bool(array.size) and bool(np.any(array != array.flat[0]))
