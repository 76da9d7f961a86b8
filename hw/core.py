"""A core: carries out its schedule on its own memories."""

from amaranth.hdl import Cat, Const, Module, Mux, ResetInserter, Signal
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.counters import QUANTITIES, Counters
from augend.hw.event_queue import EventQueue
from augend.hw.event_word import event_word
from augend.hw.fan_out import TABLES, FanOut
from augend.hw.inhibition import Inhibition
from augend.hw.instruction import Kind, When, instruction
from augend.hw.intake import Intake
from augend.hw.lanes import Lanes
from augend.hw.loading import CORE_MEMORIES, load_bus
from augend.hw.memory import NO_COLLISION
from augend.hw.parity import KINDS, check_parity, damage_ports, gather_damage, later
from augend.hw.quiet import Quiet

__all__ = ["FAULTS", "STALLS", "Core"]

STALLS = ("held", "starved", "blocked")
"""Why a core waits: a potential word comes back too soon; no events; no room for its own."""


FAULTS = ("token", "queue")
"""What can go wrong: a step of another population came than was waited for; a queue was full."""


class Core(wiring.Component):
    """Sequencer, fan-out, lanes and event queue.

    Carries out its schedule in order: consume one step of events, or sweep one population. From
    one instruction to the next it takes two clocks. Every instruction has a fixed cost beside the
    words it touches (docs/architecture.md, "Clocks"); with ``skips``, an empty step and a sweep
    that would change nothing cost hardly more than that.

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
    read, read_last, read_final, sums : Out
        A word of potentials for the readout; whether it is the sweep's last; whether the step is.
    waits, decided, exits : Out, In, In
        The core waits for the readout's decision; it is made; it is to end the inference.
    free : In
        The readout, of a softmax, takes the next step's words.
    abort : In
        Give the inference up. Comes when nothing moves.
    stirs, faults : Out
        Something moved a clock or two before; what went wrong since ``start`` (``FAULTS``).
    counter_read, counter_population, counters : In, In, Out
        See ``Counters``.
    stalls : Out
        Clocks lost since ``start``, by reason (``STALLS``).
    load : In
        The load bus, when it addresses this core.
    damaged : Out
        With parity: what came damaged in this clock, see ``damage_ports``. From then on until it is
        started anew the core takes no event and begins no instruction.
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
                "read_final": Out(1),
                "sums": Out(config.lanes * config.potential_bits),
                "waits": Out(1),
                "decided": In(1),
                "exits": In(1),
                "free": In(1),
                "abort": In(1),
                "stirs": Out(1),
                "faults": Out(len(FAULTS)),
                "counter_read": In(len(QUANTITIES)),
                "counter_population": In(config.population_bits),
                "counters": Out(32).array(len(QUANTITIES)),
                "stalls": Out(32).array(len(STALLS)),
                "load": In(load_bus(config)),
                **damage_ports(config),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the sequencer around the units."""
        m = Module()
        config = self._config
        m.submodules.fan_out = fan_out = FanOut(config)
        m.submodules.lanes = lanes = Lanes(config)
        queue = EventQueue(config)
        m.submodules.queue = ResetInserter(self.abort)(queue) if config.watchdog_bits else queue
        m.submodules.schedule = schedule = memory.Memory(
            shape=instruction(config),
            depth=config.instructions,
            init=[],
            attrs=NO_COLLISION | {"ram_style": config.ram_style(config.instructions)},
        )
        strobe = {name: self.load.strobe[i] for i, name in enumerate(CORE_MEMORIES)}
        m.d.comb += [
            fan_out.load.eq(Cat(strobe[name] for name in TABLES)),
            fan_out.load_address.eq(self.load.address),
            fan_out.load_data.eq(self.load.row),
            fan_out.target_load.eq(strobe["target"]),
            fan_out.target_address.eq(self.load.address),
            fan_out.target_data.eq(self.load.row),
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
        iteration = Signal(config.step_bits)
        final = Signal()
        consuming = Signal()
        taking = Signal()
        discards = Signal()
        token_comes = Signal()
        rewind = Signal()
        inhibits = Signal()
        begin_product = Signal()
        # Whether the loop's last iteration comes is known before; the first one's from the start.
        first = Signal(init=1)
        nearly = Signal()
        ends = Signal()
        ended = Signal()
        m.d.sync += nearly.eq(iteration == now.nearly)
        m.d.comb += [
            final.eq(Mux(first, now.once, ends)),
            discards.eq(now.discards_last & final),
            token_comes.eq(self.events.valid & self.events.payload.token),
            inhibits.eq(now.sweep.inhibits),
            fetched.addr.eq(Mux(self.restart | (self.decided & self.exits), 0, following)),
            self.port.eq(now.port),
            fan_out.projection.eq(now.projection),
        ]
        m.submodules.intake = intake = Intake(config)
        m.d.comb += [
            intake.consuming.eq(consuming),
            intake.taking.eq(taking),
            intake.keeps.eq(now.keeps),
            intake.replays.eq(now.replays),
            intake.rewind.eq(rewind),
        ]
        wiring.connect(m, wiring.flipped(self.events), intake.events)
        wiring.connect(m, intake.words, fan_out.events)
        self._remembering: list[Intake | Inhibition] = [intake]
        self.halts = Signal()

        def advance(finished: Signal) -> None:
            with m.If(finished):
                m.next = "FETCH"
                m.d.sync += [at.eq(following), ended.eq(1)]

        # An instruction's end comes late in its clock: what follows of it has the next one.
        m.d.sync += ended.eq(0)
        with m.If(ended & now.closes):
            m.d.sync += [
                iteration.eq(Mux(final, 0, iteration + 1)),
                first.eq(final),
                ends.eq(nearly),
            ]

        reading = Signal()  # the readout still needs the words of the step before
        if config.noise_bits:
            with m.If(lanes.start & (now.sweep.read == When.ALWAYS)):
                m.d.sync += reading.eq(1)
            with m.If(self.free | self.decided | self.start):
                m.d.sync += reading.eq(0)
        room = Signal()
        m.d.comb += room.eq(
            (~now.sweep.emits | queue.room) & ~((now.sweep.read == When.ALWAYS) & reading)
        )

        m.submodules.quiet = quiet = Quiet(config)
        skips = Signal()
        skipping = Signal()
        m.d.comb += [
            quiet.population.eq(now.population),
            quiet.beat.eq(fan_out.beat),
            quiet.write.eq(lanes.write),
            quiet.word.eq(lanes.word),
            quiet.done.eq(lanes.done),
            skips.eq(now.sweep.skips & quiet.quiet & ~first & ~ends),
        ]
        # Whether the step is consumed is not asked: it is what an instruction's beginning says.
        with m.If(intake.arriving & fan_out.events.ready & intake.words.payload.token):
            m.d.sync += [consuming.eq(0), taking.eq(0)]

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
                m.d.comb += rewind.eq(1)
                m.d.sync += now.eq(fetched.data)
                if config.skips:
                    m.d.sync += following.eq(at + 1)  # whatever was closed before
                m.next = "EXECUTE"
                if config.parity:
                    with m.If(self.halts):
                        m.next = "FETCH"
                    self._give_up(m, iteration, first, ended)
            with m.State("EXECUTE"):
                # What is to follow is read meanwhile; where a loop closes, in the next clock.
                with m.Switch(now.kind):
                    with m.Case(Kind.CONSUME):
                        m.d.sync += consuming.eq(~discards)
                        if config.delays:
                            m.d.sync += taking.eq(discards & ~now.replays)
                        m.next = "CONSUME"
                    with m.Case(Kind.TAKE):
                        m.d.sync += taking.eq(bool(config.replay_words))
                        m.next = "CONSUME"
                    with m.Case(Kind.SWEEP, *([Kind.SELECT] if config.gates else [])):
                        m.next = "READY"
                        if config.skips:
                            at_once = skips & quiet.free & queue.room & ~now.closes
                            m.d.comb += skipping.eq(at_once)
                            advance(at_once)
                        if config.inhibition_bits:
                            with m.If(inhibits):
                                m.d.comb += begin_product.eq(1)
                                m.next = "INHIBIT"
                    if config.early_exit:
                        with m.Case(Kind.DECIDE):
                            m.next = "DECIDE"
                    with m.Default():
                        m.d.sync += [at.eq(now.back), iteration.eq(0), first.eq(1)]
                        m.next = "IDLE"
                self._give_up(m, iteration, first, ended)
            with m.State("CONSUME"):
                passes = discards & now.replays if config.delays else Const(0)
                advance(fan_out.done | (taking & token_comes) | passes | intake.empty)
                self._give_up(m, iteration, first, ended)
            with m.State("READY"):
                with m.If(room & skips):
                    m.d.comb += skipping.eq(quiet.free)
                    advance(quiet.free)
                with m.Elif(room):
                    m.d.comb += [lanes.start.eq(1), queue.claim.eq(now.sweep.emits)]
                    m.next = "SWEEP"
                with m.Else():
                    m.d.sync += self.stalls[2].eq(self.stalls[2] + 1)
                self._give_up(m, iteration, first, ended)
            with m.State("SWEEP"):
                advance(lanes.done)
                self._give_up(m, iteration, first, ended)
            if config.early_exit:
                with m.State("DECIDE"):
                    m.d.comb += self.waits.eq(~final)
                    advance(self.decided | final)
                    with m.If(self.decided & self.exits):
                        m.d.sync += [at.eq(0), iteration.eq(0), first.eq(1), ended.eq(0)]
                    self._give_up(m, iteration, first, ended)
            if config.inhibition_bits:
                m.submodules.inhibition = inhibition = self._inhibition(m, lanes, now)
                m.d.comb += inhibition.start.eq(begin_product)
                with m.State("INHIBIT"):
                    with m.If(inhibition.done):
                        m.next = "READY"
                    self._give_up(m, iteration, first, ended)
        with m.If(taking & token_comes):
            m.d.sync += taking.eq(0)
        with m.If(self.abort):
            m.d.sync += [consuming.eq(0), taking.eq(0)]
        if config.parity:
            self._check(m, schedule, write, fetched, now, rewind, (fan_out, lanes, queue))
            with m.If(self.halts):
                m.d.sync += [consuming.eq(0), taking.eq(0)]
        with m.If((taking | consuming) & ~intake.arriving):
            m.d.sync += self.stalls[1].eq(self.stalls[1] + 1)
        with m.If(fan_out.hold):
            m.d.sync += self.stalls[0].eq(self.stalls[0] + 1)
        with m.If(self.start):
            m.d.sync += [self.stalls[i].eq(0) for i in range(len(STALLS))]

        m.d.comb += [
            lanes.now.eq(now),
            lanes.iteration.eq(iteration),
            lanes.first.eq(first),
            lanes.final.eq(final),
            lanes.load.eq(self.load),
            lanes.candidate.eq(fan_out.candidate),
            lanes.candidate_address.eq(fan_out.candidate_address),
            lanes.potential_address.eq(fan_out.potential_address),
            lanes.weight_address.eq(fan_out.weight_address),
            lanes.gate.eq(fan_out.gate),
            lanes.negative.eq(fan_out.negative),
            lanes.weight_shift.eq(fan_out.shift),
            lanes.beat.eq(fan_out.beat),
            fan_out.hold.eq(lanes.hold),
            queue.write.eq(lanes.write | skipping),
            queue.word.eq(lanes.word),
            self.wrote.eq(queue.write),
            self.wrote_word.eq(queue.word),
            self.read.eq(lanes.read),
            self.read_last.eq(lanes.read_last),
            self.read_final.eq(lanes.read_final),
            self.sums.eq(lanes.sums),
        ]
        with m.If(skipping):
            m.d.comb += [
                queue.claim.eq(1),
                queue.word.token.eq(1),
                queue.word.population.eq(now.population),
            ]
        wiring.connect(m, wiring.flipped(self.emitted), queue.events)
        self._count(m, fan_out, lanes, now)
        if config.watchdog_bits:
            self._watch(m, fan_out, lanes, queue, now)
        return m

    def _check(
        self,
        m: Module,
        schedule: memory.Memory,
        write: memory.WritePort,
        fetched: memory.ReadPort,
        now: data.View,
        fetches: Signal,
        units: tuple[FanOut | Lanes | EventQueue, ...],
    ) -> None:
        """Tell what came damaged, and halt then.

        An initialisation reads potentials and histories only to write over them.
        """
        check_parity(
            m,
            self,
            "instruction",
            write=(write.en, write.addr, write.data),
            read=(1, fetched.addr),
            row=now,
            comes=later(m, fetches, 1),
            depth=schedule.depth,
        )
        initialises = Signal()
        written = sum(1 << KINDS.index(kind) for kind in ("potential", "history"))
        among = Mux(initialises, ~written, -1)
        gather_damage(m, self, *units, *self._remembering, among=among)
        with m.If(self.start):
            m.d.sync += initialises.eq(self.restart)
        with m.If(self.start & self.restart):
            m.d.sync += self.halts.eq(0)
        with m.Elif(self.damaged.any()):
            m.d.sync += self.halts.eq(1)

    def _give_up(self, m: Module, iteration: Signal, first: Signal, ended: Signal) -> None:
        if self._config.watchdog_bits:
            with m.If(self.abort):
                m.d.sync += [iteration.eq(0), first.eq(1), ended.eq(0)]
                m.next = "IDLE"

    def _watch(
        self, m: Module, fan_out: FanOut, lanes: Lanes, queue: EventQueue, now: data.View
    ) -> None:
        """Tell that something moves, and what goes wrong."""
        taken = Signal()
        token = Signal()
        lost = Signal()
        population = Signal(self._config.population_bits)
        event = self.events.payload
        m.d.sync += [
            taken.eq(self.events.valid & self.events.ready),
            token.eq(event.token),
            population.eq(event.population),
            lost.eq(queue.lost),
            self.stirs.eq(fan_out.beat | lanes.sweeping | taken),
        ]
        with m.If(taken & token & (population != now.source)):
            m.d.sync += self.faults[FAULTS.index("token")].eq(1)
        with m.If(lost):
            m.d.sync += self.faults[FAULTS.index("queue")].eq(1)
        with m.If(self.start):
            m.d.sync += self.faults.eq(0)

    def _inhibition(self, m: Module, lanes: Lanes, now: data.View) -> Inhibition:
        """Build the inhibition unit; what it remembers is 0 after the last step."""
        inhibition = Inhibition(self._config)
        self._remembering.append(inhibition)
        m.d.comb += [
            inhibition.population.eq(now.population),
            inhibition.inhibition.eq(now.sweep.inhibition),
            inhibition.write.eq(lanes.swept),
            inhibition.written.eq(lanes.swept_population),
            inhibition.spikes.eq(Mux(lanes.last_step, 0, lanes.spikes)),
            lanes.product.eq(inhibition.product),
        ]
        return inhibition

    def _count(self, m: Module, fan_out: FanOut, lanes: Lanes, now: data.View) -> None:
        """Tally beats, and enter them and spikes at the end of each instruction."""
        config = self._config
        m.submodules.counters = counters = Counters(config)
        additions = Signal(config.counter_bits)
        words = Signal(config.counter_bits)
        with m.If(fan_out.done | self.abort):
            m.d.sync += [additions.eq(0), words.eq(0)]
        with m.Elif(fan_out.beat):
            m.d.sync += [additions.eq(additions + fan_out.additions), words.eq(words + 1)]
        m.d.comb += [
            counters.add.eq(Cat(fan_out.done, fan_out.done, lanes.done, lanes.swept)),
            counters.population[0].eq(now.population),
            counters.amount[0].eq(additions),
            counters.population[1].eq(now.population),
            counters.amount[1].eq(words),
            counters.population[2].eq(now.population),
            counters.amount[2].eq(now.sweep.updates),
            counters.population[3].eq(lanes.swept_population),
            counters.amount[3].eq(lanes.spikes),
            counters.read.eq(self.counter_read),
            counters.read_population.eq(self.counter_population),
        ]
        if config.gates:
            with m.If(lanes.swept & lanes.swept_lead):
                m.d.comb += [
                    counters.add[0].eq(1),
                    counters.population[0].eq(lanes.swept_population),
                    counters.amount[0].eq(lanes.spikes),
                    counters.add[3].eq(0),
                ]
        m.d.comb += [self.counters[i].eq(counters.data[i]) for i in range(len(QUANTITIES))]
