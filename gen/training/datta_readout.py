"""Outputs that are read by potential and by spike time: Datta 2021, eq. 9, 10 and 15 to 18."""

from typing import Any

import torch
from torch.autograd import Function

__all__ = ["REACH", "spike_times"]

REACH = 0.2
"""beta of eq. 17: how near to the threshold a potential moves the spike time."""


class _SpikeTimes(Function):
    @staticmethod
    def forward(
        ctx: Any, potentials: torch.Tensor, threshold: torch.Tensor, reach: float
    ) -> torch.Tensor:
        ctx.save_for_backward(potentials, threshold)
        ctx.reach = reach
        steps = len(potentials)
        reached = potentials >= threshold
        reached[-1] = True  # who has not spiked is forced to in the last step
        times = torch.arange(1, steps + 1).reshape(-1, *(1,) * (potentials.ndim - 1))
        return torch.where(reached, times, steps).amin(0).to(potentials.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        potentials, threshold = ctx.saved_tensors
        reach, steps = ctx.reach, len(potentials)
        before = torch.cat([torch.zeros_like(potentials[:1]), potentials[:-1]])
        a, b, c = potentials - threshold, threshold - before, threshold - potentials[-1]
        slopes = torch.zeros_like(potentials[0])
        for step in range(steps - 1):  # eq. 17; its steps count from 1
            up, near = (a[step] >= 0).to(a.dtype), (b[step].abs() < reach).to(a.dtype)
            below, close = (b[step] > 0).to(a.dtype), (a[step].abs() < reach).to(a.dtype)
            slopes += (step + 1) * (up * near - below * close)
        slopes += steps * (c.abs() < reach)
        return None, (gradients[0] * slopes).sum(), None


def spike_times(
    potentials: torch.Tensor, threshold: torch.Tensor, reach: float = REACH
) -> torch.Tensor:
    """When each output first reaches the threshold (Datta 2021, eq. 10), from 1 to T.

    An output that never does spikes in the last step. The only derivative is that by the threshold
    (eq. 17): weights learn from potentials (eq. 14).

    Parameters
    ----------
    potentials
        U of eq. 9 after each step, ``(steps, images, classes)``.
    threshold
        V of the output layer.
    reach
        beta.
    """
    return _SpikeTimes.apply(potentials, threshold, reach)
