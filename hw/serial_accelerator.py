"""An accelerator behind two wires: the packets of the host link as frames over a UART."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from augend.hw.accelerator import Accelerator
from augend.hw.byte_words import BytesToWords, WordsToBytes
from augend.hw.cobs import CobsDecoder, CobsEncoder
from augend.hw.configuration import AcceleratorConfig
from augend.hw.packet import Command
from augend.hw.uart import UartReceiver, UartTransmitter

__all__ = ["SerialAccelerator"]


class SerialAccelerator(wiring.Component):
    """The accelerator with a UART: each packet, both ways, is a COBS frame of its words' bytes.

    A word goes least significant byte first, and a zero byte ends each frame. The wire to here
    does not wait: the host keeps no more words unanswered than ``link_words`` (see
    ``docs/protocol.md``); what it sends beyond is lost, and answered as damaged.

    Members
    -------
    rx, tx : In, Out
        The wires from and to the host, high at rest.
    busy : Out
        From the start of an inference, or of an initialisation, until its answer begins.
    error : Out
        The last packet was refused: damaged, out of order, not to be carried out, or its inference
        was given up; or a byte was lost on the wire. Until the next packet that is carried out.

    Parameters
    ----------
    config
        Of the accelerator.
    divisor
        Clocks a bit on the wires, see ``augend.hw.uart``.
    """

    rx: In(1)
    tx: Out(1)
    busy: Out(1)
    error: Out(1)

    def __init__(self, config: AcceleratorConfig, *, divisor: int) -> None:
        self._config = config
        self._divisor = divisor
        super().__init__()

    def elaborate(self, platform: object) -> Module:
        """Connect the units, and read from the answers what busy and error tell."""
        m = Module()
        m.submodules.receiver = receiver = UartReceiver(self._divisor)
        m.submodules.decoder = decoder = CobsDecoder()
        m.submodules.words = words = BytesToWords()
        m.submodules.accelerator = accelerator = Accelerator(self._config, framed=True)
        m.submodules.bytes = split = WordsToBytes()
        m.submodules.encoder = encoder = CobsEncoder()
        m.submodules.transmitter = transmitter = UartTransmitter(self._divisor)
        wiring.connect(m, receiver.bytes, decoder.bytes)
        wiring.connect(m, decoder.frame, words.frame)
        wiring.connect(m, words.words, accelerator.host)
        wiring.connect(m, split.frame, encoder.frame)
        wiring.connect(m, encoder.bytes, transmitter.bytes)
        answers = accelerator.answers
        m.d.comb += [
            receiver.rx.eq(self.rx),
            decoder.damage.eq(receiver.error),
            accelerator.end.eq(words.end),
            split.words.valid.eq(answers.valid),
            split.words.payload.word.eq(answers.payload),
            split.words.payload.last.eq(accelerator.last),
            answers.ready.eq(split.words.ready),
            self.tx.eq(transmitter.tx),
        ]

        head = Signal(init=1)  # the next word of an answer is its first
        command = Signal(Command)
        m.d.comb += command.eq(answers.payload[8:16])
        with m.If(answers.valid & answers.ready):
            m.d.sync += head.eq(accelerator.last)
            with m.If(head):
                m.d.sync += self.busy.eq(0)
                with m.Switch(command):
                    with m.Case(Command.DONE, Command.RESULT):
                        m.d.sync += self.error.eq(0)
                    with m.Case(Command.REFUSED):
                        m.d.sync += self.error.eq(1)
        with m.If(receiver.error):
            m.d.sync += self.error.eq(1)
        with m.If(accelerator.start):
            m.d.sync += self.busy.eq(1)
        return m
