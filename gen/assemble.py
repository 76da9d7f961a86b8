"""Stages and their integers to the populations, projections and gates of the contract."""

from dataclasses import replace

import numpy as np

from augend.gen.gate import Gate
from augend.gen.neuron_options import NeuronOptions
from augend.gen.population import Population
from augend.gen.projection import Projection
from augend.gen.quantize import Quantised
from augend.gen.stage import Gating, Stage

__all__ = ["gate_of", "population_of", "projections_of"]


def population_of(
    stage: Stage, integers: Quantised, neurons: NeuronOptions, depth: int
) -> Population:
    """Population of a stage; ``depth`` is the number of populations on the longest way to it."""
    plain = Population(
        name=stage.name,
        shape=stage.shape,
        threshold=integers.threshold,
        bias=integers.bias,
        initial=integers.initial,
        reset="subtract" if stage.spiking else "none",
        current_shift=integers.current_shift,
        negative_threshold=integers.negative_threshold,
        negative_step=integers.negative_step,
        takes_back=neurons.signed and stage.activation.kind == "relu",
        leak=(0,) if integers.memoryless else (),
    )
    if not stage.spiking or integers.memoryless:
        return plain
    floor = None
    if neurons.floor is not None:
        floor = -np.floor(plain.per_neuron(plain.threshold) * neurons.floor + 0.5).astype(np.int64)
        floor = np.minimum(floor, np.minimum(plain.per_neuron(plain.initial), 0))
    return replace(
        plain,
        reset=neurons.reset,
        leak=neurons.leak,
        floor=floor,
        single_spike=neurons.single_spike,
        clamp_steps=int(np.floor(neurons.clamp * depth + 0.5)),
        refractory=neurons.refractory,
        inhibition=int(np.floor(neurons.inhibition * float(plain.threshold.mean()) + 0.5)),
    )


def projections_of(stage: Stage, integers: Quantised, weight_bits: int) -> list[Projection]:
    """Projections into the population of a stage, one for each term."""
    return [
        Projection(
            source=term.source,
            target=stage.name,
            kind=term.kind,
            weight=weight.astype(np.int16),
            stride=term.stride,
            padding=term.padding,
            dilation=term.dilation,
            groups=term.groups,
            source_channels=term.source_channels,
            target_channels=term.target_channels,
            shift=shift,
            bits=None if bits == weight_bits else bits,
        )
        for term, weight, shift, bits in zip(
            stage.terms, integers.weights, integers.shifts, integers.bits, strict=True
        )
    ]


def gate_of(gating: Gating, neurons: NeuronOptions) -> Gate:
    """Gate of a max-pool."""
    return Gate(
        name=gating.name,
        source=gating.source,
        shape=gating.shape,
        kernel=gating.kernel,
        stride=gating.stride,
        padding=gating.padding,
        dilation=gating.dilation,
        rule=neurons.gate,
    )
