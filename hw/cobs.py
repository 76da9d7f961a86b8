"""Frames of bytes on a wire that only a zero ends: COBS (Cheshire and Baker 1999), byte by byte.

A frame is cut into blocks, each up to the next zero byte or of 254 bytes; a block is led by one
more than the number of its bytes, below 255 where a zero followed it. So no zero is left, and one
ends the frame.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from augend.hw.memory import NO_COLLISION

__all__ = ["LONGEST", "CobsDecoder", "CobsEncoder", "frame_byte"]

LONGEST = 254
"""Most bytes of a block."""


def frame_byte() -> data.StructLayout:
    """Layout of what a frame is made of: a byte, or its ``end``, which comes without a byte."""
    return data.StructLayout({"byte": 8, "end": 1})


class CobsDecoder(wiring.Component):
    """Takes bytes off the wire and hands on those of the frame, and its end.

    It stores nothing: a byte is handed on in the clock in which it is taken, or none is. A zero
    ends the frame whatever came before; a frame that lost a byte is handed on no further, up to
    its end.

    Members
    -------
    bytes : In
        Stream of what came.
    damage : In
        Strobe: after the byte that is offered or, where none is, was last taken, one was lost.
    frame : Out
        Stream of bytes and ends.
    """

    bytes: In(stream.Signature(8))
    damage: In(1)
    frame: Out(stream.Signature(frame_byte()))

    def elaborate(self, platform: object) -> Module:
        """Build the count of a block's bytes and what is due between blocks."""
        m = Module()
        byte = self.bytes.payload
        left = Signal(8)  # bytes of the block that are still to come
        zero = Signal()  # before a further block
        spoilt = Signal()
        late = Signal()  # damage after a byte that waits
        ends = Signal()
        leads = Signal()
        passes = Signal()
        taken = Signal()
        lost = Signal()
        m.d.comb += [
            ends.eq(byte == 0),
            leads.eq(left == 0),
            passes.eq(ends | (~spoilt & (~leads | zero))),
            self.frame.valid.eq(self.bytes.valid & passes),
            self.frame.payload.byte.eq(Mux(leads, 0, byte)),
            self.frame.payload.end.eq(ends),
            self.bytes.ready.eq(~passes | self.frame.ready),
            taken.eq(self.bytes.valid & self.bytes.ready),
            lost.eq(late | self.damage),
        ]
        with m.If(taken):
            m.d.sync += left.eq(left - 1)
            with m.If(leads):
                m.d.sync += [left.eq(byte - 1), zero.eq(byte != LONGEST + 1)]
            with m.If(ends):
                m.d.sync += [left.eq(0), zero.eq(0), spoilt.eq(0)]
        m.d.sync += late.eq(0)
        with m.If(self.bytes.valid & ~taken):
            m.d.sync += late.eq(lost)
        with m.Elif(lost):
            m.d.sync += spoilt.eq(1)
        return m


class CobsEncoder(wiring.Component):
    """Takes the bytes of frames and hands on what goes over the wire, each frame's zero at its end.

    A ring of bytes in which a place is kept for what leads the block under way; all before it goes
    out, a byte a clock. A frame's bytes are taken one a clock as long as there is room.

    Members
    -------
    frame : In
        Stream of bytes and ends.
    bytes : Out
        Stream of what goes over the wire.

    Parameters
    ----------
    depth
        Bytes of the ring, a power of two from 512 on.
    """

    frame: In(stream.Signature(frame_byte()))
    bytes: Out(stream.Signature(8))

    def __init__(self, depth: int = 512) -> None:
        if depth < 2 * (LONGEST + 2):
            raise ValueError(f"A ring of {depth} bytes holds no two blocks: it takes 512")
        self._address = exact_log2(depth)
        super().__init__()

    def elaborate(self, platform: object) -> Module:
        """Build the ring, written by blocks and read by bytes."""
        m = Module()
        depth = 1 << self._address
        m.submodules.ring = ring = memory.Memory(shape=8, depth=depth, init=[], attrs=NO_COLLISION)
        write = ring.write_port()
        read = ring.read_port()
        place = Signal(self._address + 1)  # of what leads the block; all before it goes out
        size = Signal(8, init=1)  # of the block, with what leads it
        reading = Signal.like(place)
        after = Signal.like(place)
        room = Signal()
        zero = Signal()
        m.d.comb += [
            after.eq(place + size),
            room.eq((after - reading)[: len(place)] < depth - 1),  # one more for a frame's end
            zero.eq(self.frame.payload.byte == 0),
            write.addr.eq(place),
            write.data.eq(size),
        ]
        closes = Signal()
        with m.If(closes):
            m.d.comb += write.en.eq(1)
            m.d.sync += [place.eq(after), size.eq(1)]
        with m.FSM():
            with m.State("BLOCK"):
                with m.If(self.frame.valid & room):
                    with m.If(self.frame.payload.end):
                        m.d.comb += [closes.eq(1), self.frame.ready.eq(1)]
                        m.next = "END"
                    with m.Elif(size == LONGEST + 1):  # a full one that the frame goes on after
                        m.d.comb += closes.eq(1)
                    with m.Elif(zero):
                        m.d.comb += [closes.eq(1), self.frame.ready.eq(1)]
                    with m.Else():
                        m.d.comb += [
                            self.frame.ready.eq(1),
                            write.en.eq(1),
                            write.addr.eq(after),
                            write.data.eq(self.frame.payload.byte),
                        ]
                        m.d.sync += size.eq(size + 1)
            with m.State("END"):
                m.d.comb += [write.en.eq(1), write.data.eq(0)]
                m.d.sync += place.eq(place + 1)
                m.next = "BLOCK"

        fetch = Signal()
        m.d.comb += [
            fetch.eq((reading != place) & (~self.bytes.valid | self.bytes.ready)),
            read.addr.eq(reading),
            read.en.eq(fetch),
            self.bytes.payload.eq(read.data),
        ]
        with m.If(fetch):
            m.d.sync += [self.bytes.valid.eq(1), reading.eq(reading + 1)]
        with m.Elif(self.bytes.ready):
            m.d.sync += self.bytes.valid.eq(0)
        return m
