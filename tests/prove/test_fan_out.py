"""The fan-out unit makes of each spike every synapse once, in order, whatever its tables say."""

import pytest
from amaranth.hdl import Array, Assert, Assume, Cover, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from augend.hw.configuration import AcceleratorConfig
from augend.hw.event_word import event_word
from augend.hw.fan_out import TABLES, FanOut
from augend.hw.instruction import projection_layout
from tests.mutant import mutant

from .formal import Obligation, check, opened, stays

CONFIG = AcceleratorConfig(
    lanes=2,
    coordinate_bits=2,
    potential_words=8,
    weight_words=16,
    populations=1,
    row_entries=2,
    column_entries=2,
    group_entries=2,
    lane_entries=2,
    signed_events=1,
    spike_planes=2,
    weight_shift=3,
    channel_ranges=1,
)
EVENTS = 3
"""Event words, then a token."""

IDLE = 16
"""Clocks without a beat in which a beat or the token must come: stages, and spikes that go nowhere.
"""


class EachSynapseOnce(wiring.Component):
    """A step of events through any projection, beside the list of beats that it stands for.

    Tables hold anything. Events come and beats are held when the solver likes. The list is told
    from the fields' meaning: a tap in row r and column c of a kernel, word i of its run, lies at
    potential r ``row_step`` + c (``run_last`` + ``column_step``) + i from the first, at weight
    r ``weight_row_step`` + c (``run_last`` + 1) + i.
    """

    def __init__(self, fan_out: type) -> None:
        self._fan_out = fan_out
        super().__init__(
            {
                "projection": In(projection_layout(CONFIG)),
                "listed": In(event_word(CONFIG)).array(EVENTS),
                "count": In(range(EVENTS + 1)),
                "offer": In(1),
                "hold": In(1),
                "load": In(len(TABLES)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.dut = dut = self._fan_out(CONFIG)
        inside = opened(dut)
        for signal in (self.projection, *self.listed):
            stays(m, signal.as_value())
        stays(m, self.count)
        m.d.comb += [
            dut.projection.eq(self.projection),
            dut.hold.eq(self.hold),
            dut.load.eq(self.load),
            Assume(self.load == 0),
            Assume(~self.hold | dut.candidate),
            Assume(~(self.projection.masked & self.projection.columns_in_lanes)),
            *(Assume((one.mask != 0) & ~one.token) for one in self.listed),
        ]
        words = Array(self.listed)
        taken = Signal(range(EVENTS + 2))
        offered = Signal()
        m.d.sync += offered.eq(dut.events.valid & ~dut.events.ready)
        m.d.comb += [
            dut.events.valid.eq(self.offer & (taken <= self.count)),
            Assume(self.offer | ~offered),
        ]
        with m.If(taken == self.count):
            m.d.comb += dut.events.payload.token.eq(1)
        with m.Else():
            m.d.comb += dut.events.payload.eq(words[taken])
        with m.If(dut.events.valid & dut.events.ready):
            m.d.sync += taken.eq(taken + 1)
        self._list(m, dut, inside, words, taken)
        return m

    def _list(self, m: Module, dut: FanOut, inside: Module, words: Array, taken: Signal) -> None:
        """The beat that is due: spike by spike, row by row, tap by tap, word by word."""
        projection = self.projection
        at = Signal(range(EVENTS + 1))
        gone = Signal(CONFIG.lanes)
        row, column = Signal(CONFIG.coordinate_bits), Signal(CONFIG.coordinate_bits)
        word = Signal(CONFIG.run_bits)
        event = Signal(event_word(CONFIG))
        left = Signal(CONFIG.lanes)
        m.d.comb += [event.eq(words[at]), left.eq(event.mask & ~gone)]
        lane = Signal(1)
        m.d.comb += lane.eq(~left[0])

        entries = {}
        channel = lane + (Mux(projection.by_channel, event.g, 0) << CONFIG.lane_bits)
        places = (event.a, event.b, event.g, channel)
        for name, place in zip(TABLES, places, strict=True):
            table = opened(getattr(inside.submodules, name))
            read = table.submodules.memory.read_port(domain="comb")
            m.d.comb += read.addr.eq(getattr(projection, f"{name}_base") + place)
            entries[name] = read.data
        from_lane = {
            part: Mux(projection.masked, 0, entries["lane"][part])
            for part in ("potential", "weight")
        }
        rows = entries["row"].count
        columns = Mux(projection.columns_in_lanes, entries["lane"].count, entries["column"].count)
        nowhere = Signal()
        due = Signal()
        last = Signal()
        m.d.comb += [
            nowhere.eq((rows == 0) | (columns == 0) | (entries["column"].count == 0)),
            due.eq((at != self.count) & (at < taken) & ~nowhere),
            last.eq((row + 1 == rows) & (column + 1 == columns) & (word == projection.run_last)),
        ]
        for name in ("group", "lane"):
            with m.If(entries[name].count == 0):
                m.d.comb += nowhere.eq(1)
        firsts = {
            part: sum(entries[name][part] for name in TABLES[:3]) + from_lane[part]
            for part in ("potential", "weight")
        }
        run = projection.run_last
        potential = firsts["potential"] + row * projection.row_step + word
        potential += column * (run + projection.column_step)
        weight = firsts["weight"] + row * projection.weight_row_step + column * (run + 1) + word
        lanes = (1 << CONFIG.lanes) - 1
        gate = Mux(projection.masked, event.mask, lanes)
        sign = event.signs.bit_select(lane, 1).replicate(CONFIG.lanes)
        here = event.mask[0] + event.mask[1]
        additions = Mux(projection.masked, here, Mux(word == run, projection.additions, 0))
        with m.If(dut.beat):
            m.d.comb += [
                Assert(due),
                Assert(dut.potential_address == potential[: CONFIG.potential_address]),
                Assert(dut.weight_address == weight[: CONFIG.weight_address]),
                Assert(dut.gate == gate),
                Assert(dut.additions == additions),
                Assert(dut.negative & gate == Mux(projection.masked, event.signs, sign) & gate),
                Assert(dut.shift == (projection.shift + event.plane)[: CONFIG.shift_bits]),
            ]

        # On to the next.
        finished = Signal()
        with m.If(due & dut.beat):
            m.d.sync += word.eq(word + 1)
            with m.If(word == run):
                m.d.sync += [word.eq(0), column.eq(column + 1)]
                with m.If(column + 1 == columns):
                    m.d.sync += [column.eq(0), row.eq(row + 1)]
        with m.If((due & dut.beat & last) | ((at != self.count) & (at < taken) & nowhere)):
            m.d.sync += [row.eq(0), gone.eq(gone | (1 << lane))]
            with m.If(projection.masked | ((left & (left - 1)) == 0)):
                m.d.sync += [gone.eq(0), at.eq(at + 1)]
        with m.If(dut.done):
            m.d.comb += [Assert(at == self.count), Assert(taken == self.count + 1)]
            m.d.comb += Assert(~finished)
            m.d.sync += finished.eq(1)
        quiet = Signal(range(IDLE + 1))
        m.d.sync += quiet.eq(quiet + 1)
        with m.If(dut.beat | dut.done | self.hold | ~(dut.events.valid | (taken > self.count))):
            m.d.sync += quiet.eq(0)
        m.d.comb += Assert(finished | (quiet != IDLE))
        beats = Signal(5)
        m.d.sync += beats.eq(beats + (dut.beat & (beats != 31)))
        m.d.comb += [
            Cover(finished & (beats == 10) & (at == 3) & ~projection.masked, "ten beats of three"),
            Cover(finished & (beats == 4) & projection.masked, "four masked beats"),
            Cover(finished & (beats == 0) & (at == 3), "spikes that go nowhere"),
        ]


MUTANTS = (("a row too few", "rows_left.eq(start.rows - 1)", "rows_left.eq(start.rows - 2)"),)
WHY = (
    "a step begins with no event word inside, whatever the registers hold that no valid bit names; "
    "three words of two lanes meet each other in every stage"
)
OBLIGATIONS = [
    Obligation(
        name="fan-out: every synapse of every spike once, in order, then the token",
        spec=lambda: EachSynapseOnce(FanOut),
        kind=kind,
        depth=depth,
        why=WHY if kind == "bounded" else "",
        free=("*",),
    )
    for kind, depth in (("bounded", 20), ("cover", 28))
] + [
    Obligation(
        name=f"fan-out: {what}",
        spec=lambda change=change: EachSynapseOnce(mutant(FanOut, *change)),
        kind="mutant",
        depth=20,
        free=("*",),
    )
    for what, *change in MUTANTS
]


@pytest.mark.parametrize("obligation", OBLIGATIONS, ids=lambda o: f"{o.kind}: {o.name}")
def test_fan_out(obligation, record_property):
    check(obligation, record_property)
