"""The encoder: turns what the host loaded into event words."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from augend.gen.lfsr import REGISTER_BITS
from augend.hw.configuration import AcceleratorConfig
from augend.hw.event_queue import EventQueue
from augend.hw.event_word import event_word
from augend.hw.interval_encoder import IntervalEncoder, interval
from augend.hw.memory import LoadedMemory
from augend.hw.parity import check_rows, damage_ports, gather_damage, later
from augend.hw.rate_encoder import THRESHOLD_BITS, RateEncoder, scanned_word

__all__ = ["Encoder", "encoder_layout", "input_depth", "input_event", "input_row_bits"]


def encoder_layout(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of the encoder's constants.

    ``events``: the input memory holds event words, each time step led by their number; otherwise
    it holds intensities and is gone through once a bit plane, or once a time step.
    ``passes_last``: planes, or steps, or both together, less one. ``first_plane`` and ``upward``
    say in which order planes are taken. The input has (``a_last`` + 1) x (``b_last`` + 1) x
    (``g_last`` + 1) words; rows follow b, then a, then g where ``rate``, else a, then b, then g.

    ``timed``: passes from number ``timed_from`` on are time steps of intervals of intensities.
    ``rate``: every pass is a time step of draws, from ``seed`` on. For both, words of the greatest
    g have ``lane_last`` + 1 pixels.
    """
    timed, rate = min(1, config.spike_steps), config.rate_input
    return data.StructLayout(
        {
            "events": 1,
            "passes_last": 16,
            "first_plane": 3,
            "upward": 1,
            "population": config.population_bits,
            "a_last": config.coordinate_bits,
            "b_last": config.coordinate_bits,
            "g_last": config.coordinate_bits,
            "timed": timed,
            "timed_from": 4 * timed,
            "rate": rate,
            "seed": REGISTER_BITS * rate,
            "lane_last": config.lane_bits * max(timed, rate),
        }
    )


