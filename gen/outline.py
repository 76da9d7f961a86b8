"""The spiking network that a float network would become, with integers that are only guessed.

Neurons, synapses, fan-outs, rules and memories are those of a conversion. Weights are rounded to
the width that is asked for, each row to its own greatest weight; thresholds are what random inputs
seldom exceed, and biases 0. So widths of potentials are estimates, and spikes would mean nothing.
"""

import numpy as np

from augend.gen.assemble import gate_of, population_of, projections_of
from augend.gen.contract import ContractError
from augend.gen.entry import Input
from augend.gen.fold import Folded
from augend.gen.graph import SOURCE, ConversionError
from augend.gen.levels import greatest_level
from augend.gen.network import SpikingNetwork
from augend.gen.neuron_options import NeuronOptions
from augend.gen.options import Schedule
from augend.gen.quantize import HANDED_ON_BITS, LEAST_CURRENT_THRESHOLD, Quantised
from augend.gen.stage import Gating, Stage
from augend.gen.term import Term

__all__ = ["outline"]

BLOCK = 1 << 22
"""Weights that are rounded at once."""
SPREAD = 2.0
"""Threshold, in root sums of squares of a neuron's weights."""


def outline(
    folded: Folded,
    entry: Input,
    *,
    weight_bits: int,
    timesteps: int,
    schedule: Schedule,
) -> SpikingNetwork:
    """Network of the stages, with guessed integers.

    Raises
    ------
    ConversionError
        The contract does not allow such a network.
    """
    neurons = NeuronOptions()
    depth = {SOURCE: 0}
    populations, projections, gates = [], [], []
    for step in folded.stages:
        depth[step.name] = max(depth[name] for name in step.sources)
        if isinstance(step, Gating):
            gates.append(gate_of(step, neurons))
            continue
        depth[step.name] += 1
        guessed = _guessed(step, entry, weight_bits, timesteps)
        populations.append(population_of(step, guessed, neurons, depth[step.name]))
        projections += projections_of(step, guessed, weight_bits)
    try:
        return SpikingNetwork(
            input=entry,
            populations=tuple(populations),
            projections=tuple(projections),
            gates=tuple(gates),
            timesteps=timesteps,
            schedule=schedule,
            weight_bits=weight_bits,
            rectified=folded.rectified,
        )
    except ContractError as error:
        raise ConversionError(f"{error}.") from error


def _guessed(stage: Stage, entry: Input, weight_bits: int, timesteps: int) -> Quantised:
    alone = all(term.handed_on for term in stage.terms)
    bits = tuple(
        HANDED_ON_BITS if term.handed_on and not alone else weight_bits for term in stage.terms
    )
    weights = tuple(_rounded(term, width) for term, width in zip(stage.terms, bits, strict=True))
    squares = np.zeros(stage.shape[0])
    for term, weight in zip(stage.terms, weights, strict=True):
        rows = weight.reshape(len(term.rows), -1)
        squares[slice(*term.target_range)] += np.einsum("ck,ck->c", rows, rows, dtype=np.float64)
    threshold = np.maximum(np.floor(SPREAD * np.sqrt(squares)), 1).astype(np.int64)
    shift = None
    if entry.is_current and SOURCE in stage.sources:
        threshold = threshold * ((1 << entry.bits) - 1) // 2
        least = max(LEAST_CURRENT_THRESHOLD, 1 << (8 * timesteps - 1).bit_length())
        shift = np.floor(np.log2(np.maximum(threshold / least, 1))).astype(np.int64)
        threshold = np.maximum(threshold >> shift, 1)
    kind = stage.activation.kind
    nothing = np.zeros_like(threshold)
    if not stage.spiking or stage.activation.binary:
        threshold = np.ones_like(threshold)
        shift = None if shift is None else nothing
    negative = step = None
    if kind in ("linear", "leaky"):
        negative, step = np.ones_like(threshold), threshold
    elif kind == "sign":
        negative, step = nothing, np.ones_like(threshold)
    bias = nothing if stage.uniform_bias else np.zeros(stage.shape, np.int64)
    return Quantised(
        weights=weights,
        shifts=(0,) * len(weights),
        bits=bits,
        threshold=threshold,
        bias=bias,
        initial=bias,
        current_shift=shift,
        unit=np.ones(stage.shape[0]),
        negative_threshold=negative,
        negative_step=step,
        memoryless=stage.activation.binary,
    )


def _rounded(term: Term, bits: int) -> np.ndarray:
    """Weights that fill a width, a row at a time, int16; where they are many, in blocks."""
    rows = term.rows
    most = greatest_level(bits, "integer")
    whole = np.empty(rows.shape, np.int16)
    block = max(BLOCK // max(rows.shape[1], 1), 1)
    for first in range(0, len(rows), block):
        part = rows[first : first + block]
        greatest = np.maximum(np.abs(part).max(1, keepdims=True), 1e-30)
        scaled = np.floor(part / greatest * most + 0.5)
        whole[first : first + block] = np.where(part < 0, -1, 1) if bits == 1 else scaled
    return whole.reshape(term.weight.shape)
