"""Why a spike rate is not the activation it stands for: a chain of ever more faithful layers.

For one layer, with a = f(W x + b) of the float network and v = (spikes of T steps) / T times the
layer's scale, the chain runs from a to v, and each link is named after what it takes in:

==============  ====================================================================================
``inherited``   the float layer on what the spikes of its sources stand for, f(W x' + b)
``weights``     the integer weights in place of W, and the right shift of an input current
``bias``        the integer bias, and the start beyond rounding, in place of b: where calibration
                shifts biases, it takes back what others cost, and its share is negative
``clipping``    what is above the scale, of neurons whose float activation is above it as well
``saturation``  what is above the scale, of the other neurons
``levels``      the spikes that the sum of T steps is worth, at most T and a whole number
``transient``   the spikes really emitted: sums arrive unevenly, and rules as reset to zero or leak
==============  ====================================================================================

Differences of neighbours sum to v - a exactly. In the phased schedule ``transient`` is 0.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from augend.gen.counterpart import Pair
from augend.gen.evaluate import greatest, respond
from augend.gen.graph import Floats
from augend.gen.network import Ints
from augend.gen.normalize import Activations
from augend.gen.simulate import spike_counts
from augend.gen.stage import Gating

__all__ = ["CAUSES", "Cause", "Chain", "drive", "gate_chain", "response", "stage_chain"]

Cause = Literal["inherited", "bias", "weights", "clipping", "saturation", "levels", "transient"]
CAUSES: tuple[Cause, ...] = (
    "inherited",
    "weights",
    "bias",
    "clipping",
    "saturation",
    "levels",
    "transient",
)

Values = Mapping[str, Activations]
"""By source, ``(images, *shape)``."""

Totals = Mapping[str, npt.NDArray[np.integer]]
"""Spikes of all steps, or pixels, by source, ``(images, *shape)``."""

Chain = list[tuple[Cause, Activations]]
"""Activations ``(images, *shape)`` after each cause; one that changes nothing may be missing."""


def response(pair: Pair, values: Values) -> Activations:
    """``W x`` of the float weights, without bias, ``(images, *shape)``."""
    total = torch.zeros(())
    for term in pair.stage.terms:
        total = total + respond(term, torch.from_numpy(values[term.source]))
    return total.numpy()


def drive(pair: Pair, totals: Totals, current: Totals, steps: int) -> Ints:
    """Integers that arrive in all steps, bias and start left out, ``(images, *shape)``.

    Parameters
    ----------
    pair
        The layer.
    totals
        Spikes of all steps, by source.
    current
        Pixels, where they are a current; those of ``hybrid`` come in the first step only.
    steps
        In how many steps the current comes in.
    """
    total = _sums(pair, totals)
    shift = pair.population.current_shift
    if shift is not None and current:
        once = _sums(pair, current)
        total = total + steps * (once >> _wide(shift, once.ndim - 1))
    return total


def stage_chain(
    pair: Pair,
    *,
    reference: Activations,
    responses: Activations,
    arrived: Ints,
    spiked: npt.NDArray[np.integer] | None,
    gain: Floats,
    timesteps: int,
) -> Chain:
    """The chain of a layer of neurons.

    Parameters
    ----------
    pair
        The layer.
    reference
        a, ``(images, *shape)``.
    responses
        ``W x'`` of what the spikes of its sources stand for.
    arrived
        `drive`.
    spiked
        Spikes of all steps; None of a layer that is read out.
    gain
        ``(C,)``: the layer's scale.
    timesteps
        T.
    """
    stage, population = pair.stage, pair.population
    rank = reference.ndim - 1
    top = _wide(gain, rank)
    inherited = _applied(pair, responses + stage.bias)
    biases = _wide(timesteps * population.bias, rank)
    if stage.activation.binary:  # its neurons compare and forget: a unit is no activation
        assert spiked is not None
        above = arrived + biases >= timesteps * _wide(population.threshold, rank)
        decided = np.where(above, top, -top if population.bipolar else 0.0)
        return _single(
            ("inherited", inherited),
            ("weights", decided),
            ("transient", spiked / timesteps * top),
        )
    unit = _wide(pair.unit, rank)
    whole = arrived + biases + _wide(population.initial - pair.begin, rank)
    weighed = _applied(pair, unit * arrived / timesteps + stage.bias)
    moved = _applied(pair, unit * whole / timesteps)
    if spiked is None:
        return _single(("inherited", inherited), ("weights", weighed), ("bias", moved))
    low = -top if stage.activation.signed else np.zeros_like(top)
    clipped = np.clip(moved, low, top)
    beyond = (reference > top) | (reference < low)
    plain = population
    if population.takes_back:  # only what comes too early is taken back
        plain = replace(population, negative_threshold=None, negative_step=None, takes_back=False)
    counts = spike_counts(plain, torch.from_numpy(arrived), timesteps).numpy()
    return _single(
        ("inherited", inherited),
        ("weights", weighed),
        ("bias", moved),
        ("clipping", np.where(beyond, clipped, moved)),
        ("saturation", clipped),
        ("levels", counts / timesteps * top),
        ("transient", spiked / timesteps * top),
    )


def gate_chain(
    gate: Gating, source: Activations, spiked: npt.NDArray[np.integer], gain: Floats, steps: int
) -> Chain:
    """The chain of a max-pool, given what its source's spikes stand for."""
    pooled = greatest(gate, torch.from_numpy(source)).numpy()
    passed = spiked / steps * _wide(gain, spiked.ndim - 1)
    return _single(("inherited", pooled), ("transient", passed))


def _single(*links: tuple[Cause, npt.NDArray[np.floating]]) -> Chain:
    """A chain in single precision; what is equal stays equal."""
    return [(cause, values.astype(np.float32)) for cause, values in links]


def _sums(pair: Pair, totals: Totals) -> Ints:
    """Exact sums of integer weights; single precision holds integers of 24 bits."""
    total = torch.zeros((), dtype=torch.int64)
    for term, weight in zip(pair.stage.terms, pair.weights, strict=True):
        if term.source not in totals:
            continue
        spikes = totals[term.source]
        fan_in = np.abs(weight).reshape(len(weight), -1).sum(1).max()
        exact = fan_in * int(np.abs(spikes).max(initial=1)) < 1 << 24
        x = torch.from_numpy(spikes).to(torch.float32 if exact else torch.float64)
        total = total + respond(term, x, weight).to(torch.int64)
    return total.numpy()


def _applied(pair: Pair, sums: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    return pair.stage.activation.apply(torch.from_numpy(sums)).numpy()


def _wide(values: np.ndarray, rank: int) -> np.ndarray:
    """Values per channel, or per neuron, against ``(images, *shape)``."""
    return values if values.ndim == rank else values.reshape(-1, *(1,) * (rank - 1))
