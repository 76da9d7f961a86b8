"""Networks of leaky neurons that are trained on spikes alone: Lee 2016."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from augend.gen.entry import Input
from augend.gen.spiking_form import SpikingForm, SpikingLayer
from augend.gen.training.layers import checked_shape
from augend.gen.training.spiking_inputs import rate_spikes
from augend.gen.training.spiking_layers import LeakyLayer
from augend.gen.training.spiking_neurons import LeakyRules, traces

__all__ = ["LeeMlp"]

SOFTNESS = 0.2
"""Scores of potentials, in units of the first weights: so many spikes are a nat of evidence."""


class LeeMlp(nn.Module):
    """A multi-layer perceptron of leaky spiking neurons, trained on spikes (Lee 2016, section 6).

    Images ``(images, C, H, W)`` of 0 to 1 go in and become spikes, at random while it trains and
    those of the hardware's shift register afterwards; or events ``(images, steps, C, H, W)``,
    whose first two axes behind the images may be one.
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
        Number of steps T of an inference.
    training_steps
        Of a presentation in training, as the paper's 50 ms are to its 1 s; ``timesteps`` where 0.
    leak
        Right shifts of the leak of all neurons.
    inhibition
        Winner-take-all in each hidden layer, in thresholds.
    output_inhibition
        In the output layer, where it fires.
    readout
        ``count``, as in the paper, or ``potential``.
    start
        alpha of eq. 9.
    dropout
        Share of each hidden layer's neurons that is left out of a training step.
    binning
        Where the input is events, and not images: how recordings become steps, as
        `augend.gen.event_set.EventSet.binned` takes it.
    """

    def __init__(
        self,
        *,
        shape: Sequence[int],
        classes: int,
        hidden: Sequence[int] = (800,),
        timesteps: int = 20,
        training_steps: int = 0,
        leak: Sequence[int] = (5,),
        inhibition: float = 0.0,
        output_inhibition: float = 0.0,
        readout: str = "potential",
        start: float = 4.0,
        dropout: float = 0.0,
        binning: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if readout not in ("count", "potential"):
            raise ValueError(f"readout must be 'count' or 'potential', not {readout!r}")
        if timesteps < 1 or not hidden:
            raise ValueError(f"{timesteps} time steps and {len(hidden)} hidden layers; 1 or more")
        encoding, bits = ("rate", 8) if binning is None else ("events", 1)
        self.entry = Input(shape=checked_shape(shape), encoding=encoding, bits=bits)
        self.binning = None if binning is None else dict(binning)
        self.timesteps = timesteps
        self.training_steps = training_steps or timesteps
        self.readout = readout
        self.dropout = dropout
        width = math.prod(shape)
        rules = LeakyRules(leak=tuple(leak), inhibition=inhibition)
        self.hidden = nn.ModuleList()
        for neurons in hidden:
            self.hidden.append(LeakyLayer(width, neurons, rules, start=start))
            width = neurons
        if readout == "count":
            rules = LeakyRules(leak=tuple(leak), inhibition=output_inhibition)
            self.output: nn.Module = LeakyLayer(width, classes, rules, start=start, output=True)
        else:
            self.output = nn.Linear(width, classes, bias=False)

    @property
    def leaky(self) -> list[LeakyLayer]:
        """Its layers of neurons that fire."""
        layers = [*self.hidden, self.output]
        return [layer for layer in layers if isinstance(layer, LeakyLayer)]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Scores of images, or of events."""
        if self.entry.encoding == "events":
            spikes = images.reshape(len(images), self.timesteps, -1).clamp(max=1).transpose(0, 1)
        else:
            steps = self.training_steps if self.training else self.timesteps
            spikes = rate_spikes(images, self.entry, steps, drawn=self.training)
        spikes = spikes.to(torch.bfloat16 if self.training else torch.float32)
        layers = self.leaky
        traced = traces(spikes, layers[0].rules.kept)
        for place, layer in enumerate(layers, start=1):
            ends = place == len(layers)
            spikes, traced = layer(spikes, traced, counted=ends)
            if self.training and self.dropout and place <= len(self.hidden):
                left = (torch.rand(traced.shape) >= self.dropout) / (1 - self.dropout)
                spikes, traced = spikes * left.to(spikes.dtype), traced * left
        if self.readout == "count":
            return traced
        return SOFTNESS * self.output(traced)

    def spiking_form(self) -> SpikingForm:
        """Its layers in floats; see `augend.gen.spiking_form`."""
        described = []
        for place, layer in enumerate(self.leaky, start=1):
            weight = layer.weight.detach().double().numpy()
            described.append(
                SpikingLayer(
                    name="output" if place > len(self.hidden) else f"hidden{place}",
                    shape=(len(weight),),
                    weight=weight,
                    threshold=layer.threshold.detach().double().numpy(),
                    leak=layer.rules.leak,
                    floor=1.0,
                    inhibition=layer.rules.inhibition,
                )
            )
        if isinstance(self.output, nn.Linear):
            weight = self.output.weight.detach().double().numpy()
            shape = (len(weight),)
            described.append(
                SpikingLayer(name="output", shape=shape, weight=weight, threshold=None)
            )
        return SpikingForm(
            entry=self.entry,
            layers=tuple(described),
            timesteps=self.timesteps,
            decode="count" if self.readout == "count" else "potential",
            metadata={} if self.binning is None else {"binning": self.binning},
        )
