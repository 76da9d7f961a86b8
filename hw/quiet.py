"""Which sweeps would change nothing."""

from amaranth.hdl import Array, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.event_word import event_word

__all__ = ["Quiet"]


class Quiet(wiring.Component):
    """Remembers, a bit each, whose last sweep emitted no spike and got nothing added since.

    What was not due then, and not reached since, is not due now. A bit stands a clock after the
    sweep's token is queued, and two clocks after a beat. It outlives an inference: of this one it
    tells from a loop's second iteration on. Without ``skips`` it is nothing, and nobody is quiet.

    Members
    -------
    population : In
        The one that the instruction is about.
    beat : In
        Weights are added to its potentials; it stays for another clock.
    write, word : In
        The lanes emit an event word or a token.
    done : In
        A sweep is over, but for its last event word and its token, two and three clocks later.
    quiet : Out
        A sweep of ``population`` would change nothing.
    free : Out
        Nothing of a sweep is on its way to the queue any more.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "population": In(config.population_bits),
                "beat": In(1),
                "write": In(1),
                "word": In(event_word(config)),
                "done": In(1),
                "quiet": Out(1),
                "free": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the bits, what the running sweep emitted so far, and what is behind its end."""
        m = Module()
        if not self._config.skips:
            return m
        quiet = Array(
            Signal(name=f"quiet_{number}") for number in range(1 << self._config.population_bits)
        )
        spoke = Signal()
        added = Signal()
        behind = Signal(3)
        m.d.comb += [self.quiet.eq(quiet[self.population]), self.free.eq(~behind[1:].any())]
        m.d.sync += [added.eq(self.beat), behind.eq(behind << 1 | self.done)]
        with m.If(self.write):
            m.d.sync += spoke.eq(~self.word.token)
            with m.If(self.word.token):
                m.d.sync += quiet[self.word.population].eq(~spoke)
        with m.If(added):
            m.d.sync += quiet[self.population].eq(0)
        return m
