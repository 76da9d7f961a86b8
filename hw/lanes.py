"""The lanes of a core: memories, neurons and the pipeline between them."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, ValueLike
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.event_word import event_word
from augend.hw.history import History, history_layout
from augend.hw.instruction import Kind, When, instruction
from augend.hw.lane_control import Augend, Lead, Operand, Restart, Scale, Subtrahend, Totals
from augend.hw.leader import Leader
from augend.hw.loading import CORE_MEMORIES, load_bus, row_bits, row_shape
from augend.hw.memory import LoadedMemory
from augend.hw.neuron import Neuron
from augend.hw.parity import check_rows, damage_ports, gather_damage, later
from augend.hw.potential_memory import PotentialMemory
from augend.hw.sweep import Slot, Sweep
from augend.hw.window_scan import WindowScan

__all__ = ["Lanes"]

_GROUP = 8
"""Lanes whose spikes are counted together in a clock."""


class Lanes(wiring.Component):
    """Adds beats of weights to potentials, or sweeps a population; five stages, a slot a clock.

    What is issued in clock c reads in c + 1, adds in c + 2 and compares in c + 3. A beat is written
    back then, a word of a sweep a clock after its last slot. Never both at once.

    Members
    -------
    now, iteration, first, final : In
        The instruction, and in which iteration of its loop; the first, the last one. All stable
        from the clock before ``start`` on.
    start, done : In, Out
        Begin a sweep; see ``Sweep``.
    candidate, candidate_address, hold : In, In, Out
        The beat that is to come; see ``FanOut``.
    beat, potential_address, weight_address, gate, negative, weight_shift : In
        The beat that is added.
    product : In
        What all spikes of the step before take off, negative; stable during a sweep.
    write, word : Out
        Event word, or token, for the core's queue.
    read, read_last, read_final, sums : Out
        A word of potentials, or totals, for the readout; whether it is the sweep's last; whether
        the step is.
    sweeping : Out
        A sweep visits a word.
    swept, swept_population, spikes, last_step, swept_lead : Out
        Strobe at the end of a sweep that fires or is its loop's last, or of one for a gate, after
        its token: whose, its spikes, whether that was the last step, and whether the spikes are
        those that a gate's words took in.
    load : In
        The load bus, when it addresses this core.
    damaged : Out
        With parity: see ``damage_ports``.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "now": In(instruction(config)),
                "iteration": In(config.step_bits),
                "first": In(1),
                "final": In(1),
                "start": In(1),
                "done": Out(1),
                "candidate": In(1),
                "candidate_address": In(config.potential_address),
                "potential_address": In(config.potential_address),
                "weight_address": In(config.weight_address),
                "gate": In(config.lanes),
                "negative": In(config.lanes * config.signed_events),
                "weight_shift": In(config.shift_bits),
                "beat": In(1),
                "hold": Out(1),
                "product": In(config.potential_bits),
                "write": Out(1),
                "word": Out(event_word(config)),
                "read": Out(1),
                "read_last": Out(1),
                "read_final": Out(1),
                "sweeping": Out(1),
                "sums": Out(config.lanes * config.potential_bits),
                "swept": Out(1),
                "swept_population": Out(config.population_bits),
                "spikes": Out(24),
                "last_step": Out(1),
                "swept_lead": Out(config.gates),
                "load": In(load_bus(config)),
                **damage_ports(config),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build memories, stages and lanes."""
        m = Module()
        config = self._config
        m.submodules.sweep = sweep = Sweep(config)
        self._choose(m)
        m.d.comb += [
            sweep.sweep.eq(self.now.sweep),
            sweep.start.eq(self.start),
            self.done.eq(sweep.done),
        ]
        if config.currents:
            m.d.comb += sweep.current.eq(self.chosen.current)
        stages = self._stages(m, sweep)
        add, compare, back = stages[2:]
        weights, parameters, potentials = self._memories(m, sweep)
        lanes = [Neuron(config) for _ in range(config.lanes)]
        for i, lane in enumerate(lanes):
            m.submodules[f"lane_{i}"] = lane
            m.d.comb += [
                lane.potential.eq(
                    potentials.data[i * config.potential_bits : (i + 1) * config.potential_bits]
                ),
                lane.weight.eq(weights.data[i]),
                lane.parameters.eq(parameters.data[i]),
                lane.gate.eq(add.gate[i] if config.masked else 1),
                lane.weight_shift.eq(add.weight_shift),
                lane.subtract.eq(add.add & add.negative[i] if config.signed_events else 0),
            ]
        self._first_stage(m, stages[1], lanes)
        self._second_stage(m, add, compare, lanes)

        sums = Cat(lane.sum for lane in lanes)
        following = Cat(lane.next for lane in lanes)
        m.d.comb += [
            potentials.write.eq(compare.add | back.writes),
            potentials.write_address.eq(Mux(back.writes, back.address, compare.address)),
            potentials.write_data.eq(Mux(back.writes, following, sums)),
            self.read.eq(compare.reads & ~self._is(compare, Slot.SETTLE)),
            self.read_last.eq(compare.last),
            self.read_final.eq(compare.final),
            self.sweeping.eq(sweep.issue),
            self.sums.eq(sums),
        ]
        if config.settles:
            with m.If(self._is(back, Slot.SETTLE)):
                m.d.comb += [
                    self.read.eq(back.reads),
                    self.read_last.eq(back.last),
                    self.read_final.eq(back.final),
                    self.sums.eq(following),
                ]
        past = None
        if config.history_words or config.spike_planes > 1:
            past = self._histories(m, sweep, stages, lanes)
        leaders = []
        if config.gates and past is not None:
            leaders = self._leaders(m, sweep, stages, lanes, potentials, past)
        self._emit(m, back, lanes, leaders)
        if config.parity:
            self._check(m, weights, parameters, potentials, past)
        return m

    def _holds(self, when: Value) -> Value:
        """Whether something is done in this iteration."""
        return (
            (when == When.ALWAYS)
            | ((when == When.FIRST) & self.first)
            | ((when == When.LAST) & self.final)
        )

    def _choose(self, m: Module) -> None:
        """Keep what a sweep does in this iteration, known a clock after its instruction."""
        constants = self.now.sweep
        self.chosen = chosen = Signal(
            data.StructLayout(
                {
                    "bias": 1,
                    "current": self._config.currents,
                    "clears": self._config.currents,
                    "read": 1,
                    "restart": Restart,
                }
            )
        )
        m.d.sync += [
            chosen.bias.eq(self._holds(constants.bias)),
            chosen.read.eq(self._holds(constants.read)),
            chosen.restart.eq(Mux(self.final, constants.restart, Restart.NO)),
        ]
        if self._config.currents:
            m.d.sync += [
                chosen.current.eq(self._holds(constants.current)),
                chosen.clears.eq(self._holds(constants.clears)),
            ]

    @staticmethod
    def _is(stage: data.View, *slots: Slot) -> Value:
        """Whether a sweep's slot of one of these kinds is in a stage."""
        return stage.sweep & Cat(stage.slot == slot for slot in slots).any()

    def _memories(
        self, m: Module, sweep: Sweep
    ) -> tuple[LoadedMemory, LoadedMemory, PotentialMemory]:
        """Build the memories of weights, parameters and potentials."""
        config = self._config
        m.submodules.weights = weights = LoadedMemory(
            shape=row_shape(config, "weight"), depth=config.weight_words
        )
        m.submodules.parameters = parameters = LoadedMemory(
            shape=row_shape(config, "parameter"), depth=config.parameter_words
        )
        for name, unit in (("weight", weights), ("parameter", parameters)):
            m.d.comb += [
                unit.load.eq(self.load.strobe[CORE_MEMORIES.index(name)]),
                unit.load_address.eq(self.load.address),
                unit.load_data.eq(self.load.row[: row_bits(config, name)]),
            ]
        m.submodules.potentials = potentials = PotentialMemory(config)
        m.d.comb += [
            weights.address.eq(self.weight_address),
            weights.enable.eq(self.beat),
            parameters.address.eq(sweep.parameter_address),
            parameters.enable.eq(sweep.issue),
            potentials.beat.eq(self.beat),
            potentials.beat_address.eq(self.potential_address),
            potentials.candidate.eq(self.candidate),
            potentials.candidate_address.eq(self.candidate_address),
            self.hold.eq(potentials.hold),
            potentials.issue.eq(self.beat | sweep.issue),
            potentials.issue_address.eq(
                Mux(sweep.issue, sweep.potential_address, self.potential_address)
            ),
        ]
        return weights, parameters, potentials

    def _stages(self, m: Module, sweep: Sweep) -> list[data.View]:
        """Build what travels beside the data: issue, read, add, compare and back.

        Additions are written back while a sweep would compare, sweeps a clock later.
        """
        config = self._config
        constants = self.now.sweep
        layout = data.StructLayout(
            {
                "add": 1,
                "sweep": 1,
                "slot": Slot,
                "index": 3,
                "whole": 1,
                "lowest": 1,
                "last": 1,
                "fires": 1,
                "emits": 1,
                "reads": 1,
                "clears": 1,
                "restarts": 1,
                "writes": 1,
                "final": 1,
                "gate": config.lanes * config.masked,
                "negative": config.lanes * config.signed_events,
                "weight_shift": config.shift_bits,
                "address": config.potential_address,
                "a": config.coordinate_bits,
                "b": config.coordinate_bits,
                "g": config.coordinate_bits,
                "population": config.population_bits,
                "leads": config.gates,
                "tap": config.gates,
                "opens": config.gates,
                "closes": config.gates,
                "passes": config.gates,
            }
        )
        stages = [Signal(layout, name=name) for name in ("issue", "read", "add", "compare", "back")]
        issue = stages[0]
        plane = Signal()
        settles = Signal()
        restores = Signal()
        m.d.comb += [
            plane.eq(sweep.whole | (sweep.slot == Slot.PLANE)),
            settles.eq(constants.settles),
            restores.eq(constants.restores),
            issue.add.eq(self.beat),
            issue.sweep.eq(sweep.issue),
            issue.slot.eq(sweep.slot),
            issue.index.eq(Mux(sweep.whole, constants.planes_last, sweep.index)),
            issue.whole.eq(sweep.issue & sweep.whole),
            issue.lowest.eq(sweep.issue & sweep.lowest),
            issue.last.eq(sweep.last),
            issue.fires.eq(sweep.issue & plane & constants.fire),
            issue.emits.eq(sweep.issue & plane & constants.emits),
            issue.reads.eq(
                sweep.issue
                & Mux(settles, sweep.slot == Slot.SETTLE, sweep.whole)
                & self.chosen.read
            ),
            issue.clears.eq(sweep.issue & (sweep.slot == Slot.CURRENT) & self.chosen.clears.any()),
            issue.restarts.eq(
                sweep.issue & Mux(restores, sweep.slot == Slot.RESTORE, sweep.lowest)
            ),
            issue.writes.eq(sweep.issue & (sweep.ends | issue.clears)),
            issue.final.eq(self.final),
            issue.gate.eq(self.gate),
            issue.negative.eq(self.negative),
            issue.weight_shift.eq(self.weight_shift),
            issue.address.eq(Mux(sweep.issue, sweep.potential_address, self.potential_address)),
            issue.a.eq(sweep.a),
            issue.b.eq(sweep.b),
            issue.g.eq(sweep.g),
            issue.population.eq(self.now.population),
        ]
        m.d.sync += [later.eq(earlier) for earlier, later in zip(stages, stages[1:], strict=False)]
        return stages

    def _first_stage(self, m: Module, read: data.View, lanes: list[Neuron]) -> None:
        """Say, a clock before, what is added to what."""
        config = self._config
        constants = self.now.sweep
        augend = Signal(Augend)
        operand = Signal(Operand)
        scale = Signal(Scale)
        clamped = Signal()
        with m.If(self.start):
            m.d.sync += clamped.eq(self.iteration < constants.clamp_steps)
        m.d.sync += [
            augend.eq(Augend.POTENTIAL),
            operand.eq(Operand.NOTHING),
            scale.eq(Scale.KEEP),
        ]
        with m.If(read.add):
            m.d.sync += operand.eq(Operand.WEIGHT)
        with m.Elif(read.sweep):
            m.d.sync += scale.eq(constants.scale)
            with m.If(self.chosen.bias):
                m.d.sync += operand.eq(Operand.BIAS)
            if config.currents:
                with m.If((read.slot == Slot.POTENTIAL) & self.chosen.current):
                    m.d.sync += operand.eq(Operand.SUM)
            if config.inhibition_bits:
                with m.If(self._is(read, Slot.INHIBIT, Slot.OWN)):
                    m.d.sync += [augend.eq(Augend.TERM), operand.eq(Operand.SUM)]
            if config.clamp:
                with m.If(clamped):
                    m.d.sync += [augend.eq(Augend.INITIAL), operand.eq(Operand.NOTHING)]
        if config.gates:
            with m.If(read.leads):
                m.d.sync += operand.eq(Operand.TERM)
                with m.If(constants.leads == Lead.ANY):
                    m.d.sync += [augend.eq(Augend.TERM), operand.eq(Operand.NOTHING)]
        for lane in lanes:
            m.d.comb += [
                lane.augend.eq(augend),
                lane.operand.eq(operand),
                lane.scale.eq(scale),
                lane.iteration.eq(self.iteration),
            ]

    def _second_stage(
        self, m: Module, add: data.View, compare: data.View, lanes: list[Neuron]
    ) -> None:
        """Say what is compared, taken off and put back."""
        config = self._config
        constants = self.now.sweep
        subtrahend = Signal(Subtrahend)
        with m.If(self._is(add, Slot.PLANE)):
            m.d.comb += subtrahend.eq(Subtrahend.HALF)
        with m.Elif(self._is(add, Slot.SETTLE)):
            m.d.comb += subtrahend.eq(Subtrahend.FLOOR)
        with m.Elif(self._is(add, Slot.LEAK)):
            m.d.comb += subtrahend.eq(Subtrahend.LEAK)
        shift = Signal(config.leak_bits)
        if config.leak_bits:
            m.d.comb += shift.eq(constants.leak[(add.index - 1)[:2]])
        restart = Signal(Restart)
        m.d.sync += restart.eq(Restart.NO)
        with m.If(add.clears):
            m.d.sync += restart.eq(Restart.ZERO)
        with m.Elif(add.restarts):
            m.d.sync += restart.eq(self.chosen.restart)
        later = (Slot.PLANE, Slot.SETTLE, Slot.RESTORE, Slot.LEAK)
        for lane in lanes:
            m.d.comb += [
                lane.subtrahend.eq(subtrahend),
                lane.shift.eq(shift),
                lane.again.eq(add.index != 1),
                lane.fire.eq(add.fires),
                lane.restart.eq(restart),
                lane.goes_on.eq(self._is(compare, *later)),
                lane.sink.eq(self._is(compare, Slot.SETTLE) & constants.sinks),
                lane.drain.eq(self._is(compare, Slot.LEAK) & (compare.index != 0)),
                lane.zero.eq(constants.zero),
                lane.lowest.eq(compare.lowest),
                lane.may_fall.eq(constants.bipolar),
            ]

    def _histories(
        self, m: Module, sweep: Sweep, stages: list[data.View], lanes: list[Neuron]
    ) -> LoadedMemory | None:
        """Build what the lanes remember."""
        config = self._config
        constants = self.now.sweep
        _, read, add, compare, back = stages
        remembered = [History(config) for _ in lanes]
        above = Signal(config.total_bits)
        m.d.comb += above.eq((-1 << constants.planes_last) << 1)
        for i, (history, lane) in enumerate(zip(remembered, lanes, strict=True)):
            m.submodules[f"history_{i}"] = history
            m.d.comb += [
                history.remembers.eq(constants.remembers),
                history.opens.eq(add.whole),
                history.above.eq(above),
                history.plane.eq(compare.index),
                history.rose.eq(lane.rose),
                history.fell.eq(lane.fell),
                history.most.eq(constants.most),
                history.takes_back.eq(constants.takes_back),
                history.rest.eq(constants.rest),
                lane.may_rise.eq(history.may_rise),
                lane.may_fall.eq(history.may_fall & constants.bipolar),
            ]
        if not config.history_words:
            return None
        m.submodules.past = past = LoadedMemory(
            shape=data.ArrayLayout(history_layout(config), config.lanes),
            depth=config.history_words,
        )
        left = Signal(17)
        with m.If(self.start):
            m.d.sync += left.eq(self.now.times - self.iteration + 1)
        address = [Signal.like(past.address, name=f"history_{name}") for name in "rac"]
        m.d.sync += [
            later.eq(earlier)
            for earlier, later in zip([sweep.history_address, *address], address, strict=False)
        ]
        written = Signal()
        written_address = Signal.like(past.address)
        m.d.sync += [written_address.eq(address[-1]), written.eq(constants.remembers)]
        m.d.comb += [
            past.load_address.eq(written_address),
            past.address.eq(sweep.history_address),
            past.enable.eq(sweep.issue),
            past.load.eq(self._is(back, Slot.SETTLE) & written),
        ]
        keeps = Signal()
        totals = Signal(Totals)
        later = Signal()
        m.d.sync += [
            later.eq(self.iteration != 0),
            keeps.eq(~(compare.final & (constants.restart != Restart.NO))),
            totals.eq(constants.totals),
        ]
        for i, history in enumerate(remembered):
            m.d.comb += [history.before.eq(past.data[i]), history.left.eq(left)]
            with m.If(keeps):
                m.d.comb += past.load_data[i].eq(history.after)
            for name in ("emitted", "sank"):  # for gates, also of the last step
                m.d.comb += past.load_data[i][name].eq(history.after[name])
        bits = config.potential_bits
        for what, field in ((Totals.COUNT, "total"), (Totals.FIRST, "first")):
            with m.If(self._is(back, Slot.SETTLE) & (totals == what)):
                for i, history in enumerate(remembered):
                    m.d.comb += self.sums[i * bits : (i + 1) * bits].eq(history.after[field])
        if config.inhibition_bits:
            given_back = Signal(config.potential_bits)
            m.d.sync += given_back.eq(constants.inhibition << read.index)
            for lane, history in zip(lanes, remembered, strict=True):
                own = history.before.emitted.bit_select(add.index, 1) & self._is(add, Slot.OWN)
                own &= later
                with m.If(add.slot == Slot.INHIBIT):
                    m.d.comb += lane.term.eq(self.product)
                with m.Elif(own):
                    m.d.comb += lane.term.eq(given_back)
        return past

    def _leaders(
        self,
        m: Module,
        sweep: Sweep,
        stages: list[data.View],
        lanes: list[Neuron],
        potentials: PotentialMemory,
        past: LoadedMemory,
    ) -> list[Leader]:
        """Build what passes the spikes of gates; from a window's first place to its last."""
        config = self._config
        constants = self.now.sweep
        issue, _, add, compare, back = stages
        m.submodules.scan = scan = WindowScan(config)
        selects = Signal()
        adds = Signal()
        m.d.comb += [
            selects.eq(self.now.kind == Kind.SELECT),
            scan.sweep.eq(constants),
            scan.start.eq(self.start & selects),
            sweep.start.eq(self.start & ~selects),
            self.done.eq(sweep.done | scan.done),
            adds.eq(sweep.issue & sweep.whole & (constants.leads != Lead.NO)),
        ]
        with m.If(scan.issue):
            m.d.comb += [
                potentials.issue.eq(scan.tap),
                potentials.issue_address.eq(scan.potential_address),
                past.enable.eq(scan.tap),
                past.address.eq(scan.history_address),
                issue.emits.eq(scan.closes & constants.emits),
                issue.lowest.eq(scan.closes),
                issue.last.eq(scan.last),
                issue.passes.eq(scan.closes & constants.window.passes),
                issue.a.eq(scan.a),
                issue.b.eq(scan.b),
                issue.g.eq(scan.g),
            ]
        m.d.comb += [
            issue.leads.eq(scan.issue | adds),
            issue.tap.eq(scan.tap | adds),
            issue.opens.eq(scan.opens | adds),
            issue.closes.eq(scan.closes | adds),
        ]
        led = Signal(2)
        m.d.sync += [led.eq(led << 1 | (back.sweep & back.leads)), self.swept_lead.eq(led[1])]
        passed = Signal(config.history_address)
        with m.If(self.start):
            m.d.sync += passed.eq(constants.window.passed_base)
        with m.Elif(back.passes):
            m.d.sync += passed.eq(passed + 1)
        with m.If(back.passes):
            m.d.comb += [past.load.eq(1), past.load_address.eq(passed)]
        leaders = [Leader(config) for _ in lanes]
        for i, (leader, lane) in enumerate(zip(leaders, lanes, strict=True)):
            m.submodules[f"leader_{i}"] = leader
            m.d.comb += [
                leader.before.eq(past.data[i]),
                leader.rate.eq(constants.leads == Lead.RATE),
                leader.value.eq(lane.sum),
                leader.tap.eq(compare.tap),
                leader.opens.eq(compare.opens),
            ]
            with m.If(add.leads):
                m.d.comb += lane.term.eq(leader.term)
            with m.If(back.passes):
                m.d.comb += [
                    past.load_data[i].eq(0),
                    past.load_data[i].emitted.eq(leader.spike),
                    past.load_data[i].sank.eq(leader.negative),
                ]
        return leaders

    def _check(
        self,
        m: Module,
        weights: LoadedMemory,
        parameters: LoadedMemory,
        potentials: PotentialMemory,
        past: LoadedMemory | None,
    ) -> None:
        """Give the memories parity; what was never remembered is not checked."""
        config = self._config
        memories: list[tuple[str, LoadedMemory, ValueLike]] = [
            ("weight", weights, 1),
            ("parameter", parameters, 1),
        ]
        if past is not None:
            remembered = self.now.sweep.remembers
            if config.gates:
                leads = self.now.sweep.leads != Lead.NO
                remembered = remembered | leads | (self.now.kind == Kind.SELECT)
            memories.append(("history", past, remembered))
        for kind, rows, used in memories:
            check_rows(m, self, kind, rows, comes=later(m, rows.enable & used, 2))
        gather_damage(m, self, potentials)

    def _emit(self, m: Module, back: data.View, lanes: list[Neuron], leaders: list[Leader]) -> None:
        """Queue the masks of a sweep, then its token; count its spikes."""
        config = self._config
        mask = Signal(config.lanes)
        token = Signal()
        fired = Signal(24)
        number = Signal(range(config.lanes + 1))
        layout = data.StructLayout(
            {
                "counts": 1,
                "plane": config.plane_bits,
                "leaves": 1,
                "final": 1,
                "population": config.population_bits,
            }
        )
        now = Signal(layout)
        signs = Signal(config.lanes)
        m.d.comb += [
            mask.eq(Cat(lane.spike for lane in lanes)),
            signs.eq(Cat(lane.negative for lane in lanes)),
            self.write.eq((back.emits & (mask != 0)) | token),
            self.spikes.eq(fired),
        ]
        if leaders:
            with m.If(back.closes):
                m.d.comb += [
                    mask.eq(Cat(leader.spike for leader in leaders)),
                    signs.eq(Cat(leader.negative for leader in leaders)),
                ]
        ends = back.lowest & back.last
        # Spikes are counted in groups of lanes, then in all, then added: a clock each.
        groups = [mask[i : i + _GROUP] for i in range(0, config.lanes, _GROUP)]
        numbers = [Signal(range(len(g) + 1), name=f"group_{i}") for i, g in enumerate(groups)]
        swept = [Signal(layout, name=f"swept_{i}") for i in range(2)]
        m.d.comb += [
            now.counts.eq(back.fires | back.closes),
            now.plane.eq(back.index),
            now.leaves.eq(ends & (back.fires | back.final | back.closes)),
            now.population.eq(back.population),
            now.final.eq(back.final),
        ]
        m.d.sync += [
            *(n.eq(sum(g[i] for i in range(len(g)))) for n, g in zip(numbers, groups, strict=True)),
            number.eq(sum(numbers)),
            swept[0].eq(now),
            swept[1].eq(swept[0]),
            token.eq(back.emits & ends),
            self.swept.eq(swept[1].leaves),
            self.swept_population.eq(swept[1].population),
            self.last_step.eq(swept[1].final),
        ]
        # What was counted stands until four clocks after the next sweep's start.
        begun = Signal(4)
        m.d.sync += begun.eq(begun << 1 | self.start)
        with m.If(begun[-1]):
            m.d.sync += fired.eq(0)
        with m.If(swept[1].counts):
            m.d.sync += fired.eq(fired + (number << swept[1].plane))
        m.d.comb += [
            self.word.token.eq(token),
            self.word.mask.eq(mask),
            self.word.a.eq(back.a),
            self.word.b.eq(back.b),
            self.word.g.eq(back.g),
            self.word.population.eq(back.population),
        ]
        if config.signed_events:
            m.d.comb += self.word.signs.eq(signs)
        if config.plane_bits:
            m.d.comb += self.word.plane.eq(back.index)
        # Behind a plain sweep's last word there is none, and its place is the first one again.
        if config.settles or config.leak_bits or config.gates or config.signed_events:
            with m.If(token):
                m.d.comb += [
                    self.word.eq(0),
                    self.word.token.eq(1),
                    self.word.population.eq(swept[0].population),
                ]
