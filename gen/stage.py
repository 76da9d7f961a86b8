"""What a population, or a gate, of the spiking network computes, in floats."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from augend.gen.graph import Floats, Shape
from augend.gen.term import Term

__all__ = ["Activation", "Gating", "Stage", "Step"]

Kind = Literal["relu", "linear", "leaky", "heaviside", "sign", "none"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Activation:
    """What a stage makes of its sum.

    ``relu``: min(max(x, 0), ceiling). ``linear``: x. ``leaky``: slope x below 0, ``(C,)``.
    ``heaviside``, ``sign``: as `augend.gen.graph.Binary`. ``none``: it is read out.
    """

    kind: Kind = "relu"
    ceiling: float | None = None
    slope: Floats | None = None
    zero: bool | npt.NDArray[np.bool_] = True

    @property
    def signed(self) -> bool:
        """Whether values below 0 come out."""
        return self.kind in ("linear", "leaky", "sign", "none")

    @property
    def binary(self) -> bool:
        """Whether only two values come out."""
        return self.kind in ("heaviside", "sign")

    def apply(self, x: torch.Tensor) -> torch.Tensor:
        """Activations of sums ``(images, C, ...)``."""
        if self.binary:
            zero = torch.as_tensor(self.zero).reshape(-1, *(1,) * (x.ndim - 2))
            above = ((x > 0) | ((x == 0) & zero)).to(x.dtype)
            return above if self.kind == "heaviside" else 2 * above - 1
        if self.kind == "relu":
            x = x.clamp_min(0)
        elif self.kind == "leaky":
            assert self.slope is not None
            slope = torch.as_tensor(self.slope, dtype=x.dtype)
            x = torch.where(x < 0, x * slope.reshape(-1, *(1,) * (x.ndim - 2)), x)
        return x if self.ceiling is None else x.clamp_max(self.ceiling)


@dataclass(frozen=True, kw_only=True, eq=False)
class Stage:
    """``activation(sum of terms + bias)``: what one population computes.

    Parameters
    ----------
    name
        Of the layer that gives the weights; unique.
    layers
        Names of all layers that are folded into it.
    terms
        One for each source and group of channels.
    bias
        For every neuron, shaped as ``shape``: folding may make it differ from place to place.
    shape
        Of what leaves for one image.
    activation
        See there.
    """

    name: str
    layers: tuple[str, ...]
    terms: tuple[Term, ...]
    bias: Floats
    shape: Shape
    activation: Activation = Activation()

    @property
    def spiking(self) -> bool:
        """Whether it fires; the one that does not is read out."""
        return self.activation.kind != "none"

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of what feeds it, each once."""
        return tuple(dict.fromkeys(term.source for term in self.terms))

    @property
    def uniform_bias(self) -> bool:
        """Whether all neurons of each channel have the same bias."""
        flat = self.bias.reshape(self.shape[0], -1)
        return bool(np.all(np.abs(flat - flat[:, :1]) <= 1e-12 * max(1.0, np.abs(flat).max())))


@dataclass(frozen=True, kw_only=True, eq=False)
class Gating:
    """A max-pool of spikes: its source's activations go in, the greatest of each window out."""

    name: str
    layers: tuple[str, ...]
    source: str
    source_shape: Shape
    shape: Shape
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of what feeds it."""
        return (self.source,)


Step = Stage | Gating
