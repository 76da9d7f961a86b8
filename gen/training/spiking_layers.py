"""A layer of leaky spiking neurons that errors can go back through."""

import math

import torch
from torch import nn

from augend.gen.training.spiking_backprop import Transfer, transfer
from augend.gen.training.spiking_neurons import LeakyRules, respond

__all__ = ["LeakyLayer"]


class LeakyLayer(nn.Module):
    """Leaky neurons with a threshold each (Lee 2016, eq. 9 starts them).

    Parameters
    ----------
    synapses, neurons
        How many; every neuron has all synapses.
    rules
        What its neurons do.
    start
        alpha: thresholds in greatest first weights, above 1.
    output
        Its neurons are read: they learn from errors though they never spiked.
    """

    def __init__(
        self,
        synapses: int,
        neurons: int,
        rules: LeakyRules,
        *,
        start: float = 4.0,
        output: bool = False,
    ) -> None:
        super().__init__()
        if start <= 1:
            raise ValueError(f"thresholds start at {start} greatest weights; it must be above 1")
        greatest = math.sqrt(3 / synapses)
        self.weight = nn.Parameter(torch.empty(neurons, synapses).uniform_(-greatest, greatest))
        self.threshold = nn.Parameter(torch.full((neurons,), start * greatest))
        self.rules = rules
        self.transfer = Transfer(inhibition=rules.inhibition, silent=output)
        self.lowest = greatest
        """Below this, a threshold would let a single spike through: it is held there."""

    def forward(
        self, spikes: torch.Tensor, traced: torch.Tensor, counted: bool = False
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Spikes of the layer, and its traces, or counts, with their derivatives.

        Parameters
        ----------
        spikes
            ``(steps, images, synapses)``, in the type in which weights are added up.
        traced
            x_k of eq. 3, ``(images, synapses)``.
        counted
            Whether what follows adds up spikes without a leak.
        """
        with torch.no_grad():
            self.threshold.clamp_(min=self.lowest)
            currents = spikes @ self.weight.to(spikes.dtype).T
            found = respond(currents, self.threshold, self.rules)
        activity = found.counts if counted else found.traces
        reached = transfer(traced, self.weight, self.threshold, activity, self.transfer)
        return found.spikes, reached
