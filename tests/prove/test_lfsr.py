"""From every state, a draw is sixteen steps of one bit of the register in docs/encodings.md."""

import pytest
from amaranth.hdl import Assert, Cat, Cover, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from augend.hw.lfsr import Lfsr
from tests.mutant import mutant

from .formal import Obligation, check, local, opened


class BitByBit(wiring.Component):
    """A register that goes bit by bit, beside one that goes a draw at a time."""

    load: In(1)
    seed: In(32)
    step: In(1)

    def __init__(self, register: type, *, invariants: bool) -> None:
        self._register = register
        self._invariants = invariants
        super().__init__()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.dut = dut = self._register()
        inside = opened(dut)
        state = Signal(32, init=1)
        m.d.comb += [
            dut.load.eq(self.load),
            dut.seed.eq(self.seed),
            dut.step.eq(self.step),
            Assert(dut.draw == state[:16]),
            Cover(self.step & ~self.load & (dut.draw == 0xFFB8), "a draw of the default seed"),
        ]
        after = state
        for place in range(16):
            before = after
            after = Signal(32, name=f"after_{place + 1}")
            new = before[31] ^ before[26] ^ before[24] ^ before[16]
            m.d.comb += after.eq(Cat(new, before[:31]))
        with m.If(self.load):
            m.d.sync += state.eq(self.seed)
        with m.Elif(self.step):
            m.d.sync += state.eq(after)
        if self._invariants:
            m.d.comb += Assert(local(inside, "register") == state)
        return m


MUTANTS = (
    ("another tap", "register[tap - 1 - ahead]", "register[tap - 1 - ahead - (tap == 17)]"),
    ("the other way round", "ahead = DRAW_BITS - 1 - bit", "ahead = bit"),
    ("steps before it loads", "with m.Elif(self.step)", "with m.If(self.step)"),
    ("never steps", "register.eq(Cat(fresh, register))", "register.eq(register)"),
)
OBLIGATIONS = [
    Obligation(
        name="random draws: sixteen steps of one bit at once",
        spec=lambda: BitByBit(Lfsr, invariants=True),
        kind=kind,
        depth=depth,
    )
    for kind, depth in (("induction", 2), ("cover", 4))
] + [
    Obligation(
        name=f"random draws: {what}",
        spec=lambda change=change: BitByBit(mutant(Lfsr, *change), invariants=False),
        kind="mutant",
        depth=5,
    )
    for what, *change in MUTANTS
]


@pytest.mark.parametrize("obligation", OBLIGATIONS, ids=lambda o: f"{o.kind}: {o.name}")
def test_lfsr(obligation, record_property):
    check(obligation, record_property)
