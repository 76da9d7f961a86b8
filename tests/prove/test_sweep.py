"""A sweep visits each word of a population once, in all the slots that its rules ask for."""

import pytest
from amaranth.hdl import Array, Assert, Assume, Cat, Const, Cover, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from augend.hw.configuration import AcceleratorConfig
from augend.hw.instruction import sweep_layout
from augend.hw.sweep import Slot, Sweep
from tests.mutant import mutant

from .formal import Obligation, check, local, opened, stays

CONFIG = AcceleratorConfig(
    lanes=1,
    coordinate_bits=2,
    potential_words=8,
    parameter_words=8,
    history_words=8,
    populations=1,
    spike_planes=4,
    floor=1,
    leak_bits=1,
    inhibition_bits=1,
)
PLANES = CONFIG.spike_planes
LEAKS = 8
ORDER = (
    (Slot.CURRENT, 0),
    (Slot.POTENTIAL, 0),
    (Slot.INHIBIT, 0),
    *((Slot.OWN, bit) for bit in range(PLANES)),
    *((Slot.PLANE, plane) for plane in reversed(range(PLANES - 1))),
    (Slot.SETTLE, 0),
    (Slot.RESTORE, 0),
    *((Slot.LEAK, shift) for shift in range(LEAKS)),
)
"""Every slot that there can be, in order."""


