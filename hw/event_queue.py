"""The event queue: a population's spikes on their way to those that it projects to."""

from amaranth.hdl import Module, Signal
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.event_word import event_word

__all__ = ["EventQueue"]


class EventQueue(wiring.Component):
    """RAM queue of whole time steps; it never loses, doubles or reorders an event word.

    A writer claims a step while ``room`` is high, then writes at most ``queue_words`` words and
    one token, a word a clock whenever it likes: there is no back-pressure inside a step. A reader
    sees a step only when its token is in: two clocks after the token was written.

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
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the queue and its two counts of steps."""
        m = Module()
        config = self._config
        layout = event_word(config)
        m.submodules.words = words = fifo.SyncFIFOBuffered(
            width=layout.size, depth=config.queue_depth
        )
        claimed = Signal(range(config.queue_steps + 1))
        complete = Signal(range(config.queue_steps + 1))
        entering = Signal()
        leaving = Signal()
        m.d.comb += [
            self.room.eq(claimed != config.queue_steps),
            words.w_en.eq(self.write),
            self.lost.eq(self.write & ~words.w_rdy),
            words.w_data.eq(self.word.as_value()),
            self.events.payload.as_value().eq(words.r_data),
            self.events.valid.eq(words.r_rdy & (complete != 0)),
            words.r_en.eq(self.events.valid & self.events.ready),
            leaving.eq(words.r_en & self.events.payload.token),
        ]
        m.d.sync += [
            entering.eq(self.write & self.word.token),
            claimed.eq(claimed + self.claim - leaving),
            complete.eq(complete + entering - leaving),
        ]
        return m
