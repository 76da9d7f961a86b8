"""The shift register that random draws come from, a draw a clock."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from augend.gen.lfsr import DRAW_BITS, REGISTER_BITS, TAPS

__all__ = ["Lfsr", "drawn"]


def drawn(register: Value) -> Value:
    """The next draw of the register, which is then shifted in at the right.

    No tap is nearer than a draw is wide, so that each of its bits is an exclusive or of four
    register bits.
    """
    words = [register >> (tap - DRAW_BITS) for tap in TAPS]
    first, *others = words
    for word in others:
        first = first ^ word
    return first[:DRAW_BITS]


class Lfsr(wiring.Component):
    """Register of 32 bits that shifts 16 places at once (``augend.gen.lfsr``, docs/encodings.md).

    ``draw`` is the word that the last ``step`` made: after ``load`` and k steps it is draw k - 1 of
    ``augend.gen.lfsr.draws(seed, ...)``.

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
        m.d.comb += self.draw.eq(register[:DRAW_BITS])
        with m.If(self.load):
            m.d.sync += register.eq(self.seed)
        with m.Elif(self.step):
            m.d.sync += register.eq(Cat(drawn(register), register))
        return m
