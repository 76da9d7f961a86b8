"""A lane of a max-pool gate: finds who leads a window, and passes its spike."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.history import history_layout

__all__ = ["Leader"]

_RATE = 16
"""A spike adds 2**16 to an estimate of the rate."""


class Leader(wiring.Component):
    """Running maximum over the places of a window, one a clock; of equal ones the first stays.

    Beside a lane's two stages: the first adds ``term`` to what a neuron leads by, the second
    compares the sum with the greatest so far.

    Members
    -------
    before, rate : In
        First stage: what is remembered of a neuron; whether a spike adds to a rate.
    term : Out
        First stage: what its spike adds.
    value : In
        Second stage: what it leads by.
    tap, opens : In
        Second stage: there is a neuron at this place; it is the window's first.
    spike, negative : Out
        Whether the leader so far spiked, and with -1; a clock after the second stage.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "before": In(history_layout(config)),
                "rate": In(1),
                "term": Out(signed(config.potential_bits)),
                "value": In(signed(config.potential_bits)),
                "tap": In(1),
                "opens": In(1),
                "spike": Out(1),
                "negative": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build term and comparison."""
        m = Module()
        unit = Signal(signed(2))
        greatest = Signal.like(self.value)
        spiked = Signal()
        sank = Signal()
        m.d.comb += [
            unit.eq(Mux(self.before.emitted[0], Mux(self.before.sank, -1, 1), 0)),
            self.term.eq(Mux(self.rate, unit << _RATE, unit)),
        ]
        m.d.sync += [spiked.eq(self.before.emitted), sank.eq(self.before.sank)]
        with m.If(self.tap & (self.opens | (self.value > greatest))):
            m.d.sync += [
                greatest.eq(self.value),
                self.spike.eq(spiked),
                self.negative.eq(spiked & sank),
            ]
        return m
