"""The readout: final scores, their greatest, and whether it leads by enough to stop."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from augend.hw.configuration import AcceleratorConfig

__all__ = ["Readout", "readout_constants"]


def _address_bits(config: AcceleratorConfig) -> int:
    return max(1, ceil_log2(config.readout_words))


def readout_constants(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of the readout's constants.

    ``classes_last``: number of scores less one. ``rectified``: negative ones read as 0.
    ``pixels_last``: places (y, x) that each channel has, less one; ``groups``: words of channels
    at each place. ``margin``: lead of the best over the second that ends an inference early.
    """
    address = _address_bits(config)
    layout = {"classes_last": 16, "rectified": 1, "pixels_last": address, "groups": address}
    if config.early_exit:
        layout["margin"] = config.potential_bits + 1
    return data.StructLayout(layout)


class Readout(wiring.Component):
    """Keeps the words of a sweep, then finds the greatest score, one a clock.

    Scores are numbered channel by channel, each row by row: the first of equals wins. Words come
    as a sweep visits them: place by place, all channels of each. In the last step ``done`` comes
    ``classes + 3`` clocks after the last word. In the steps before, where an early exit is built,
    the decision stands ``classes + 5`` clocks after it, and is made known in the clock after that
    in which every core waits for it.

    Members
    -------
    constants : In
        See ``readout_constants``.
    clear : In
        Forget the last inference.
    word, word_last, word_final, values : In
        A word of scores, signed; whether it is the sweep's last; whether this is the last step.
    waiting : In
        Every core waits for the decision, or is idle.
    decided, exits : Out
        Strobe: the decision is made; the inference ends with this step.
    steps : Out
        Steps that were read since ``clear``; 0 once the last one was.
    done : Out
        The prediction stands, until ``clear``.
    prediction : Out
        Number of the greatest.
    score, following : Out, In
        A score, in their order from the first; strobe for the one after it, which is there two
        clocks later. After the last comes the first. Not while searching.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "constants": In(readout_constants(config)),
                "clear": In(1),
                "word": In(1),
                "word_last": In(1),
                "word_final": In(1),
                "values": In(config.lanes * config.potential_bits),
                "waiting": In(1),
                "decided": Out(1),
                "exits": Out(1),
                "steps": Out(16),
                "done": Out(1),
                "prediction": Out(16),
                "score": Out(signed(config.potential_bits)),
                "following": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the memory, the walk through it and the search."""
        m = Module()
        config = self._config
        bits = config.potential_bits
        m.submodules.words = words = memory.Memory(
            shape=config.lanes * bits, depth=config.readout_words, init=[]
        )
        write = words.write_port()
        read = words.read_port()
        ends = Signal()
        m.d.comb += [
            write.en.eq(self.word),
            write.data.eq(self.values),
            ends.eq(self.word & self.word_last),
        ]
        with m.If(self.clear | ends):
            m.d.sync += write.addr.eq(0)
        with m.Elif(self.word):
            m.d.sync += write.addr.eq(write.addr + 1)

        searching = Signal()
        last = self._walk(m, searching | self.following, read.addr)
        lane = Signal.like(self._lane)
        raw = Signal(signed(bits))
        m.d.sync += lane.eq(self._lane)
        with m.Switch(lane):
            for i in range(config.lanes):
                with m.Case(i):
                    m.d.comb += raw.eq(read.data[i * bits : (i + 1) * bits])
        m.d.sync += self.score.eq(Mux(self.constants.rectified & (raw < 0), 0, raw))

        best = Signal(signed(bits))
        second = Signal(signed(bits))
        compared = Signal(16)
        comparing = Signal(2)
        found = Signal()
        m.d.comb += found.eq(comparing[1] & (compared == self.constants.classes_last))
        m.d.sync += comparing.eq(comparing << 1 | searching)
        with m.If(searching & last):
            m.d.sync += searching.eq(0)
        with m.If(comparing[1]):
            m.d.sync += compared.eq(compared + 1)
            with m.If((compared == 0) | (self.score > best)):
                m.d.sync += [best.eq(self.score), self.prediction.eq(compared)]
                m.d.sync += second.eq(Mux(compared == 0, -(1 << (bits - 1)), best))
            with m.Elif(self.score > second):
                m.d.sync += second.eq(self.score)
        with m.If(ends):
            m.d.sync += [searching.eq(1), compared.eq(0)]
        if config.early_exit:
            self._decide(m, ends, found, best, second)
        else:
            with m.If(found):
                m.d.sync += self.done.eq(1)
        with m.If(self.clear):
            m.d.sync += self.done.eq(0)
        return m

    def _walk(self, m: Module, step: Signal, address: Signal) -> Signal:
        """Go through all scores in their order, then begin again; whether this is the last."""
        config = self._config
        constants = self.constants
        self._lane = lane = Signal(max(1, config.lane_bits), name="walk_lane")
        position = Signal(16)
        pixel = Signal(_address_bits(config))
        group = Signal(_address_bits(config))
        next_group = Signal.like(group)
        at = Signal.like(address)
        last = Signal()
        m.d.comb += [
            address.eq(at),
            last.eq(position == constants.classes_last),
            next_group.eq(group + (lane == config.lanes - 1)),
        ]
        with m.If(step):
            m.d.sync += [
                position.eq(position + 1),
                pixel.eq(pixel + 1),
                at.eq(at + constants.groups),
            ]
            with m.If(pixel == constants.pixels_last):
                m.d.sync += [pixel.eq(0), at.eq(next_group), group.eq(next_group)]
                if config.lanes > 1:
                    m.d.sync += lane.eq(lane + 1)
                else:
                    m.d.sync += [at.eq(group + 1), group.eq(group + 1)]
        with m.If((step & last) | self.clear):
            m.d.sync += [position.eq(0), pixel.eq(0), at.eq(0), group.eq(0), lane.eq(0)]
        return last

    def _decide(self, m: Module, ends: Signal, found: Signal, best: Signal, second: Signal) -> None:
        """Compare the lead of the best with the margin; tell it when every core waits."""
        final = Signal()
        lead = Signal(len(best) + 1)
        due = Signal(2)
        ready = Signal()
        m.d.sync += [
            self.decided.eq(0),
            lead.eq(best - second),
            due.eq(due << 1 | (found & ~final)),
        ]
        with m.If(ends):
            m.d.sync += [final.eq(self.word_final), self.steps.eq(self.steps + 1)]
            with m.If(self.word_final):
                m.d.sync += self.steps.eq(0)
        with m.If(found & final):
            m.d.sync += self.done.eq(1)
        with m.If(due[1]):
            m.d.sync += [ready.eq(1), self.exits.eq(lead >= self.constants.margin)]
        with m.If(ready & self.waiting):
            m.d.sync += [ready.eq(0), self.decided.eq(1), self.done.eq(self.exits)]
        with m.If(self.clear):
            m.d.sync += [due.eq(0), ready.eq(0), self.steps.eq(0)]
