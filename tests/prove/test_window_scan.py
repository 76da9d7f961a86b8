"""The window scan visits each place of each window once, and knows where it lies."""

import pytest
from amaranth.hdl import Assert, Assume, Cat, Cover, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In

from augend.hw.configuration import AcceleratorConfig
from augend.hw.instruction import sweep_layout
from augend.hw.window_scan import WindowScan
from tests.mutant import mutant

from .formal import Obligation, check, local, opened, stays

CONFIG = AcceleratorConfig(
    lanes=1, coordinate_bits=1, potential_words=8, history_words=8, populations=1, gates=1
)
LEVELS = 5
FIELDS = ("address", "row", "column")


class EveryPlaceOnce(wiring.Component):
    """A scan beside five nested loops: column, row, word of channels, window's column, its row.

    ``strides`` say what one turn of each loop adds to address, row and column; the steps that the
    unit is told are what is left of that when the loops inside go back to their beginnings.
    """

    def __init__(self, scan: type, *, invariants: bool) -> None:
        self._scan = scan
        self._invariants = invariants
        step = data.StructLayout(
            {
                "address": CONFIG.window_address,
                "row": CONFIG.window_bits,
                "column": CONFIG.window_bits,
            }
        )
        super().__init__(
            {
                "strides": In(data.ArrayLayout(step, LEVELS)),
                "sweep": In(sweep_layout(CONFIG)),
                "start": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.dut = dut = self._scan(CONFIG)
        inside = opened(dut)
        stays(m, self.strides.as_value())
        stays(m, self.sweep.as_value())
        window = self.sweep.window
        lasts = (
            window.columns_last,
            window.rows_last,
            self.sweep.g_last,
            self.sweep.b_last,
            self.sweep.a_last,
        )
        m.d.comb += [dut.sweep.eq(self.sweep), dut.start.eq(self.start)]
        for level in range(LEVELS):
            for field in FIELDS:
                inner = sum(lasts[i] * self.strides[i][field] for i in range(level))
                m.d.comb += dut.sweep.window.steps[level][field].eq(
                    self.strides[level][field] - inner
                )

        # The loops.
        running = Signal()
        tapped = Signal()
        at = [Signal(CONFIG.coordinate_bits, name=f"at_{level}") for level in range(LEVELS)]
        over = [here == last for here, last in zip(at, lasts, strict=True)]
        ends = [Cat(over[: level + 1]).all() for level in range(LEVELS)]
        m.d.comb += Assume(~(self.start & running))
        with m.If(self.start):
            m.d.sync += [running.eq(1), tapped.eq(0), *(here.eq(0) for here in at)]
        with m.Elif(running):
            m.d.sync += [running.eq(~ends[-1]), tapped.eq((tapped | dut.tap) & ~ends[1])]
            for level, here in enumerate(at):
                with m.If(Cat(over[:level], 1).all()):
                    m.d.sync += here.eq(here + 1)
                with m.If(ends[level]):
                    m.d.sync += here.eq(0)

        # What is promised.
        origin = {"address": self.sweep.potential_base, "row": window.row, "column": window.column}
        place = {field: Signal.like(origin[field], name=f"here_{field}") for field in FIELDS}
        for field in FIELDS:
            moved = sum(at[level] * self.strides[level][field] for level in range(LEVELS))
            m.d.comb += place[field].eq(origin[field] + moved)
        done = Signal(2)
        m.d.sync += done.eq(done << 1 | (running & ends[-1]))
        on_source = (place["row"] < window.rows) & (place["column"] < window.columns)
        m.d.comb += [
            Assert(dut.issue == running),
            Assert(dut.tap == (running & on_source)),
            Assert(dut.opens == (running & on_source & ~tapped)),
            Assert(dut.closes == (running & ends[1])),
            Assert(dut.last == (running & ends[-1])),
            Assert(dut.done == done[1]),
        ]
        history = self.sweep.history_base - self.sweep.potential_base
        with m.If(running):
            m.d.comb += [
                Assert(dut.potential_address == place["address"]),
                Assert(dut.history_address == (place["address"] + history)[:3]),
                Assert(Cat(dut.g, dut.b, dut.a) == Cat(at[2:])),
            ]
        if self._invariants:
            for name, here in zip(("place_column", "place_row"), at, strict=False):
                with m.If(running):
                    m.d.comb += Assert(local(inside, name) == here)
            for field in ("row", "column"):
                with m.If(running):
                    m.d.comb += Assert(local(inside, field) == place[field])
            for here, last in zip(at, lasts, strict=True):
                m.d.comb += Assert(~running | (here <= last))
            m.d.comb += [
                Assert(~running | (local(inside, "opened") == tapped)),
                Assert(local(inside, "finished") == done),
            ]
        m.d.comb += [
            Cover(dut.last & Cat(at).all() & ~dut.tap & tapped, "the last of 32 places, off it"),
            Cover(dut.done & self.start, "again at once"),
        ]
        return m


def spec(*change: str) -> EveryPlaceOnce:
    scan = mutant(WindowScan, *change) if change else WindowScan
    return EveryPlaceOnce(scan, invariants=not change)


MUTANTS = (
    (
        "every loop goes back as the second does",
        "step.eq(window.steps[level])",
        "step.eq(window.steps[1])",
    ),
    ("a place beyond the last row", "row < window.rows", "row <= window.rows"),
    ("opened for good", "(opened | self.tap) & ~self.closes", "opened | self.tap"),
    ("ends with the window", "running.eq(~self.last)", "running.eq(~self.closes)"),
    ("starts where it was", "history_address.eq(constants.history_base)", "a.eq(0)"),
)
OBLIGATIONS = [
    Obligation(
        name="window scan: each place of each window once, and where it lies",
        spec=spec,
        kind=kind,
        depth=depth,
    )
    for kind, depth in (("induction", 2), ("cover", 36))
] + [
    Obligation(
        name=f"window scan: {what}",
        spec=lambda change=change: spec(*change),
        kind="mutant",
        depth=16,
    )
    for what, *change in MUTANTS
]


@pytest.mark.parametrize("obligation", OBLIGATIONS, ids=lambda o: f"{o.kind}: {o.name}")
def test_window_scan(obligation, record_property):
    check(obligation, record_property)
