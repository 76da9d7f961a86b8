"""Float neurons and the maps into them to integers: one scale a channel, that loses least."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from augend.gen.frontends.nir_maps import Map
from augend.gen.frontends.nir_neurons import Neurons, leak_shifts
from augend.gen.graph import Floats
from augend.gen.network import Ints, Population

__all__ = ["Scaled", "least_shift", "quantise_neurons", "weight_range"]

MOST_THRESHOLD = 4096
"""Threshold, in weights, that is fine enough: a weight's resolution is 1/4096 of it."""
WHOLE = 1e-3
"""A weight so near to a whole number is one: NIR files hold single precision."""
FINEST_SHIFT = 12
"""Bits by which potentials of leaky neurons are finer than weights, where they fit."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scaled:
    """A population and the integer weights of every map into it, before ``weight << shift``."""

    population: Population
    weights: tuple[Ints, ...]
    shift: int
    leak_error: float = 0.0


def least_shift(neurons: Neurons, timesteps: int, bias: Floats) -> int:
    """Bits by which potentials should be finer than weights.

    A leak is rounded in every step, so is a bias: with one bit more than log2 of the steps, biases
    rounded by half a unit move a potential by less than a weight's unit in all steps.
    """
    if 0 < neurons.kept < 1:
        return FINEST_SHIFT
    uneven = neurons.threshold is not None and any(np.ptp(channel) for channel in neurons.threshold)
    if np.any(bias + neurons.bias) or np.any(neurons.start) or uneven:
        return min(max(timesteps.bit_length(), 4), FINEST_SHIFT)
    return 0


def quantise_neurons(
    name: str,
    neurons: Neurons,
    maps: Sequence[Map],
    *,
    bias: Floats,
    weight_bits: int,
    shift: int,
) -> Scaled:
    """Integers of a population and its synapses.

    The threshold of each channel is the integer that loses least of the channel's weights over
    all maps, clipped to their range, as the converter of float networks chooses it (DESIGN,
    section 3); where one makes all its weights whole, such a one. Neurons that only integrate share
    one scale, so that their scores compare.

    Parameters
    ----------
    name, neurons
        Of the population.
    maps
        Into it, each with a kernel or a matrix.
    bias
        Input that comes in every step, of the neurons' shape.
    weight_bits
        1 to 8.
    shift
        Bits by which the potential is finer than the weights.
    """
    channels = neurons.shape[0]
    rows = [m.weight.reshape(channels, -1) for m in maps]
    joined = np.concatenate(rows, 1)
    if neurons.threshold is None:
        gain = neurons.gain.reshape(channels, -1)[:, :1]
        rows, joined = [row * gain for row in rows], joined * gain
        greatest = max(float(np.abs(joined).max()), 1e-30)
        whole = _thresholds(joined.reshape(1, -1) / greatest, weight_bits, None, 8)
        unit = np.full(channels, greatest * 2.0 ** (8 - shift) / whole[0])
        values, threshold = neurons.bias + bias * neurons.gain, np.ones(channels, np.int64)
    else:
        each = neurons.threshold.reshape(channels, -1)
        reference = np.where(each.max(1) > 0, each.max(1), np.abs(joined).max(1) + 1e-30)
        most = MOST_THRESHOLD << shift
        whole = _thresholds(joined / reference[:, None], weight_bits, most, shift)
        unit = reference / whole
        threshold = _whole(neurons.threshold, unit)
        values = neurons.bias + bias
    weights = tuple(
        _round(row / (unit[:, None] * 2.0**shift), weight_bits).reshape(m.weight.shape)
        for row, m in zip(rows, maps, strict=True)
    )
    leak = (0,) if neurons.kept == 0 else leak_shifts(neurons.kept)
    lost = sum(2.0**-a for a in leak)
    start, floor = _whole(neurons.start, unit), None
    if neurons.floor is not None:
        floor = np.minimum(_whole(neurons.floor, unit), 0)
    if neurons.above:  # V > threshold, where the contract says V >= threshold
        if neurons.reset == "subtract" and not leak:
            start = start - 1
            floor = None if floor is None else floor - 1
        else:
            threshold = threshold + 1
    if floor is not None:
        floor = np.minimum(floor, start)
    population = Population(
        name=name,
        shape=neurons.shape,
        threshold=_compact(np.maximum(threshold, 1)),
        bias=_compact(_whole(values, unit)),
        initial=_compact(start),
        reset=neurons.reset,
        leak=leak,
        floor=None if floor is None else _compact(floor),
        negative_threshold=_compact(0 * threshold) if neurons.bipolar else None,
        negative_step=_compact(threshold) if neurons.bipolar else None,
        most_spikes=neurons.most_spikes,
    )
    error = 0.0 if neurons.kept == 1 else abs(lost - (1 - neurons.kept)) / (1 - neurons.kept)
    return Scaled(population=population, weights=weights, shift=shift, leak_error=error)


def _thresholds(rows: Floats, bits: int, most: int | None, fine: int) -> Ints:
    """Integer threshold per channel that loses least of ``rows`` ``(C, K)``, in thresholds.

    It is in units of ``2**-fine`` weights.
    """
    low, high = weight_range(bits)
    greatest = np.maximum(np.abs(rows).max(1), 1e-9)
    scale = 2.0**fine
    limit = most or 1 << 40
    if bits == 1:
        mean = np.maximum(np.abs(rows).mean(1), 1e-9)
        return np.clip(np.floor(scale / mean + 0.5), 1, limit).astype(np.int64)
    exact = np.array([_exact(row, bits, limit >> fine, fine > 0) for row in rows], np.int64)
    widest = {2: 6.0, 3: 4.0, 4: 2.5, 5: 1.6}.get(bits, 1.15)
    best, least = np.ones(len(rows), np.int64), np.full(len(rows), np.inf)
    for ratio in np.linspace(0.8, widest, 40):
        candidate = np.clip(np.floor(scale * ratio * high / greatest + 0.5), 1, limit)
        scaled = rows * (candidate / scale)[:, None]
        error = np.clip(np.floor(scaled + 0.5), low, high) - scaled
        loss = np.einsum("ck,ck->c", error, error) / candidate**2
        better = loss < least
        best = np.where(better, candidate, best).astype(np.int64)
        least = np.minimum(loss, least)
    return np.where(exact > 0, exact << fine, best)


def _exact(row: Floats, bits: int, most: int, greatest: bool) -> int:
    """Least, or greatest, threshold at which all weights are whole; 0 where there is none."""
    distinct = np.unique(np.abs(row))
    if len(distinct) > 1 << bits:
        return 0
    candidates = np.arange(1, min(most, MOST_THRESHOLD) + 1)
    scaled = distinct * candidates[:, None]  # (candidates, weights)
    fits = np.abs(scaled - np.rint(scaled)).max(1) < WHOLE
    fits &= scaled[:, -1] <= weight_range(bits)[1] + WHOLE
    found = candidates[fits]
    return int(found[-1 if greatest else 0]) if len(found) else 0


def weight_range(bits: int) -> tuple[int, int]:
    """Least and greatest weight of ``bits`` bits; with one bit -1 and +1."""
    return (-1, 1) if bits == 1 else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)


def _round(scaled: Floats, bits: int) -> Ints:
    low, high = weight_range(bits)
    if bits == 1:
        return np.where(scaled < 0, -1, 1).astype(np.int64)
    return np.clip(np.floor(scaled + 0.5), low, high).astype(np.int64)


def _whole(values: Floats, unit: Floats) -> Ints:
    per_channel = unit.reshape(-1, *(1,) * (values.ndim - 1))
    return np.floor(values / per_channel + 0.5).astype(np.int64)


def _compact(values: Ints) -> Ints:
    """Per channel where all neurons of a channel agree."""
    flat = values.reshape(values.shape[0], -1)
    return flat[:, 0] if np.all(flat == flat[:, :1]) else values
