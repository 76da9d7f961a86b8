"""The encoder: turns what the host loaded into event words."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from augend.hw.configuration import AcceleratorConfig
from augend.hw.event_queue import EventQueue
from augend.hw.event_word import event_word
from augend.hw.memory import LoadedMemory

__all__ = ["Encoder", "encoder_layout", "input_event", "input_row_bits"]


def encoder_layout(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of the encoder's constants.

    ``events``: the input memory holds event words, each time step led by their number; otherwise
    it holds intensities and is gone through once a bit plane. ``passes_last``: planes, or steps,
    less one. ``first_plane`` and ``upward`` say in which order planes are taken. The input has
    (``a_last`` + 1) x (``b_last`` + 1) x (``g_last`` + 1) words.
    """
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
        }
    )


def input_row_bits(config: AcceleratorConfig) -> int:
    """Width of a row of the input memory: intensities of all lanes, an event word or a count."""
    count = ceil_log2(config.input_rows + 1)
    return max(config.lanes * config.pixel_bits, input_event(config).size, count)


class Encoder(wiring.Component):
    """Emits the input as event words: bit plane by bit plane, or time step by time step.

    A pass (plane or step) of R rows begins when the queue has room and writes one word a clock,
    leaving out those without a spike; its token follows the last row. Passes of a constant current
    read all rows again; those of events read on.

    Members
    -------
    start : In
        Begins an inference.
    idle : Out
        All passes have been emitted.
    events : Out
        Stream of event words and tokens.
    wrote, wrote_word : Out
        What entered the queue in this clock, for observers.
    load_row, load_constants, load_address, load_data : In
        Write strobes for the input memory and the constants.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        word = event_word(config)
        super().__init__(
            {
                "start": In(1),
                "idle": Out(1),
                "events": Out(stream.Signature(word)),
                "wrote": Out(1),
                "wrote_word": Out(word),
                "load_row": In(1),
                "load_constants": In(1),
                "load_address": In(max(1, ceil_log2(config.input_rows))),
                "load_data": In(max(input_row_bits(config), encoder_layout(config).size)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the scan and the queue."""
        m = Module()
        config = self._config
        constants = Signal(encoder_layout(config))
        m.submodules.queue = queue = EventQueue(config)
        m.submodules.rows = rows = LoadedMemory(
            shape=input_row_bits(config), depth=config.input_rows
        )
        m.d.comb += [
            rows.load.eq(self.load_row),
            rows.load_address.eq(self.load_address),
            rows.load_data.eq(self.load_data),
        ]
        with m.If(self.load_constants):
            m.d.sync += constants.eq(self.load_data)

        # Scan: which row is addressed, and what will have to be known of it two clocks later.
        address = Signal(rows.address.shape())
        remaining = Signal(range(config.input_rows + 1))
        passes_left = Signal(16)
        plane = Signal(3)
        scan = Signal()
        last = Signal()
        coordinates = data.StructLayout(
            {"a": config.coordinate_bits, "b": config.coordinate_bits, "g": config.coordinate_bits}
        )
        at = Signal(coordinates)
        at_end = Signal()
        m.d.comb += [
            rows.address.eq(address),
            at_end.eq(
                (at.a == constants.a_last) & (at.b == constants.b_last) & (at.g == constants.g_last)
            ),
        ]
        waited = Signal()
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.idle.eq(1)
                m.d.sync += [
                    address.eq(0),
                    passes_left.eq(constants.passes_last),
                    plane.eq(constants.first_plane),
                ]
                with m.If(self.start):
                    m.next = "CLAIM"
            with m.State("CLAIM"):
                m.d.sync += [at.eq(0), waited.eq(0)]
                with m.If(queue.room):
                    m.d.comb += queue.claim.eq(1)
                    m.next = "COUNT"
                    with m.If(~constants.events):
                        m.d.sync += address.eq(0)
                        m.next = "SCAN"
            with m.State("COUNT"):  # the leading row of a time step arrives
                m.d.sync += waited.eq(1)
                with m.If(waited):
                    m.d.sync += address.eq(address + 1)
                    m.next = "COUNTED"
            with m.State("COUNTED"):
                m.d.sync += remaining.eq(rows.data)
                with m.If(rows.data[: len(remaining)] == 0):
                    m.d.comb += last.eq(1)
                    m.next = "NEXT"
                with m.Else():
                    m.next = "SCAN"
            with m.State("SCAN"):
                m.d.comb += scan.eq(1)
                m.d.sync += [
                    address.eq(address + 1),
                    remaining.eq(remaining - 1),
                    at.g.eq(at.g + 1),
                ]
                with m.If(at.g == constants.g_last):
                    m.d.sync += [at.g.eq(0), at.b.eq(at.b + 1)]
                    with m.If(at.b == constants.b_last):
                        m.d.sync += [at.b.eq(0), at.a.eq(at.a + 1)]
                with m.If((constants.events & (remaining == 1)) | (~constants.events & at_end)):
                    m.d.comb += last.eq(1)
                    m.next = "NEXT"
            with m.State("NEXT"):
                m.d.sync += passes_left.eq(passes_left - 1)
                with m.If(constants.upward):
                    m.d.sync += plane.eq(plane + 1)
                with m.Else():
                    m.d.sync += plane.eq(plane - 1)
                m.next = "CLAIM"
                with m.If(passes_left == 0):
                    m.next = "IDLE"

        self._emit(m, queue, rows, constants, scan, last, at, plane)
        return m

    def _emit(
        self,
        m: Module,
        queue: EventQueue,
        rows: LoadedMemory,
        constants: data.View,
        scan: Signal,
        last: Signal,
        at: data.View,
        plane: Signal,
    ) -> None:
        config = self._config
        scan_1 = Signal()
        scan_2 = Signal()
        scan_3 = Signal()
        last_1 = Signal()
        last_2 = Signal()
        last_3 = Signal()
        last_4 = Signal()
        at_1 = Signal.like(at)
        at_2 = Signal.like(at)
        at_3 = Signal.like(at)
        plane_1 = Signal(3)
        plane_2 = Signal(3)
        m.d.sync += [
            scan_1.eq(scan),
            scan_2.eq(scan_1),
            last_1.eq(last),
            last_2.eq(last_1),
            last_3.eq(last_2),
            last_4.eq(last_3),
            scan_3.eq(scan_2),
            at_1.eq(at),
            at_2.eq(at_1),
            plane_1.eq(plane),
            plane_2.eq(plane_1),
        ]
        event = data.View(input_event(config), rows.data[: input_event(config).size])
        chosen = Signal(config.lanes)
        mask = Signal(config.lanes)
        pixels = [
            rows.data[i * config.pixel_bits : (i + 1) * config.pixel_bits]
            for i in range(config.lanes)
        ]
        with m.If(constants.events):
            m.d.comb += chosen.eq(event.mask)
        with m.Else():
            with m.Switch(plane_2):
                for bit in range(config.pixel_bits):
                    with m.Case(bit):
                        m.d.comb += chosen.eq(Cat(pixel[bit] for pixel in pixels))
        m.d.sync += [mask.eq(chosen), at_3.eq(at_2)]
        m.d.comb += [
            queue.word.mask.eq(mask),
            queue.word.a.eq(at_3.a),
            queue.word.b.eq(at_3.b),
            queue.word.g.eq(at_3.g),
            queue.word.population.eq(constants.population),
            queue.word.token.eq(last_4),
            queue.write.eq((scan_3 & (mask != 0)) | last_4),
            self.wrote.eq(queue.write),
            self.wrote_word.eq(queue.word),
        ]
        with m.If(constants.events):
            m.d.sync += [at_3.a.eq(event.a), at_3.b.eq(event.b), at_3.g.eq(event.g)]
        with m.If(last_4):
            m.d.comb += queue.word.mask.eq(0)
        wiring.connect(m, wiring.flipped(self.events), queue.events)
