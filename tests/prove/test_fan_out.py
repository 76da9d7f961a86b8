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
    potential_words=4,
    weight_words=8,
    populations=1,
    row_entries=2,
    column_entries=2,
    group_entries=2,
    lane_entries=4,
    signed_events=1,
    spike_planes=2,
    weight_shift=3,
    channel_ranges=1,
)
MODES = ("by_lane", "by_channel", "columns_in_lanes", "masked")
"""Fields of a projection, one of which is set, or none."""

FIELDS = ("potential", "weight", "count")
TABLE_ENTRIES = {
    "by_lane": {
        "row": ((0, 1, 1), (2, 3, 2)),
        "column": ((1, 0, 2), (3, 4, 1)),
        "group": ((0, 5, 1), (1, 2, 1)),
        "lane": ((0, 0, 1), (3, 6, 2)),
    },
    "by_channel": {
        "row": ((1, 1, 2), (0, 2, 1)),
        "column": ((3, 0, 1), (0, 3, 1)),
        "group": ((2, 0, 1), (0, 1, 1)),
        "lane": ((1, 4, 1), (2, 7, 1), (0, 1, 0), (3, 2, 1)),
    },
    "columns_in_lanes": {
        "row": ((0, 1, 1), (2, 3, 0)),
        "column": ((1, 0, 1), (3, 4, 1)),
        "group": ((0, 5, 1), (1, 2, 1)),
        "lane": ((0, 0, 2), (3, 6, 1)),
    },
    "masked": {
        "row": ((1, 1, 1), (0, 2, 2)),
        "column": ((3, 0, 2), (0, 3, 0)),
        "group": ((2, 0, 1), (0, 1, 1)),
        "lane": ((1, 4, 1), (2, 7, 1)),
    },
}
"""For each mode the entries of each table: other counts, and nothing that adds up by chance."""

EVENTS = 2
"""Event words, then a token."""


class EachSynapseOnce(wiring.Component):
    """A step of any events through any steps and runs, beside the list of beats that it stands for.

    Events come and beats are held when the solver likes. The list is told from the fields' meaning:
    a tap in row r and column c of a kernel, word i of its run, lies at potential r ``row_step`` +
    c (``run_last`` + ``column_step``) + i from the first, at weight r ``weight_row_step`` +
    c (``run_last`` + 1) + i.
    """

    def __init__(self, fan_out: type, mode: str) -> None:
        self._fan_out = fan_out
        self._mode = mode
        super().__init__(
            {
                "projection": In(projection_layout(CONFIG)),
                "listed": In(event_word(CONFIG)).array(EVENTS),
                "count": In(range(EVENTS + 1)),
                "offer": In(1),
                "hold": In(1),
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
            Assume(self.count <= EVENTS),
            Assume(~self.hold | dut.candidate),
            *(Assume(getattr(self.projection, name) == (name == self._mode)) for name in MODES[1:]),
            *(Assume(getattr(self.projection, f"{name}_base") == 0) for name in TABLES),
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
            table = opened(getattr(inside.submodules, name)).submodules.memory
            for entry, fields in enumerate(TABLE_ENTRIES[self._mode][name]):
                table.data.init[entry] = dict(zip(FIELDS, fields, strict=True))
            read = table.read_port(domain="comb")
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
        row_entry, column_entry, group_entry = (entries[name] for name in TABLES[:3])
        firsts = {
            part: (row_entry[part] + column_entry[part]) + (group_entry[part] + from_lane[part])
            for part in ("potential", "weight")
        }
        run = projection.run_last
        moved = Signal.like(dut.potential_address)
        moved_row = Signal.like(dut.potential_address)
        taps = Signal.like(dut.weight_address)
        taps_row = Signal.like(dut.weight_address)
        potential = firsts["potential"] + moved_row + moved + word
        weight = firsts["weight"] + taps_row + taps + word
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
                m.d.sync += [
                    moved.eq(moved + run + projection.column_step),
                    taps.eq(taps + run + 1),
                ]
                with m.If(column + 1 == columns):
                    m.d.sync += [column.eq(0), row.eq(row + 1), moved.eq(0), taps.eq(0)]
                    m.d.sync += [
                        moved_row.eq(moved_row + projection.row_step),
                        taps_row.eq(taps_row + projection.weight_row_step),
                    ]
        with m.If((due & dut.beat & last) | ((at != self.count) & (at < taken) & nowhere)):
            m.d.sync += [row.eq(0), gone.eq(gone | (1 << lane))]
            m.d.sync += [moved_row.eq(0), taps_row.eq(0)]
            with m.If(projection.masked | ((left & (left - 1)) == 0)):
                m.d.sync += [gone.eq(0), at.eq(at + 1)]
        with m.If(dut.done):
            m.d.comb += [Assert(at == self.count), Assert(taken == self.count + 1)]
            m.d.comb += Assert(~finished)
            m.d.sync += finished.eq(1)
        beats = Signal(3)
        held = Signal()
        m.d.sync += [beats.eq(beats + (dut.beat & (beats != 7))), held.eq(held | self.hold)]
        m.d.comb += [
            Cover(finished & (beats == 4) & (at == 2) & held, "four beats of two words"),
            Cover(finished & (beats == 0) & (at == 0), "nothing but a token"),
        ]


MUTANTS = (
    (
        "by_lane",
        "rows begin where they began",
        "row_weight + projection.weight_row_step",
        "row_weight",
    ),
    (
        "columns_in_lanes",
        "as many columns as beside lanes",
        "Mux(projection.columns_in_lanes, lane_entry.count, column.count)",
        "column.count",
    ),
    (
        "by_lane",
        "a column too many",
        "columns_left.eq(start.columns - 2)",
        "columns_left.eq(start.columns - 1)",
    ),
    ("by_channel", "one channel for all", "Mux(projection.by_channel, word.g, 0)", "0"),
    ("columns_in_lanes", "no row is a row", "(start.rows == 0)", "(start.rows == 3)"),
)
WHY = (
    "a step begins with no event word inside, whatever the registers hold that no valid bit names; "
    "two words of two lanes meet each other in every stage"
)
OBLIGATIONS = [
    Obligation(
        name=f"fan-out, {mode}: every synapse of every spike once, in order, then the token",
        spec=lambda mode=mode: EachSynapseOnce(FanOut, mode),
        kind=kind,
        depth=depth,
        why=WHY if kind == "bounded" else "",
    )
    for mode in MODES
    for kind, depth in (("bounded", 14), ("cover", 20))
] + [
    Obligation(
        name=f"fan-out: {what}",
        spec=lambda mode=mode, change=change: EachSynapseOnce(mutant(FanOut, *change), mode),
        kind="mutant",
        depth=16,
    )
    for mode, what, *change in MUTANTS
]


@pytest.mark.parametrize("obligation", OBLIGATIONS, ids=lambda o: f"{o.kind}: {o.name}")
def test_fan_out(obligation, record_property):
    check(obligation, record_property)
