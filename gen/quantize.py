"""Scaled float stage to integers: weights, thresholds, biases and starting potentials."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from augend.gen.contract import Ints
from augend.gen.graph import Floats
from augend.gen.levels import WeightForm, best_thresholds, rounded
from augend.gen.stage import Stage
from augend.gen.term import Term

__all__ = ["Quantised", "Widths", "quantise_binary", "quantise_readout", "quantise_spiking"]

MOST_THRESHOLD = 4096
"""Threshold that is fine enough: a weight's resolution is 1/4096 of it."""
LEAST_CURRENT_THRESHOLD = 64
"""Threshold below which the shifted input current would be too coarse (measured: no loss at 64)."""
HANDED_ON_BITS = 8
"""Width of the weights of shortcuts: they are few, and a layer's error goes through them."""

GREATEST_PIXEL = 255
"""Of the input current: pixels have up to eight bits."""
FINER = 12
"""Left shift of whole weights that leaves room for the fractions of biases."""

Gains = Mapping[str, Floats]
"""For each source ``(C,)``: the activation that one spike, or one unit of a pixel, stands for."""


@dataclass(frozen=True, kw_only=True)
class Widths:
    """How weights are rounded, and over how many steps.

    Parameters
    ----------
    bits
        1 to 8.
    form
        ``integer``: all integers of the width (one bit: -1 and +1). ``ternary``: -1, 0, 1.
        ``power_of_two``: 0 and powers of two with either sign.
    timesteps
        T.
    """

    bits: int
    timesteps: int
    form: WeightForm = "integer"


@dataclass(frozen=True, kw_only=True, eq=False)
class Quantised:
    """Integers of one population and of the projections into it, as the contract has them.

    Parameters
    ----------
    weights, shifts, bits
        For each term of the stage: integers, their left shift, and their width.
    threshold, bias, initial, current_shift
        As the contract has them.
    negative_threshold, negative_step
        Where the stage is signed.
    unit
        The activation that an integer of potential stands for, per channel ``(C,)``.
    memoryless
        The neurons forget from step to step, as those of binary activations do.
    """

    weights: tuple[Ints, ...]
    shifts: tuple[int, ...]
    bits: tuple[int, ...]
    threshold: Ints
    bias: Ints
    initial: Ints
    current_shift: Ints | None
    unit: Floats
    negative_threshold: Ints | None = None
    negative_step: Ints | None = None
    memoryless: bool = False


def quantise_spiking(
    stage: Stage,
    *,
    gains: Gains,
    scale: Floats,
    widths: Widths,
    start: float,
    current: bool,
    waits: bool,
    takes_back: bool = False,
) -> Quantised:
    """Integers of a population that fires.

    The threshold of each channel is the integer that loses least of the channel's weights,
    clipped to their range; its reciprocal is the weight scale ``s`` of DESIGN section 3, so the
    threshold itself is never rounded.

    Parameters
    ----------
    stage
        Float weights and biases.
    gains
        What a spike of each source stands for.
    scale
        ``(C,)``: activation at which a neuron fires in every step.
    widths
        Of weights.
    start
        Starting potential as a share of the threshold.
    current
        Whether pixels, as a constant current, come in; it is shifted right so that thresholds
        stay small.
    waits
        Whether potentials are complete before the first spike.
    takes_back
        Whether a ReLU may take back spikes.
    """
    parts = [
        _by_channel(term, gains) / scale[slice(*term.target_range)][:, None] for term in stage.terms
    ]
    rows = _rows(stage, parts)
    threshold = best_thresholds(
        rows, widths.bits, widths.form, most=None if current else MOST_THRESHOLD
    )
    shift = None
    small = whole = threshold
    if current:
        least = max(LEAST_CURRENT_THRESHOLD, 1 << (8 * widths.timesteps - 1).bit_length())
        shift = np.maximum(np.floor(np.log2(np.maximum(threshold, 1) / least)), 0).astype(np.int64)
        shift = np.minimum(shift, 31)
        small = np.maximum(threshold >> shift, 1)
        whole = small << shift
    weights, shifts, bits = _integers(stage, parts, whole.astype(float), widths)
    unit = scale / small
    bias = _bias(stage, unit)
    if shift is not None:  # what the shift drops, half a unit on average, where it drops anything
        bias = bias + 0.5 * _like(shift > 0, bias)
    begin = np.floor(small * start).astype(np.int64)
    each, begin = _spread(bias, _like(begin, bias), widths.timesteps)
    if not waits:
        begin = np.clip(begin, 0, _like(small, bias) - 1)
    compare, step = _negative(stage, small, takes_back)
    return Quantised(
        weights=weights,
        shifts=shifts,
        bits=bits,
        threshold=small,
        bias=each,
        initial=begin,
        current_shift=shift,
        unit=unit,
        negative_threshold=compare,
        negative_step=step,
    )


