"""A population is quiet if, and only if, its last sweep was silent and it got nothing since."""

import pytest
from amaranth.hdl import Assert, Assume, Cover, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from augend.hw.configuration import AcceleratorConfig
from augend.hw.event_word import event_word
from augend.hw.quiet import Quiet
from tests.mutant import mutant

from .formal import Obligation, check, local, opened

CONFIG = AcceleratorConfig(lanes=1, coordinate_bits=1, populations=4, skips=1)


class SilentAndUntouched(wiring.Component):
    """The unit beside what each population did since its last token.

    Sweeps and beats come as the solver likes; a token ends each sweep, and beats do not come while
    words of a sweep do.
    """

    def __init__(self, quiet: type, *, invariants: bool) -> None:
        self._quiet = quiet
        self._invariants = invariants
        super().__init__(
            {
                "population": In(CONFIG.population_bits),
                "beat": In(1),
                "write": In(1),
                "word": In(event_word(CONFIG)),
                "done": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.dut = dut = self._quiet(CONFIG)
        inside = opened(dut)
        m.d.comb += [
            dut.population.eq(self.population),
            dut.beat.eq(self.beat),
            dut.write.eq(self.write),
            dut.word.eq(self.word),
            dut.done.eq(self.done),
        ]

        # Who a beat was for stays for another clock, in which no sweep emits.
        beaten = Signal()
        whose = Signal(CONFIG.population_bits)
        m.d.sync += [beaten.eq(self.beat), whose.eq(self.population)]
        m.d.comb += [
            Assume(~beaten | (self.population == whose)),
            Assume(~(self.write & (self.beat | beaten))),
        ]

        # Event words of the running sweep, and what the last one of each left behind.
        emitted = Signal(2)
        with m.If(self.write):
            m.d.sync += emitted.eq(Mux(self.word.token, 0, emitted + (emitted != 3)))
        again = Signal(3)  # of population 1: quiet, reached, quiet
        for number in range(CONFIG.populations):
            swept = Signal(name=f"swept_{number}")
            silent = Signal(name=f"silent_{number}")
            reached = Signal(name=f"reached_{number}")
            ends = self.write & self.word.token & (self.word.population == number)
            with m.If(ends):
                m.d.sync += [swept.eq(1), silent.eq(emitted == 0), reached.eq(0)]
            with m.Elif(beaten & (whose == number)):
                m.d.sync += reached.eq(1)
            expected = swept & silent & ~reached
            with m.If(self.population == number):
                m.d.comb += Assert(dut.quiet == expected)
            if self._invariants:
                m.d.comb += [
                    Assert(local(inside, f"quiet_{number}") == expected),
                    Assert(swept | ~silent),
                ]
            if number == 1:
                with m.If(expected != again[0]):
                    m.d.sync += again.eq(again + 1)

        # The queue is not free two and three clocks after a sweep's end, else it is.
        ended = Signal(3)
        m.d.sync += ended.eq(ended << 1 | self.done)
        m.d.comb += Assert(dut.free == ~(ended[1] | ended[2]))

        if self._invariants:
            m.d.comb += [
                Assert(local(inside, "spoke") == (emitted != 0)),
                Assert(local(inside, "added") == beaten),
                Assert(local(inside, "behind") == ended),
            ]
        m.d.comb += [
            Cover((again == 3) & (emitted == 2), "quiet once more, others spike"),
            Cover(again == 4, "reached twice"),
        ]
        return m


def spec(*change: str) -> SilentAndUntouched:
    quiet = mutant(Quiet, *change) if change else Quiet
    return SilentAndUntouched(quiet, invariants=not change)


MUTANTS = (
    ("what is added does not matter", "added.eq(self.beat)", "added.eq(0)"),
    ("spikes do not matter", "eq(~spoke)", "eq(1)"),
    ("only the last word counts", "spoke.eq(~self.word.token)", "spoke.eq(0)"),
    ("spikes count for the next sweep too", "spoke.eq(~self.word.token)", "spoke.eq(1)"),
    ("of whoever is asked about", "quiet[self.word.population]", "quiet[self.population]"),
    ("a token overtakes the last mask", "behind[1:].any()", "behind[2:].any()"),
)
OBLIGATIONS = [
    Obligation(
        name="quiet: the last sweep was silent and nothing was added since",
        spec=spec,
        kind=kind,
        depth=depth,
    )
    for kind, depth in (("induction", 2), ("cover", 16))
] + [
    Obligation(
        name=f"quiet: {what}",
        spec=lambda change=change: spec(*change),
        kind="mutant",
        depth=10,
    )
    for what, *change in MUTANTS
]


@pytest.mark.parametrize("obligation", OBLIGATIONS, ids=lambda o: f"{o.kind}: {o.name}")
def test_quiet(obligation, record_property):
    check(obligation, record_property)
