"""Of a window's places a gate passes the spike of the first of the greatest."""

import pytest
from amaranth.hdl import Assert, Assume, Cover, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from augend.hw.configuration import AcceleratorConfig
from augend.hw.history import history_layout
from augend.hw.leader import Leader
from tests.mutant import mutant

from .formal import Obligation, check, local, opened, stays

CONFIG = AcceleratorConfig(
    lanes=1,
    potential_bits=20,
    potential_words=2,
    history_words=2,
    populations=1,
    signed_events=1,
    gates=1,
)


class FirstOfTheGreatest(wiring.Component):
    """A window in which the solver points at one place, whose value it told before.

    As long as every place before had less, and none after has more, that place leads. In every
    window there is just one such place, so nothing else can lead.
    """

    def __init__(self, leader: type, *, invariants: bool) -> None:
        self._leader = leader
        self._invariants = invariants
        super().__init__(
            {
                "before": In(history_layout(CONFIG)),
                "rate": In(1),
                "value": In(signed(CONFIG.potential_bits)),
                "tap": In(1),
                "opens": In(1),
                "points": In(1),
                "told": In(signed(CONFIG.potential_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.dut = dut = self._leader(CONFIG)
        inside = opened(dut)
        stays(m, self.told)
        for name in ("before", "rate", "value", "tap", "opens"):
            m.d.comb += getattr(dut, name).eq(getattr(self, name))

        # A window begins with its first place; a place's spike is known a clock before its value.
        begun = Signal()
        m.d.comb += [
            Assume(~self.opens | self.tap),
            Assume(~self.tap | self.opens | begun),
            Assume(~self.points | (self.tap & (self.value == self.told))),
        ]
        with m.If(self.opens):
            m.d.sync += begun.eq(1)
        spiked = Signal()
        negative = Signal()
        m.d.sync += [
            spiked.eq(self.before.emitted),
            negative.eq(self.before.emitted & self.before.sank),
        ]

        pointed = Signal()
        beaten = Signal()
        leads = Signal()
        leads_negative = Signal()
        was_beaten = Signal()
        m.d.comb += was_beaten.eq(beaten & ~self.opens)
        with m.If(self.tap):
            with m.If(self.points):
                m.d.comb += Assume(self.opens | ~pointed)
                m.d.sync += [pointed.eq(1), beaten.eq(was_beaten)]
                m.d.sync += [leads.eq(spiked), leads_negative.eq(negative)]
            with m.Elif(pointed & ~self.opens):
                m.d.sync += beaten.eq(beaten | (self.value > self.told))
            with m.Else():
                m.d.sync += [pointed.eq(0), beaten.eq(was_beaten | (self.value >= self.told))]
        with m.If(pointed & ~beaten):
            m.d.comb += [Assert(dut.spike == leads), Assert(dut.negative == leads_negative)]
        unit = Mux(self.before.sank, -1, 1)
        m.d.comb += Assert(
            dut.term == Mux(self.before.emitted, Mux(self.rate, unit << 16, unit), 0)
        )
        if self._invariants:
            greatest = local(inside, "greatest")
            with m.If(begun & ~beaten):
                m.d.comb += Assert(Mux(pointed, greatest == self.told, greatest < self.told))
            m.d.comb += [
                Assert(local(inside, "spiked") == spiked),
                Assert((local(inside, "sank") & spiked) == negative),
                Assert(begun | ~pointed),
            ]
        later = Signal(3)
        with m.If(self.tap & ~self.opens & (later != 7)):
            m.d.sync += later.eq(later + 1)
        m.d.comb += [
            Cover(pointed & ~beaten & (later == 4) & dut.negative, "one of five leads with -1"),
            Cover(pointed & beaten & ~leads & dut.spike, "another leads"),
        ]
        return m


def spec(*change: str) -> FirstOfTheGreatest:
    leader = mutant(Leader, *change) if change else Leader
    return FirstOfTheGreatest(leader, invariants=not change)


MUTANTS = (
    ("the last of equals", "self.value > greatest", "self.value >= greatest"),
    ("the window before goes on", "self.opens | (self.value", "(self.value"),
    ("places off the source too", "self.tap & (", "("),
    ("the spike of the place after", "self.spike.eq(spiked)", "self.spike.eq(self.before.emitted)"),
    ("a sign without a spike", "negative.eq(spiked & sank)", "negative.eq(sank)"),
)
OBLIGATIONS = [
    Obligation(
        name="gate: the first of a window's greatest leads",
        spec=spec,
        kind=kind,
        depth=depth,
    )
    for kind, depth in (("induction", 2), ("cover", 10))
] + [
    Obligation(
        name=f"gate: {what}",
        spec=lambda change=change: spec(*change),
        kind="mutant",
        depth=8,
    )
    for what, *change in MUTANTS
]


@pytest.mark.parametrize("obligation", OBLIGATIONS, ids=lambda o: f"{o.kind}: {o.name}")
def test_leader(obligation, record_property):
    check(obligation, record_property)
