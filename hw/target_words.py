"""Where the weight words of pruned projections go: each has the word of its target beside it."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.memory import TableMemory
from augend.hw.parity import check_rows, damage_ports, later

__all__ = ["TargetWords", "beat", "target_entry", "travelling"]


def target_entry(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of an entry: a word of the target, and whether it has fewer neurons than lanes."""
    return data.StructLayout({"word": config.potential_address, "partial": 1})


def travelling(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of what goes with a spike, or with a masked event word, as far as its beats."""
    return data.StructLayout(
        {
            "token": 1,
            "mask": config.lanes * config.masked,
            "negative": config.lanes * config.signed_events,
            "shift": config.shift_bits,
        }
    )


def beat(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of a beat on its way to be issued.

    ``makes`` where there is one, ``ends`` where the step's token is in its place; ``whole`` for the
    last of a run, ``partial`` where its word of potentials has fewer neurons than lanes.
    """
    return data.StructLayout(
        {
            "makes": 1,
            "ends": 1,
            "potential": config.potential_address,
            "weight": config.weight_address,
            "travels": travelling(config),
            "whole": 1,
            "partial": 1,
        }
    )


class TargetWords(wiring.Component):
    """Moves beats of a pruned projection on to the words of potentials that their weights are for.

    A beat comes out three clocks after it went in, clocks in which nothing moves left out.

    Members
    -------
    made : In
        A beat, addressed from the first word of its target on.
    placed : Out
        The beat that went in three moves ago.
    move : In
        Everything goes on by a place.
    sparse : In
        The projection is a pruned one; others' beats go through as they are.
    load, load_address, load_data : In
        Write strobe with the address of a weight word and its entry.
    damaged : Out
        With parity: see ``damage_ports``.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        self._words = TableMemory(layout=target_entry(config), depth=config.target_entries)
        super().__init__(
            {
                "made": In(beat(config)),
                "placed": Out(beat(config)),
                "move": In(1),
                "sparse": In(1),
                "load": In(1),
                "load_address": In(self._words.load_address.shape()),
                "load_data": In(target_entry(config)),
                **damage_ports(config),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the look-up, two places beside it, and the sum."""
        m = Module()
        m.submodules.words = words = self._words
        addressed = Signal.like(self.made)
        found = Signal.like(self.made)
        m.d.comb += [
            words.address.eq(self.made.weight),
            words.enable.eq(self.move),
            words.move.eq(self.move),
            words.load.eq(self.load),
            words.load_address.eq(self.load_address),
            words.load_data.eq(self.load_data),
        ]
        with m.If(self.move):
            m.d.sync += [
                addressed.eq(self.made),
                found.eq(addressed),
                self.placed.eq(found),
                self.placed.potential.eq(found.potential + Mux(self.sparse, words.data.word, 0)),
                self.placed.partial.eq(self.sparse & words.data.partial),
            ]
        if self._config.parity:
            comes = later(m, self.move, 1) & found.makes & self.sparse
            check_rows(m, self, "target", words, comes=comes)
        return m
