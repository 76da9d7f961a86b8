"""The packets of the host link: words of 32 bits, numbered, guarded by a CRC."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import enum, memory, stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from augend.hw.configuration import AcceleratorConfig
from augend.hw.memory import NO_COLLISION

__all__ = ["MAGIC", "Command", "Fault", "PacketReceiver", "PacketSender"]

MAGIC = 0xA6
"""First byte of every packet."""


class Command(enum.Enum, shape=8):
    """What a packet asks, or answers.

    A packet is: magic | command << 8 | sequence << 16; length | ~length << 16; ``length`` words;
    CRC-32 (ISO-HDLC) over all words before it, least significant byte first.
    """

    HELLO = 0x00
    """Who is there? Accepted with any sequence number; the next packet has the one after."""
    WRITE = 0x01
    """Memory | core << 8; first row; rows, each in whole words, least significant first.

    For the input memory the bank stands in the core's place. Into the bank that an inference does
    not read it is written while that runs, and answered after it.
    """
    START = 0x02
    """Two words of program hash: the program is loaded; initialise the potentials."""
    RUN = 0x03
    """Bank; two words of program hash: run one inference on what that bank of the input holds."""
    DAMAGED = 0x7F
    """Never sent: stands inside for a packet that did not arrive whole."""
    IDENTITY = 0x80
    """Version | lanes << 8 | cores << 24; population count | logarithm of ``link_words`` << 11 |
    number expected before << 16; program hash or zeros; status; check of the configuration.

    See ``augend.hw.identity``.
    """
    DONE = 0x81
    """The write, or the start, has been carried out."""
    RESULT = 0x83
    """Classes; scores; prediction; clocks; steps run, 0 for all; then of each core its stalls and
    its counters."""
    REFUSED = 0xFF
    """A ``Fault``; the sequence number that is expected; status.

    The status tells of the last inference, or initialisation, that was given up since the program
    was started: its fault; from bit 8 on what went wrong (``augend.hw.core.FAULTS``); from bit 10
    on the kind of memory that was damaged (place in ``augend.hw.parity.KINDS``, from 1 on); from
    bit 16 on which cores were not idle, or read what was damaged. 0 where there was none.
    """


class Fault(enum.Enum, shape=8):
    """Why a packet is refused."""

    DAMAGED = 1
    """Wrong length or CRC: send it again."""
    SEQUENCE = 2
    """One is missing before it: go back to the expected one."""
    PROGRAM = 3
    """The program of that hash is not loaded."""
    COMMAND = 4
    """No such command."""
    STALLED = 5
    """Nothing moved any more. With this and the following the program has to be started again."""
    TOKEN = 6
    """A step of another population came than a core waited for."""
    QUEUE = 7
    """A queue had no room for a step's event words."""
    PARITY = 8
    """A row of a memory was not as it had been written."""


