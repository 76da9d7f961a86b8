"""Neurons that spike once, with leak and threshold trained: Datta 2021, section IV."""

from typing import Any

import torch
from torch.autograd import Function

from augend.gen.training.datta_fused import fused_spikes, fusible

__all__ = ["SURROGATE", "single_spikes"]

SURROGATE = 0.3
"""gamma of eq. 20: the greatest slope of a spike."""


def single_spikes(
    currents: torch.Tensor,
    leak: torch.Tensor,
    threshold: torch.Tensor,
    *,
    slope: float = SURROGATE,
    through_time: bool = True,
    late: bool = True,
) -> torch.Tensor:
    """Spikes of a layer whose neurons spike at most once (Datta 2021, eq. 6 to 8).

    Potentials go on after the spike, for the gradients alone: no further spike comes of them, but
    neurons learn after their spike too. A spike's derivative is that of eq. 20 in every step.
    Currents of bfloat16 on a CPU go through `augend.gen.training.datta_fused`.

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
    late
        Neurons learn after their spike too, as in the paper. Without it a spike's derivative is 0
        in the steps after the first spike, where no spike can come.

    Returns
    -------
    torch.Tensor
        0 or 1, of the shape and type of ``currents``.
    """
    if fusible(currents):
        return fused_spikes(currents, leak, threshold, slope, through_time, late)
    wide = currents.float() if currents.dtype == torch.bfloat16 else currents
    spikes = _SingleSpikes.apply(wide, leak, threshold, slope, through_time, late)
    return spikes.to(currents.dtype)


class _SingleSpikes(Function):
    @staticmethod
    def forward(
        ctx: Any,
        currents: torch.Tensor,
        leak: torch.Tensor,
        threshold: torch.Tensor,
        slope: float,
        through_time: bool,
        late: bool,
    ) -> torch.Tensor:
        potentials, spikes = torch.empty_like(currents), torch.empty_like(currents)
        potential = torch.zeros_like(currents[0])
        above = torch.zeros_like(potential, dtype=torch.bool)
        fresh = torch.ones_like(above)
        for step, arriving in enumerate(currents):
            potential = potential * leak + arriving
            potential.addcmul_(above.to(potential.dtype), threshold, value=-1)
            above = potential > threshold  # z of eq. 7 is above 0
            spikes[step] = above & fresh
            fresh &= ~above
            potentials[step] = potential
        ctx.save_for_backward(potentials, leak, threshold)
        ctx.slope, ctx.through_time, ctx.late = slope, through_time, late
        return spikes

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        potentials, leak, threshold = ctx.saved_tensors
        errors = torch.empty_like(potentials)  # of the potentials of each step
        by_leak, by_threshold = torch.zeros_like(leak), torch.zeros_like(threshold)
        later = None
        fresh = None
        if not ctx.late:  # in the step of the first spike and before
            spiked = potentials > threshold
            fresh = spiked.cumsum(0) - spiked.long() == 0
        for step in range(len(potentials) - 1, -1, -1):
            z = potentials[step] / threshold - 1
            own = gradients[0][step] * (1 - z.abs()).clamp_(min=0).mul_(ctx.slope / threshold)
            if fresh is not None:
                own = own * fresh[step]
            by_threshold -= (own * (z + 1)).sum()
            error = own
            if later is not None and ctx.through_time:
                error = torch.addcmul(own, later, leak)
            errors[step] = error
            if step:
                before = potentials[step - 1]
                by_leak += (error * before).sum()
                by_threshold -= (error * (before > threshold)).sum()
            later = error
        return errors, by_leak, by_threshold, None, None, None
