"""Networks of leaky neurons that are trained on spikes alone: Lee 2016."""

import math
from collections.abc import Sequence

import torch
from torch import nn

from augend.gen.entry import Input
from augend.gen.training.layers import checked_shape
from augend.gen.training.spiking_backprop import Transfer, transfer
from augend.gen.training.spiking_inputs import rate_spikes
from augend.gen.training.spiking_neurons import LeakyRules, respond, traces
from augend.gen.training.spiking_regularisation import balance_thresholds, exponential_cost

__all__ = ["LeakyLayer", "LeeMlp"]


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
    balance
        rho of threshold regularisation, for each spike of a training image.
    bfloat16
        Add up weights in bfloat16 while training.
    """

    def __init__(
        self,
        synapses: int,
        neurons: int,
        rules: LeakyRules,
        *,
        start: float = 4.0,
        balance: float = 0.0,
        bfloat16: bool = False,
    ) -> None:
        super().__init__()
        if start <= 1:
            raise ValueError(f"thresholds start at {start} times the greatest weight, above 1")
        greatest = math.sqrt(3 / synapses)
        self.weight = nn.Parameter(torch.empty(neurons, synapses).uniform_(-greatest, greatest))
        self.threshold = nn.Parameter(torch.full((neurons,), start * greatest))
        self.rules = rules
        self.balance = balance
        self.lowest = greatest
        self.bfloat16 = bfloat16

    def forward(
        self, spikes: torch.Tensor, traced: torch.Tensor, counted: bool = False
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Spikes ``(steps, images, neurons)`` and traces, or counts, ``(images, neurons)``."""
        narrow = torch.bfloat16 if self.training and self.bfloat16 else torch.float32
        with torch.no_grad():
            if self.training:
                self.threshold.clamp_(min=self.lowest)
            currents = spikes.to(narrow) @ self.weight.to(narrow).T
            found = respond(currents, self.threshold, self.rules)
            if self.training and self.balance:
                balance_thresholds(
                    self.threshold, self.weight, found.counts, self.balance, self.lowest
                )
        activity = found.counts if counted else found.traces
        rules = Transfer(inhibition=self.rules.inhibition)
        return found.spikes, transfer(traced, self.weight, self.threshold, activity, rules)


class LeeMlp(nn.Module):
    """A multi-layer perceptron of leaky spiking neurons, trained on spikes (Lee 2016, section 6).

    Images ``(images, C, H, W)`` of 0 to 1 go in and become spikes, at random while it trains and
    those of the hardware's shift register afterwards; or events ``(images, steps, C, H, W)``.
    Scores ``(images, classes)`` come out: spike counts, or potentials of neurons that never fire.

    Parameters
    ----------
    shape
        Shape of one image, ``(C, H, W)``.
    classes
        Number of outputs.
    hidden
        Number of neurons of each hidden layer.
    timesteps
        Number of steps T.
    leak
        Right shifts of the leak of all neurons.
    inhibition
        Winner-take-all in each hidden layer, in thresholds.
    output_inhibition
        In the output layer, where it fires.
    readout
        ``count`` or ``potential``.
    start
        alpha of eq. 9.
    balance
        rho of threshold regularisation.
    weight_cost, weight_steepness
        lambda and beta of eq. 13, of hidden layers.
    dropout
        Share of each hidden layer's neurons that is left out of a training step.
    bfloat16
        Add up weights in bfloat16 while training.
    """

    def __init__(
        self,
        *,
        shape: Sequence[int],
        classes: int,
        hidden: Sequence[int] = (800,),
        timesteps: int = 20,
        leak: Sequence[int] = (4,),
        inhibition: float = 0.0,
        output_inhibition: float = 0.0,
        readout: str = "potential",
        start: float = 4.0,
        balance: float = 0.0,
        weight_cost: float = 0.0,
        weight_steepness: float = 10.0,
        dropout: float = 0.0,
        bfloat16: bool = False,
    ) -> None:
        super().__init__()
        if readout not in ("count", "potential"):
            raise ValueError(f"readout must be 'count' or 'potential', not {readout!r}")
        self.entry = Input(shape=checked_shape(shape), encoding="rate")
        self.timesteps = timesteps
        self.readout = readout
        self.weight_cost = weight_cost
        self.weight_steepness = weight_steepness
        self.dropout = nn.Dropout(dropout)
        width = math.prod(shape)
        rules = LeakyRules(leak=tuple(leak), inhibition=inhibition)
        self.hidden = nn.ModuleList()
        for neurons in hidden:
            self.hidden.append(
                LeakyLayer(width, neurons, rules, start=start, balance=balance, bfloat16=bfloat16)
            )
            width = neurons
        if readout == "count":
            rules = LeakyRules(leak=tuple(leak), inhibition=output_inhibition)
            self.output: nn.Module = LeakyLayer(width, classes, rules, start=start)
        else:
            self.output = nn.Linear(width, classes, bias=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Scores of images, or of events."""
        if images.ndim == 5:
            spikes = images.flatten(2).clamp(max=1).transpose(0, 1)
        else:
            spikes = rate_spikes(images, self.entry, self.timesteps, drawn=self.training)
        narrow = torch.bfloat16 if self.training else torch.float32
        spikes = spikes.to(narrow)
        traced = traces(spikes, self.hidden[0].rules.kept)
        last = len(self.hidden) - 1
        for place, layer in enumerate(self.hidden):
            ends = place == last and self.readout == "potential"
            spikes, traced = layer(spikes, traced, counted=ends)
            if self.training and self.dropout.p:
                mask = self.dropout(torch.ones_like(traced))
                spikes, traced = spikes * mask.to(spikes.dtype), traced * mask
        if self.readout == "potential":
            return self.output(traced)
        return self.output(spikes, traced, counted=True)[1]

    def cost(self) -> torch.Tensor:
        """Exponential regularisation of the hidden layers (eq. 13)."""
        parts = [
            exponential_cost(layer.weight, self.weight_cost, self.weight_steepness)
            for layer in self.hidden
        ]
        return torch.stack(parts).sum()
