"""Neurons that spike once, with leak and threshold trained: Datta 2021, section IV."""

from typing import Any

import torch
from torch.autograd import Function

__all__ = ["SURROGATE", "first_spike", "single_spikes"]

SURROGATE = 0.3
"""gamma of eq. 20: the greatest slope of a spike."""


class _FirstSpike(Function):
    @staticmethod
    def forward(ctx: Any, z: torch.Tensor, before: torch.Tensor, slope: float) -> torch.Tensor:
        ctx.save_for_backward(z)
        ctx.slope = slope
        return ((z > 0) & ~before).to(z.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (z,) = ctx.saved_tensors
        return gradients[0] * ctx.slope * (1 - z.abs()).clamp(min=0), None, None


def first_spike(z: torch.Tensor, before: torch.Tensor, slope: float = SURROGATE) -> torch.Tensor:
    """Spikes of a step (Datta 2021, eq. 8), with the derivative of eq. 20.

    The derivative does not ask whether a neuron has spiked before: so neurons learn after their
    spike too.

    Parameters
    ----------
    z
        Normalised potentials of eq. 7, ``U / V - 1``.
    before
        Which neurons were above their threshold in an earlier step.
    slope
        gamma.
    """
    return _FirstSpike.apply(z, before, slope)


def single_spikes(
    currents: torch.Tensor,
    leak: torch.Tensor,
    threshold: torch.Tensor,
    *,
    slope: float = SURROGATE,
    through_time: bool = True,
) -> torch.Tensor:
    """Spikes of a layer whose neurons spike at most once (Datta 2021, eq. 6 to 8).

    Potentials go on after the spike, for the gradients alone: no further spike comes of them.

    Parameters
    ----------
    currents
        What arrives in each step, ``(steps, images, ...)``.
    leak
        lambda, the share that stays of a potential in a step, of the whole layer.
    threshold
        V, of the whole layer.
    slope
        gamma of eq. 20.
    through_time
        Gradients follow potentials back through the steps. Without it they are, term by term,
        those of eq. 19, 21 and 23, where only the step itself counts.

    Returns
    -------
    torch.Tensor
        0 or 1, of the shape of ``currents``.
    """
    potential = torch.zeros_like(currents[0])
    before = torch.zeros_like(currents[0], dtype=torch.bool)
    above = before
    spikes = []
    for arriving in currents:
        kept = potential if through_time else potential.detach()
        potential = leak * kept + arriving - threshold * above
        z = potential / threshold - 1
        spikes.append(first_spike(z, before, slope))
        above = z.detach() > 0
        before = before | above
    return torch.stack(spikes)
