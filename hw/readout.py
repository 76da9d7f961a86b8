"""The readout: final scores, their greatest, and whether it leads by enough to stop."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from augend.gen.gumbel import ENTRIES, TIE_BITS
from augend.gen.softmax import FRACTION_BITS
from augend.hw.configuration import AcceleratorConfig
from augend.hw.memory import NO_COLLISION
from augend.hw.parity import check_parity, damage_ports, gather_damage, later
from augend.hw.score_walk import ScoreWalk, address_bits
from augend.hw.softmax_draw import DRAW_CLOCKS, SoftmaxDraw, softmax_constants

__all__ = ["Readout", "readout_constants"]

_LOOK_UP = 1  # clocks from a score's address until it can be compared, less one


def readout_constants(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of the readout's constants.

    ``classes_last``: number of scores less one. ``rectified``: negative ones read as 0.
    ``pixels_last``: places (y, x) that each channel has, less one; ``groups``: words of channels
    at each place. ``margin``: lead of the best over the second that ends an inference early.
    """
    address = address_bits(config)
    layout: dict = {"classes_last": 16, "rectified": 1, "pixels_last": address, "groups": address}
    if config.early_exit:
        layout["margin"] = config.potential_bits + 1
    if config.noise_bits:
        layout["softmax"] = softmax_constants()
    return data.StructLayout(layout)


