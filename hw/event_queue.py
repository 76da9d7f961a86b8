"""The event queue: a population's spikes on their way to those that it projects to."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.event_word import event_word
from augend.hw.memory import NO_COLLISION
from augend.hw.parity import check_parity, damage_ports

__all__ = ["EventQueue"]


class EventQueue(wiring.Component):
    """RAM queue of whole time steps; it never loses, doubles or reorders an event word.

    A writer claims a step while ``room`` is high, then writes at most ``queue_words`` words and
    one token, a word a clock whenever it likes: there is no back-pressure inside a step. A reader
    sees a step only when its token is in: three clocks after the token was written. What it sees
    comes out of a register, which a block RAM has of its own.

    Members
    -------
    room : Out
        A further step can be claimed.
    claim : In
        Takes that room; the token's leaving gives it back a clock later.
    write, word : In
        Event word, or token, to append.
    lost : Out
        It was not, for there is no room: more words in a step than the queue was made for.
    events : Out
        Stream of the words of complete steps, one a clock.
    damaged : Out
        With parity: see ``damage_ports``.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        layout = event_word(config)
        super().__init__(
            {
                "room": Out(1),
                "claim": In(1),
                "write": In(1),
                "word": In(layout),
                "lost": Out(1),
                "events": Out(stream.Signature(layout)),
                **damage_ports(config),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the ring of words with two stages behind it, and the two counts of steps."""
        m = Module()
        config = self._config
        layout = event_word(config)
        depth = config.queue_depth
        m.submodules.words = words = memory.Memory(
            shape=layout.size, depth=depth, init=[], attrs=NO_COLLISION
        )
        write = words.write_port()
        read = words.read_port()
        stored = Signal(range(depth + 1))  # one more where a word has come, one less where one went
        came = Signal()
        went = Signal()
        fetched = Signal()
        held = Signal()
        ahead = Signal(layout.size, reset_less=True)
        some = Signal()  # a step is complete
        some_stored = Signal()
        wraps = Signal()  # read.addr is the last
        fetch = Signal()
        move = Signal()
        taken = Signal()
        m.d.comb += [
            # What is not to be kept is written over: whether it is may come late.
            write.en.eq(1),
            write.data.eq(self.word.as_value()),
            taken.eq(self.events.valid & self.events.ready),
            move.eq(~held | taken),
            some_stored.eq(came | (stored[1:] != 0) | (stored[0] & ~went)),
            fetch.eq(some_stored & (~fetched | ~held | (some & self.events.ready))),
            read.en.eq(fetch),
            self.events.payload.as_value().eq(ahead),
        ]
        m.d.sync += [
            came.eq(self.write),
            went.eq(fetch),
            stored.eq(stored + came - went),
        ]
        with m.If(self.write):
            m.d.sync += write.addr.eq(Mux(write.addr == depth - 1, 0, write.addr + 1))
        with m.If(fetch):
            m.d.sync += [
                read.addr.eq(Mux(wraps, 0, read.addr + 1)),
                wraps.eq(read.addr == depth - 2),
            ]
        m.d.sync += fetched.eq(fetch | (fetched & ~move))
        with m.If(move):
            m.d.sync += [ahead.eq(read.data), held.eq(fetched)]
        if config.parity:
            comes = Signal()
            m.d.sync += comes.eq(move & fetched)
            check_parity(
                m,
                self,
                "queue",
                write=(self.write, write.addr, self.word),
                read=(fetch, read.addr),
                row=ahead,
                comes=comes,
                depth=depth,
            )

        full = Signal()
        claimed = Signal(range(config.queue_steps + 1))
        complete = Signal(range(config.queue_steps + 1))
        written = Signal()
        entering = Signal()
        leaving = Signal()
        m.d.comb += [
            self.room.eq(claimed != config.queue_steps),
            full.eq((stored == depth) | ((stored == depth - 1) & came & ~went)),
            self.lost.eq(self.write & full),
            self.events.valid.eq(held & some),
            leaving.eq(taken & self.events.payload.token),
        ]
        m.d.sync += [
            written.eq(self.write & self.word.token),
            entering.eq(written),
            claimed.eq(claimed + self.claim - leaving),
            complete.eq(complete + entering - leaving),
            some.eq(entering | Mux(leaving, complete > 1, some)),
        ]
        return m
