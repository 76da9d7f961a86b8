"""The intake: event words on their way from a port, or from what was kept, to the fan-out unit."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.event_word import event_word
from augend.hw.parity import damage_ports, gather_damage
from augend.hw.replay import Replay

__all__ = ["Intake"]


class Intake(wiring.Component):
    """Takes one step of events, from the port or from the replay memory, and may keep it.

    With ``skips``, the token of a step without any event word goes past the fan-out unit, which is
    empty then.

    Members
    -------
    events : In
        Stream of event words from the port.
    consuming, taking : In
        Lead them to the fan-out unit; take them from the port without.
    keeps, replays : In
        What is led there is kept; comes from what was kept last.
    rewind : In
        Another step is to begin; see ``Replay``.
    words : Out
        Stream for the fan-out unit.
    arriving : Out
        An event word is there.
    empty : Out
        The first word of a step is its token, and gone by this.
    damaged : Out
        With parity: see ``damage_ports``.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        word = event_word(config)
        super().__init__(
            {
                "events": In(stream.Signature(word)),
                "consuming": In(1),
                "taking": In(1),
                "keeps": In(config.replay_words and 1),
                "replays": In(config.replay_words and 1),
                "rewind": In(1),
                "words": Out(stream.Signature(word)),
                "arriving": Out(1),
                "empty": Out(1),
                **damage_ports(config),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the replay memory, and what leads around it and around the fan-out unit."""
        m = Module()
        m.d.comb += [
            self.arriving.eq(self.events.valid),
            self.words.payload.eq(self.events.payload),
        ]
        listens: Value = self.consuming
        if self._config.replay_words:
            m.submodules.replay = replay = Replay(self._config)
            listens = self.consuming & ~self.replays
            kept = self.events.valid & self.events.ready & (self.keeps | self.taking)
            m.d.comb += [
                self.arriving.eq(self.events.valid | self.replays),
                self.words.payload.eq(
                    Mux(self.replays, replay.events.payload, self.events.payload)
                ),
                replay.rewind.eq(self.rewind),
                replay.events.ready.eq(self.words.ready & self.consuming & self.replays),
                replay.keep.eq(kept),
                replay.word.eq(self.events.payload),
            ]
            if self._config.parity:
                gather_damage(m, self, replay)
        comes = self.arriving & self.consuming
        m.d.comb += [
            self.words.valid.eq(comes & ~self.empty),
            self.events.ready.eq((self.words.ready & listens) | self.taking),
        ]
        if self._config.skips:
            begun = Signal()
            m.d.sync += begun.eq(~self.rewind & (begun | comes))
            m.d.comb += self.empty.eq(comes & self.words.payload.token & ~begun)
        return m
