"""Which potential words a population holds, and when: words that are free again are used again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from augend.gen.network import INPUT, Gate, Population, SpikingNetwork

__all__ = [
    "DISTRIBUTED_WORDS",
    "Hold",
    "MemoryPlan",
    "current_hold",
    "lead_hold",
    "plan",
    "potential_hold",
]


DISTRIBUTED_WORDS = 16
"""Most potential words that are put in distributed RAM unless asked otherwise: its depth."""


@dataclass(frozen=True, kw_only=True)
class Hold:
    """Neighbouring words, held from one phase to another, both included.

    Phase 0 is that of the input; in phase k population k fires, the first being 1.
    """

    words: int
    first: int
    last: int

    def meets(self, other: "Hold") -> bool:
        """Whether both are held at one time."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True, kw_only=True)
class MemoryPlan:
    """Addresses of holds, in their order; whether each shares a word with another; words in all."""

    bases: tuple[int, ...]
    shared: tuple[bool, ...]
    words: int


def potential_hold(network: SpikingNetwork, population: Population, words: int) -> Hold:
    """How long a population's potentials are held.

    For ever in the synchronous schedule; in the phased one, from the first phase in which spikes or
    current come in to its own.
    """
    order = [INPUT, *(p.name for p in network.populations)]
    if network.schedule == "synchronous":
        return Hold(words=words, first=0, last=len(order))
    own = order.index(population.name)
    fed = network.current_fed(population)
    sources = {p.source for p in network.into(population.name)}
    if fed and not network.input.spikes:
        sources.discard(INPUT)
    first = min((order.index(network.root_of(name)) for name in sources), default=own)
    return Hold(words=words, first=0 if fed and network.gathers(population) else first, last=own)


def current_hold(network: SpikingNetwork, population: Population, words: int) -> Hold:
    """How long a population's input currents are held: from the input on, until they are added."""
    own = potential_hold(network, population, words)
    return Hold(words=words, first=0, last=0 if network.gathers(population) else own.last)


def lead_hold(network: SpikingNetwork, gate: Gate, words: int) -> Hold:
    """How long it is held what a gate's source leads by: while the population behind it fires."""
    root = potential_hold(network, network.population(network.root_of(gate.name)), words)
    return root if network.schedule == "synchronous" else replace(root, first=root.last)


def plan(holds: Sequence[Hold]) -> MemoryPlan:
    """Addresses at which no two holds meet: the greatest first, each where it fits lowest."""
    order = sorted(range(len(holds)), key=lambda i: (-holds[i].words, holds[i].first))
    bases: dict[int, int] = {}
    for i in order:
        taken = sorted(
            (bases[j], bases[j] + holds[j].words) for j in bases if holds[i].meets(holds[j])
        )
        base = 0
        for begin, end in taken:
            if begin - base >= holds[i].words:
                break
            base = max(base, end)
        bases[i] = base
    ranges = [(bases[i], bases[i] + hold.words) for i, hold in enumerate(holds)]
    return MemoryPlan(
        bases=tuple(begin for begin, _ in ranges),
        shared=tuple(
            any(begin < b and a < end for j, (a, b) in enumerate(ranges) if j != i)
            for i, (begin, end) in enumerate(ranges)
        ),
        words=max((end for _, end in ranges), default=0),
    )
