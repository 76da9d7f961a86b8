"""The fan-out unit: from an event word to the words of potentials and weights it touches."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.event_word import event_word
from augend.hw.instruction import projection_layout
from augend.hw.memory import TableMemory
from augend.hw.target_words import TargetWords, beat, target_entry

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


def _at_most_one(bits: Value) -> Value:
    """Whether no more than one bit is set: a tree of halves that have none, or one at most."""

    def tree(part: Value) -> tuple[Value, Value]:
        if len(part) == 1:
            return ~part, Const(1)
        low, high = tree(part[: len(part) // 2]), tree(part[len(part) // 2 :])
        return low[0] & high[0], (low[1] & high[0]) | (low[0] & high[1])

    return tree(bits)[1]


class FanOut(wiring.Component):
    """Expands event words into beats: one word of potentials and one of weights a clock.

    The first beat comes six clocks after an event word is taken; from then on there is one a
    clock while event words are there, also between spikes. A spike without any synapse takes one
    clock. Addresses are sums of table entries and then count up; neither stride nor padding needs
    a multiplication or division. Hardware for pruned projections takes three clocks more, in which
    their beats get the words of potentials that they are for.

    Members
    -------
    events : In
        Stream of event words, closed by a token.
    projection : In
        The projection that they go through; stable meanwhile.
    candidate, candidate_address : Out
        The word of potentials that will be addressed in the next clock, unless held.
    hold : In
        Do not issue in this clock what was the candidate in the clock before.
    beat, potential_address, weight_address : Out
        A beat is issued, and what it addresses.
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
    target_load, target_address, target_data : In
        Likewise for the words of the targets of pruned projections.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "events": In(stream.Signature(event_word(config))),
                "projection": In(projection_layout(config)),
                "candidate": Out(1),
                "candidate_address": Out(config.potential_address),
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
                "target_load": In(int(config.target_entries > 0)),
                "target_address": In(config.target_address),
                "target_data": In(target_entry(config)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build expander, table look-up, address sum and beat counter: six elastic stages."""
        m = Module()
        config = self._config
        projection = self.projection

        # Expander: a spike of the held event word, and those that are left of it. A second word
        # behind it lets the source go on, or stop, by a register.
        word = Signal(event_word(config))
        word_valid = Signal()
        behind = Signal(event_word(config), reset_less=True)
        behind_valid = Signal()
        coming = Signal(event_word(config))
        left = Signal(config.lanes)
        lane = Signal(config.lane_bits)
        negative = Signal()
        last = Signal()
        lookup_ready = Signal()
        takes = Signal()
        spikes = Signal(config.lanes)
        m.d.comb += [
            takes.eq(~word_valid | last | projection.masked),
            coming.eq(Mux(behind_valid, behind, self.events.payload)),
            spikes.eq(Mux(takes, coming.mask, left)),
            self.events.ready.eq(~behind_valid),
        ]
        with m.If(~word_valid | (lookup_ready & takes)):
            m.d.sync += [
                word_valid.eq(behind_valid | self.events.valid),
                word.eq(coming),
                behind_valid.eq(0),
            ]
        with m.Elif(~behind_valid):
            m.d.sync += [behind_valid.eq(self.events.valid), behind.eq(self.events.payload)]
        below = [spikes[:i].any() for i in range(config.lanes)]
        with m.If(~word_valid | lookup_ready):
            m.d.sync += [
                left.eq(spikes & Cat(below)),
                last.eq(Mux(takes, coming.token, 0) | _at_most_one(spikes)),
            ]
            if config.signed_events:
                signs = Mux(takes, coming.signs, word.signs)
                m.d.sync += negative.eq((signs & spikes & ~Cat(below)).any())
            for bit in range(config.lane_bits):
                members = (i for i in range(config.lanes) if i >> bit & 1)
                m.d.sync += lane[bit].eq(Cat(spikes[i] & ~below[i] for i in members).any())

        # Look-up: an entry for each coordinate and for the lane, in two stages.
        entry_ready = Signal()
        tables = {}
        for name in TABLES:
            depth = getattr(config, f"{name}_entries")
            tables[name] = TableMemory(layout=table_entry(config), depth=depth)
            m.submodules[name] = tables[name]
            m.d.comb += [
                tables[name].enable.eq(lookup_ready),
                tables[name].move.eq(entry_ready),
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
        entry_valid = Signal()
        entry_token = Signal()
        entry_mask = Signal(config.lanes)
        entry_negative = Signal(config.lanes * config.signed_events)
        entry_shift = Signal(config.shift_bits)
        sum_ready = Signal()
        m.d.comb += [
            entry_ready.eq(~entry_valid | sum_ready),
            lookup_ready.eq(~lookup_valid | entry_ready),
        ]
        with m.If(lookup_ready):
            m.d.sync += [
                lookup_valid.eq(word_valid),
                lookup_token.eq(word.token),
                lookup_mask.eq(word.mask),
                lookup_negative.eq(
                    Mux(projection.masked, word.signs, negative.replicate(config.lanes))
                ),
                lookup_shift.eq(projection.shift + word.plane),
            ]
        with m.If(entry_ready):
            m.d.sync += [
                entry_valid.eq(lookup_valid),
                entry_token.eq(lookup_token),
                entry_mask.eq(lookup_mask),
                entry_negative.eq(lookup_negative),
                entry_shift.eq(lookup_shift),
            ]

        # Sum: first addresses, each in two parts yet, and extents. With the spare place, a register
        # says whether the stages before it go on.
        layout = data.StructLayout(
            {
                "potential": data.ArrayLayout(config.potential_address, 2),
                "weight": data.ArrayLayout(config.weight_address, 2),
                "rows": config.coordinate_bits,
                "columns": config.coordinate_bits,
                "apart": config.channel_ranges,
                "mask": config.lanes,
                "negative": config.lanes * config.signed_events,
                "shift": config.shift_bits,
                "token": 1,
            }
        )
        total = Signal(layout)
        start = Signal(layout, reset_less=True)
        start_valid = Signal()
        spare = Signal(layout, reset_less=True)
        spare_valid = Signal()
        beat_ready = Signal()
        row, column, group, lane_entry = (tables[name].data for name in TABLES)
        m.d.comb += [
            sum_ready.eq(~spare_valid),
            total.token.eq(entry_token),
            total.mask.eq(entry_mask),
            total.negative.eq(entry_negative),
            total.shift.eq(entry_shift),
            total.rows.eq(row.count),
            total.columns.eq(Mux(projection.columns_in_lanes, lane_entry.count, column.count)),
        ]
        if config.channel_ranges:
            counts = (column.count, group.count, lane_entry.count)
            m.d.comb += total.apart.eq(Cat(count == 0 for count in counts).any())
        for part in ("potential", "weight"):
            of_lane = Mux(projection.masked, 0, lane_entry[part])
            m.d.comb += [
                total[part][0].eq(row[part] + column[part]),
                total[part][1].eq(group[part] + of_lane),
            ]
        with m.If(~start_valid | beat_ready):
            m.d.sync += [
                start.eq(Mux(spare_valid, spare, total)),
                start_valid.eq(spare_valid | entry_valid),
                spare_valid.eq(0),
            ]
        with m.Elif(~spare_valid):
            m.d.sync += [spare.eq(total), spare_valid.eq(entry_valid)]

        self._beats(m, start, start_valid, beat_ready)
        return m

    def _beats(self, m: Module, start: data.View, start_valid: Signal, ready: Signal) -> None:
        config = self._config
        projection = self.projection
        potential = Signal(config.potential_address)
        weight = Signal(config.weight_address)
        valid = Signal()
        token = Signal()
        empty = Signal()
        mask = Signal(config.lanes)
        negative = Signal(config.lanes * config.signed_events)
        shift = Signal(config.shift_bits)
        row_potential = Signal(config.potential_address)
        row_weight = Signal(config.weight_address)
        # Counters of what is left after this; below 0, that is by their sign, it is the last.
        run_left = Signal(signed(config.run_bits + 1))
        columns_left = Signal(signed(config.coordinate_bits + 1))
        rows_left = Signal(signed(config.coordinate_bits + 1))
        columns_after = Signal(signed(config.coordinate_bits + 1))
        run_ends = Signal()
        columns_end = Signal()
        rows_end = Signal()
        makes = Signal()
        finishing = Signal()
        m.d.comb += [
            run_ends.eq(run_left[-1]),
            columns_end.eq(columns_left[-1]),
            rows_end.eq(rows_left[-1]),
            makes.eq(valid & ~token & ~empty),
            finishing.eq(token | empty | (run_ends & columns_end & rows_end)),
            ready.eq(~valid | (~self.hold & finishing)),
        ]

        first_potential = Signal(config.potential_address)
        first_weight = Signal(config.weight_address)
        next_row_potential = Signal(config.potential_address)
        next_row_weight = Signal(config.weight_address)
        m.d.comb += [
            first_potential.eq(start.potential[0] + start.potential[1]),
            first_weight.eq(start.weight[0] + start.weight[1]),
            next_row_potential.eq(row_potential + projection.row_step),
            next_row_weight.eq(row_weight + projection.weight_row_step),
        ]
        with m.If(ready):
            m.d.sync += [
                valid.eq(start_valid),
                token.eq(start.token),
                empty.eq((start.rows == 0) | (start.columns == 0) | start.apart.any()),
                mask.eq(start.mask),
                negative.eq(start.negative),
                shift.eq(start.shift),
                potential.eq(first_potential),
                weight.eq(first_weight),
                row_potential.eq(first_potential),
                row_weight.eq(first_weight),
                run_left.eq(projection.run_last - 1),
                columns_left.eq(start.columns - 2),
                columns_after.eq(start.columns - 2),
                rows_left.eq(start.rows - 2),
            ]
        with m.Elif(~self.hold):
            m.d.sync += weight.eq(weight + 1)
            with m.If(~run_ends):
                m.d.sync += [run_left.eq(run_left - 1), potential.eq(potential + 1)]
            with m.Else():
                m.d.sync += run_left.eq(projection.run_last - 1)
                with m.If(~columns_end):
                    m.d.sync += [
                        columns_left.eq(columns_left - 1),
                        potential.eq(potential + projection.column_step),
                    ]
                with m.Else():
                    m.d.sync += [
                        columns_left.eq(columns_after),
                        rows_left.eq(rows_left - 1),
                        row_potential.eq(next_row_potential),
                        row_weight.eq(next_row_weight),
                        potential.eq(next_row_potential),
                        weight.eq(next_row_weight),
                    ]

        made = Signal(beat(config))
        m.d.comb += [
            made.makes.eq(makes),
            made.ends.eq(valid & token),
            made.potential.eq(potential),
            made.weight.eq(weight),
            made.mask.eq(mask),
            made.negative.eq(negative),
            made.shift.eq(shift),
            made.whole.eq(run_ends),
        ]
        self._issue(m, self._placed(m, made))

    def _placed(self, m: Module, made: data.View) -> data.View:
        """Put a pruned projection's beats where they belong, in hardware that has any."""
        if not self._config.target_entries:
            return made
        m.submodules.targets = targets = TargetWords(self._config)
        m.d.comb += [
            targets.made.eq(made),
            targets.move.eq(~self.hold),
            targets.sparse.eq(self.projection.sparse),
            targets.load.eq(self.target_load),
            targets.load_address.eq(self.target_address),
            targets.load_data.eq(self.target_data),
        ]
        return targets.placed

    def _issue(self, m: Module, placed: data.View) -> None:
        """Hold the beat that is issued, or wait with it."""
        config = self._config
        projection = self.projection
        issues = Signal()
        whole = Signal()
        arriving = Signal(config.lanes)
        number = Signal(range(config.lanes + 1))
        m.d.comb += [
            self.beat.eq(issues & ~self.hold),
            self.candidate.eq(Mux(self.hold, issues, placed.makes)),
            self.candidate_address.eq(Mux(self.hold, self.potential_address, placed.potential)),
        ]
        with m.If(~self.hold):
            m.d.sync += [
                issues.eq(placed.makes),
                self.done.eq(placed.ends),
                self.potential_address.eq(placed.potential),
                self.weight_address.eq(placed.weight),
                arriving.eq(placed.mask),
                self.negative.eq(placed.negative),
                self.shift.eq(placed.shift),
                number.eq(sum(placed.mask[i] for i in range(config.lanes))),
                whole.eq(placed.whole),
            ]
        with m.If(projection.masked):
            m.d.comb += [self.gate.eq(arriving), self.additions.eq(number)]
        with m.Else():
            m.d.comb += [
                self.gate.eq(Const(-1, config.lanes)),
                self.additions.eq(Mux(whole, projection.additions, 0)),
            ]
        if config.target_entries:
            filled = Signal()
            with m.If(~self.hold):
                m.d.sync += filled.eq(projection.sparse & ~placed.partial)
            with m.If(filled):
                m.d.comb += self.additions.eq(config.lanes)
