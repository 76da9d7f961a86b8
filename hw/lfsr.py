"""The shift register that random draws come from, a draw a clock."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from augend.gen.lfsr import DRAW_BITS, REGISTER_BITS, TAPS

__all__ = ["Lfsr"]


class Lfsr(wiring.Component):
    """Register of 32 bits that shifts 16 places at once (``augend.gen.lfsr``, docs/encodings.md).

    ``draw`` is the word that the last ``step`` made: after ``load`` and k steps it is draw k - 1 of
    ``augend.gen.lfsr.draws(seed, ...)``. No tap is nearer than a draw is wide, so that each of its
    bits is an exclusive or of four register bits.

    Members
    -------
    load : In
        Puts ``seed``, which is not 0, into the register; goes before a step.
    step : In
        Makes the next draw.
    draw : Out
        16 bits, a clock after their step.
    """

    load: In(1)
    seed: In(REGISTER_BITS)
    step: In(1)
    draw: Out(DRAW_BITS)

    def elaborate(self, platform: object) -> Module:
        """Build the register."""
        m = Module()
        register = Signal(REGISTER_BITS, init=1)
        # Bit i of a draw is the new bit of step DRAW_BITS - 1 - i, the first one leading.
        fresh = Signal(DRAW_BITS)
        m.d.comb += self.draw.eq(register[:DRAW_BITS])
        for bit in range(DRAW_BITS):
            ahead = DRAW_BITS - 1 - bit
            m.d.comb += fresh[bit].eq(Cat(register[tap - 1 - ahead] for tap in TAPS).xor())
        with m.If(self.load):
            m.d.sync += register.eq(self.seed)
        with m.Elif(self.step):
            m.d.sync += register.eq(Cat(fresh, register))
        return m
