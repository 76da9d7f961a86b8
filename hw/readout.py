"""The readout: final potentials, their greatest, and access to each."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.memory import NO_COLLISION

__all__ = ["Readout", "readout_constants"]


def readout_constants(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of the readout's constants: number of classes less one; negative ones read as 0."""
    return data.StructLayout({"classes_last": 16, "rectified": 1})


class Readout(wiring.Component):
    """Keeps the words of the last sweep, then finds the greatest potential, a neuron a clock.

    ``done`` comes ``classes + 3`` clocks after the last word. Of equal scores the first wins.

    Members
    -------
    constants : In
        See ``readout_constants``.
    clear : In
        Forget the last inference.
    word, word_last, potentials : In
        A word of potentials, and whether it is the last.
    done : Out
        The prediction stands, until ``clear``.
    prediction : Out
        Number of the greatest.
    index : In
        Score to look up.
    score : Out
        The score that was asked for two clocks ago.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "constants": In(readout_constants(config)),
                "clear": In(1),
                "word": In(1),
                "word_last": In(1),
                "potentials": In(config.lanes * config.potential_bits),
                "done": Out(1),
                "prediction": Out(16),
                "index": In(16),
                "score": Out(signed(config.potential_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the memory and the search."""
        m = Module()
        config = self._config
        bits = config.potential_bits
        m.submodules.words = words = memory.Memory(
            shape=config.lanes * bits,
            depth=config.readout_words,
            init=[],
            attrs=NO_COLLISION,
        )
        write = words.write_port()
        read = words.read_port()
        m.d.comb += [
            write.en.eq(self.word),
            write.data.eq(self.potentials),
        ]
        with m.If(self.clear):
            m.d.sync += write.addr.eq(0)
        with m.Elif(self.word):
            m.d.sync += write.addr.eq(write.addr + 1)

        searching = Signal()
        position = Signal(16)
        asked = Signal(16)
        lane = Signal(max(1, config.lane_bits))
        raw = Signal(signed(bits))
        m.d.comb += [
            asked.eq(Mux(searching, position, self.index)),
            read.addr.eq(asked >> config.lane_bits),
        ]
        m.d.sync += lane.eq(asked[: config.lane_bits])
        with m.Switch(lane):
            for i in range(config.lanes):
                with m.Case(i):
                    m.d.comb += raw.eq(read.data[i * bits : (i + 1) * bits])
        m.d.sync += self.score.eq(Mux(self.constants.rectified & (raw < 0), 0, raw))

        best = Signal(signed(bits))
        compared = Signal(16)
        comparing = Signal(2)
        m.d.sync += comparing.eq(comparing << 1 | searching)
        with m.If(searching):
            m.d.sync += position.eq(position + 1)
            with m.If(position == self.constants.classes_last):
                m.d.sync += searching.eq(0)
        with m.If(comparing[1]):
            m.d.sync += compared.eq(compared + 1)
            with m.If((compared == 0) | (self.score > best)):
                m.d.sync += [best.eq(self.score), self.prediction.eq(compared)]
            with m.If(compared == self.constants.classes_last):
                m.d.sync += self.done.eq(1)
        with m.If(self.word & self.word_last):
            m.d.sync += [searching.eq(1), position.eq(0), compared.eq(0)]
        with m.If(self.clear):
            m.d.sync += self.done.eq(0)
        return m
