"""Backpropagation on the membrane potentials of spiking neurons: Lee 2016, sections 4.1 and 4.2."""

from dataclasses import dataclass
from typing import Any

import torch
from torch.autograd import Function

__all__ = ["Transfer", "among_winners", "transfer"]


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """How errors go back through a layer of leaky neurons.

    Parameters
    ----------
    inhibition
        What a spike takes from the others, in thresholds: the paper's -kappa, the same for all.
    efficacy
        Expected share of it that arrives, for potentials do not fall below their floor: sigma.
    normalised
        Errors and updates are balanced between layers as eq. 11 and 12 say.
    silent
        Neurons that never spiked get their errors too: outputs, which could not learn to spike
        otherwise.
    """

    inhibition: float = 0.0
    efficacy: float = 0.5
    normalised: bool = True
    silent: bool = False


def among_winners(errors: torch.Tensor, active: torch.Tensor, strength: float) -> torch.Tensor:
    """Errors of outputs to errors of sums, where active neurons inhibit each other.

    Lee 2016, eq. 7 and 8, with gamma of 1: the inverse of the matrix with 1 on its diagonal and
    ``strength`` beside it, for the active neurons of each image alone.

    Parameters
    ----------
    errors
        ``(images, neurons)``, 0 where a neuron is not active.
    active
        Neurons that have spiked, 0 or 1, ``(images, neurons)``.
    strength
        Inhibition times efficacy, 0 to below 1: mu sigma.
    """
    if strength == 0:
        return errors
    others = active.sum(1, keepdim=True).sub(1).clamp(min=0)
    spread = errors.sum(1, keepdim=True) * (strength / (1 + strength * others))
    return (errors - spread * active) / (1 - strength)


def transfer(
    traces: torch.Tensor,
    weight: torch.Tensor,
    threshold: torch.Tensor,
    activity: torch.Tensor,
    rules: Transfer,
) -> torch.Tensor:
    """What a layer put out, with the derivatives of its transfer function (Lee 2016, eq. 5).

    The value is ``activity`` itself; spikes are jumps that the derivatives take for noise. Neurons
    that never spiked get no error, and with ``normalised`` the gradients are those of eq. 11 and
    12, image by image. (The sign that eq. 12 prints for thresholds contradicts eq. 6, by which a
    higher threshold makes less activity; the gradient here is that of eq. 6.)

    Parameters
    ----------
    traces
        x_k of eq. 3, at the end of the presentation, ``(images, synapses)``.
    weight, threshold
        ``(neurons, synapses)`` and ``(neurons,)``.
    activity
        a_i of eq. 3, ``(images, neurons)``.
    rules
        See there.
    """
    return _Transfer.apply(traces, weight, threshold, activity, rules)


class _Transfer(Function):
    @staticmethod
    def forward(
        ctx: Any,
        traces: torch.Tensor,
        weight: torch.Tensor,
        threshold: torch.Tensor,
        activity: torch.Tensor,
        rules: Transfer,
    ) -> torch.Tensor:
        ctx.save_for_backward(traces, weight, threshold, activity)
        ctx.rules = rules
        return activity.clone()

    @staticmethod
    def backward(ctx: Any, *errors: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        traces, weight, threshold, activity = ctx.saved_tensors
        rules: Transfer = ctx.rules
        neurons, synapses = weight.shape
        active = ((activity > 0) | rules.silent).to(errors[0].dtype)
        strength = rules.inhibition * rules.efficacy
        gain = 1 / threshold
        delta = among_winners(errors[0] * active, active, strength) * gain
        back = update = 1.0
        held = 1.0
        if rules.normalised:
            count = active.sum(1, keepdim=True).clamp(min=1)
            mean = ((gain.square() * active).sum(1, keepdim=True) / count).sqrt()
            delta = delta / mean.clamp(min=1e-12)
            inputs = (traces > 0).sum(1, keepdim=True).clamp(min=1)
            back = (synapses / inputs).sqrt()
            update = (neurons / inputs).sqrt()
            held = synapses**-0.5
        others = activity.sum(1, keepdim=True) - activity
        effect = activity + strength * others  # eq. 12: a-hat
        scaled = delta * update
        return (
            (delta * back) @ weight if ctx.needs_input_grad[0] else None,
            scaled.T @ traces,
            -(scaled * held * effect).sum(0),
            None,
            None,
        )
