"""Intervals of membrane potentials: what a step can make of them, neuron by neuron."""

from dataclasses import dataclass

import numpy as np

from augend.gen.contract import Ints
from augend.gen.population import Population

__all__ = ["Arrival", "Interval", "gathered", "stepped", "summed"]

FAR = 1 << 40
"""Potentials this far are refused whatever comes; further ones need not be told apart."""


@dataclass(frozen=True, eq=False)
class Interval:
    """Least and greatest value of every neuron, both included."""

    low: Ints
    high: Ints

    def hull(self, other: "Interval", where: bool | np.ndarray = True) -> "Interval":
        """Least interval that holds this one and, where so asked, another."""
        return Interval(
            np.where(where, np.minimum(self.low, other.low), self.low),
            np.where(where, np.maximum(self.high, other.high), self.high),
        )

    def plus(self, other: "Interval") -> "Interval":
        """Sums of values of both, not told apart when far."""
        return Interval(
            (self.low + other.low).clip(-FAR, FAR), (self.high + other.high).clip(-FAR, FAR)
        )

    def times(self, steps: int) -> "Interval":
        """Sums of so many values, not told apart when far."""
        most = FAR // max(steps, 1) + 1
        return Interval(self.low.clip(-most, most) * steps, self.high.clip(-most, most) * steps)

    def on_the_way(self) -> "Interval":
        """Least interval that holds 0 and this one."""
        return Interval(np.minimum(self.low, 0), np.maximum(self.high, 0))


@dataclass(frozen=True, kw_only=True, eq=False)
class Arrival:
    """What one step can add to every neuron.

    Parameters
    ----------
    whole
        When all of it is added.
    partly
        On the way, in whichever order it is added; it holds 0.
    """

    whole: Interval
    partly: Interval

    def plus(self, other: "Arrival") -> "Arrival":
        """Two sources' arrivals together."""
        return Arrival(whole=self.whole.plus(other.whole), partly=self.partly.plus(other.partly))

    def times(self, steps: int) -> "Arrival":
        """What so many steps can add."""
        return Arrival(whole=self.whole.times(steps), partly=self.partly.times(steps))

    @classmethod
    def of(cls, low: Ints, high: Ints) -> "Arrival":
        """Spikes that may bring anything in between, each by itself."""
        interval = Interval(low, high)
        return cls(whole=interval, partly=interval.on_the_way())


def summed(population: Population, total: Arrival) -> Interval:
    """Potentials of neurons to which all steps are added and which never fire."""
    start = population.per_neuron(population.initial)
    return Interval(start, start).plus(total.partly)


def gathered(population: Population, total: Arrival, steps: int) -> Interval:
    """Potentials of neurons to which all steps are added, and which then fire for all steps."""
    start = population.per_neuron(population.initial)
    start = Interval(start, start)
    seen, held = start.plus(total.partly), start.plus(total.whole)
    for _ in range(steps):
        after = _fired(population, held)
        if _same(after, held):
            break
        held = after
        seen = seen.hull(held)
    return seen


def stepped(population: Population, first: Arrival, later: Arrival, steps: int) -> Interval:
    """Potentials of neurons that add, compare and spend in every step.

    Parameters
    ----------
    population
        Their rules.
    first, later
        What the first step, and each later one, can add.
    steps
        Number of steps.
    """
    start = population.per_neuron(population.initial)
    start = held = seen = Interval(start, start)
    for step in range(steps):
        before = held
        arrival = later if step else first
        held = _leaked(population, held)
        seen = seen.hull(held).hull(held.plus(arrival.partly))
        held = held.plus(arrival.whole)
        if step < population.clamp_steps:
            held = start
        if population.fires:
            held = _fired(population, held)
        if population.floor is not None:
            floor = population.per_neuron(population.floor)
            held = Interval(np.maximum(held.low, floor), np.maximum(held.high, floor))
        seen = seen.hull(held)
        if step > population.clamp_steps and _same(held, before):
            break
    return seen


def _same(one: Interval, other: Interval) -> bool:
    return np.array_equal(one.low, other.low) and np.array_equal(one.high, other.high)


def _leaked(population: Population, held: Interval) -> Interval:
    """V - sum(V >> a) of an interval.

    A single shift keeps order. Several are linear but for what each rounds off, less than 1, so
    that between the ends nothing leaves their values by more than these together.
    """
    if not population.leak:
        return held
    ends = [end - sum(end >> shift for shift in population.leak) for end in (held.low, held.high)]
    rounded = int(len(population.leak) - sum(2.0**-shift for shift in population.leak))
    slack = rounded if len(population.leak) > 1 else 0
    return Interval(np.minimum(*ends) - slack, np.maximum(*ends) + slack)


def _fired(population: Population, held: Interval) -> Interval:
    """Compare and reset an interval."""
    low, high = held.low, held.high
    most = 1 if population.single_spike else population.most_spikes
    threshold = _near(population, population.threshold)
    up = high >= threshold
    # Those that fire start from the threshold or above it.
    zero = np.zeros_like(low)
    after_up = Interval(zero, zero)
    if population.reset == "subtract":
        after_up = Interval(
            np.maximum(low - most * threshold, 0),
            np.maximum(np.minimum(threshold - 1, high), high - most * threshold),
        )
    stays, least, down = Interval(low, np.minimum(high, threshold - 1)), low, np.zeros_like(up)
    after_down = Interval(zero, zero)
    if population.negative_threshold is not None and population.negative_step is not None:
        negative = _near(population, population.negative_threshold)
        lift = _near(population, population.negative_step)
        down = low <= -negative
        if population.reset == "subtract":
            after_down = Interval(
                np.minimum(low + most * lift, 1 - negative),
                np.minimum(np.minimum(high, -negative) + most * lift, lift - negative),
            )
        least = np.maximum(low, 1 - negative)
        if population.takes_back:  # it may fire as often as it would, or less
            least = low
            after_down = after_down.hull(Interval(low, np.minimum(high, -negative)))
        stays = Interval(least, stays.high)
    remains = stays.low <= stays.high
    after = Interval(np.where(remains, stays.low, FAR), np.where(remains, stays.high, -FAR))
    after = after.hull(after_up, up).hull(after_down, down)
    if population.refractory or population.single_spike:
        after = after.hull(held)
    return after


def _near(population: Population, values: Ints) -> Ints:
    """Values of all neurons; what no potential reaches is as good as twice as far as any."""
    return np.minimum(population.per_neuron(values), 2 * FAR)
