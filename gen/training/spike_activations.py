"""Activations that are what neurons emit in T time steps, while training and afterwards."""

from typing import Any, Literal

import torch
from torch import nn
from torch.nn import functional

__all__ = ["Heaviside", "Sign", "SpikeCount"]


class _Step(torch.autograd.Function):
    """A step from ``low`` to 1 at 0; gradients of a ramp as high over ``window`` on either side."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, window: float, low: int) -> torch.Tensor:
        ctx.save_for_backward(x)
        ctx.window, ctx.slope = window, (1 - low) / (2 * window)
        above = torch.ge(x, 0, out=torch.empty_like(x))
        return above if low == 0 else above.mul_(1 - low).add_(low)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (x,) = ctx.saved_tensors
        window, slope = ctx.window, ctx.slope
        passed = torch.ops.aten.hardtanh_backward(gradients[0], x, -window, window)
        return passed.mul_(slope), None, None


class Heaviside(nn.Module):
    """1 where the sum is not below 0, else 0: a neuron in a single time step.

    Gradients pass within ``window`` on either side (Courbariaux 2016, equation 4).

    Parameters
    ----------
    window
        Half the width, in the units of what comes in.
    """

    def __init__(self, window: float = 1.0) -> None:
        super().__init__()
        self.window = window

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Spikes, of the shape of the sums."""
        if not self.training:
            return (x >= 0).to(x.dtype)
        return _Step.apply(x, self.window, 0)


class Sign(nn.Module):
    """+1 where the sum is not below 0, else -1 (Rueckauer 2017, 3.4: BinaryNet "sign").

    Parameters
    ----------
    window
        Gradients pass within it on either side.
    spikes
        How evaluation spells it, and so what the hardware has: ``bipolar`` neurons that emit a
        spike of either sign, or ``unipolar`` ones, silent for -1, where the layer behind counts
        each spike twice and takes off the sum of its weights.
    """

    def __init__(
        self, window: float = 1.0, spikes: Literal["bipolar", "unipolar"] = "bipolar"
    ) -> None:
        super().__init__()
        self.window, self.spikes = window, spikes

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """+1 and -1, of the shape of the sums."""
        if not self.training:
            return torch.sign(x) if self.spikes == "bipolar" else 2 * (x >= 0).to(x.dtype) - 1
        return _Step.apply(x, self.window, -1)


class SpikeCount(nn.Module):
    """Spikes of T time steps, divided by T: ``clip(floor(T x + 1/2), 0, T) / T``.

    What neurons emit that start at half their threshold of 1 and get the same in every step.
    In evaluation it is a ReLU with a ceiling of 1, which conversion with ``norm="none"`` makes
    just these neurons of. Gradients pass from 0 to half a spike past the last.

    Parameters
    ----------
    steps
        T.
    """

    def __init__(self, steps: int) -> None:
        super().__init__()
        if steps < 1:
            raise ValueError(f"steps is {steps}; it must be 1 or more")
        self.steps = steps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shares of steps with a spike, of the shape of the sums."""
        if not self.training:
            return functional.hardtanh(x, 0.0, 1.0)
        held = x.clamp(0, 1 + 0.5 / self.steps)
        return (
            held
            + ((self.steps * x + 0.5).floor().clamp(0, self.steps) / self.steps - held).detach()
        )
