"""The proof that no potential overflows: interval bounds from the actual integer weights."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from augend.gen.intervals import Arrival, Interval, gathered, stepped, summed
from augend.gen.network import INPUT, ContractError, Ints, Population, Projection, SpikingNetwork

__all__ = ["MOST_BITS", "Bounds", "bounds", "late_bound", "signed_bits"]

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
    shape, steps = population.shape, network.timesteps
    nothing = Arrival.of(np.zeros(shape, np.int64), np.zeros(shape, np.int64))
    spikes = total = nothing  # of one step, and of all steps
    planes = np.zeros(shape, np.int64), np.zeros(shape, np.int64)  # of one bit plane of the input
    spiking = False
    for projection in network.into(population.name):
        fall, rise = _weight_sums(network, projection)
        if projection.source == INPUT and network.current_fed(population):
            planes = planes[0] + fall, planes[1] + rise
            if not network.input.spikes:
                continue
        least, most = network.most_spikes(projection.source)
        brought = Arrival.of(fall * most + rise * least, rise * most + fall * least)
        spikes = spikes.plus(brought)
        total = total.plus(brought.times(_times(network, projection)))
        spiking = True
    current, accumulator, lsb_first = None, None, False
    drive = nothing
    if population.current_shift is not None:
        bits = network.input.bits
        pixel, shift = (1 << bits) - 1, population.per_neuron(population.current_shift)
        drive = Arrival.of(planes[0] * pixel >> shift, planes[1] * pixel >> shift)
        current = _extremes(drive.whole)
        lsb_first = bool(population.current_shift.min() >= bits - 1)
        accumulator = _accumulator(*planes, bits, lsb_first)
    once = network.input.encoding == "hybrid"
    bias = population.per_neuron(population.bias)
    bias = Arrival.of(bias, bias)
    if not population.fires and population.plain:
        driven = drive.times(1 if once else steps)
        potential = summed(population, total.plus(bias.times(steps)).plus(driven))
    elif network.schedule == "phased" and spiking:
        driven = drive.times(1 if once else steps)
        potential = gathered(population, total.plus(bias.times(steps)).plus(driven), steps)
    else:
        later = spikes.plus(bias).plus(_inhibited(population))
        first = spikes.plus(bias).plus(drive)
        potential = stepped(population, first, later if once else later.plus(drive), steps)
    threshold = population.per_neuron(population.threshold)
    return Bounds(
        potential=_extremes(potential),
        margin=_extremes(Interval(potential.low - threshold, potential.high - threshold)),
        current=current,
        accumulator=accumulator,
        lsb_first=lsb_first,
    )


def late_bound(network: SpikingNetwork, population: Population) -> tuple[int, int]:
    """Least and greatest sum of delayed spikes of one step, and of some of them."""
    none = np.zeros(population.shape, np.int64)
    total = Arrival.of(none, none)
    for projection in network.into(population.name):
        if projection.delay:
            fall, rise = _weight_sums(network, projection)
            least, most = network.most_spikes(projection.source)
            total = total.plus(Arrival.of(fall * most + rise * least, rise * most + fall * least))
    return _extremes(total.partly)


def _times(network: SpikingNetwork, projection: Projection) -> int:
    """In how many steps of an inference a neuron can send spikes through a projection."""
    source = projection.source
    if source == INPUT:
        return 1 if network.input.encoding in ("ttfs", "hybrid") else network.timesteps
    once = any(p.name == source and p.single_spike for p in network.populations)
    return 1 if once else network.timesteps


def _inhibited(population: Population) -> Arrival:
    """What the other neurons' spikes of the step before can take off."""
    most = 1 if population.single_spike else population.most_spikes
    taken = population.inhibition * (population.size - 1) * most
    none = np.zeros(population.shape, np.int64)
    return Arrival.of(none - taken, none)


def _weight_sums(network: SpikingNetwork, projection: Projection) -> tuple[Ints, Ints]:
    """Sum of negative, and of positive, weights into every neuron of the target, shifted."""
    target = network.shape_of(projection.target)
    reached = projection.target_part(target)
    weight = projection.weight.astype(np.int64) << projection.shift
    parts = np.minimum(weight, 0), np.maximum(weight, 0)
    if projection.kind == "dense":
        sums = [part.sum(1).reshape(reached) for part in parts]
    else:
        source = network.shape_of(projection.source)
        rows, columns = (
            projection.covers(axis, source[1 + axis], target[1 + axis]).any(0).astype(np.int64)
            for axis in (0, 1)
        )  # (outputs, taps): whether a tap lies on the image
        sums = [
            np.einsum("okl,yk,xl->oyx", part.sum(1), rows, columns, optimize=True) for part in parts
        ]
    if projection.target_channels is None:
        return sums[0], sums[1]
    every = np.zeros((2, *target), np.int64)
    every[:, slice(*projection.target_channels)] = sums
    return every[0], every[1]


def _accumulator(least: Ints, most: Ints, bits: int, lsb_first: bool) -> tuple[int, int]:
    low = high = np.zeros_like(least)
    lowest, highest = low, high
    for _ in range(bits):
        low, high = (low >> 1, high >> 1) if lsb_first else (2 * low, 2 * high)
        low, high = low + least, high + most
        lowest, highest = np.minimum(lowest, low), np.maximum(highest, high)
    return _extremes(Interval(lowest, highest))


def _extremes(values: Interval) -> tuple[int, int]:
    return int(values.low.min()), int(values.high.max())
