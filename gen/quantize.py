"""Scaled float stage to integers: weights, thresholds, biases and starting potentials."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from augend.gen.graph import Floats
from augend.gen.network import Ints
from augend.gen.stage import Stage

__all__ = ["Quantised", "quantise_readout", "quantise_spiking", "weight_range"]

Start = Literal["half", "zero"]

MOST_THRESHOLD = 4096
"""Threshold that is fine enough: a weight's resolution is 1/4096 of it."""
LEAST_CURRENT_THRESHOLD = 64
"""Threshold below which the shifted input current would be too coarse (measured: no loss at 64)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Quantised:
    """Integers of one population and of the projection into it, as the contract has them.

    ``unit`` is the activation that an integer of potential stands for, per channel ``(C,)``.
    """

    weight: Ints
    threshold: Ints
    bias: Ints
    initial: Ints
    current_shift: Ints | None
    unit: Floats


def weight_range(bits: int) -> tuple[int, int]:
    """Least and greatest weight of ``bits`` bits; with one bit -1 and +1."""
    return (-1, 1) if bits == 1 else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)


def quantise_spiking(
    stage: Stage,
    *,
    gain: Floats,
    scale: Floats,
    weight_bits: int,
    timesteps: int,
    initial: Start,
    current: bool,
    phased: bool,
) -> Quantised:
    """Integers of a population that fires.

    The threshold of each channel is the integer that loses least of the channel's weights,
    clipped to their range; its reciprocal is the weight scale ``s`` of DESIGN section 3, so the
    threshold itself is never rounded.

    Parameters
    ----------
    stage
        Float weights and biases.
    gain
        ``(C_source,)``: activation that one spike of a source channel, or one unit of a pixel,
        adds in a step.
    scale
        ``(C,)``: activation at which a neuron fires in every step.
    weight_bits, timesteps, initial
        As ``convert`` takes them.
    current
        Whether pixels, as a constant current, come in; it is shifted right so that thresholds
        stay small.
    phased
        Whether potentials are complete before the first spike.
    """
    rows = _rows(stage, gain) / scale[:, None]
    threshold = _thresholds(rows, weight_bits, most=None if current else MOST_THRESHOLD)
    shift = None
    if current:
        least = max(LEAST_CURRENT_THRESHOLD, 1 << (8 * timesteps - 1).bit_length())
        shift = np.maximum(np.floor(np.log2(np.maximum(threshold, 1) / least)), 0).astype(np.int64)
        shift = np.minimum(shift, 31)
        small = np.maximum(threshold >> shift, 1)
        whole = small << shift
    else:
        small = whole = threshold
    weight = _round(rows * whole[:, None], weight_bits).reshape(stage.weight.shape)
    unit = scale / small
    bias = _bias(stage, unit)
    if shift is not None:  # what the shift drops, half a unit on average, where it drops anything
        bias = bias + 0.5 * _like(shift > 0, bias)
    start = small // 2 if initial == "half" else np.zeros_like(small)
    each, start = _spread(bias, _like(start, bias), timesteps)
    if not phased or current:
        start = np.clip(start, 0, _like(small, bias) - 1)
    return Quantised(
        weight=weight, threshold=small, bias=each, initial=start, current_shift=shift, unit=unit
    )


def quantise_readout(
    stage: Stage, *, gain: Floats, weight_bits: int, timesteps: int, current: bool
) -> Quantised:
    """Integers of the population that is read out: one scale for all, so that scores compare."""
    rows = _rows(stage, gain)
    inverse = _thresholds(
        rows.reshape(1, -1) / max(float(np.abs(rows).max()), 1e-30),
        weight_bits,
        most=None,
        fine=256,
    )
    unit = 256 * max(float(np.abs(rows).max()), 1e-30) / float(inverse[0])
    weight = _round(rows / unit, weight_bits).reshape(stage.weight.shape)
    channels = stage.shape[0]
    units = np.full(channels, unit)
    bias = _bias(stage, units)
    each, start = _spread(bias, np.zeros(bias.shape, np.int64), timesteps)
    return Quantised(
        weight=weight,
        threshold=np.ones(channels, np.int64),
        bias=each,
        initial=start,
        current_shift=np.zeros(channels, np.int64) if current else None,
        unit=units,
    )


def _rows(stage: Stage, gain: Floats) -> Floats:
    weight = stage.weight * gain[stage.source_channels()]
    return weight.reshape(weight.shape[0], -1)  # (C_out, weights of a channel)


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


def _thresholds(rows: Floats, bits: int, *, most: int | None, fine: int = 1) -> Ints:
    """Integer threshold per channel that loses least of its weights ``(C, K)``, in thresholds.

    ``fine`` multiplies the threshold, for a scale finer than integers.
    """
    low, high = weight_range(bits)
    greatest = np.maximum(np.abs(rows).max(1), 1e-9)
    if bits == 1:
        mean = np.maximum(np.abs(rows).mean(1), 1e-9)
        return np.clip(np.floor(fine / mean + 0.5), 1, most or 1 << 40).astype(np.int64)
    widest = {2: 6.0, 3: 4.0, 4: 2.5, 5: 1.6}.get(bits, 1.15)
    best = np.ones(len(rows), np.int64)
    least = np.full(len(rows), np.inf)
    for ratio in np.linspace(0.8, widest, 40):
        whole = np.floor(fine * ratio * high / greatest + 0.5)
        candidate = np.clip(whole, 1, most or 1 << 40).astype(np.int64)
        scaled = rows * (candidate / fine)[:, None]
        error = np.clip(np.floor(scaled + 0.5), low, high) - scaled
        loss = np.einsum("ck,ck->c", error, error) / candidate.astype(np.float64) ** 2
        better = loss < least
        best, least = np.where(better, candidate, best), np.minimum(loss, least)
    return best


def _round(scaled: Floats, bits: int) -> Ints:
    low, high = weight_range(bits)
    if bits == 1:
        return np.where(scaled < 0, -1, 1).astype(np.int64)
    return np.clip(np.floor(scaled + 0.5), low, high).astype(np.int64)