class Readout(wiring.Component):
    """Keeps the words of a sweep, then finds the greatest score, one a clock.

    Scores are numbered channel by channel, each row by row: the first of equals wins. Words come
    as a sweep visits them: place by place, all channels of each. In the last step ``done`` comes
    ``classes + 3`` clocks after the last word. In the steps before, where an early exit is built,
    the decision stands ``classes + 5`` clocks after it, and is made known in the clock after that
    in which every core waits for it.

    A softmax has in every step one such search, for the winner of an output spike where the
    clock ticks, and is ``free`` ``classes + 7`` clocks after the last word. In the last step one
    more finds the greatest number of spikes: ``done`` comes ``2 classes + 10`` clocks after it.

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
    free : Out
        Strobe: the words of a softmax's step are no longer needed.
    steps : Out
        Steps that were read since ``clear``; 0 once the last one was.
    done : Out
        The prediction stands, until ``clear``.
    prediction : Out
        Number of the greatest.
    score, following : Out, In
        A score, in their order from the first; strobe for the one after it, which is there two
        clocks later. After the last comes the first. Not while searching.
    load_noise, load_address, load_data : In
        Write strobe for the table of a softmax.
    damaged : Out
        With parity: see ``damage_ports``.
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
                "free": Out(1),
                "steps": Out(16),
                "done": Out(1),
                "prediction": Out(16),
                "score": Out(signed(config.score_bits)),
                "following": In(1),
                "load_noise": In(1),
                "load_address": In(range(ENTRIES)),
                "load_data": In(max(1, config.noise_bits)),
                **damage_ports(config),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the memory, the walk through it and the search."""
        m = Module()
        config = self._config
        self.searching = searching = Signal()
        self.ends = ends = Signal()
        self.final = final = Signal()
        m.submodules.walk = self.walk = walk = ScoreWalk(config)
        m.d.comb += [
            ends.eq(self.word & self.word_last),
            walk.classes_last.eq(self.constants.classes_last),
            walk.pixels_last.eq(self.constants.pixels_last),
            walk.groups.eq(self.constants.groups),
            walk.clear.eq(self.clear),
            walk.step.eq(searching | self.following),
        ]
        with m.If(searching & walk.last):
            m.d.sync += searching.eq(0)
        with m.If(ends):
            m.d.sync += [searching.eq(1), final.eq(self.word_final)]

        seen, plain, sinks = self._look_up(m)
        compared = Signal.like(walk.position)
        fresh = Signal(init=1)
        comparing = Signal(1 + (DRAW_CLOCKS if config.noise_bits else _LOOK_UP))
        candidate = self.score
        when = comparing[_LOOK_UP]
        found = Signal()
        over = found
        if config.noise_bits:
            candidate, drawing = self._compete(m, seen, found)
            plain, sinks = candidate, Const(0)
            when = Mux(drawing, comparing[DRAW_CLOCKS], when)
            over = found & ~drawing
        m.d.sync += comparing.eq(comparing << 1 | searching)
        m.d.comb += found.eq(when & (compared == self.constants.classes_last[: len(compared)]))

        best = Signal.like(candidate)
        second = Signal.like(candidate)
        # Each comparison is the sign of one subtraction: that of ``>`` takes a second carry chain.
        over_best = Signal()
        over_second = Signal()
        for over_it, than in ((over_best, best), (over_second, second)):
            m.d.comb += over_it.eq(Mux(sinks, than[-1], (than - plain)[-1]))
        with m.If(~searching & ~comparing.any()):
            m.d.sync += [compared.eq(0), fresh.eq(1)]
        with m.If(when):
            m.d.sync += [compared.eq(compared + 1), fresh.eq(0)]
            with m.If(fresh | over_best):
                m.d.sync += [best.eq(candidate), self.prediction.eq(compared)]
                m.d.sync += second.eq(Mux(fresh, -(1 << (len(best) - 1)), best))
            with m.Elif(over_second):
                m.d.sync += second.eq(candidate)
        if config.early_exit:
            fraction = FRACTION_BITS + TIE_BITS if config.noise_bits else 0
            self._decide(m, over, (best >> fraction) - (second >> fraction))
        else:
            with m.If(over):
                m.d.sync += self.done.eq(1)
        with m.If(self.clear):
            m.d.sync += self.done.eq(0)
        return m

    def _look_up(self, m: Module) -> tuple[Signal, Signal, Signal]:
        """Keep what is handed over, look a score up.

        Returns
        -------
        The score where the walk was a clock ago; two clocks ago, as it was handed over; whether
        that reads as 0.
        """
        config = self._config
        bits = config.potential_bits
        m.submodules.words = words = memory.Memory(
            shape=config.score_lanes * bits,
            depth=config.readout_words,
            init=[],
            attrs=NO_COLLISION | config.few_rows(config.readout_words),
        )
        write = words.write_port()
        read = words.read_port()
        m.d.comb += [
            write.en.eq(self.word),
            write.data.eq(self.values),
            read.addr.eq(self.walk.address),
        ]
        with m.If(self.clear | self.ends):
            m.d.sync += write.addr.eq(0)
        with m.Elif(self.word):
            m.d.sync += write.addr.eq(write.addr + 1)
        if config.parity:
            check_parity(
                m,
                self,
                "readout",
                write=(write.en, write.addr, write.data),
                read=(1, read.addr),
                row=read.data,
                comes=later(m, self.searching, 1) | self.done,
                depth=words.depth,
                latency=1,
            )
        lane = Signal.like(self.walk.lane)
        raw = Signal(signed(bits))
        seen = Signal(signed(bits))
        m.d.sync += lane.eq(self.walk.lane)
        # Halved by each bit of the lane's number in turn: a tree of two to one.
        scores = [read.data[i * bits : (i + 1) * bits] for i in range(config.score_lanes)]
        for bit in lane[: ceil_log2(config.score_lanes)]:
            pairs = zip(scores[::2], scores[1::2], strict=True)
            scores = [Mux(bit, odd, even) for even, odd in pairs]
        plain = Signal.like(raw)
        sinks = Signal()
        negative = self.constants.rectified & scores[0][-1]
        m.d.comb += raw.eq(scores[0])
        m.d.comb += seen.eq(Mux(negative, 0, raw))
        if not config.noise_bits:  # the sign comes late, and goes to every bit: behind a register
            m.d.sync += [plain.eq(raw), sinks.eq(negative)]
            m.d.comb += self.score.eq(Mux(sinks, 0, plain))
        return seen, plain, sinks

    def _compete(self, m: Module, seen: Signal, found: Signal) -> tuple[Signal, Signal]:
        """Add noise, tell output spikes of the winners; what is compared, and whether it is noisy.

        A spike is added in the second clock after a winner was found; in the third, in the last
        step, the search for the greatest number begins.
        """
        config = self._config
        constants = self.constants.softmax
        m.submodules.draw = draw = SoftmaxDraw(config)
        m.submodules.spikes = spikes = memory.Memory(
            shape=config.score_bits, depth=config.scores, init=[]
        )
        write = spikes.write_port()
        read = spikes.read_port()
        drawing = Signal()
        fresh = Signal()
        added = Signal(2)
        m.d.comb += [
            draw.constants.eq(constants),
            draw.clear.eq(self.clear),
            draw.step.eq(self.ends),
            draw.draw.eq(self.searching & drawing & draw.ticks),
            draw.load.eq(self.load_noise),
            draw.load_address.eq(self.load_address),
            draw.load_data.eq(self.load_data),
            read.addr.eq(Mux(added[0], self.prediction, self.walk.position)),
            self.free.eq(added[1]),
        ]
        m.d.sync += added.eq(added << 1 | (found & drawing))
        with m.If(added[1]):
            m.d.comb += [
                write.en.eq(draw.ticks),
                write.addr.eq(self.prediction),
                write.data.eq(read.data + 1),
            ]
            m.d.sync += [fresh.eq(0), drawing.eq(0), self.searching.eq(self.final)]
        with m.Else():
            m.d.comb += [
                write.en.eq(self.searching & drawing & fresh),
                write.addr.eq(self.walk.position),
            ]
        with m.If(self.ends):
            m.d.sync += drawing.eq(constants.used)
        with m.If(self.clear):
            m.d.sync += fresh.eq(1)

        if config.parity:
            spoken = self.done | (later(m, self.searching, 1) & ~drawing)
            check_parity(
                m,
                self,
                "readout",
                write=(write.en, write.addr, write.data),
                read=(1, read.addr),
                row=read.data,
                comes=added[1] | (constants.used & spoken),
                depth=spikes.depth,
                latency=1,
                name="spikes",
            )
            gather_damage(m, self, draw)

        shown = Signal(signed(config.score_bits))
        m.d.comb += shown.eq(Mux(constants.used & ~drawing, read.data.as_signed(), seen))
        m.d.sync += self.score.eq(shown)
        score = [self.score]
        for clock in range(_LOOK_UP + 2, DRAW_CLOCKS + 1):
            score.append(Signal(signed(config.score_bits), name=f"score_{clock}"))
            m.d.sync += score[-1].eq(score[-2])
        raised = Signal(signed(max(config.score_bits + FRACTION_BITS, config.noise_bits) + 1))
        rank = Signal(signed(len(raised) + TIE_BITS))
        m.d.comb += raised.eq((score[-1] << FRACTION_BITS) + draw.noise)
        with m.If(drawing):
            m.d.sync += rank.eq(Cat(draw.tie, raised))
        with m.Else():
            m.d.sync += rank.eq(shown << FRACTION_BITS + TIE_BITS)
        return rank, drawing

    def _decide(self, m: Module, over: Signal, lead: Signal) -> None:
        """Compare the lead of the best with the margin; tell it when every core waits."""
        known = Signal(self._config.potential_bits + 1)
        due = Signal(2)
        ready = Signal()
        m.d.sync += [
            self.decided.eq(0),
            known.eq(lead),
            due.eq(due << 1 | (over & ~self.final)),
        ]
        with m.If(self.ends):
            m.d.sync += self.steps.eq(self.steps + 1)
            with m.If(self.word_final):
                m.d.sync += self.steps.eq(0)
        with m.If(over & self.final):
            m.d.sync += self.done.eq(1)
        with m.If(due[1]):
            m.d.sync += [ready.eq(1), self.exits.eq(known >= self.constants.margin)]
        with m.If(ready & self.waiting):
            m.d.sync += [ready.eq(0), self.decided.eq(1), self.done.eq(self.exits)]
        with m.If(self.clear):
            m.d.sync += [due.eq(0), ready.eq(0), self.steps.eq(0)]
