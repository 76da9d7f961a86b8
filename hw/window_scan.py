"""The window scan: visits all places of all windows of a max-pool gate, one a clock."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.instruction import sweep_layout

__all__ = ["WindowScan"]


class WindowScan(wiring.Component):
    """Counts through a gate's words, and for each through the places of its windows, row by row.

    From place to place row, column and addresses move by constants, which the outermost counter
    that moves chooses. A place off the source takes its clock, too. The first place is visited in
    the clock after ``start``; ``done`` comes two clocks after the last.

    Members
    -------
    sweep : In
        The gate's constants; stable meanwhile.
    start : In
        Begins, when idle.
    issue : Out
        A place is visited in this clock.
    tap, opens, closes, last : Out
        It lies on the source; it is the first of its window that does; it is the window's last
        place, and that of the last window.
    potential_address, history_address : Out
        Of the source's word there.
    a, b, g : Out
        Coordinates of the gate's word.
    done : Out
        Strobe.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "sweep": In(sweep_layout(config)),
                "start": In(1),
                "issue": Out(1),
                "tap": Out(1),
                "opens": Out(1),
                "closes": Out(1),
                "last": Out(1),
                "potential_address": Out(config.potential_address),
                "history_address": Out(config.history_address),
                "a": Out(config.coordinate_bits),
                "b": Out(config.coordinate_bits),
                "g": Out(config.coordinate_bits),
                "done": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the counters, and what moves with them."""
        m = Module()
        config = self._config
        constants, window = self.sweep, self.sweep.window
        running = Signal()
        opened = Signal()
        finished = Signal(2)
        row = Signal(config.window_bits)
        column = Signal(config.window_bits)
        counters = [
            (Signal(config.coordinate_bits, name="place_column"), window.columns_last),
            (Signal(config.coordinate_bits, name="place_row"), window.rows_last),
            (self.g, constants.g_last),
            (self.b, constants.b_last),
            (self.a, constants.a_last),
        ]
        ends = [Signal(name=f"ends_{level}") for level in range(len(counters))]
        m.d.comb += [end.eq(at == last) for end, (at, last) in zip(ends, counters, strict=True)]
        m.d.comb += [
            self.issue.eq(running),
            # Above or left of the source they have wrapped around, to more than its extent.
            self.tap.eq(running & (row < window.rows) & (column < window.columns)),
            self.opens.eq(self.tap & ~opened),
            self.closes.eq(running & ends[0] & ends[1]),
            self.last.eq(self.closes & ends[2] & ends[3] & ends[4]),
            self.done.eq(finished[1]),
        ]
        m.d.sync += finished.eq(finished << 1 | self.last)
        step = Signal.like(window.steps[0])
        m.d.comb += step.eq(window.steps[0])
        for level in range(1, len(counters)):
            with m.If(_all(ends[:level])):
                m.d.comb += step.eq(window.steps[level])

        with m.If(self.start):
            m.d.sync += [
                running.eq(1),
                opened.eq(0),
                row.eq(window.row),
                column.eq(window.column),
                self.potential_address.eq(constants.potential_base),
                self.history_address.eq(constants.history_base),
                *(at.eq(0) for at, _ in counters),
            ]
        with m.Elif(running):
            m.d.sync += [
                running.eq(~self.last),
                opened.eq((opened | self.tap) & ~self.closes),
                row.eq(row + step.row),
                column.eq(column + step.column),
                self.potential_address.eq(self.potential_address + step.address),
                self.history_address.eq(self.history_address + step.address),
            ]
            for level, (at, _) in enumerate(counters):
                with m.If(_all(ends[:level])):
                    m.d.sync += at.eq(at + 1)
                    with m.If(ends[level]):
                        m.d.sync += at.eq(0)
        return m


def _all(conditions: list[Signal]) -> Value:
    """Whether all hold."""
    return Cat(*conditions, 1).all()
