"""Bytes off a wire become the words that were framed, and a zero brings every state back."""

import pytest
from amaranth.hdl import Assert, Assume, Cat, Cover, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In

from augend.hw.byte_words import BytesToWords
from augend.hw.cobs import CobsDecoder
from tests.mutant import mutant

from .formal import Obligation, check, local, opened, stays

PLACES = 10
"""Bits that number a frame's bytes, of which one word is remembered."""


class FramesOnWire(wiring.Component):
    """A host that frames whatever bytes it likes, a byte a clock or not, and what comes of them.

    The host is the definition: it says how long a block is, then sends as many bytes that are not
    zero; a block that is not full stands for one more byte, a zero, unless the frame ends behind
    it. Before the first frame it may have sent anything up to a zero. ``mark`` is the number of
    the word that is remembered, and the solver chooses it.
    """

    def __init__(self, decoder: type, words: type, *, invariants: bool) -> None:
        self._decoder = decoder
        self._words = words
        self._invariants = invariants
        super().__init__(
            {
                "wire": In(stream.Signature(8)),
                "damage": In(1),
                "ready": In(1),
                "mark": In(PLACES - 2),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.decoder = decoder = self._decoder()
        m.submodules.words = words = self._words()
        inside = opened(decoder)
        within = opened(words)
        wiring.connect(m, decoder.frame, words.frame)
        stays(m, self.mark)
        byte = self.wire.payload
        taken = self.wire.valid & decoder.bytes.ready
        m.d.comb += [
            decoder.bytes.payload.eq(byte),
            decoder.bytes.valid.eq(self.wire.valid),
            decoder.damage.eq(self.damage),
            words.words.ready.eq(self.ready),
        ]

        # The host: in a frame of its own making once a zero has gone over the wire.
        sound = Signal()
        left = Signal(8)  # bytes of the block
        owes = Signal()  # a zero, where the frame goes on
        sent = Signal(PLACES)  # bytes that the frame holds so far
        kept = Signal(32)
        stalled = Signal()
        offered = Signal(8)
        m.d.sync += [stalled.eq(self.wire.valid & ~decoder.bytes.ready), offered.eq(byte)]
        m.d.comb += [
            Assume(~((sound | (self.wire.valid & (byte == 0))) & self.damage)),
            Assume(~stalled | (self.wire.valid & (byte == offered))),
        ]
        with m.If(sound & self.wire.valid):
            m.d.comb += Assume((byte != 0) | (left == 0))
            m.d.comb += Assume((byte == 0) | (sent < (1 << PLACES) - 2))
        adds = Signal()
        value = Signal(8)
        m.d.comb += [
            adds.eq(sound & taken & (byte != 0) & ((left != 0) | owes)),
            value.eq(Mux(left == 0, 0, byte)),
        ]
        with m.If(taken):
            with m.If(byte == 0):
                m.d.sync += [sound.eq(1), left.eq(0), owes.eq(0), sent.eq(0)]
            with m.Elif(left == 0):
                m.d.sync += [left.eq(byte - 1), owes.eq(byte != 0xFF)]
            with m.Else():
                m.d.sync += left.eq(left - 1)
        with m.If(adds):
            m.d.sync += sent.eq(sent + 1)
            with m.If(sent[2:] == self.mark):
                m.d.sync += kept.word_select(sent[:2], 8).eq(value)

        # What is promised: the frame's words, in order, each once; then its end.
        came = Signal(PLACES - 2)
        passes = words.words.valid & self.ready
        with m.If(sound & passes):
            m.d.sync += came.eq(came + 1)
        with m.If(taken & (byte == 0)):
            m.d.sync += came.eq(0)
        waits = Signal()
        m.d.sync += waits.eq(words.words.valid & ~self.ready)
        with m.If(sound):
            m.d.comb += [
                Assert(~(words.words.valid & (came == self.mark)) | (words.words.payload == kept)),
                Assert(words.words.valid == (sent[2:] != came)),
            ]
        m.d.comb += [
            Assert(words.end == (taken & (byte == 0))),
            Assert(~(words.end & words.words.valid)),
            Assert(~waits | words.words.valid),
            Assert(decoder.bytes.ready | words.words.valid),
        ]
        if self._invariants:
            m.d.comb += Assert(~local(inside, "late") | (stalled & (byte != 0)))
            count = local(within, "count")
            partial = Signal(32)
            with m.Switch(count):
                for n in range(1, 4):
                    with m.Case(n):
                        m.d.comb += partial.eq(Cat(words.words.payload[8 * (4 - n) :]))
            mask = Signal(32)
            m.d.comb += mask.eq((1 << (count << 3).as_unsigned()) - 1)
            with m.If(sound):
                m.d.comb += [
                    Assert(local(inside, "left") == left),
                    Assert(local(inside, "zero") == owes),
                    Assert(~local(inside, "spoilt")),
                    Assert(~local(inside, "late")),
                    Assert(count == sent[:2]),
                    Assert(came == (sent[2:] - words.words.valid)[: len(came)]),
                    Assert((sent[2:] != self.mark) | (partial == (kept & mask))),
                    Assert(~words.words.valid | (count == 0)),
                ]
        m.d.comb += Cover(
            sound & passes & (self.mark == 1) & (came == 1) & (kept == 0x00CA00FE), "second word"
        )
        return m


def spec(unit: str = "", *change: str) -> FramesOnWire:
    decoder = mutant(CobsDecoder, *change) if unit == "cobs" else CobsDecoder
    words = mutant(BytesToWords, *change) if unit == "words" else BytesToWords
    return FramesOnWire(decoder, words, invariants=not change)


MUTANTS = (
    (
        "a block of two stands for no zero",
        "cobs",
        "zero.eq(byte != LONGEST + 1)",
        "zero.eq(byte != 3)",
    ),
    ("a frame begins with a zero", "cobs", "zero.eq(0), spoilt", "zero.eq(1), spoilt"),
    ("an end leaves the block open", "cobs", "[left.eq(0), zero", "[left.eq(left), zero"),
    ("damage goes on for ever", "cobs", "zero.eq(0), spoilt.eq(0)]", "zero.eq(0)]"),
    ("words go on over an end", "words", "with m.If(self.end):", "with m.If(0):"),
    (
        "bytes in the other order",
        "words",
        "Cat(self.words.payload[8:], self.frame.payload.byte)",
        "Cat(self.frame.payload.byte, self.words.payload[:24])",
    ),
)
OBLIGATIONS = [
    Obligation(
        name="frames of bytes become their words; a zero brings back",
        spec=spec,
        kind=kind,
        depth=depth,
    )
    for kind, depth in (("induction", 2), ("cover", 16))
] + [
    Obligation(
        name=f"frames of bytes: {what}",
        spec=lambda change=change: spec(*change),
        kind="mutant",
        depth=12,
    )
    for what, *change in MUTANTS
]


@pytest.mark.parametrize("obligation", OBLIGATIONS, ids=lambda o: f"{o.kind}: {o.name}")
def test_byte_words(obligation, record_property):
    check(obligation, record_property)
