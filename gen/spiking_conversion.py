"""A network that was trained on spikes to a program: its numbers become integers, nothing else."""

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from augend.gen.contract import INPUT, Ints
from augend.gen.graph import ConversionError, Floats
from augend.gen.levels import best_thresholds, rounded
from augend.gen.network import SpikingNetwork
from augend.gen.population import Population
from augend.gen.program import Program
from augend.gen.projection import Projection
from augend.gen.spiking_form import SpikingForm, SpikingLayer, SpikingModule

__all__ = ["program_of", "spiking_program"]

MOST_THRESHOLD = 4096
"""Threshold, in weights, that is fine enough: a weight's resolution is 1/4096 of it."""
OPTIONS = ("weight_bits", "lanes", "cores", "seed", "source")
"""Of ``convert`` that a network trained on spikes takes."""
FINER = 4
"""Bits by which potentials that leak, or inhibit, are finer than weights."""
PIXEL_BITS = 8
"""The current of a hybrid input, whose brightest pixel is a spike, is shifted by as many."""


def program_of(
    form: SpikingForm,
    *,
    weight_bits: int = 8,
    lanes: int = 16,
    cores: int = 1,
    metadata: dict[str, Any] | None = None,
) -> Program:
    """Round a network of spikes.

    Neurons that inhibit each other get one threshold, in integers, and so one scale of weights:
    then one integer is the same share of each one's own threshold (Lee 2016, section 3.2). All
    others get the threshold that loses least of their channel's weights.

    Parameters
    ----------
    form
        In floats.
    weight_bits
        2 to 8.
    lanes, cores
        Placement.
    metadata
        Of the program, beside the form's own.

    Raises
    ------
    ConversionError
        An input or a width that cannot be; the message names it.
    """
    if not 2 <= weight_bits <= 8:
        raise ConversionError(
            f"weight_bits must be 2 to 8 for a network trained on spikes, not {weight_bits!r}."
        )
    populations: list[Population] = []
    projections: list[Projection] = []
    source = INPUT
    for layer in form.layers:
        fed = source == INPUT and form.entry.is_current
        if fed and form.entry.bits != PIXEL_BITS:
            raise ConversionError(
                f"The {form.entry.encoding} input of a network trained on spikes has "
                f"{form.entry.bits} bits; it must have {PIXEL_BITS}."
            )
        population, weight, shift = _integers(layer, weight_bits, fed)
        populations.append(population)
        projections.append(
            Projection(
                source=source,
                target=layer.name,
                kind="dense" if weight.ndim == 2 else "conv",
                weight=weight.astype(np.int16),
                stride=layer.stride,
                padding=layer.padding,
                shift=shift,
            )
        )
        source = layer.name
    network = SpikingNetwork(
        input=form.entry,
        populations=tuple(populations),
        projections=tuple(projections),
        timesteps=form.timesteps,
        weight_bits=weight_bits,
        decode=form.decode,
    )
    return Program(
        network=network,
        lanes=lanes,
        cores=cores,
        ann_macs={layer.name: layer.multiplications for layer in form.layers},
        metadata={**form.metadata, **(metadata or {})},
    )


def spiking_program(
    module: SpikingModule,
    given: Mapping[str, Any],
    parameters: Mapping[str, inspect.Parameter],
) -> Program:
    """What `augend.gen.convert` makes of a module that is a spiking network already.

    Parameters
    ----------
    module
        In evaluation mode or not.
    given
        All that ``convert`` was given, by name.
    parameters
        Of ``convert``, with their defaults.

    Raises
    ------
    ConversionError
        An option that the training has decided, or what `program_of` says.
    """
    form = module.spiking_form()
    for name, parameter in parameters.items():
        if name in ("module", "calibration", *OPTIONS):
            continue
        decided = {"timesteps": form.timesteps, "decode": form.decode}.get(name)
        value = given[name]
        if value != decided and value != parameter.default and value not in ((), {}):
            raise ConversionError(
                f"{name} is {value!r}, and {type(module).__name__} was trained on spikes with "
                f"{decided if decided is not None else 'rules of its own'}.",
                instead=f"Leave it out; what can be chosen is {', '.join(OPTIONS)}.",
            )
    return program_of(
        form,
        weight_bits=given["weight_bits"],
        lanes=given["lanes"],
        cores=given["cores"],
        metadata={"source": given["source"] or type(module).__name__, "seed": given["seed"]},
    )


def _integers(layer: SpikingLayer, bits: int, fed: bool) -> tuple[Population, Ints, int]:
    """Population, weights, and their left shift; ``fed``: by the current of pixels."""
    channels = layer.shape[0]
    rows = layer.weight.reshape(channels, -1) if layer.weight.ndim == 4 else layer.weight
    nothing = np.zeros(channels, np.int64)
    current = np.full(channels, PIXEL_BITS) if fed else None
    if layer.threshold is None:
        scaled = rows / max(float(np.abs(rows).max()), 1e-30)
        inverse = best_thresholds(scaled.reshape(1, -1), bits, most=None, fine=256)
        population = Population(
            name=layer.name,
            shape=layer.shape,
            threshold=nothing + 1,
            bias=nothing,
            initial=nothing,
            reset="none",
            leak=layer.leak,
            current_shift=current,
        )
        whole = rounded(scaled * (float(inverse[0]) / 256), bits)
        return population, whole.reshape(layer.weight.shape), 0
    shares: Floats = rows / np.asarray(layer.threshold, np.float64)[:, None]
    every = shares.reshape(1, -1) if layer.inhibition else shares
    whole_threshold = np.broadcast_to(
        best_thresholds(every, bits, most=MOST_THRESHOLD), (channels,)
    )
    weight = rounded(shares * whole_threshold[:, None], bits).reshape(layer.weight.shape)
    shift = FINER if (layer.leak or layer.inhibition) and not fed else 0
    threshold = whole_threshold << shift
    floor = None
    if layer.floor is not None:
        floor = -np.floor(threshold * layer.floor + 0.5).astype(np.int64)
    population = Population(
        name=layer.name,
        shape=layer.shape,
        threshold=threshold,
        bias=nothing,
        initial=nothing,
        reset="subtract",
        leak=layer.leak,
        floor=floor,
        inhibition=int(np.floor(layer.inhibition * float(threshold[0]) + 0.5)),
        single_spike=layer.single_spike,
        current_shift=current,
    )
    return population, weight, shift
