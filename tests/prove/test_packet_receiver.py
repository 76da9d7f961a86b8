"""The receiver hands on whole packets and nothing else, and never stops taking words for good."""

import pytest
from amaranth.hdl import Assert, Cat, Const, Cover, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In

from augend.hw.configuration import AcceleratorConfig
from augend.hw.packet import MAGIC, Command, PacketReceiver
from tests.mutant import mutant

from .formal import Obligation, check, local, opened, stays

DEPTH = 16
HEAD, LENGTH, DAMAGED, CRC, PAYLOAD, EMPTY = range(6)
"""States, as the unit's come to be numbered."""


class WholePackets(wiring.Component):
    """A link of any words beside a reader of packets that only counts, and remembers one word.

    Words that are to be handed on are numbered; ``mark`` is the number of the one remembered, and
    the solver chooses it. The CRC is the solver's, too: whatever it says, what it does not agree
    with is not handed on. What it is over is asserted; what it notices is enumerated in
    ``test_packet_damage``.
    """

    def __init__(self, receiver: type, *, invariants: bool) -> None:
        self._receiver = receiver
        self._invariants = invariants
        self._config = AcceleratorConfig(lanes=1, link_words=DEPTH)
        super().__init__(
            {
                "link": In(stream.Signature(32)),
                "crc": In(32),
                "ready": In(1),
                "mark": In(range(2 * DEPTH)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.dut = dut = self._receiver(self._config)
        inside = opened(dut)
        crc = inside.submodules.crc
        crc.elaborate = lambda platform: Module()
        stays(m, self.mark)
        m.d.comb += [
            crc.crc.eq(self.crc),
            dut.link.payload.eq(self.link.payload),
            dut.link.valid.eq(self.link.valid),
            dut.words.ready.eq(self.ready),
        ]

        # The reader: how many words are to be handed on, and how many of the packet there are.
        state = Signal(range(6))
        promised = Signal(range(2 * DEPTH))
        here = Signal(range(2 * DEPTH))
        length = Signal(16)
        word = self.link.payload
        accepted = self.link.valid & dut.link.ready
        in_packet = Signal()
        begins = Signal()
        m.d.comb += [
            begins.eq((state == HEAD) & accepted & (word[:8] == MAGIC)),
            in_packet.eq(begins | (accepted & ((state == LENGTH) | (state == PAYLOAD)))),
        ]
        with m.If(in_packet):
            m.d.sync += here.eq(here + 1)
        with m.If(begins):
            m.d.sync += state.eq(LENGTH)
        with m.If(accepted & (state == LENGTH)):
            m.d.sync += [length.eq(word[:16]), state.eq(Mux(word[:16] == 0, CRC, PAYLOAD))]
            with m.If((word[:16] ^ word[16:] != 0xFFFF) | (word[:16] > DEPTH - 2)):
                m.d.sync += state.eq(DAMAGED)
        with m.If(accepted & (state == PAYLOAD) & (here == length + 1)):
            m.d.sync += state.eq(CRC)
        with m.If(accepted & (state == CRC)):
            m.d.sync += state.eq(DAMAGED)
            with m.If(word == self.crc):
                m.d.sync += [state.eq(HEAD), here.eq(0), promised.eq(promised + here)]
        with m.If(state == DAMAGED):
            m.d.sync += state.eq(EMPTY)
        with m.If(state == EMPTY):
            m.d.sync += [state.eq(HEAD), here.eq(0), promised.eq(promised + 2)]

        # The one word that is remembered.
        kept = Signal(32)
        place = (self.mark - promised)[: len(self.mark)]
        with m.If(in_packet & (place == here)):
            m.d.sync += kept.eq(word)
        with m.If((state == DAMAGED) & (place == 0)):
            m.d.sync += kept.eq(Cat(Const(MAGIC, 8), Const(Command.DAMAGED.value, 24)))
        with m.If((state == DAMAGED) & (place == 1)):
            m.d.sync += kept.eq(0xFFFF0000)

        # What is promised.
        given = Signal(range(2 * DEPTH))
        waits = Signal()
        due = Signal()
        transient = (state == DAMAGED) | (state == EMPTY)
        m.d.comb += due.eq(promised != given)
        with m.If(dut.words.valid & self.ready):
            m.d.sync += given.eq(given + 1)
        m.d.sync += waits.eq(due & ~dut.words.valid)
        m.d.comb += [
            Assert(~dut.words.valid | due),
            Assert(~(dut.words.valid & (given == self.mark)) | (dut.words.payload == kept)),
            Assert((waits == 0) | dut.words.valid),
            Assert(dut.link.ready | transient | due),
            Assert(~(transient & dut.link.ready)),
            Assert(crc.start == begins),
            Assert(crc.valid == in_packet),
            Assert(crc.data == word),
        ]
        stalled = Signal()
        m.d.sync += stalled.eq(dut.words.valid & ~self.ready)
        m.d.comb += Assert(~stalled | dut.words.valid)

        if self._invariants:
            self._invariant(m, dut, inside, state, promised, here, length, given, kept, place)
        sent = Signal(4)
        m.d.sync += sent.eq(sent + (dut.words.valid & self.ready))
        m.d.comb += [
            Cover(
                (sent == 5) & (promised == 5) & (length == 1) & (kept == MAGIC), "then a whole one"
            ),
        ]
        return m

    def _invariant(self, m, dut, inside, state, promised, here, length, given, kept, place) -> None:
        """What ties the unit's registers and buffer to the reader."""
        buffer = inside.submodules.buffer.read_port(domain="comb")
        held = (promised - given)[: len(given)]
        m.d.comb += [
            Assert(local(inside, "fsm_state") == state),
            Assert(local(inside, "committed") == promised),
            Assert(
                local(inside, "writing") == (promised + Mux(state == EMPTY, 1, here))[: len(given)]
            ),
            Assert(local(inside, "reading") == given),
            Assert(local(inside, "ahead") == (given + dut.words.valid)[: len(given)]),
            Assert(state <= EMPTY),
            Assert((state != HEAD) | (here == 0)),
            Assert((state != LENGTH) | (here == 1)),
            Assert((state != CRC) | (here == length + 2)),
            Assert((state != PAYLOAD) | ((here >= 2) & (here <= length + 1) & (length != 0))),
            Assert((state != PAYLOAD) | (local(inside, "remaining") == length + 2 - here)),
            Assert(((state != PAYLOAD) & (state != CRC)) | (length <= DEPTH - 2)),
            Assert(((state != DAMAGED) & (state != EMPTY)) | (here >= 2)),
            Assert(held + here <= DEPTH),
            buffer.addr.eq(self.mark),
        ]
        # The remembered word is in the buffer from when it came until it is read ahead.
        written = Signal()
        m.d.comb += written.eq(
            (place < Mux(state == EMPTY, 1, here)) | ((-place)[:5] <= held) & (place != 0)
        )
        with m.If(written & ~(dut.words.valid & (given == self.mark))):
            m.d.comb += Assert(buffer.data == kept)


def spec(*change: str) -> WholePackets:
    receiver = mutant(PacketReceiver, *change) if change else PacketReceiver
    return WholePackets(receiver, invariants=not change)


MUTANTS = (
    ("any CRC will do", "with m.If(word == crc.crc)", "with m.If(1)"),
    ("any length will do", "(length != ~word[16:]) | ", ""),
    ("longer than the buffer", "(length > depth - 2)", "(length > depth)"),
    ("a damaged packet keeps its words", "writing.eq(committed + 1)", "writing.eq(writing)"),
    ("read before it is whole", "ahead != committed", "ahead != writing"),
    ("the CRC goes on from before", "store.eq(1), crc.start.eq(1),", "store.eq(1),"),
)
OBLIGATIONS = [
    Obligation(
        name="packet receiver: whole packets only, in order; never stops for good",
        spec=spec,
        kind=kind,
        depth=depth,
    )
    for kind, depth in (("induction", 2), ("cover", 14))
] + [
    Obligation(
        name=f"packet receiver: {what}",
        spec=lambda change=change: spec(*change),
        kind="mutant",
        depth=22,
    )
    for what, *change in MUTANTS
]


@pytest.mark.parametrize("obligation", OBLIGATIONS, ids=lambda o: f"{o.kind}: {o.name}")
def test_packet_receiver(obligation, record_property):
    check(obligation, record_property)
