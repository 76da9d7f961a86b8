"""The lanes of a core: memories, neurons and the pipeline between them."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
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
from augend.hw.potential_memory import PotentialMemory
from augend.hw.sweep import Slot, Sweep
from augend.hw.window_scan import WindowScan

__all__ = ["Lanes"]


class Lanes(wiring.Component):
    """Adds beats of weights to potentials, or sweeps a population; five stages, a slot a clock.

    What is issued in clock c reads in c + 1, adds in c + 2 and compares in c + 3. A beat is written
    back then, a word of a sweep a clock after its last slot. Never both at once.

    Members
    -------
    now, iteration, final : In
        The instruction, and in which iteration of its loop; the last one.
    start, done : In, Out
        Begin a sweep; see ``Sweep``.
    candidate, potential_address, weight_address, gate, negative, weight_shift, beat, hold : In, Out
        Beats to be added; see ``FanOut``.
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
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "now": In(instruction(config)),
                "iteration": In(16),
                "final": In(1),
                "start": In(1),
                "done": Out(1),
                "candidate": In(1),
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
                "spikes": Out(32),
                "last_step": Out(1),
                "swept_lead": Out(config.gates),
                "load": In(load_bus(config)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build memories, stages and lanes."""
        m = Module()
        config = self._config
        m.submodules.sweep = sweep = Sweep(config)
        m.d.comb += [
            sweep.sweep.eq(self.now.sweep),
            sweep.start.eq(self.start),
            sweep.current.eq(self._holds(self.now.sweep.current)),
            self.done.eq(sweep.done),
        ]
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
                lane.gate.eq(add.gate[i]),
                lane.weight_shift.eq(add.weight_shift),
                lane.subtract.eq(add.add & add.negative[i] if config.signed_events else 0),
            ]
        self._first_stage(m, add, lanes)
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
        return m

    def _holds(self, when: Value) -> Value:
        """Whether something is done in this iteration."""
        return (
            (when == When.ALWAYS)
            | ((when == When.FIRST) & (self.iteration == 0))
            | ((when == When.LAST) & self.final)
        )

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
            potentials.candidate.eq(self.candidate),
            potentials.candidate_address.eq(self.potential_address),
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
                "gate": config.lanes,
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
                & self._holds(constants.read)
            ),
            issue.clears.eq(
                sweep.issue & (sweep.slot == Slot.CURRENT) & self._holds(constants.clears)
            ),
            issue.restarts.eq(
                sweep.issue
                & self.final
                & Mux(restores, sweep.slot == Slot.RESTORE, sweep.lowest)
                & (constants.restart != Restart.NO)
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

    def _first_stage(self, m: Module, add: data.View, lanes: list[Neuron]) -> None:
        """Say what is added to what."""
        config = self._config
        constants = self.now.sweep
        augend = Signal(Augend)
        operand = Signal(Operand)
        scale = Signal(Scale)
        bias = Signal(Operand)
        clamped = Signal()
        with m.If(self.start):
            m.d.sync += clamped.eq(self.iteration < constants.clamp_steps)
        with m.If(self._holds(constants.bias)):
            m.d.comb += bias.eq(Operand.BIAS)
        with m.If(add.add):
            m.d.comb += operand.eq(Operand.WEIGHT)
        with m.Elif(add.sweep):
            m.d.comb += [scale.eq(constants.scale), operand.eq(bias)]
            with m.If((add.slot == Slot.POTENTIAL) & self._holds(constants.current)):
                m.d.comb += operand.eq(Operand.SUM)
            if config.inhibition_bits:
                with m.If(self._is(add, Slot.INHIBIT, Slot.OWN)):
                    m.d.comb += [augend.eq(Augend.TERM), operand.eq(Operand.SUM)]
            if config.clamp:
                with m.If(clamped):
                    m.d.comb += [augend.eq(Augend.INITIAL), operand.eq(Operand.NOTHING)]
        if config.gates:
            with m.If(add.leads):
                m.d.comb += operand.eq(Operand.TERM)
                with m.If(constants.leads == Lead.ANY):
                    m.d.comb += [augend.eq(Augend.TERM), operand.eq(Operand.NOTHING)]
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
        with m.If(compare.clears):
            m.d.comb += restart.eq(Restart.ZERO)
        with m.Elif(compare.restarts):
            m.d.comb += restart.eq(constants.restart)
        later = (Slot.PLANE, Slot.SETTLE, Slot.RESTORE, Slot.LEAK)
        for lane in lanes:
            m.d.comb += [
                lane.subtrahend.eq(subtrahend),
                lane.shift.eq(shift),
                lane.again.eq(add.index != 1),
                lane.fire.eq(compare.fires),
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
        m.d.sync += self.swept_lead.eq(back.sweep & back.leads)
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

    def _emit(self, m: Module, back: data.View, lanes: list[Neuron], leaders: list[Leader]) -> None:
        """Queue the masks of a sweep, then its token; count its spikes."""
        config = self._config
        mask = Signal(config.lanes)
        token = Signal()
        fired = Signal(32)
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
        m.d.sync += [
            token.eq(back.emits & ends),
            self.swept.eq(ends & (back.fires | back.final | back.closes)),
            self.swept_population.eq(back.population),
            self.last_step.eq(back.final),
        ]
        with m.If(self.swept):
            m.d.sync += fired.eq(0)
        with m.Elif(back.fires | back.closes):
            spikes = sum(mask[i] for i in range(config.lanes))
            m.d.sync += fired.eq(fired + (spikes << back.index[: config.plane_bits]))
        with m.If(token):
            m.d.comb += [
                self.word.token.eq(1),
                self.word.population.eq(self.swept_population),
            ]
        with m.Else():
            m.d.comb += [
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
