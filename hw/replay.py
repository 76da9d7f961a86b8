"""The replay memory: a step of events that a core takes through several projections."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from augend.hw.configuration import AcceleratorConfig
from augend.hw.event_word import event_word
from augend.hw.parity import check_parity, damage_ports

__all__ = ["Replay"]


class Replay(wiring.Component):
    """Keeps the event words of one step, and offers them again as often as is wanted.

    Words are kept from the first place on after ``rewind``, and offered from the first place on
    after ``rewind``, one a clock, the first in the clock that follows. A word must have been kept
    at least two clocks before it is offered.

    Members
    -------
    rewind : In
        Begin again at the first place; nothing is kept or taken in that clock.
    keep, word : In
        Keep a word.
    events : Out
        Stream of the words; always valid: who takes them stops at the token.
    damaged : Out
        With parity: see ``damage_ports``.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        word = event_word(config)
        super().__init__(
            {
                "rewind": In(1),
                "keep": In(1),
                "word": In(word),
                "events": Out(stream.Signature(word, always_valid=True)),
                **damage_ports(config),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the memory and its two places."""
        m = Module()
        depth = self._config.replay_words
        m.submodules.words = words = memory.Memory(
            shape=event_word(self._config), depth=depth, init=[]
        )
        write = words.write_port()
        read = words.read_port()
        kept = Signal(max(1, ceil_log2(depth)))
        at = Signal.like(kept)
        following = Signal.like(kept)
        m.d.comb += [
            following.eq(Mux(self.rewind, 0, at + self.events.ready)),
            write.en.eq(self.keep),
            write.addr.eq(kept),
            write.data.eq(self.word),
            read.addr.eq(following),
            self.events.payload.eq(read.data),
        ]
        m.d.sync += [
            at.eq(following),
            kept.eq(Mux(self.rewind, 0, kept + self.keep)),
        ]
        if self._config.parity:
            check_parity(
                m,
                self,
                "replay",
                write=(self.keep, kept, self.word),
                read=(1, following),
                row=read.data,
                comes=self.events.ready,
                depth=depth,
                latency=1,
            )
        return m
