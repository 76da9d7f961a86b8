"""The proof that no potential overflows: interval bounds from the actual integer weights."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from augend.gen.network import INPUT, ContractError, Ints, Population, Projection, SpikingNetwork

__all__ = ["MOST_BITS", "Bounds", "bounds", "signed_bits"]

MOST_BITS = 31
"""Widest potential or accumulator that the hardware is made for."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Least and greatest values that one population can hold, over all inputs and time steps.

    They hold for either schedule as the network states it, and between any two additions of a
    step, in any order of its additions.

    Parameters
    ----------
    potential
        Of the membrane potential V.
    margin
        Of V - threshold, for hardware that keeps that instead.
    current
        Of the input current after its shift; None where no current comes in.
    accumulator
        Of the accumulators that sum bit planes into the current; None likewise.
    lsb_first
        Bit planes are summed least significant first, ``acc = (acc >> 1) + plane``, which is exact
        where every shift is at least the number of planes less one; otherwise most significant
        first, ``acc = 2 acc + plane``. False where no current comes in.
    """

    potential: tuple[int, int]
    margin: tuple[int, int]
    current: tuple[int, int] | None = None
    accumulator: tuple[int, int] | None = None
    lsb_first: bool = False

    @property
    def potential_bits(self) -> int:
        """Signed width that holds every potential."""
        return signed_bits(*self.potential)

    @property
    def margin_bits(self) -> int:
        """Signed width that holds every V - threshold."""
        return signed_bits(*self.margin)

    @property
    def current_bits(self) -> int:
        """Signed width of the shifted input current; 0 where none comes in."""
        return 0 if self.current is None else signed_bits(*self.current)

    @property
    def accumulator_bits(self) -> int:
        """Signed width of the bit-plane accumulators; 0 where no current comes in."""
        return 0 if self.accumulator is None else signed_bits(*self.accumulator)


def signed_bits(low: int, high: int) -> int:
    """Least width in two's complement that holds ``low`` and ``high``, at least 1."""
    return max(high, -low - 1, 0).bit_length() + 1


def bounds(network: SpikingNetwork) -> Mapping[str, Bounds]:
    """Bounds of every population, by name.

    Every source is taken to emit the worst spikes in every step, neuron by neuron with the weights
    that really reach it, so what is proved holds for any image.

    Raises
    ------
    ContractError
        A potential or accumulator of a population would need more than 31 bits.
    """
    proved = {}
    for population in network.populations:
        found = _bounds(network, population)
        for what, width in (
            ("potentials", max(found.potential_bits, found.margin_bits)),
            ("input accumulators", found.accumulator_bits),
        ):
            if width > MOST_BITS:
                raise ContractError(
                    f"The {what} of population {population.name!r} need {width} bits, and "
                    f"{MOST_BITS} is the most. Use fewer time steps or fewer weight bits."
                )
        proved[population.name] = found
    return proved


def _bounds(network: SpikingNetwork, population: Population) -> Bounds:
    shape = population.shape
    least = most = np.zeros(shape, np.int64)  # of the weights that spikes bring in one step
    planes = (least, most)  # of the weights that one bit plane of the input brings
    for projection in network.into(population.name):
        low, high = _weight_sums(network, projection)
        if projection.source == INPUT and network.current_fed(population):
            planes = (planes[0] + low, planes[1] + high)
        else:
            least, most = least + low, most + high
    bits = network.input.bits
    current, accumulator, lsb_first = None, None, False
    bias = population.per_neuron(population.bias)
    drive = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    if population.current_shift is not None:
        pixel = (1 << bits) - 1
        shift = population.per_neuron(population.current_shift)
        drive = planes[0] * pixel >> shift, planes[1] * pixel >> shift
        current = _extremes(*drive)
        lsb_first = bool(population.current_shift.min() >= bits - 1)
        accumulator = _accumulator(*planes, bits, lsb_first)
    waits = network.schedule == "phased" and not (
        network.current_fed(population)
        and all(projection.source == INPUT for projection in network.into(population.name))
    )
    step = _Step(
        trough=least + np.minimum(bias, 0) + np.minimum(drive[0], 0),
        peak=most + np.maximum(bias, 0) + np.maximum(drive[1], 0),
        low=least + bias + drive[0],
        high=most + bias + drive[1],
    )
    walk = _accumulated if population.reset == "none" or waits else _stepped
    low, high = walk(population, step, network.timesteps)
    threshold = population.per_neuron(population.threshold)
    return Bounds(
        potential=_extremes(low, high),
        margin=_extremes(low - threshold, high - threshold),
        current=current,
        accumulator=accumulator,
        lsb_first=lsb_first,
    )


def _weight_sums(network: SpikingNetwork, projection: Projection) -> tuple[Ints, Ints]:
    """Sum of negative, and of positive, weights into every neuron of the target."""
    target = network.shape_of(projection.target)
    weight = projection.weight.astype(np.int64)
    parts = np.minimum(weight, 0), np.maximum(weight, 0)
    if projection.kind == "dense":
        low, high = (part.sum(1).reshape(target) for part in parts)
        return low, high
    source = network.shape_of(projection.source)
    rows, columns = (
        projection.covers(axis, source[1 + axis], target[1 + axis]).any(0).astype(np.int64)
        for axis in (0, 1)
    )  # (outputs, taps): whether a tap lies on the image
    low, high = (
        np.einsum("okl,yk,xl->oyx", part.sum(1), rows, columns, optimize=True) for part in parts
    )
    return low, high


@dataclass(frozen=True, kw_only=True)
class _Step:
    """What one step can add to every neuron: least and greatest on the way, and in all."""

    trough: Ints
    peak: Ints
    low: Ints
    high: Ints


def _accumulated(population: Population, step: _Step, steps: int) -> tuple[Ints, Ints]:
    """All steps are added before the first spike; later V only falls, and not below 0."""
    start = population.per_neuron(population.initial)
    low, high = start + steps * step.trough, start + steps * step.peak
    return (low if population.reset == "none" else np.minimum(low, 0)), high


def _stepped(population: Population, step: _Step, steps: int) -> tuple[Ints, Ints]:
    """Add, compare and spend in every step."""
    threshold = population.per_neuron(population.threshold)
    low = high = population.per_neuron(population.initial)
    lowest, highest = low, high
    for _ in range(steps):
        lowest = np.minimum(lowest, low + step.trough)
        highest = np.maximum(highest, high + step.peak)
        low, high = low + step.low, high + step.high
        spent_low = np.where(low >= threshold, low - threshold, np.minimum(low, 0))
        spent_high = np.maximum(high - threshold, threshold - 1)
        fires = high >= threshold
        low, high = np.where(fires, spent_low, low), np.where(fires, spent_high, high)
        lowest = np.minimum(lowest, low)
    return lowest, highest


def _accumulator(least: Ints, most: Ints, bits: int, lsb_first: bool) -> tuple[int, int]:
    low = high = np.zeros_like(least)
    lowest, highest = low, high
    for _ in range(bits):
        low, high = (low >> 1, high >> 1) if lsb_first else (2 * low, 2 * high)
        low, high = low + least, high + most
        lowest, highest = np.minimum(lowest, low), np.maximum(highest, high)
    return _extremes(lowest, highest)


def _extremes(low: Ints, high: Ints) -> tuple[int, int]:
    return int(low.min()), int(high.max())