class EveryWordOnce(wiring.Component):
    """A sweep beside a list: the words, and for each the slots of the population's rules."""

    def __init__(self, sweep: type, *, invariants: bool) -> None:
        self._sweep = sweep
        self._invariants = invariants
        super().__init__({"sweep": In(sweep_layout(CONFIG)), "current": In(1), "start": In(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.dut = dut = self._sweep(CONFIG)
        inside = opened(dut)
        constants = self.sweep
        stays(m, constants.as_value())
        stays(m, self.current)
        running = Signal()
        begun = Signal()  # what a sweep does is known a clock before it starts
        m.d.sync += begun.eq(1)
        m.d.comb += [
            Assume(~self.start | begun),
            dut.sweep.eq(constants),
            dut.current.eq(self.current),
            dut.start.eq(self.start),
            Assume(~(self.start & running)),
            Assume(~constants.restores | constants.settles),
        ]

        # Which slots there are, and which is the last one of those that add.
        planes = constants.planes_last
        present = Signal(len(ORDER))
        for place, (slot, index) in enumerate(ORDER):
            here = {
                Slot.CURRENT: self.current,
                Slot.POTENTIAL: Const(1),
                Slot.INHIBIT: constants.inhibits,
                Slot.OWN: constants.inhibits & (index <= planes),
                Slot.PLANE: index < planes,
                Slot.SETTLE: constants.settles,
                Slot.RESTORE: constants.restores,
                Slot.LEAK: (constants.leaks != 0) & (index <= constants.leaks),
            }[slot]
            m.d.comb += present[place].eq(here)
        slots = Array(Const(slot.value, 3) for slot, _ in ORDER)
        indices = Array(Const(index, 3) for _, index in ORDER)
        at = Signal(range(len(ORDER)))
        following = Signal.like(at)
        ends = Signal(init=1)
        for place in reversed(range(len(ORDER))):
            with m.If(present[place] & (place > at)):
                m.d.comb += ends.eq(0)
        for place in reversed(range(len(ORDER))):
            higher = Cat(present[i] & (i > at) for i in range(place))
            with m.If(present[place] & (place > at) & ~higher.any()):
                m.d.comb += following.eq(place)

        # Words, in three nested loops.
        word = Signal(3)
        places = [Signal(CONFIG.coordinate_bits, name=f"at_{name}") for name in "gba"]
        lasts = (constants.g_last, constants.b_last, constants.a_last)
        over = [here == end for here, end in zip(places, lasts, strict=True)]
        last = Signal()
        m.d.comb += last.eq(Cat(over).all())
        first = Mux(self.current, 0, 1)
        with m.If(self.start):
            m.d.sync += [running.eq(1), at.eq(first), word.eq(0), *(p.eq(0) for p in places)]
        with m.Elif(running & ~ends):
            m.d.sync += at.eq(following)
        with m.Elif(running):
            m.d.sync += [running.eq(~last), at.eq(first), word.eq(word + 1)]
            for level, here in enumerate(places):
                with m.If(Cat(over[:level], 1).all()):
                    m.d.sync += here.eq(Mux(over[level], 0, here + 1))

        # What is promised.
        done = Signal(2)
        m.d.sync += done.eq(done << 1 | (running & ends & last))
        potential = Mux(slots[at] == Slot.CURRENT, constants.current_base, constants.potential_base)
        parameter = Mux(constants.per_neuron, word, places[0])
        m.d.comb += [Assert(dut.issue == running), Assert(dut.done == done[1])]
        whole = Signal()
        lowest = Signal()
        adds = Mux(constants.inhibits, Slot.OWN, Slot.POTENTIAL)
        m.d.comb += [
            whole.eq((slots[at] == adds) & (~constants.inhibits | (indices[at] == planes))),
            lowest.eq(Mux(planes == 0, whole, (slots[at] == Slot.PLANE) & (indices[at] == 0))),
        ]
        with m.If(running):
            m.d.comb += [
                Assert(dut.slot.as_value() == slots[at]),
                Assert(dut.index == indices[at]),
                Assert(dut.ends == ends),
                Assert(dut.whole == whole),
                Assert(dut.lowest == lowest),
                Assert(dut.last == last),
                Assert(Cat(dut.g, dut.b, dut.a) == Cat(places)),
                Assert(dut.potential_address == (potential + word)[:3]),
                Assert(dut.parameter_address == (constants.parameter_base + parameter)[:3]),
                Assert(dut.history_address == (constants.history_base + word)[:3]),
            ]
        if self._invariants:
            with m.If(running):
                m.d.comb += [
                    Assert(local(inside, "current") == (constants.current_base + word)[:3]),
                    Assert(local(inside, "potential") == (constants.potential_base + word)[:3]),
                    Assert(present.bit_select(at, 1)),
                    *(Assert(here <= end) for here, end in zip(places, lasts, strict=True)),
                ]
            m.d.comb += [Assert(local(inside, "finished") == done), Assert(~running | begun)]
            with m.If(begun):
                m.d.comb += [
                    Assert(local(inside, f"only_{i}") == (end == 0)) for i, end in enumerate(lasts)
                ]
            with m.If(running):
                m.d.comb += [
                    Assert(local(inside, f"{name}_ends") == ended)
                    for name, ended in zip("gba", over, strict=True)
                ]
        m.d.comb += [
            Cover(last & ends & running & (at == len(ORDER) - 1) & (word == 1), "25 slots a word"),
            Cover(running & last & (word == 7) & (slots[at] == Slot.POTENTIAL), "eight words"),
        ]
        return m


def spec(*change: str) -> EveryWordOnce:
    sweep = mutant(Sweep, *change) if change else Sweep
    return EveryWordOnce(sweep, invariants=not change)


MUTANTS = (
    ("a word too many", "running.eq(~self.last)", "running.eq(~(self.last & (self.a == 3)))"),
    ("a shift too few", "self.index != constants.leaks", "self.index + 1 != constants.leaks"),
    ("parameters of the word before", "with m.If(~constants.per_neuron)", "with m.If(0)"),
    ("done when the last word begins", "(self.last & self.ends)", "self.last"),
    ("no floor without a plane", "self.lowest & settles", "self.lowest & settles & planes"),
    ("rows end with their first word", "with m.If(b_ends)", "with m.If(1)"),
)
OBLIGATIONS = [
    Obligation(
        name="sweep: each word once, in all of its slots",
        spec=spec,
        kind=kind,
        depth=depth,
    )
    for kind, depth in (("induction", 2), ("cover", 40))
] + [
    Obligation(
        name=f"sweep: {what}",
        spec=lambda change=change: spec(*change),
        kind="mutant",
        depth=14,
    )
    for what, *change in MUTANTS
]


@pytest.mark.parametrize("obligation", OBLIGATIONS, ids=lambda o: f"{o.kind}: {o.name}")
def test_sweep(obligation, record_property):
    check(obligation, record_property)
