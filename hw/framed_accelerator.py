"""An accelerator behind a stream of bytes: the packets of the host link as COBS frames."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.accelerator import Accelerator
from augend.hw.byte_words import BytesToWords, WordsToBytes
from augend.hw.cobs import CobsDecoder, CobsEncoder
from augend.hw.configuration import AcceleratorConfig
from augend.hw.packet import Command

__all__ = ["FramedAccelerator"]


class FramedAccelerator(wiring.Component):
    """The accelerator with its words as bytes: each packet, both ways, is a COBS frame.

    A word goes least significant byte first, and a zero byte ends each frame. Bytes are taken one
    a clock as long as the packet buffer has room.

    Members
    -------
    bytes, damage : In
        Stream of bytes from the host; strobe: one was lost, see ``CobsDecoder``.
    answers : Out
        Stream of bytes to the host.
    busy : Out
        From the start of an inference, or of an initialisation, until its answer begins.
    error : Out
        The last packet was refused: damaged, out of order, not to be carried out, or its inference
        was given up; or a byte was lost. Until the next packet that is carried out.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self.accelerator = Accelerator(config, framed=True)
        super().__init__(
            {
                "bytes": In(stream.Signature(8)),
                "damage": In(1),
                "answers": Out(stream.Signature(8)),
                "busy": Out(1),
                "error": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Connect the units, and read from the answers what busy and error tell."""
        m = Module()
        m.submodules.decoder = decoder = CobsDecoder()
        m.submodules.words = words = BytesToWords()
        m.submodules.accelerator = accelerator = self.accelerator
        m.submodules.bytes = split = WordsToBytes()
        m.submodules.encoder = encoder = CobsEncoder()
        wiring.connect(m, wiring.flipped(self.bytes), decoder.bytes)
        wiring.connect(m, decoder.frame, words.frame)
        wiring.connect(m, words.words, accelerator.host)
        wiring.connect(m, split.frame, encoder.frame)
        wiring.connect(m, encoder.bytes, wiring.flipped(self.answers))
        told = accelerator.answers
        m.d.comb += [
            decoder.damage.eq(self.damage),
            accelerator.end.eq(words.end),
        ]
        full = Signal()  # a register between, so that no path leads through both sides
        word = Signal.like(split.words.payload)
        m.d.comb += [
            split.words.valid.eq(full),
            split.words.payload.eq(word),
            told.ready.eq(~full),
        ]
        with m.If(told.valid & told.ready):
            m.d.sync += [full.eq(1), word.word.eq(told.payload), word.last.eq(accelerator.last)]
        with m.Elif(split.words.ready):
            m.d.sync += full.eq(0)

        head = Signal(init=1)  # the next word of an answer is its first
        command = Signal(Command)
        m.d.comb += command.eq(word.word[8:16])
        with m.If(full & split.words.ready):
            m.d.sync += head.eq(word.last)
            with m.If(head):
                m.d.sync += self.busy.eq(0)
                with m.Switch(command):
                    with m.Case(Command.DONE, Command.RESULT):
                        m.d.sync += self.error.eq(0)
                    with m.Case(Command.REFUSED):
                        m.d.sync += self.error.eq(1)
        with m.If(self.damage):
            m.d.sync += self.error.eq(1)
        with m.If(accelerator.start):
            m.d.sync += self.busy.eq(1)
        return m
