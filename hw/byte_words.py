"""Words of 32 bits out of the bytes of frames, least significant first, and back."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.cobs import frame_byte

__all__ = ["BytesToWords", "WordsToBytes", "frame_word"]


def frame_word() -> data.StructLayout:
    """Layout of a word of a frame, and whether it is the ``last`` one."""
    return data.StructLayout({"word": 32, "last": 1})


class BytesToWords(wiring.Component):
    """Makes words of a frame's bytes; what is left over at its end makes none.

    A word is there one clock after its last byte was taken.

    Members
    -------
    frame : In
        Stream of bytes and ends.
    words : Out
        Stream of words.
    end : Out
        Strobe: the frame has ended; all its words have been taken.
    """

    frame: In(stream.Signature(frame_byte()))
    words: Out(stream.Signature(32))
    end: Out(1)

    def elaborate(self, platform: object) -> Module:
        """Build the word that bytes move into."""
        m = Module()
        count = Signal(2)
        taken = Signal()
        m.d.comb += [
            self.frame.ready.eq(~self.words.valid),
            taken.eq(self.frame.valid & self.frame.ready),
            self.end.eq(taken & self.frame.payload.end),
        ]
        with m.If(self.words.ready):
            m.d.sync += self.words.valid.eq(0)
        with m.If(self.end):
            m.d.sync += count.eq(0)
        with m.Elif(taken):
            m.d.sync += [
                self.words.payload.eq(Cat(self.words.payload[8:], self.frame.payload.byte)),
                self.words.valid.eq(count == 3),
                count.eq(count + 1),
            ]
        return m


class WordsToBytes(wiring.Component):
    """Makes bytes of words, and an end after a frame's last.

    Members
    -------
    words : In
        Stream of words, each of which tells whether it is its frame's last.
    frame : Out
        Stream of bytes and ends; a word takes four clocks, a frame one more.
    """

    words: In(stream.Signature(frame_word()))
    frame: Out(stream.Signature(frame_byte()))

    def elaborate(self, platform: object) -> Module:
        """Build the count through a word's bytes."""
        m = Module()
        count = Signal(3)
        over = Signal()
        m.d.comb += [
            self.frame.valid.eq(self.words.valid),
            self.frame.payload.byte.eq(self.words.payload.word.word_select(count[:2], 8)),
            self.frame.payload.end.eq(count[2]),
            over.eq(count[2] | ((count == 3) & ~self.words.payload.last)),
            self.words.ready.eq(over & self.frame.ready),
        ]
        with m.If(self.frame.valid & self.frame.ready):
            m.d.sync += count.eq(count + 1)
            with m.If(over):
                m.d.sync += count.eq(0)
        return m
