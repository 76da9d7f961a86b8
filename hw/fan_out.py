"""The fan-out unit: from an event word to the words of potentials and weights it touches."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.event_word import event_word
from augend.hw.instruction import projection_layout
from augend.hw.memory import TableMemory

__all__ = ["TABLES", "FanOut", "table_entry"]

TABLES = ("row", "column", "group", "lane")
"""The four fan-out tables, in the order of their load strobes."""


def table_entry(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of an entry of a fan-out table.

    What a coordinate contributes to the first potential and weight address, and how many output
    coordinates it reaches; with ``channel_ranges``, none at all where one of the counts is 0.
    """
    return data.StructLayout(
        {
            "potential": config.potential_address,
            "weight": config.weight_address,
            "count": config.coordinate_bits,
        }
    )


class FanOut(wiring.Component):
    """Expands event words into beats: one word of potentials and one of weights a clock.

    The first beat comes four clocks after an event word is taken; from then on there is one a
    clock while event words are there, also between spikes. A spike without any synapse takes one
    clock. Addresses are sums of table entries and then count up; neither stride nor padding needs
    a multiplication or division.

    Members
    -------
    events : In
        Stream of event words, closed by a token.
    projection : In
        The projection that they go through; stable meanwhile.
    candidate, potential_address, weight_address : Out
        The beat to be issued.
    hold : In
        Do not issue it in this clock.
    beat : Out
        It is issued.
    gate : Out
        Lanes at which a weight arrives.
    negative : Out
        Lanes at which it is subtracted: those of a spike of -1.
    shift : Out
        How far the beat's weights are shifted left.
    additions : Out
        Number of additions to count with the beat.
    done : Out
        The token has come through; all earlier beats have been issued.
    load, load_address, load_data : In
        A write strobe for each of ``TABLES``, address and entry.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "events": In(stream.Signature(event_word(config))),
                "projection": In(projection_layout(config)),
                "candidate": Out(1),
                "potential_address": Out(config.potential_address),
                "weight_address": Out(config.weight_address),
                "hold": In(1),
                "beat": Out(1),
                "gate": Out(config.lanes),
                "negative": Out(config.lanes * config.signed_events),
                "shift": Out(config.shift_bits),
                "additions": Out(24),
                "done": Out(1),
                "load": In(len(TABLES)),
                "load_address": In(config.table_address),
                "load_data": In(table_entry(config)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build expander, table look-up, address sum and beat counter: four elastic stages."""
        m = Module()
        config = self._config
        projection = self.projection

        # Expander: the lowest set lane of the held event word.
        word = Signal(event_word(config))
        word_valid = Signal()
        lowest = Signal(config.lanes)
        rest = Signal(config.lanes)
        lane = Signal(config.lane_bits)
        last = Signal()
        lookup_ready = Signal()
        m.d.comb += [
            rest.eq(word.mask & (word.mask - 1)),
            lowest.eq(word.mask & ~rest),
            last.eq(word.token | projection.masked | (rest == 0)),
            self.events.ready.eq(~word_valid | (lookup_ready & last)),
        ]
        for bit in range(config.lane_bits):
            members = Cat(lowest[i] for i in range(config.lanes) if i >> bit & 1)
            m.d.comb += lane[bit].eq(members.any())
        with m.If(self.events.ready):
            m.d.sync += [word_valid.eq(self.events.valid), word.eq(self.events.payload)]
        with m.Elif(lookup_ready):
            m.d.sync += word.mask.eq(rest)

        # Look-up: an entry for each coordinate and for the lane.
        tables = {}
        for name in TABLES:
            depth = getattr(config, f"{name}_entries")
            tables[name] = TableMemory(layout=table_entry(config), depth=depth)
            m.submodules[name] = tables[name]
            m.d.comb += [
                tables[name].enable.eq(lookup_ready),
                tables[name].load.eq(self.load[TABLES.index(name)]),
                tables[name].load_address.eq(self.load_address),
                tables[name].load_data.eq(self.load_data),
            ]
        channel = Cat(lane, Mux(projection.by_channel, word.g, 0))
        m.d.comb += [
            tables["row"].address.eq(projection.row_base + word.a),
            tables["column"].address.eq(projection.column_base + word.b),
            tables["group"].address.eq(projection.group_base + word.g),
            tables["lane"].address.eq(projection.lane_base + channel),
        ]
        lookup_valid = Signal()
        lookup_token = Signal()
        lookup_mask = Signal(config.lanes)
        lookup_negative = Signal(config.lanes * config.signed_events)
        lookup_shift = Signal(config.shift_bits)
        sum_ready = Signal()
        m.d.comb += lookup_ready.eq(~lookup_valid | sum_ready)
        with m.If(lookup_ready):
            m.d.sync += [
                lookup_valid.eq(word_valid),
                lookup_token.eq(word.token),
                lookup_mask.eq(word.mask),
                lookup_negative.eq(
                    Mux(
                        projection.masked,
                        word.signs,
                        (word.signs & lowest).any().replicate(config.lanes),
                    )
                ),
                lookup_shift.eq(projection.shift + word.plane),
            ]

        # Sum: first addresses and extents.
        start = Signal(
            data.StructLayout(
                {
                    "potential": config.potential_address,
                    "weight": config.weight_address,
                    "rows": config.coordinate_bits,
                    "columns": config.coordinate_bits,
                    "apart": config.channel_ranges,
                    "mask": config.lanes,
                    "negative": config.lanes * config.signed_events,
                    "shift": config.shift_bits,
                    "token": 1,
                }
            )
        )
        start_valid = Signal()
        beat_ready = Signal()
        row, column, group, lane_entry = (tables[name].data for name in TABLES)
        m.d.comb += sum_ready.eq(~start_valid | beat_ready)
        with m.If(sum_ready):
            m.d.sync += [
                start_valid.eq(lookup_valid),
                start.token.eq(lookup_token),
                start.mask.eq(lookup_mask),
                start.negative.eq(lookup_negative),
                start.shift.eq(lookup_shift),
                start.rows.eq(row.count),
                start.columns.eq(Mux(projection.columns_in_lanes, lane_entry.count, column.count)),
            ]
            if config.channel_ranges:
                counts = (column.count, group.count, lane_entry.count)
                m.d.sync += start.apart.eq(Cat(count == 0 for count in counts).any())
            with m.If(projection.masked):
                m.d.sync += [
                    start.potential.eq(row.potential + column.potential + group.potential),
                    start.weight.eq(row.weight + column.weight + group.weight),
                ]
            with m.Else():
                m.d.sync += [
                    start.potential.eq(
                        (row.potential + column.potential)
                        + (group.potential + lane_entry.potential)
                    ),
                    start.weight.eq(
                        (row.weight + column.weight) + (group.weight + lane_entry.weight)
                    ),
                ]

        self._beats(m, start, start_valid, beat_ready)
        return m

    def _beats(self, m: Module, start: data.View, start_valid: Signal, ready: Signal) -> None:
        config = self._config
        projection = self.projection
        valid = Signal()
        token = Signal()
        empty = Signal()
        mask = Signal(config.lanes)
        row_potential = Signal(config.potential_address)
        row_weight = Signal(config.weight_address)
        run_left = Signal(config.run_bits)
        columns_left = Signal(config.coordinate_bits)
        rows_left = Signal(config.coordinate_bits)
        columns_last = Signal(config.coordinate_bits)
        finishing = Signal()
        last = Signal()
        m.d.comb += [
            self.done.eq(valid & token),
            self.candidate.eq(valid & ~token & ~empty),
            self.beat.eq(self.candidate & ~self.hold),
            last.eq((run_left == 0) & (columns_left == 0) & (rows_left == 0)),
            finishing.eq(token | empty | (self.beat & last)),
            ready.eq(~valid | finishing),
        ]
        with m.If(projection.masked):
            m.d.comb += [
                self.gate.eq(mask),
                self.additions.eq(sum(mask[i] for i in range(config.lanes))),
            ]
        with m.Else():
            m.d.comb += [
                self.gate.eq(Const(-1, config.lanes)),
                self.additions.eq(Mux(run_left == 0, projection.additions, 0)),
            ]

        next_row_potential = Signal(config.potential_address)
        next_row_weight = Signal(config.weight_address)
        m.d.comb += [
            next_row_potential.eq(row_potential + projection.row_step),
            next_row_weight.eq(row_weight + projection.weight_row_step),
        ]
        with m.If(ready):
            m.d.sync += [
                valid.eq(start_valid),
                token.eq(start.token),
                empty.eq((start.rows == 0) | (start.columns == 0) | start.apart.any()),
                mask.eq(start.mask),
                self.negative.eq(start.negative),
                self.shift.eq(start.shift),
                self.potential_address.eq(start.potential),
                self.weight_address.eq(start.weight),
                row_potential.eq(start.potential),
                row_weight.eq(start.weight),
                run_left.eq(projection.run_last),
                columns_left.eq(start.columns - 1),
                columns_last.eq(start.columns - 1),
                rows_left.eq(start.rows - 1),
            ]
        with m.Elif(self.beat):
            m.d.sync += self.weight_address.eq(self.weight_address + 1)
            with m.If(run_left != 0):
                m.d.sync += [
                    run_left.eq(run_left - 1),
                    self.potential_address.eq(self.potential_address + 1),
                ]
            with m.Else():
                m.d.sync += run_left.eq(projection.run_last)
                with m.If(columns_left != 0):
                    m.d.sync += [
                        columns_left.eq(columns_left - 1),
                        self.potential_address.eq(self.potential_address + projection.column_step),
                    ]
                with m.Else():
                    m.d.sync += [
                        columns_left.eq(columns_last),
                        rows_left.eq(rows_left - 1),
                        row_potential.eq(next_row_potential),
                        row_weight.eq(next_row_weight),
                        self.potential_address.eq(next_row_potential),
                        self.weight_address.eq(next_row_weight),
                    ]
