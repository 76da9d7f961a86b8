"""The potential memory is an ideal memory to whoever keeps to its contract."""

import pytest
from amaranth.hdl import Assert, Assume, Cover, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from augend.hw.configuration import AcceleratorConfig
from augend.hw.potential_memory import PotentialMemory
from tests.mutant import mutant

from .formal import Obligation, check, opened, stays

BITS = 3
WORDS = 4


class IdealMemory(wiring.Component):
    """Issuer of reads that are written back, and what one marked word must then hold.

    Additions are candidates a clock before they are issued, unless held, and are written back three
    clocks later with an arbitrary addend; sweeps are issued whatever ``hold`` says and written back
    four clocks later. The write port is one: no addition in the clock after a sweep. A sweep comes
    to a word no sooner than four clocks after an addition to it (the core has two clocks between
    instructions), and nothing comes to it within five clocks after a sweep.
    """

    mark: In(2)
    candidate: In(1)
    sweep: In(1)
    address: In(2)
    sweep_address: In(2)
    addend: In(BITS)

    def __init__(self, kind: str, memory: type, invariants: bool) -> None:
        self._kind = kind
        self._memory = memory
        self._invariants = invariants
        super().__init__()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = AcceleratorConfig(
            lanes=1, potential_bits=BITS, potential_words=WORDS, potential_memory=self._kind
        )
        dut = self._memory(config)
        m.submodules.dut = dut
        probe = opened(dut).submodules.memory.read_port(domain="comb")
        stays(m, self.mark)

        # The issuer.
        adds = [Signal(name=f"add_{i}") for i in range(5)]
        sweeps = [Signal(name=f"sweep_{i}") for i in range(6)]
        addresses = [Signal(2, name=f"address_{i}") for i in range(6)]
        planned = Signal()
        planned_address = Signal(2)
        m.d.sync += [planned.eq(self.candidate), planned_address.eq(self.address)]
        m.d.comb += [
            adds[0].eq(planned & ~dut.hold),
            sweeps[0].eq(self.sweep),
            addresses[0].eq(Mux(self.sweep, self.sweep_address, planned_address)),
            Assume(~(planned & self.sweep)),
            Assume(~(planned & sweeps[1])),
            dut.beat.eq(adds[0]),
            dut.beat_address.eq(planned_address),
            dut.candidate.eq(self.candidate),
            dut.candidate_address.eq(self.address),
            dut.issue.eq(adds[0] | self.sweep),
            dut.issue_address.eq(addresses[0]),
        ]
        with m.If(planned & dut.hold):
            m.d.comb += Assume(self.candidate & (self.address == planned_address))
        for line in (adds, sweeps, addresses):
            m.d.sync += [late.eq(early) for early, late in zip(line, line[1:], strict=False)]
        for past in range(1, 5):
            with m.If(sweeps[past] & (addresses[past] == addresses[0])):
                m.d.comb += [Assume(~planned), Assume(~self.sweep)]
        for past in range(1, 4):
            with m.If(adds[past] & (addresses[past] == addresses[0])):
                m.d.comb += Assume(~self.sweep)

        # What was read two clocks after issue goes back one or two clocks later.
        sums = [Signal(BITS, name=f"sum_{i}") for i in range(3)]
        m.d.comb += [
            sums[0].eq(dut.data + self.addend),
            dut.write.eq(adds[3] | sweeps[4]),
            dut.write_address.eq(Mux(sweeps[4], addresses[4], addresses[3])),
            dut.write_data.eq(Mux(sweeps[4], sums[2], sums[1])),
        ]
        m.d.sync += [sums[1].eq(sums[0]), sums[2].eq(sums[1])]

        # The marked word, in the memory or on its way to it, as of the clock its read arrives in.
        ideal = Signal(BITS)
        arrives = (adds[2] | sweeps[2]) & (addresses[2] == self.mark)
        with m.If(arrives):
            m.d.comb += Assert(dut.data == ideal)
            m.d.sync += ideal.eq(sums[0])

        m.d.comb += probe.addr.eq(self.mark)
        coming = [
            (adds[3] | sweeps[3]) & (addresses[3] == self.mark),
            sweeps[4] & (addresses[4] == self.mark),
        ]
        if self._invariants:
            with m.If(coming[0]):
                m.d.comb += Assert(sums[1] == ideal)
            with m.Elif(coming[1]):
                m.d.comb += Assert(sums[2] == ideal)
            with m.Else():
                m.d.comb += Assert(probe.data == ideal)
        if self._kind == "distributed":
            m.d.comb += Assert(~dut.hold)

        same = [adds[i] & (addresses[i] == addresses[3]) & adds[3] for i in range(3)]
        if self._kind == "block":
            held = Signal(2)
            m.d.sync += held.eq(Mux(dut.hold & (held != 3), held + 1, held))
            m.d.comb += [
                Cover((held == 3) & arrives & (ideal != 0) & adds[3] & ~coming[0], "held thrice"),
            ]
        else:
            m.d.comb += Cover(same[0] & same[1] & same[2] & (ideal == 7), "a word in each clock")
        m.d.comb += [
            Cover(adds[0] & adds[1] & adds[2] & (ideal != 0), "no bubble"),
            Cover(sweeps[4] & arrives & sweeps[3] & (ideal != 0), "sweep over what was added"),
        ]
        return m


def spec(kind: str, sound: str = "", broken: str = "") -> IdealMemory:
    if not sound:
        return IdealMemory(kind, PotentialMemory, invariants=True)
    return IdealMemory(kind, mutant(PotentialMemory, sound, broken), invariants=False)


FORWARD = "self.write & (self.write_address == address_2)"
OBLIGATIONS = [
    Obligation(
        name=f"potential memory, {kind}: ideal under back-to-back access",
        spec=lambda kind=kind: spec(kind),
        kind=which,
        depth=12,
    )
    for kind in ("block", "distributed")
    for which in ("induction", "cover")
] + [
    Obligation(
        name=f"potential memory, {kind}: {what}",
        spec=lambda kind=kind, sound=sound, broken=broken: spec(kind, sound, broken),
        kind="mutant",
        depth=12,
    )
    for kind, what, sound, broken in (
        ("block", "hold looks back two clocks", "range(1, 4)", "range(1, 3)"),
        (
            "block",
            "hold of what comes at once is forgotten",
            "valid = self.beat\n",
            "valid = self.beat & ~self.candidate\n",
        ),
        (
            "block",
            "hold forgets what was held",
            "address == self.candidate_address",
            "address == self.issue_address + 1",
        ),
        ("distributed", "no forward", FORWARD, "Signal()"),
        ("distributed", "forward a clock late", FORWARD, FORWARD.replace("_2", "_1")),
    )
]


@pytest.mark.parametrize("obligation", OBLIGATIONS, ids=lambda o: f"{o.kind}: {o.name}")
def test_potential_memory(obligation, record_property):
    check(obligation, record_property)
