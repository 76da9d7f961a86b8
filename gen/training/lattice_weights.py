"""Layers whose weights are integers of few bits times one scale, as conversion will have them."""

from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from augend.gen.levels import best_thresholds, rounded

__all__ = ["LatticeConv2d", "LatticeLinear", "on_lattice", "signs"]


class _Signs(torch.autograd.Function):
    """Signs forwards; backwards the gradient, where the weight is within -1 and 1."""

    @staticmethod
    def forward(ctx: Any, weight: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(weight)
        return (weight >= 0).to(weight.dtype).mul_(2).sub_(1)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        (weight,) = ctx.saved_tensors
        return torch.ops.aten.hardtanh_backward(gradient, weight, -1.0, 1.0)


def signs(weight: torch.Tensor) -> torch.Tensor:
    """-1 below 0, else +1; gradients pass where the weight is within -1 and 1.

    BinaryConnect (Courbariaux 2015, equation 1 and algorithm 1) in its deterministic form; weights
    clipped to -1 and 1 there, and here gradients that end at the same bounds (Courbariaux 2016,
    equation 4).
    """
    return _Signs.apply(weight)


def on_lattice(weight: torch.Tensor, step: torch.Tensor, bits: int) -> torch.Tensor:
    """Nearest multiples of a channel's step that ``bits`` hold; gradients pass where they do.

    Parameters
    ----------
    weight
        ``(C, ...)``.
    step
        ``(C,)`` or ``(1,)``.
    bits
        2 or more.
    """
    wide = step.reshape(-1, *(1,) * (weight.ndim - 1))
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    scaled = weight / wide
    held = scaled.clamp(low - 0.5, high + 0.5)
    whole = (scaled + 0.5).floor().clamp(low, high)
    return (held + (whole - held).detach()) * wide


class _Lattice(nn.Module):
    """What both layers share: the step of each channel, and when it is looked for anew.

    With more than one bit the step is the one that `augend.gen.quantize` will find: of all integer
    thresholds, the one that loses least. Conversion then meets weights that are whole multiples
    already, and rounds nothing. In training a step serves for a while; every epoch begins with new
    ones, so that a training that goes on gives what one without a break gives.
    """

    EVERY: ClassVar[int] = 20
    """Training steps from one search of steps to the next."""

    weight: nn.Parameter
    bits: int
    shared: bool
    _step: torch.Tensor | None
    _age: int

    def _begin(self, bits: int, shared: bool) -> None:
        if not 1 <= bits <= 8:
            raise ValueError(f"bits is {bits}; it must be 1 to 8")
        self.bits, self.shared, self._step, self._age = bits, shared, None, 0

    def train(self, mode: bool = True) -> Self:
        """Forget the steps."""
        self._step = None
        return super().train(mode)

    def whole_weight(self) -> torch.Tensor:
        """The weight as conversion has it: integers times a scale a channel, or one for all.

        One bit has no scale: a normalisation follows, or scores are only compared.
        """
        if self.bits == 1 and self.training:
            return signs(self.weight)
        if self.bits == 1:
            return torch.where(self.weight < 0, -1.0, 1.0).to(self.weight.dtype)
        if not self.training:
            return on_lattice(self.weight, self._found(), self.bits)
        if self._step is None or self._age >= self.EVERY:
            self._step, self._age = self._found(), 0
        self._age += 1
        return on_lattice(self.weight, self._step, self.bits)

    def _found(self) -> torch.Tensor:
        weight = self.weight.detach()
        rows = weight.double().cpu().numpy().reshape(1 if self.shared else len(weight), -1)
        greatest = np.maximum(np.abs(rows).max(1), 1e-12)
        inverse = best_thresholds(rows / greatest[:, None], self.bits, most=None)
        return torch.from_numpy(greatest / inverse).to(weight)

    def integers(self) -> np.ndarray:
        """The integers themselves, of the weight's shape."""
        weight = self.weight.detach().double().cpu().numpy()
        if self.bits == 1:
            return rounded(weight, 1)
        step = self._found().double().cpu().numpy().reshape(-1, *(1,) * (weight.ndim - 1))
        return rounded(weight / step, self.bits)


class LatticeLinear(_Lattice, nn.Linear):
    """A full layer without bias whose weights take values that ``bits`` can say.

    Parameters
    ----------
    inputs, outputs
        Units.
    bits
        1 to 8; with one bit -1 and +1.
    shared
        One scale for all channels, as scores that are compared need it.
    """

    def __init__(self, inputs: int, outputs: int, *, bits: int, shared: bool = False) -> None:
        nn.Linear.__init__(self, inputs, outputs, bias=False)
        self._begin(bits, shared)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Sums ``(images, outputs)``."""
        return functional.linear(x, self.whole_weight())


class LatticeConv2d(_Lattice, nn.Conv2d):
    """A convolution without padding and bias whose weights take values that ``bits`` can say.

    Parameters
    ----------
    inputs, outputs
        Channels.
    kernel
        Height and width.
    bits
        1 to 8; with one bit -1 and +1.
    stride
        Rows and columns from one output to the next.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, bits: int, stride: int = 1
    ) -> None:
        nn.Conv2d.__init__(self, inputs, outputs, kernel, stride, bias=False)
        self._begin(bits, shared=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Sums ``(images, outputs, H, W)``."""
        return self._conv_forward(x, self.whole_weight(), None)