def quantise_binary(stage: Stage, *, gains: Gains, widths: Widths, current: bool) -> Quantised:
    """Integers of a population of Heaviside or sign activations (Rueckauer 2017, 3.4).

    Its neurons compare and forget: the spike says on which side of 0 the sum of this step is. The
    comparison is exact where the weights are, for what is above 0 is a whole number above.
    """
    parts = [_by_channel(term, gains) for term in stage.terms]
    rows = _rows(stage, parts)
    greatest = np.abs(rows).max(1)
    greatest = np.where(greatest > 0, greatest, 1.0)
    inverse = best_thresholds(rows / greatest[:, None], widths.bits, widths.form, most=None)
    per_unit = inverse / greatest  # integers an activation, (C,)
    weights, shifts, bits = _integers(stage, parts, per_unit, widths)
    bias = _bias(stage, 1 / per_unit)
    with_zero, without = np.floor(bias + 1e-9) + 1, np.ceil(bias - 1e-9)
    zero = _like(np.broadcast_to(stage.activation.zero, stage.shape[:1]), bias)
    whole = np.where(zero, with_zero, without)  # V >= 1 where sum + bias >= 0, or > 0
    parted = zip(stage.terms, weights, shifts, strict=True)
    most = np.sum([_reach(stage, *each) for each in parted], axis=0)
    beyond = _like(most * (GREATEST_PIXEL if current else 2) + 1, bias)  # no sum comes so far
    whole = np.clip(whole, -beyond, beyond)
    channels = stage.shape[0]
    sign = stage.activation.kind == "sign"
    nothing = np.zeros(channels, np.int64)
    return Quantised(
        weights=weights,
        shifts=shifts,
        bits=bits,
        threshold=np.ones(channels, np.int64),
        bias=whole.astype(np.int64),
        initial=np.zeros(bias.shape, np.int64),
        current_shift=nothing if current else None,
        unit=1 / per_unit,
        negative_threshold=nothing if sign else None,
        negative_step=np.ones(channels, np.int64) if sign else None,
        memoryless=True,
    )


def quantise_readout(
    stage: Stage, *, gains: Gains, widths: Widths, current: bool, whole: bool = False
) -> Quantised:
    """Integers of the population that is read out: one scale for all, so that scores compare.

    ``whole``: all that feeds it are binary activations. Their sums are whole numbers, exact but
    for the biases and for normalisations behind, so these get the bits that they need: weights
    shifted left, and where one bit cannot tell the classes' scales apart, eight.
    """
    parts = [_by_channel(term, gains) for term in stage.terms]
    rows = _rows(stage, parts)
    greatest = float(np.abs(rows).max()) or 1.0
    if whole and widths.bits == 1 and np.any(greatest - np.abs(rows[rows != 0]) > 1e-9 * greatest):
        widths = replace(widths, bits=8)
    inverse = best_thresholds(
        rows.reshape(1, -1) / greatest, widths.bits, widths.form, most=None, fine=256
    )
    unit = 256 * greatest / float(inverse[0])
    channels = stage.shape[0]
    weights, shifts, bits = _integers(stage, parts, np.full(channels, 1 / unit), widths)
    total = stage.bias * (widths.timesteps / unit)
    if whole and max(shifts) == 0 and np.any(np.abs(total - np.round(total)) > 1e-9):
        shifts = (FINER,) * len(shifts)
        unit /= 1 << FINER
    units = np.full(channels, unit)
    bias = _bias(stage, units)
    each, start = _spread(bias, np.zeros(bias.shape, np.int64), widths.timesteps)
    return Quantised(
        weights=weights,
        shifts=shifts,
        bits=bits,
        threshold=np.ones(channels, np.int64),
        bias=each,
        initial=start,
        current_shift=np.zeros(channels, np.int64) if current else None,
        unit=units,
    )


