"""What a weight adds to a potential: as many bits as are stored, shifted and signed by wires."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig

__all__ = ["WeightOperand"]


class WeightOperand(wiring.Component):
    """Makes of a stored weight what a lane adds.

    With 1 bit, 0 stands for -1 and 1 for +1. To subtract, the lane adds the complement, and one:
    ``value`` is the complement where ``subtract`` is set. No clock is added.

    Members
    -------
    weight : In
        As stored.
    gate : In
        Whether it arrives at this lane; else ``value`` is 0, or its complement.
    shift : In
        How far it is shifted left.
    subtract : In
        Whether it comes of a spike of -1.
    value : Out
        Signed.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        self._bits = max(2, config.weight_bits) + config.weight_shift
        super().__init__(
            {
                "weight": In(config.weight_bits),
                "gate": In(1),
                "shift": In(config.shift_bits),
                "subtract": In(config.signed_events),
                "value": Out(signed(self._bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build extension, gate, shift and complement."""
        m = Module()
        stored = self._config.weight_bits
        weight = Signal(signed(max(2, stored)))
        gated = Signal(signed(max(2, stored)))
        shifted = Signal(signed(self._bits))
        if stored == 1:
            m.d.comb += weight.eq(Mux(self.weight, 1, -1))
        else:
            m.d.comb += weight.eq(self.weight.as_signed())
        m.d.comb += [
            gated.eq(Mux(self.gate, weight, 0)),
            shifted.eq(gated << self.shift if self._config.weight_shift else gated),
            self.value.eq(shifted),
        ]
        if self._config.signed_events:
            with m.If(self.subtract):
                m.d.comb += self.value.eq(~shifted)
        return m
