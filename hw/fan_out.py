"""The fan-out unit: from an event word to the words of potentials and weights it touches."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.event_word import event_word
from augend.hw.instruction import projection_layout
from augend.hw.memory import TableMemory
from augend.hw.parity import check_rows, damage_ports, gather_damage, later
from augend.hw.target_words import TargetWords, beat, target_entry, travelling

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
            "count": config.kernels * config.coordinate_bits,
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

    The first beat comes eight clocks after an event word is taken; from then on there is one a
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
    damaged : Out
        With parity: see ``damage_ports``.
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
                "additions": Out(config.count_bits),
                "done": Out(1),
                "load": In(len(TABLES)),
                "load_address": In(config.table_address),
                "load_data": In(table_entry(config)),
                "target_load": In(int(config.target_entries > 0)),
                "target_address": In(config.target_address),
                "target_data": In(target_entry(config)),
                **damage_ports(config),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build expander, table look-up, address sum and beat counter: eight stages."""
        m = Module()
        config = self._config
        projection = self.projection

        # Front: an event word, and room for one behind it, so that the source goes on, or stops, by
        # a register.
        front = Signal(event_word(config), reset_less=True)
        front_valid = Signal()
        behind = Signal(event_word(config), reset_less=True)
        behind_valid = Signal()
        word_ready = Signal()
        m.d.comb += self.events.ready.eq(~behind_valid)
        with m.If(word_ready):
            m.d.sync += [
                front_valid.eq(behind_valid | self.events.valid),
                front.eq(Mux(behind_valid, behind, self.events.payload)),
                behind_valid.eq(0),
            ]
        with m.Elif(~behind_valid):
            m.d.sync += [behind_valid.eq(self.events.valid), behind.eq(self.events.payload)]

        # Expander: a spike of the held event word, and those that are left of it.
        word = Signal(event_word(config))
        word_valid = Signal()
        left = Signal(config.lanes)
        lowest = Signal(config.lanes)
        last = Signal(init=1)  # so it is without a word, too
        index_ready = Signal()
        takes = Signal()
        spikes = Signal(config.lanes)
        others = Signal(config.lanes)
        m.d.comb += [
            takes.eq(last | projection.masked),
            word_ready.eq(index_ready & takes),
            spikes.eq(Mux(takes, front.mask, left)),
            others.eq(spikes - 1),
        ]
        with m.If(word_ready):
            m.d.sync += [word_valid.eq(front_valid), word.eq(front)]
        # Whether one spike is left is asked of both masks at once, then chosen.
        opens = front.token | ~front_valid | _at_most_one(front.mask)
        with m.If(index_ready):
            m.d.sync += [
                left.eq(spikes & others),
                lowest.eq(spikes & ~others),
                last.eq(Mux(takes, opens, _at_most_one(left))),
            ]

        # Index: where the coordinates' entries, and that of the lane, lie.
        travels = travelling(config)
        index = Signal(travels)
        index_valid = Signal()
        lane = Signal(config.lane_bits)
        addresses = {name: Signal(config.table_address, name=f"{name}_at") for name in TABLES}
        for bit in range(config.lane_bits):
            members = (i for i in range(config.lanes) if i >> bit & 1)
            m.d.comb += lane[bit].eq(Cat(lowest[i] for i in members).any())
        channel = Cat(lane, Mux(projection.by_channel, word.g, 0))
        with m.If(index_ready):
            m.d.sync += [
                index_valid.eq(word_valid),
                index.token.eq(word.token),
                index.mask.eq(word.mask),
                index.shift.eq(projection.shift + word.plane),
                addresses["row"].eq(projection.row_base + word.a),
                addresses["column"].eq(projection.column_base + word.b),
                addresses["group"].eq(projection.group_base + word.g),
                addresses["lane"].eq(projection.lane_base + channel),
            ]
            if config.signed_events:
                one = (word.signs & lowest).any().replicate(config.lanes)
                m.d.sync += index.negative.eq(Mux(projection.masked, word.signs, one))

        # Look-up: the four entries, in two stages.
        tables = {}
        for name in TABLES:
            depth = getattr(config, f"{name}_entries")
            tables[name] = TableMemory(
                layout=table_entry(config), depth=depth, style=config.ram_style(depth)
            )
            m.submodules[name] = tables[name]
            m.d.comb += [
                tables[name].address.eq(addresses[name]),
                tables[name].enable.eq(index_ready),
                tables[name].move.eq(index_ready),
                tables[name].load.eq(self.load[TABLES.index(name)]),
                tables[name].load_address.eq(self.load_address),
                tables[name].load_data.eq(self.load_data),
            ]
        lookup = Signal(travels)
        lookup_valid = Signal()
        entry = Signal(travels)
        entry_valid = Signal()
        with m.If(index_ready):
            m.d.sync += [
                lookup_valid.eq(index_valid),
                lookup.eq(index),
                entry_valid.eq(lookup_valid),
                entry.eq(lookup),
            ]
        if config.parity:
            comes = later(m, index_ready & lookup_valid & ~lookup.token, 1)
            for name, table in tables.items():
                used = projection.columns_in_lanes | ~projection.masked if name == "lane" else 1
                check_rows(m, self, "fan-out", table, comes=comes & used, name=name)

        # Sum: first addresses, each in two parts yet, and extents. With the spare place, a register
        # says whether the stages before it go on, all at once: a step has no gap to be closed.
        layout = data.StructLayout(
            {
                "potential": data.ArrayLayout(config.potential_address, 2),
                "weight": data.ArrayLayout(config.weight_address, 2),
                "rows": config.kernels * config.coordinate_bits,
                "columns": config.kernels * config.coordinate_bits,
                "apart": config.channel_ranges,
                "travels": travels,
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
            index_ready.eq(~spare_valid),
            total.travels.eq(entry),
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
        with m.If(beat_ready):
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
        empty = Signal()
        travels = Signal.like(start.travels)
        row_potential = Signal(config.potential_address)
        row_weight = Signal(config.weight_address)
        # Counters of what is left after this; below 0, that is by their sign, it is the last.
        run_left = Signal(signed(config.run_bits + 1))
        columns_left = Signal(signed(config.coordinate_bits + 1))
        rows_left = Signal(signed(config.coordinate_bits + 1))
        columns_after = Signal(signed(config.coordinate_bits + 1))
        run_ends = Signal()
        ends = Signal()
        makes = Signal()
        m.d.comb += [
            run_ends.eq(run_left[-1]),
            ends.eq(run_ends),
            makes.eq(valid & ~travels.token & ~empty),
            ready.eq(~valid | (~self.hold & (travels.token | empty | ends))),
        ]

        first_potential = Signal(config.potential_address)
        first_weight = Signal(config.weight_address)
        m.d.comb += [
            first_potential.eq(start.potential[0] + start.potential[1]),
            first_weight.eq(start.weight[0] + start.weight[1]),
        ]
        with m.If(ready):
            m.d.sync += [
                valid.eq(start_valid),
                travels.eq(start.travels),
                potential.eq(first_potential),
                weight.eq(first_weight),
                run_left.eq(projection.run_last - 1),
            ]
        with m.Elif(~self.hold):
            m.d.sync += [
                weight.eq(weight + 1),
                run_left.eq(run_left - 1),
                potential.eq(potential + 1),
            ]
        if config.kernels:
            next_row_potential = Signal(config.potential_address)
            next_row_weight = Signal(config.weight_address)
            m.d.comb += [
                ends.eq(run_ends & columns_left[-1] & rows_left[-1]),
                next_row_potential.eq(row_potential + projection.row_step),
                next_row_weight.eq(row_weight + projection.weight_row_step),
            ]
            with m.If(ready):
                m.d.sync += [
                    empty.eq((start.rows == 0) | (start.columns == 0) | start.apart.any()),
                    row_potential.eq(first_potential),
                    row_weight.eq(first_weight),
                    columns_left.eq(start.columns - 2),
                    columns_after.eq(start.columns - 2),
                    rows_left.eq(start.rows - 2),
                ]
            with m.Elif(~self.hold & run_ends):
                m.d.sync += run_left.eq(projection.run_last - 1)
                with m.If(~columns_left[-1]):
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
            made.ends.eq(valid & travels.token),
            made.potential.eq(potential),
            made.weight.eq(weight),
            made.travels.eq(travels),
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
        if self._config.parity:
            gather_damage(m, self, targets)
        return targets.placed

    def _issue(self, m: Module, placed: data.View) -> None:
        """Hold the beat that is issued, or wait with it."""
        config = self._config
        projection = self.projection
        issues = Signal()
        whole = Signal()
        arriving = Signal.like(placed.travels.mask)
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
                self.negative.eq(placed.travels.negative),
                self.shift.eq(placed.travels.shift),
                whole.eq(placed.whole),
            ]
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
        if config.masked:
            with m.If(~self.hold):
                m.d.sync += [
                    arriving.eq(placed.travels.mask),
                    number.eq(sum(placed.travels.mask[i] for i in range(config.lanes))),
                ]
            with m.If(projection.masked):
                m.d.comb += [self.gate.eq(arriving), self.additions.eq(number)]
