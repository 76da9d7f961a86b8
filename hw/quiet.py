"""Which populations a sweep would change nothing of."""

from amaranth.hdl import Array, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig

__all__ = ["Quiet"]


class Quiet(wiring.Component):
    """Remembers, a bit each, whose last sweep emitted no spike and got nothing added since.

    What was neither reached nor due then is not due now, whatever its thresholds. A bit stands a
    clock after the token of a sweep is queued, and two clocks after a beat. It outlives an
    inference: only from the loop's second iteration on does it tell of this one.

    Members
    -------
    write, token, written : In
        The lanes emit an event word, or a token, of this population.
    beat, population : In
        Weights are added to potentials of this population, which stays for another clock.
    quiet : Out
        Whether ``population`` is.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "write": In(1),
                "token": In(1),
                "written": In(config.population_bits),
                "beat": In(1),
                "population": In(config.population_bits),
                "quiet": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the bits, what the running sweep emitted so far, and a register for the beat."""
        m = Module()
        quiet = Array(
            Signal(name=f"quiet_{number}") for number in range(1 << self._config.population_bits)
        )
        spoke = Signal()
        added = Signal()
        m.d.comb += self.quiet.eq(quiet[self.population])
        m.d.sync += added.eq(self.beat)
        with m.If(self.write):
            m.d.sync += spoke.eq(~self.token)
            with m.If(self.token):
                m.d.sync += quiet[self.written].eq(~spoke)
        with m.If(added):
            m.d.sync += quiet[self.population].eq(0)
        return m
