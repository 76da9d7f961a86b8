"""The sweep unit: visits every word of a population once."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.instruction import sweep_layout

__all__ = ["Sweep"]


class Sweep(wiring.Component):
    """Counts through a population's words, one a clock; two where an input current is read too.

    The first word is issued in the clock after ``start``. ``done`` comes two clocks after the last.

    Members
    -------
    sweep : In
        The population's constants; stable meanwhile.
    start : In
        Begins, when idle.
    issue : Out
        A word is visited in this clock.
    captures : Out
        The word visited is one of input currents.
    potential_address, parameter_address : Out
        Of the word visited.
    a, b, g : Out
        Coordinates of the word visited.
    last : Out
        It is the last word.
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
                "captures": Out(1),
                "potential_address": Out(config.potential_address),
                "parameter_address": Out(config.parameter_address),
                "a": Out(config.coordinate_bits),
                "b": Out(config.coordinate_bits),
                "g": Out(config.coordinate_bits),
                "last": Out(1),
                "done": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the counters."""
        m = Module()
        config = self._config
        constants = self.sweep
        running = Signal()
        potential = Signal(config.potential_address)
        current = Signal(config.potential_address)
        finished = Signal(2)
        g_ends = Signal()
        b_ends = Signal()
        a_ends = Signal()
        m.d.comb += [
            self.issue.eq(running),
            g_ends.eq(self.g == constants.g_last),
            b_ends.eq(self.b == constants.b_last),
            a_ends.eq(self.a == constants.a_last),
            self.last.eq(running & ~self.captures & g_ends & b_ends & a_ends),
            self.done.eq(finished[1]),
        ]
        with m.If(self.captures):
            m.d.comb += self.potential_address.eq(current)
        with m.Else():
            m.d.comb += self.potential_address.eq(potential)
        m.d.sync += finished.eq(finished << 1 | self.last)

        with m.If(self.start):
            m.d.sync += [
                running.eq(1),
                self.captures.eq(constants.current),
                potential.eq(constants.potential_base),
                current.eq(constants.current_base),
                self.parameter_address.eq(constants.parameter_base),
                self.a.eq(0),
                self.b.eq(0),
                self.g.eq(0),
            ]
        with m.Elif(running & self.captures):
            m.d.sync += [self.captures.eq(0), current.eq(current + 1)]
        with m.Elif(running):
            m.d.sync += [
                running.eq(~self.last),
                self.captures.eq(constants.current & ~self.last),
                potential.eq(potential + 1),
                self.parameter_address.eq(self.parameter_address + 1),
                self.g.eq(self.g + 1),
            ]
            with m.If(g_ends):
                m.d.sync += [self.g.eq(0), self.b.eq(self.b + 1)]
                with m.If(~constants.per_neuron):
                    m.d.sync += self.parameter_address.eq(constants.parameter_base)
                with m.If(b_ends):
                    m.d.sync += [self.b.eq(0), self.a.eq(self.a + 1)]
        return m