def input_event(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of an event word in the input memory; a leading row has the count in ``mask`` on."""
    return data.StructLayout(
        {
            "mask": config.lanes,
            "a": config.coordinate_bits,
            "b": config.coordinate_bits,
            "g": config.coordinate_bits,
            "plane": config.plane_bits,
        }
    )


def input_row_bits(config: AcceleratorConfig) -> int:
    """Width of a row of the input memory: intensities of all lanes, an event word or a count."""
    count = ceil_log2(config.input_rows + 1)
    return max(config.lanes * config.pixel_bits, input_event(config).size, count)


def input_depth(config: AcceleratorConfig) -> int:
    """Rows of the input memory: its banks begin at multiples of a power of two."""
    before = (config.input_banks - 1) << len(Signal(range(config.input_rows)))
    return before + config.input_rows


class Encoder(wiring.Component):
    """Emits the input as event words: bit plane by bit plane, or time step by time step.

    A pass (plane or step) of R rows begins when the queue has room and writes one word a clock,
    leaving out those without a spike; its token follows the last row. Passes over intensities
    read all rows again; those of events read on. Spikes by rate take a clock a pixel.

    Members
    -------
    start, bank : In
        Begins an inference on a bank of the input memory.
    idle : Out
        All passes have been emitted.
    events : Out
        Stream of event words and tokens.
    wrote, wrote_word : Out
        What entered the queue in this clock, for observers.
    lost : Out
        It did not, for the queue is full.
    load_row, load_constants, load_threshold, load_interval, load_bank, load_address, load_data : In
        Write strobes for the input memory, the constants and the tables of the encodings.
    damaged : Out
        With parity: see ``damage_ports``.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        word = event_word(config)
        address = max(config.input_rows, 1 << config.pixel_bits, config.spike_steps)
        row = max(
            input_row_bits(config),
            encoder_layout(config).size,
            THRESHOLD_BITS,
            interval(config).size,
        )
        super().__init__(
            {
                "start": In(1),
                "bank": In(1),
                "idle": Out(1),
                "events": Out(stream.Signature(word)),
                "wrote": Out(1),
                "wrote_word": Out(word),
                "lost": Out(1),
                "load_row": In(1),
                "load_constants": In(1),
                "load_threshold": In(1),
                "load_interval": In(1),
                "load_bank": In(1),
                "load_address": In(ceil_log2(address)),
                "load_data": In(row),
                **damage_ports(config),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the scan and the queue."""
        m = Module()
        config = self._config
        constants = Signal(encoder_layout(config), reset_less=True)
        m.submodules.queue = queue = EventQueue(config)
        self._tables: list[IntervalEncoder | RateEncoder] = []
        m.submodules.rows = rows = LoadedMemory(
            shape=input_row_bits(config), depth=input_depth(config)
        )
        row = Signal(range(config.input_rows))
        m.d.comb += [
            row.eq(self.load_address),
            rows.load.eq(self.load_row),
            rows.load_address.eq(Cat(row, self.load_bank)),
            rows.load_data.eq(self.load_data),
        ]
        with m.If(self.load_constants):
            m.d.sync += constants.eq(self.load_data)

        # Scan: which row is addressed, and what will have to be known of it two clocks later.
        address = Signal.like(row)
        bank = Signal()
        remaining = Signal(range(config.input_rows + 1))
        passes_left = Signal(16)
        plane = Signal(3)
        scan = Signal()  # a register, of the state of that name
        scanned = Signal(scanned_word(config))
        at = Signal(scanned_word(config))
        a_ends = Signal()
        b_ends = Signal()
        g_ends = Signal()
        m.d.comb += [
            rows.address.eq(Cat(address, bank)),
            scanned.eq(at),
            scanned.valid.eq(scan),
        ]
        lane, word_done = self._lane(m, constants, g_ends)
        planes_left, timed, step = self._steps(m, constants)
        waited = Signal()
        with m.FSM() as machine:
            with m.State("IDLE"):
                m.d.comb += self.idle.eq(1)
                m.d.sync += [
                    address.eq(0),
                    passes_left.eq(constants.passes_last),
                    plane.eq(constants.first_plane),
                    planes_left.eq(constants.timed_from),
                    step.eq(0),
                ]
                with m.If(self.start):
                    m.d.sync += bank.eq(self.bank)
                    m.next = "CLAIM"
            with m.State("CLAIM"):
                m.d.sync += [
                    at.eq(0),
                    waited.eq(0),
                    a_ends.eq(constants.a_last == 0),
                    b_ends.eq(constants.b_last == 0),
                    g_ends.eq(constants.g_last == 0),
                ]
                with m.If(queue.room):
                    m.d.comb += queue.claim.eq(1)
                    m.next = "COUNT"
                    with m.If(~constants.events):
                        m.d.sync += [address.eq(0), scan.eq(1)]
                        m.next = "SCAN"
            with m.State("COUNT"):  # the leading row of a time step arrives
                m.d.sync += waited.eq(1)
                with m.If(waited):
                    m.d.sync += address.eq(address + 1)
                    m.next = "COUNTED"
            with m.State("COUNTED"):
                m.d.sync += remaining.eq(rows.data)
                with m.If(rows.data[: len(remaining)] == 0):
                    m.d.comb += scanned.last.eq(1)
                    m.next = "NEXT"
                with m.Else():
                    m.d.sync += scan.eq(1)
                    m.next = "SCAN"
            with m.State("SCAN"):
                with m.If(scanned.last):
                    m.d.sync += scan.eq(0)
                    m.next = "NEXT"
            with m.State("NEXT"):
                m.d.sync += passes_left.eq(passes_left - 1)
                with m.If(constants.upward):
                    m.d.sync += plane.eq(plane + 1)
                with m.Else():
                    m.d.sync += plane.eq(plane - 1)
                with m.If(timed):
                    m.d.sync += step.eq(step + 1)
                with m.Else():
                    m.d.sync += planes_left.eq(planes_left - 1)
                m.next = "CLAIM"
                with m.If(passes_left == 0):
                    m.next = "IDLE"

        with m.If(scan & word_done):
            m.d.sync += [
                address.eq(address + 1),
                remaining.eq(remaining - 1),
            ]
            _count(m, at.g, g_ends, constants.g_last)
            with m.If(g_ends):
                self._next_place(m, constants, at, a_ends, b_ends)
            with m.If(Mux(constants.events, remaining == 1, a_ends & b_ends & g_ends)):
                m.d.comb += scanned.last.eq(1)

        self._emit(m, queue, rows, constants, scanned, plane, timed, step, lane, word_done)
        if config.parity:
            scans = later(m, scan, 2)
            check_rows(m, self, "input", rows, comes=scans | machine.ongoing("COUNTED"))
            gather_damage(m, self, queue, *self._tables)
        return m

    def _lane(self, m: Module, constants: data.View, g_ends: Signal) -> tuple[Signal, Signal]:
        """Count the pixels of a word where each takes a clock; where each word does, there is one.

        Returns
        -------
        The lane, and whether it is its word's last.
        """
        lane = Signal(self._config.lane_bits)
        done = Signal()
        m.d.comb += done.eq(1)
        if self._config.rate_input:
            with m.If(constants.rate):
                last = Mux(g_ends, constants.lane_last, self._config.lanes - 1)
                m.d.comb += done.eq(lane == last)
        return lane, done

    def _steps(self, m: Module, constants: data.View) -> tuple[Signal, Signal, Signal]:
        """Tell bit planes from time steps of one spike.

        Returns
        -------
        Planes before the first of these steps, whether it is one of them, and its number.
        """
        left = Signal(4)
        timed = Signal()
        if self._config.spike_steps:
            m.d.comb += timed.eq(constants.timed & (left == 0))
        return left, timed, Signal(max(1, ceil_log2(self._config.spike_steps)))

    def _next_place(
        self, m: Module, constants: data.View, at: data.View, a_ends: Signal, b_ends: Signal
    ) -> None:
        """Go from a row of words to the next: b first, or a first where draws go by channel."""
        with m.If(constants.rate if self._config.rate_input else 0):
            _count(m, at.a, a_ends, constants.a_last)
            with m.If(a_ends):
                _count(m, at.b, b_ends, constants.b_last)
        with m.Else():
            _count(m, at.b, b_ends, constants.b_last)
            with m.If(b_ends):
                _count(m, at.a, a_ends, constants.a_last)

    def _emit(
        self,
        m: Module,
        queue: EventQueue,
        rows: LoadedMemory,
        constants: data.View,
        scanned: data.View,
        plane: Signal,
        timed: Signal,
        step: Signal,
        lane: Signal,
        word_done: Signal,
    ) -> None:
        """Make masks of the rows as they arrive, and queue them."""
        config = self._config
        # What is known of the row that arrives, two clocks after it was addressed.
        arriving = data.StructLayout(
            {
                "word": scanned_word(config),
                "plane": 3,
                "timed": min(1, config.spike_steps),
                "partial": min(1, config.spike_steps),
                "lane": config.lane_bits * config.rate_input,
                "done": config.rate_input,
            }
        )
        issue = Signal(arriving)
        read = Signal(arriving)
        there = Signal(arriving)
        m.d.comb += [
            issue.word.eq(scanned),
            issue.plane.eq(plane),
            issue.timed.eq(timed),
            issue.partial.eq(scanned.g == constants.g_last),
            issue.lane.eq(lane),
            issue.done.eq(word_done),
        ]
        m.d.sync += [read.eq(issue), there.eq(read)]
        pixels = Signal(data.ArrayLayout(config.pixel_bits, config.lanes))
        event = Signal(input_event(config))
        m.d.comb += [pixels.eq(rows.data), event.eq(rows.data)]

        # Each source of masks leads to the queue; no two have a word in the same clock.
        word = Signal(scanned_word(config))
        mask = Signal(config.lanes)
        token = Signal()
        m.d.comb += word.eq(there.word)
        with m.If(constants.events):
            m.d.comb += [
                mask.eq(event.mask),
                word.a.eq(event.a),
                word.b.eq(event.b),
                word.g.eq(event.g),
            ]
        with m.Else():
            with m.Switch(there.plane):
                for bit in range(config.pixel_bits):
                    with m.Case(bit):
                        m.d.comb += mask.eq(Cat(pixel[bit] for pixel in pixels))
        if config.spike_steps:
            m.submodules.intervals = intervals = IntervalEncoder(config)
            self._tables.append(intervals)
            there_are = Cat(lane <= constants.lane_last for lane in range(config.lanes))
            m.d.comb += [
                intervals.lanes.eq(Mux(there.partial, there_are, ~0)),
                intervals.step.eq(step),
                intervals.scanned.eq(there.word),
                intervals.scanned.valid.eq(there.word.valid & there.timed),
                intervals.scanned.last.eq(there.word.last & there.timed),
                intervals.row.eq(pixels),
                intervals.load.eq(self.load_interval),
                intervals.load_address.eq(self.load_address),
                intervals.load_data.eq(self.load_data),
            ]
            with m.If(there.timed):
                m.d.comb += [word.valid.eq(0), word.last.eq(0)]
            with m.If(intervals.word.valid):
                m.d.comb += [word.eq(intervals.word), mask.eq(intervals.mask)]
        if config.rate_input:
            m.submodules.rate = rate = RateEncoder(config)
            self._tables.append(rate)
            m.d.comb += [
                rate.restart.eq(self.start),
                rate.seed.eq(constants.seed),
                rate.pixel.valid.eq(there.word.valid & constants.rate),
                rate.pixel.lane.eq(there.lane),
                rate.pixel.done.eq(there.done),
                rate.pixel.word.eq(there.word),
                rate.row.eq(pixels),
                rate.load.eq(self.load_threshold),
                rate.load_address.eq(self.load_address),
                rate.load_data.eq(self.load_data),
            ]
            with m.If(issue.word.valid & constants.rate):
                m.d.sync += lane.eq(Mux(word_done, 0, lane + 1))
            with m.If(constants.rate):
                m.d.comb += [word.eq(rate.word), mask.eq(rate.mask)]
        # A register between the choice of the mask and the queue.
        ready = Signal(scanned_word(config))
        chosen = Signal(config.lanes)
        chosen_plane = Signal(config.plane_bits)
        m.d.sync += [
            ready.eq(word),
            chosen.eq(mask),
            chosen_plane.eq(Mux(constants.events, event.plane, 0)),
            token.eq(ready.last),
        ]
        m.d.comb += [
            queue.word.mask.eq(chosen),
            queue.word.a.eq(ready.a),
            queue.word.b.eq(ready.b),
            queue.word.g.eq(ready.g),
            queue.word.plane.eq(chosen_plane),
            queue.word.population.eq(constants.population),
            queue.word.token.eq(token),
            queue.write.eq((ready.valid & (chosen != 0)) | token),
            self.wrote.eq(queue.write),
            self.wrote_word.eq(queue.word),
            self.lost.eq(queue.lost),
        ]
        with m.If(token):
            m.d.comb += queue.word.mask.eq(0)
        wiring.connect(m, wiring.flipped(self.events), queue.events)


def _count(m: Module, at: Signal, ends: Signal, last: Value) -> None:
    """Go on to the next coordinate; a register says whether it is the last one."""
    m.d.sync += [
        at.eq(Mux(ends, 0, at + 1)),
        ends.eq(Mux(ends, last == 0, at == (last - 1)[: len(at)])),
    ]
