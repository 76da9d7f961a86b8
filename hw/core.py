"""A core: runs a list of populations on its own memories."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.counters import QUANTITIES, Counters
from augend.hw.event_queue import EventQueue
from augend.hw.event_word import event_word
from augend.hw.fan_out import TABLES, FanOut
from augend.hw.instruction import BiasWhen, Kind, instruction
from augend.hw.loading import CORE_MEMORIES, load_bus, row_bits, row_shape
from augend.hw.memory import NO_COLLISION, LoadedMemory
from augend.hw.neuron import Neuron, Operand, Restart, Scale
from augend.hw.potential_memory import PotentialMemory
from augend.hw.sweep import Sweep

__all__ = ["STALLS", "Core"]

STALLS = ("held", "starved", "blocked")
"""Why a core waits: a potential word comes back too soon; no events; no room for its own."""


class Core(wiring.Component):
    """Sequencer, fan-out, sweep, lanes and memories.

    Carries out its schedule in order: consume one step of events, or sweep one population. From
    one instruction to the next it takes two clocks. Every instruction has a fixed cost beside the
    words it touches (docs/architecture.md, "Clocks").

    Members
    -------
    start, restart : In
        Begin an inference; with ``restart``, from the schedule's first instruction.
    idle : Out
        The schedule has come to an end.
    port : Out
        The router's source that is listened to.
    events : In
        Stream of event words from that source.
    emitted : Out
        Stream of event words of the core's own populations.
    wrote, wrote_word : Out
        What entered the core's queue in this clock, for observers.
    read, read_last, sums : Out
        A word of potentials for the readout, and whether it is the last.
    counter_read, counter_population, counters : In, In, Out
        See ``Counters``.
    stalls : Out
        Clocks lost since ``start``, by reason (``STALLS``).
    load : In
        The load bus, when it addresses this core.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        word = event_word(config)
        super().__init__(
            {
                "start": In(1),
                "restart": In(1),
                "idle": Out(1),
                "port": Out(config.port_bits),
                "events": In(stream.Signature(word)),
                "emitted": Out(stream.Signature(word)),
                "wrote": Out(1),
                "wrote_word": Out(word),
                "read": Out(1),
                "read_last": Out(1),
                "sums": Out(config.lanes * config.potential_bits),
                "counter_read": In(len(QUANTITIES)),
                "counter_population": In(config.population_bits),
                "counters": Out(32).array(len(QUANTITIES)),
                "stalls": Out(32).array(len(STALLS)),
                "load": In(load_bus(config)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the sequencer around the units."""
        m = Module()
        config = self._config
        m.submodules.fan_out = fan_out = FanOut(config)
        m.submodules.sweep = sweep = Sweep(config)
        m.submodules.queue = queue = EventQueue(config)
        m.submodules.schedule = schedule = memory.Memory(
            shape=instruction(config),
            depth=config.instructions,
            init=[],
            attrs=NO_COLLISION,
        )
        strobe = {name: self.load.strobe[i] for i, name in enumerate(CORE_MEMORIES)}
        m.d.comb += [
            fan_out.load.eq(Cat(strobe[name] for name in TABLES)),
            fan_out.load_address.eq(self.load.address),
            fan_out.load_data.eq(self.load.row),
        ]
        write = schedule.write_port()
        m.d.comb += [
            write.en.eq(strobe["instruction"]),
            write.addr.eq(self.load.address),
            write.data.eq(self.load.row),
        ]
        # The next instruction is read while this one is carried out, then put into a register.
        fetched = schedule.read_port()
        now = Signal(instruction(config), reset_less=True)
        at = Signal(config.instruction_address)
        following = Signal(config.instruction_address)
        iteration = Signal(16)
        final = Signal()
        consuming = Signal()
        token_taken = Signal()
        m.d.sync += final.eq(iteration == now.times)  # as of an instruction's second clock
        m.d.comb += [
            fetched.addr.eq(Mux(self.restart, 0, following)),
            self.port.eq(now.port),
            fan_out.projection.eq(now.projection),
            sweep.sweep.eq(now.sweep),
            fan_out.events.payload.eq(self.events.payload),
            fan_out.events.valid.eq(self.events.valid & consuming & ~token_taken),
            self.events.ready.eq(fan_out.events.ready & consuming & ~token_taken),
        ]
        with m.If(self.events.valid & self.events.ready & self.events.payload.token):
            m.d.sync += token_taken.eq(1)

        def advance(finished: Signal) -> None:
            with m.If(finished):
                m.next = "FETCH"
                m.d.sync += at.eq(following)
                with m.If(now.closes):
                    m.d.sync += iteration.eq(Mux(final, 0, iteration + 1))

        m.d.sync += following.eq(at + 1)
        with m.If(now.closes & ~final):
            m.d.sync += following.eq(now.back)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.idle.eq(1)
                m.d.sync += following.eq(at)
                with m.If(self.start):
                    m.next = "FETCH"
                    with m.If(self.restart):
                        m.d.sync += at.eq(0)
            with m.State("FETCH"):
                m.d.sync += [token_taken.eq(0), now.eq(fetched.data)]
                m.next = "EXECUTE"
            with m.State("EXECUTE"):
                with m.Switch(now.kind):
                    with m.Case(Kind.CONSUME):
                        m.d.comb += consuming.eq(1)
                        advance(fan_out.done)
                    with m.Case(Kind.SWEEP):
                        with m.If(~now.sweep.fire | queue.room):
                            m.d.comb += [sweep.start.eq(1), queue.claim.eq(now.sweep.fire)]
                            m.next = "SWEEP"
                        with m.Else():
                            m.d.sync += self.stalls[2].eq(self.stalls[2] + 1)
                    with m.Default():
                        m.d.sync += [at.eq(now.back), iteration.eq(0)]
                        m.next = "IDLE"
            with m.State("SWEEP"):
                advance(sweep.done)
        with m.If(consuming & ~token_taken & ~self.events.valid):
            m.d.sync += self.stalls[1].eq(self.stalls[1] + 1)
        with m.If(fan_out.hold):
            m.d.sync += self.stalls[0].eq(self.stalls[0] + 1)
        with m.If(self.start):
            m.d.sync += [self.stalls[i].eq(0) for i in range(len(STALLS))]

        self._lanes(m, fan_out, sweep, queue, now, iteration, final, strobe)
        return m

    def _lanes(
        self,
        m: Module,
        fan_out: FanOut,
        sweep: Sweep,
        queue: EventQueue,
        now: data.View,
        iteration: Signal,
        final: Signal,
        strobe: dict,
    ) -> None:
        """Build the memories, the lanes and the pipeline between them."""
        config = self._config
        m.submodules.weights = weights = LoadedMemory(
            shape=row_shape(config, "weight"), depth=config.weight_words
        )
        m.submodules.parameters = parameters = LoadedMemory(
            shape=row_shape(config, "parameter"), depth=config.parameter_words
        )
        for name, unit in (("weight", weights), ("parameter", parameters)):
            m.d.comb += [
                unit.load.eq(strobe[name]),
                unit.load_address.eq(self.load.address),
                unit.load_data.eq(self.load.row[: row_bits(config, name)]),
            ]
        m.submodules.potentials = potentials = PotentialMemory(config)
        m.d.comb += [
            weights.address.eq(fan_out.weight_address),
            weights.enable.eq(fan_out.beat),
            parameters.address.eq(sweep.parameter_address),
            parameters.enable.eq(sweep.issue),
            potentials.candidate.eq(fan_out.candidate),
            potentials.candidate_address.eq(fan_out.candidate_address),
            fan_out.hold.eq(potentials.hold),
            potentials.issue.eq(fan_out.beat | sweep.issue),
            potentials.issue_address.eq(
                Mux(sweep.issue, sweep.potential_address, fan_out.potential_address)
            ),
        ]

        # What travels beside the data, a stage a clock. Additions are written back while a sweep
        # would compare, sweeps a clock later.
        layout = data.StructLayout(
            {
                "add": 1,
                "sweep": 1,
                "captures": 1,
                "last": 1,
                "final": 1,
                "gate": config.lanes,
                "address": config.potential_address,
                "a": config.coordinate_bits,
                "b": config.coordinate_bits,
                "g": config.coordinate_bits,
                "population": config.population_bits,
                "emits": 1,
            }
        )
        stages = [Signal(layout, name=name) for name in ("issue", "read", "add", "compare", "back")]
        issue, _, add, compare, back = stages
        m.d.comb += [
            issue.add.eq(fan_out.beat),
            issue.sweep.eq(sweep.issue),
            issue.captures.eq(sweep.captures),
            issue.last.eq(sweep.last),
            issue.final.eq(final),
            issue.gate.eq(fan_out.gate),
            issue.address.eq(potentials.issue_address),
            issue.a.eq(sweep.a),
            issue.b.eq(sweep.b),
            issue.g.eq(sweep.g),
            issue.population.eq(now.population),
            issue.emits.eq(sweep.issue & ~sweep.captures & now.sweep.fire),
        ]
        m.d.sync += [later.eq(earlier) for earlier, later in zip(stages, stages[1:], strict=False)]

        operand = Signal(Operand)
        scale = Signal(Scale)
        with m.If(add.add):
            m.d.comb += operand.eq(Operand.WEIGHT)
        with m.Elif(add.sweep):
            m.d.comb += scale.eq(now.sweep.scale)
            with m.If(now.sweep.current):
                with m.If(~add.captures):
                    m.d.comb += operand.eq(Operand.CURRENT)
            with m.Elif(
                (now.sweep.bias == BiasWhen.ALWAYS)
                | ((now.sweep.bias == BiasWhen.FIRST) & (iteration == 0))
                | ((now.sweep.bias == BiasWhen.LAST) & add.final)
            ):
                m.d.comb += operand.eq(Operand.BIAS)
        restart = Signal(Restart)
        with m.If(compare.sweep & compare.final):
            m.d.comb += restart.eq(now.sweep.restart)
            with m.If(compare.captures & (now.sweep.restart != Restart.NO)):
                m.d.comb += restart.eq(Restart.ZERO)

        lanes = [Neuron(config) for _ in range(config.lanes)]
        for i, lane in enumerate(lanes):
            m.submodules[f"lane_{i}"] = lane
            m.d.comb += [
                lane.potential.eq(
                    potentials.data[i * config.potential_bits : (i + 1) * config.potential_bits]
                ),
                lane.weight.eq(weights.data[i]),
                lane.parameters.eq(parameters.data[i]),
                lane.operand.eq(operand),
                lane.scale.eq(scale),
                lane.iteration.eq(iteration),
                lane.gate.eq(add.gate[i]),
                lane.capture.eq(add.captures),
                lane.fire.eq(compare.emits),
                lane.restart.eq(restart),
            ]
        sums = Cat(lane.sum for lane in lanes)
        m.d.comb += [
            potentials.write.eq(compare.add | back.sweep),
            potentials.write_address.eq(Mux(back.sweep, back.address, compare.address)),
            potentials.write_data.eq(Mux(back.sweep, Cat(lane.next for lane in lanes), sums)),
            self.read.eq(compare.sweep & ~compare.captures & now.sweep.read),
            self.read_last.eq(compare.last),
            self.sums.eq(sums),
        ]

        # Emission: the masks of a sweep, then its token.
        mask = Signal(config.lanes)
        token = Signal()
        token_population = Signal(config.population_bits)
        m.d.comb += [
            mask.eq(Cat(lane.spike for lane in lanes)),
            queue.write.eq((back.emits & (mask != 0)) | token),
            self.wrote.eq(queue.write),
            self.wrote_word.eq(queue.word),
        ]
        m.d.sync += [token.eq(back.emits & back.last), token_population.eq(back.population)]
        with m.If(token):
            m.d.comb += [queue.word.token.eq(1), queue.word.population.eq(token_population)]
        with m.Else():
            m.d.comb += [
                queue.word.mask.eq(mask),
                queue.word.a.eq(back.a),
                queue.word.b.eq(back.b),
                queue.word.g.eq(back.g),
                queue.word.population.eq(back.population),
            ]
        wiring.connect(m, wiring.flipped(self.emitted), queue.events)

        self._count(m, fan_out, sweep, now, back, mask, token, token_population)

    def _count(
        self,
        m: Module,
        fan_out: FanOut,
        sweep: Sweep,
        now: data.View,
        back: data.View,
        mask: Signal,
        token: Signal,
        token_population: Signal,
    ) -> None:
        """Tally beats and spikes, and enter them at the end of each instruction."""
        config = self._config
        m.submodules.counters = counters = Counters(config)
        additions = Signal(32)
        words = Signal(32)
        spikes = Signal(32)
        with m.If(fan_out.done):
            m.d.sync += [additions.eq(0), words.eq(0)]
        with m.Elif(fan_out.beat):
            m.d.sync += [additions.eq(additions + fan_out.additions), words.eq(words + 1)]
        with m.If(token):
            m.d.sync += spikes.eq(0)
        with m.Elif(back.emits):
            m.d.sync += spikes.eq(spikes + sum(mask[i] for i in range(config.lanes)))
        m.d.comb += [
            counters.add.eq(Cat(fan_out.done, fan_out.done, sweep.done, token)),
            counters.population[0].eq(now.population),
            counters.amount[0].eq(additions),
            counters.population[1].eq(now.population),
            counters.amount[1].eq(words),
            counters.population[2].eq(now.population),
            counters.amount[2].eq(now.sweep.updates),
            counters.population[3].eq(token_population),
            counters.amount[3].eq(spikes),
            counters.read.eq(self.counter_read),
            counters.read_population.eq(self.counter_population),
        ]
        m.d.comb += [self.counters[i].eq(counters.data[i]) for i in range(len(QUANTITIES))]
