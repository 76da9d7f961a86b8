"""The random part of a spiking softmax: a clock that ticks, and noise for every class."""

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from augend.gen.gumbel import ENTRIES, MANTISSA_BITS, TIE_BITS
from augend.gen.lfsr import DRAW_BITS, REGISTER_BITS
from augend.hw.configuration import AcceleratorConfig
from augend.hw.lfsr import drawn
from augend.hw.memory import LoadedMemory
from augend.hw.parity import check_rows, damage_ports, later

__all__ = ["DRAW_CLOCKS", "SoftmaxDraw", "softmax_constants"]

DRAW_CLOCKS = 4
"""From asking for a class's noise until it is there."""


def softmax_constants() -> data.StructLayout:
    """Layout of a softmax's constants.

    ``used``: scores are output spikes. ``poisson``: the clock ticks where a word is below ``rate``;
    else in each ``period_last`` + 1st step. ``seed``: what the register starts from.
    """
    return data.StructLayout(
        {
            "used": 1,
            "poisson": 1,
            "period_last": 16,
            "rate": DRAW_BITS + 1,
            "seed": REGISTER_BITS,
        }
    )


class SoftmaxDraw(wiring.Component):
    """Shift register, table of noise and clock of a spiking softmax; a class a clock.

    Members
    -------
    constants : In
        See ``softmax_constants``.
    clear : In
        Starts the register and the clock anew.
    step, ticks : In, Out
        Strobe: a time step ends; from the next clock on, whether the clock ticks in it.
    draw, noise, tie : In, Out, Out
        Strobe for a class, in a step that ticks; four clocks later what is added to its potential
        in sixteenths, and what decides between equals.
    load, load_address, load_data : In
        Write strobe for the table of noise.
    damaged : Out
        With parity: see ``damage_ports``.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "constants": In(softmax_constants()),
                "clear": In(1),
                "step": In(1),
                "ticks": Out(1),
                "draw": In(1),
                "noise": Out(signed(config.noise_bits)),
                "tie": Out(TIE_BITS),
                "load": In(1),
                "load_address": In(range(ENTRIES)),
                "load_data": In(config.noise_bits),
                **damage_ports(config),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the register, the clock and the table."""
        m = Module()
        constants = self.constants
        m.submodules.table = table = LoadedMemory(shape=self._config.noise_bits, depth=ENTRIES)
        m.d.comb += [
            table.load.eq(self.load),
            table.load_address.eq(self.load_address),
            table.load_data.eq(self.load_data),
            self.noise.eq(table.data.as_signed()),
        ]

        register = Signal(REGISTER_BITS)
        first = Signal(DRAW_BITS)
        second = Signal(DRAW_BITS)
        m.d.comb += [
            first.eq(drawn(register)),
            second.eq(drawn(Cat(first, register[:DRAW_BITS]))),
        ]
        passed = Signal(16)
        with m.If(self.step):
            m.d.sync += passed.eq(passed + 1)
            with m.If(constants.poisson):
                m.d.sync += [
                    self.ticks.eq(first < constants.rate),
                    register.eq(Cat(first, register[:DRAW_BITS])),
                ]
            with m.Else():
                m.d.sync += self.ticks.eq(passed == constants.period_last)
                with m.If(passed == constants.period_last):
                    m.d.sync += passed.eq(0)
        with m.If(self.draw):
            m.d.sync += register.eq(Cat(second, first))
        with m.If(self.clear):
            m.d.sync += [register.eq(constants.seed), passed.eq(0)]

        # In the clock after a draw its words are the register; the table is read a clock later.
        leading = Signal(range(DRAW_BITS))
        m.d.comb += leading.eq(DRAW_BITS - 1)
        for zeros in reversed(range(DRAW_BITS - 1)):
            with m.If(register[REGISTER_BITS - 1 - zeros]):
                m.d.comb += leading.eq(zeros)
        entry = Signal(range(ENTRIES))
        tie = [Signal(TIE_BITS, name=f"tie_{clock}") for clock in range(2, DRAW_CLOCKS + 1)]
        m.d.sync += [
            entry.eq(Cat(register[TIE_BITS : TIE_BITS + MANTISSA_BITS], leading)),
            tie[0].eq(register[:TIE_BITS]),
        ]
        m.d.sync += [later.eq(earlier) for earlier, later in zip(tie, tie[1:], strict=False)]
        m.d.comb += [table.address.eq(entry), self.tie.eq(tie[-1])]
        if self._config.parity:
            check_rows(m, self, "noise", table, comes=later(m, self.draw, DRAW_CLOCKS))
        return m