class PacketReceiver(wiring.Component):
    """Takes packets off the link and hands on those that arrived whole, in order.

    A packet is handed on once its CRC was right; a damaged one is replaced by one of command
    ``DAMAGED`` and length 0. Words that do not begin a packet are dropped. The first word of a
    packet is handed on no sooner than two clocks after its CRC came.

    Members
    -------
    link : In
        Stream of words from the host.
    words : Out
        Stream of packets: head, length, payload.
    end : In
        Strobe, while ``link`` offers nothing: a frame has ended. The packet that it cuts short is
        damaged; after its head alone, it is forgotten.

    Parameters
    ----------
    config
        Of the accelerator.
    framed
        Whether there is ``end``.
    """

    def __init__(self, config: AcceleratorConfig, *, framed: bool = False) -> None:
        self._depth = config.link_words
        self._framed = framed
        super().__init__(
            {
                "link": In(stream.Signature(32)),
                "words": Out(stream.Signature(32)),
                **({"end": In(1)} if framed else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the buffer that commits or takes back, and the packet's state machine."""
        m = Module()
        depth = self._depth
        pointer = ceil_log2(depth) + 1
        m.submodules.buffer = buffer = memory.Memory(
            shape=32, depth=depth, init=[], attrs=NO_COLLISION
        )
        m.submodules.crc = crc = CRC32_ISO_HDLC(data_width=32).create()
        write = buffer.write_port()
        read = buffer.read_port()
        writing = Signal(pointer)
        committed = Signal(pointer)
        reading = Signal(pointer)

        accepted = Signal()
        store = Signal()
        space = Signal()
        length = Signal(16)
        remaining = Signal(16)
        damaged = Signal()
        word = self.link.payload
        m.d.comb += [
            space.eq((writing - reading)[:pointer] != depth),
            accepted.eq(self.link.valid & self.link.ready),
            crc.data.eq(word),
            length.eq(word[:16]),
            write.addr.eq(writing),
            write.data.eq(word),
            write.en.eq(store),
        ]
        with m.If(store):
            m.d.sync += writing.eq(writing + 1)

        with m.FSM():
            with m.State("HEAD"):
                m.d.comb += self.link.ready.eq(space)
                with m.If(accepted & (word[:8] == MAGIC)):
                    m.d.comb += [store.eq(1), crc.start.eq(1), crc.valid.eq(1)]
                    m.next = "LENGTH"
            with m.State("LENGTH"):
                m.d.comb += self.link.ready.eq(space)
                m.d.sync += remaining.eq(length)
                with m.If(accepted):
                    m.d.comb += [store.eq(1), crc.valid.eq(1)]
                    with m.If((length != ~word[16:]) | (length > depth - 2)):
                        m.next = "DAMAGED"
                    with m.Elif(length == 0):
                        m.next = "CRC"
                    with m.Else():
                        m.next = "PAYLOAD"
                if self._framed:
                    with m.If(self.end):
                        m.d.sync += writing.eq(committed)
                        m.next = "HEAD"
            with m.State("PAYLOAD"):
                m.d.comb += self.link.ready.eq(space)
                with m.If(accepted):
                    m.d.comb += [store.eq(1), crc.valid.eq(1)]
                    m.d.sync += remaining.eq(remaining - 1)
                    with m.If(remaining == 1):
                        m.next = "CRC"
                self._cut_short(m)
            with m.State("CRC"):
                m.d.comb += self.link.ready.eq(1)
                with m.If(accepted):
                    m.next = "HEAD"
                    with m.If(word == crc.crc):
                        m.d.sync += committed.eq(writing)
                    with m.Else():
                        m.next = "DAMAGED"
                self._cut_short(m)
            with m.State("DAMAGED"):
                m.d.comb += [
                    damaged.eq(1),
                    write.addr.eq(committed),
                    write.data.eq(Cat(Const(MAGIC, 8), Command.DAMAGED)),
                    write.en.eq(1),
                ]
                m.d.sync += writing.eq(committed + 1)
                m.next = "EMPTY"
            with m.State("EMPTY"):
                m.d.comb += [store.eq(1), write.data.eq(0xFFFF0000)]
                m.d.sync += committed.eq(committed + 2)
                m.next = "HEAD"

        # A read runs ahead of the stream by one word.
        ahead = Signal(pointer)
        fetch = Signal()
        m.d.comb += [
            fetch.eq((ahead != committed) & (~self.words.valid | self.words.ready)),
            read.addr.eq(ahead),
            read.en.eq(fetch),
            self.words.payload.eq(read.data),
        ]
        with m.If(fetch):
            m.d.sync += [self.words.valid.eq(1), ahead.eq(ahead + 1)]
        with m.Elif(self.words.ready):
            m.d.sync += self.words.valid.eq(0)
        with m.If(self.words.valid & self.words.ready):
            m.d.sync += reading.eq(reading + 1)
        return m

    def _cut_short(self, m: Module) -> None:
        """Give a packet up that its frame ends in."""
        if self._framed:
            with m.If(self.end):
                m.next = "DAMAGED"


class PacketSender(wiring.Component):
    """Puts a packet on the link, adding length and CRC.

    Members
    -------
    begin, command, sequence, length : In
        Strobe, when ``idle``, with what the head says.
    idle : Out
        Nothing is under way.
    words : In
        Stream of the payload; exactly ``length`` are taken.
    link : Out
        Stream of words to the host.
    spoil : In
        Where it is high when a ``RESULT`` ends, its CRC is wrong: what it told is not true.
    last : Out
        What ``link`` offers is a packet's last word.

    Parameters
    ----------
    spoils, framed
        Whether there are ``spoil`` and ``last``.
    """

    def __init__(self, *, spoils: bool | int = False, framed: bool = False) -> None:
        self._spoils = spoils
        self._framed = framed
        super().__init__(
            {
                "begin": In(1),
                "command": In(Command),
                "sequence": In(16),
                "length": In(16),
                "idle": Out(1),
                "words": In(stream.Signature(32)),
                "link": Out(stream.Signature(32)),
                **({"spoil": In(1)} if spoils else {}),
                **({"last": Out(1)} if framed else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the state machine around the CRC."""
        m = Module()
        m.submodules.crc = crc = CRC32_ISO_HDLC(data_width=32).create()
        command = Signal(Command)
        sequence = Signal(16)
        length = Signal(16)
        remaining = Signal(16)
        sent = Signal()
        m.d.comb += [
            sent.eq(self.link.valid & self.link.ready),
            crc.data.eq(self.link.payload),
            crc.valid.eq(sent),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.idle.eq(1)
                m.d.sync += [
                    command.eq(self.command),
                    sequence.eq(self.sequence),
                    length.eq(self.length),
                    remaining.eq(self.length),
                ]
                with m.If(self.begin):
                    m.next = "HEAD"
            with m.State("HEAD"):
                m.d.comb += [
                    self.link.valid.eq(1),
                    self.link.payload.eq(Cat(Const(MAGIC, 8), command, sequence)),
                    crc.start.eq(1),
                ]
                with m.If(sent):
                    m.next = "LENGTH"
            with m.State("LENGTH"):
                m.d.comb += [self.link.valid.eq(1), self.link.payload.eq(Cat(length, ~length))]
                with m.If(sent):
                    with m.If(length == 0):
                        m.next = "CRC"
                    with m.Else():
                        m.next = "PAYLOAD"
            with m.State("PAYLOAD"):
                m.d.comb += [
                    self.link.valid.eq(self.words.valid),
                    self.link.payload.eq(self.words.payload),
                    self.words.ready.eq(self.link.ready),
                ]
                with m.If(sent):
                    m.d.sync += remaining.eq(remaining - 1)
                    with m.If(remaining == 1):
                        m.next = "CRC"
            with m.State("CRC"):
                m.d.comb += [self.link.valid.eq(1), self.link.payload.eq(crc.crc)]
                if self._spoils:
                    with m.If(self.spoil & (command == Command.RESULT)):
                        m.d.comb += self.link.payload.eq(~crc.crc)
                if self._framed:
                    m.d.comb += self.last.eq(1)
                with m.If(self.link.ready):
                    m.next = "IDLE"
        return m
