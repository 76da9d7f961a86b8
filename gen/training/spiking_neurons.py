"""Leaky integrate-and-fire neurons in the steps of the hardware: Lee 2016, section 3."""

from dataclasses import dataclass

import torch

__all__ = ["LeakyRules", "Response", "respond", "traces"]


@dataclass(frozen=True, kw_only=True)
class LeakyRules:
    """What all neurons of a layer do in a step, in the order of `augend.gen.population`.

    Parameters
    ----------
    leak
        Right shifts: a potential keeps 1 minus the sum of ``2**-a`` of itself a step, which stands
        for the exp(-dt / tau) of Lee 2016, eq. 1 (its refractory period, 1 ms, is below a step).
    inhibition
        What a spike takes in the next step from every other neuron of the layer, as a share of
        that neuron's own threshold (section 3.2).
    """

    leak: tuple[int, ...] = (4,)
    inhibition: float = 0.0

    def __post_init__(self) -> None:
        if len(self.leak) > 4 or any(not 0 <= shift < 32 for shift in self.leak):
            raise ValueError(f"leak must be up to four shifts of 0 to 31, not {self.leak!r}")
        if self.kept < 0:
            raise ValueError(f"leak must leave something of a potential, not {self.leak!r}")
        if not 0 <= self.inhibition < 2:
            raise ValueError(f"inhibition must be 0 to below 2, not {self.inhibition!r}")

    @property
    def kept(self) -> float:
        """Share of a potential that a step leaves."""
        return 1 - sum(2.0**-shift for shift in self.leak)


@dataclass(frozen=True, kw_only=True)
class Response:
    """What a layer emitted.

    Parameters
    ----------
    spikes
        0 or 1, ``(steps, images, neurons)``.
    counts
        Spikes of all steps, ``(images, neurons)``.
    traces
        a_i of Lee 2016, eq. 3, after the last step, ``(images, neurons)``.
    """

    spikes: torch.Tensor
    counts: torch.Tensor
    traces: torch.Tensor


@torch.no_grad()
def respond(currents: torch.Tensor, threshold: torch.Tensor, rules: LeakyRules) -> Response:
    """Spikes of neurons that integrate, leak, inhibit each other, fire and subtract.

    Potentials start at 0, and stay at -threshold or above (section 3.1).

    Parameters
    ----------
    currents
        Sum of the weights that arrive in each step, ``(steps, images, neurons)``.
    threshold
        ``(neurons,)``.
    rules
        See there.
    """
    steps, images, neurons = currents.shape
    potential = torch.zeros(images, neurons)
    trace, count = torch.zeros_like(potential), torch.zeros_like(potential)
    spikes = torch.empty_like(currents)
    kept, floor = rules.kept, -threshold
    spiked = torch.zeros_like(potential)
    for step in range(steps):
        potential.mul_(kept).add_(currents[step])
        if rules.inhibition and step:
            others = spiked.sum(1, keepdim=True) - spiked
            potential.addcmul_(others, threshold, value=-rules.inhibition)
        torch.ge(potential, threshold, out=spiked)
        potential.addcmul_(spiked, threshold, value=-1)
        torch.maximum(potential, floor, out=potential)
        trace.mul_(kept).add_(spiked)
        count.add_(spiked)
        spikes[step] = spiked
    return Response(spikes=spikes, counts=count, traces=trace)


@torch.no_grad()
def traces(spikes: torch.Tensor, kept: float) -> torch.Tensor:
    """x_k of Lee 2016, eq. 3, in whole steps: what is left of each synapse's spikes at the end.

    Parameters
    ----------
    spikes
        ``(steps, images, neurons)``.
    kept
        Share that a step leaves.
    """
    trace = torch.zeros(spikes.shape[1:])
    for arrived in spikes:
        trace.mul_(kept).add_(arrived)
    return trace