def _by_channel(term: Term, gains: Gains) -> Floats:
    """Weights times the gain of their source: a row for each channel that the term adds to."""
    first, last = term.target_range
    weight = term.weight * gains[term.source][term.source_index()]
    return weight.reshape(last - first, -1)


def _rows(stage: Stage, parts: list[Floats]) -> Floats:
    """Weights that decide a channel's threshold, ``(C, weights)``; 0 where there is none.

    Shortcuts decide only where nothing else arrives: their weights may be shifted.
    """
    first_choice = [not term.handed_on for term in stage.terms]
    reached = np.zeros(stage.shape[0], bool)
    for term, chosen in zip(stage.terms, first_choice, strict=True):
        reached[slice(*term.target_range)] |= chosen
    blocks = []
    for term, part, chosen in zip(stage.terms, parts, first_choice, strict=True):
        block = np.zeros((stage.shape[0], part.shape[1]))
        block[slice(*term.target_range)] = part
        if not chosen:
            block[reached] = 0
        blocks.append(block)
    return np.concatenate(blocks, axis=1)


def _integers(
    stage: Stage, parts: list[Floats], per_unit: Floats, widths: Widths
) -> tuple[tuple[Ints, ...], tuple[int, ...], tuple[int, ...]]:
    """Rounded weights, shifts and widths of all terms; ``per_unit`` ``(C,)`` scales the rows."""
    weights, shifts, bits = [], [], []
    alone = all(term.handed_on for term in stage.terms)
    for term, part in zip(stage.terms, parts, strict=True):
        scaled = part * per_unit[slice(*term.target_range)][:, None]
        shift, width, form = 0, widths.bits, widths.form
        if term.handed_on and not alone:
            width, form = HANDED_ON_BITS, "integer"
            most = (1 << (width - 1)) - 1
            ratio = max(float(np.abs(scaled).max(initial=0)) / most, 1e-30)
            shift = min(max(int(np.ceil(np.log2(ratio))), 0), 15)
        elif width == 1 and (form != "integer" or not np.all(part)):  # one bit is -1 and +1, not 0
            width, form = 2, "ternary"
        weights.append(rounded(scaled / (1 << shift), width, form).reshape(term.weight.shape))
        shifts.append(shift)
        bits.append(width)
    return tuple(weights), tuple(shifts), tuple(bits)


def _reach(stage: Stage, term: Term, weight: Ints, shift: int) -> Ints:
    """Sum of a term's weights without sign, per channel ``(C,)``."""
    first, last = term.target_range
    reach = np.zeros(stage.shape[0], np.int64)
    reach[first:last] = np.abs(weight).reshape(last - first, -1).sum(1) << shift
    return reach


def _negative(stage: Stage, threshold: Ints, takes_back: bool) -> tuple[Ints | None, Ints | None]:
    """Level below which a spike of -1 is due, and what it adds.

    With the same step on both sides it is due below 0, where the next spike would not undo it.
    A smaller slope makes the step greater, and the level follows for the same reason.
    """
    kind = stage.activation.kind
    if kind == "linear" or (kind == "relu" and takes_back):
        return np.ones_like(threshold), threshold
    if kind != "leaky":
        return None, None
    assert stage.activation.slope is not None
    slope = np.maximum(stage.activation.slope, 1e-6)
    step = np.minimum(np.floor(threshold / slope + 0.5), 1 << 29).astype(np.int64)
    return np.maximum(step - threshold + 1, 1), step


def _bias(stage: Stage, unit: Floats) -> Floats:
    """Bias a step in integers' units, per channel where all neurons of a channel share it."""
    if stage.uniform_bias:
        return stage.bias.reshape(stage.shape[0], -1)[:, 0] / unit
    return stage.bias / unit.reshape(-1, *(1,) * (len(stage.shape) - 1))


def _like(values: np.ndarray, bias: Floats) -> np.ndarray:
    """Values per channel as the biases are kept: per channel, or per neuron."""
    extra = (1,) * (bias.ndim - 1)
    return np.broadcast_to(values.reshape(-1, *extra), bias.shape)


def _spread(bias: Floats, start: np.ndarray, timesteps: int) -> tuple[Ints, Ints]:
    """Integer bias a step; what rounding leaves of all steps goes into the starting potential."""
    each = np.floor(bias + 0.5).astype(np.int64)
    left = np.floor(timesteps * (bias - each) + 0.5).astype(np.int64)
    return each, start.astype(np.int64) + left
