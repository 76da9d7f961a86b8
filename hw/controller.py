"""The controller: carries out the host's packets and answers them."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.core import FAULTS, STALLS
from augend.hw.counters import QUANTITIES
from augend.hw.loading import MEMORIES, load_bus, words
from augend.hw.packet import VERSION, Command, Fault

__all__ = ["Controller"]


class Controller(wiring.Component):
    """Loads memories, starts programs and inferences, and reports.

    It takes one packet at a time, in the order of their numbers; a packet that comes again is
    carried out again, which changes nothing. A write to anything but the input memory forgets
    which program is loaded.

    Members
    -------
    words : In
        Packets that arrived whole.
    begin, command, sequence, length, sender_idle, reply : Out, In, Out
        The answer's head, and its payload.
    load : Out
        The load bus.
    start, restart : Out
        Begin an inference; with ``restart`` on every core, and without input, the initialisation.
    idle : In
        Each core's schedule has ended.
    stirs, faults, abort : In, In, Out
        Something moves; what went wrong (``FAULTS``); give the inference up, when nothing moves.
    done, prediction, steps, classes_last, score, score_following : In, In, In, In, In, Out
        The readout.
    clocks : Out
        Clocks from ``start`` until ``done``.
    counter_read, counter_population, counters, stalls
        Of each core.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "words": In(stream.Signature(32)),
                "begin": Out(1),
                "command": Out(Command),
                "sequence": Out(16),
                "length": Out(16),
                "sender_idle": In(1),
                "reply": Out(stream.Signature(32)),
                "load": Out(load_bus(config)),
                "start": Out(1),
                "restart": Out(1),
                "idle": In(config.cores),
                "stirs": In(1),
                "faults": In(len(FAULTS)),
                "abort": Out(1),
                "done": In(1),
                "prediction": In(16),
                "classes_last": In(16),
                "steps": In(16),
                "score": In(signed(config.score_bits)),
                "score_following": Out(1),
                "clocks": Out(32),
                "counter_read": Out(len(QUANTITIES)).array(config.cores),
                "counter_population": Out(config.population_bits),
                "counters": In(32).array(config.cores, len(QUANTITIES)),
                "stalls": In(32).array(config.cores, len(STALLS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the packet's and the answer's state machines."""
        m = Module()
        command = Signal(Command)
        sequence = Signal(16)
        expected = Signal(16)
        remaining = Signal(16)
        fault = Signal(Fault, init=Fault.DAMAGED)
        program = Signal(64)
        loaded = Signal()
        named = Signal(64)
        answer = Signal(Command)
        waiting = Signal()
        word = self.words.payload
        taken = Signal()
        replied = Signal()
        m.d.comb += [
            taken.eq(self.words.valid & self.words.ready),
            self.sequence.eq(sequence),
            self.command.eq(answer),
            self.length.eq(self._length(m, answer)),
        ]
        settled = Signal()  # nothing counts any more
        stalled = self._watchdog(m)
        status = Signal(32)
        population = Signal(self._config.population_bits)  # whose counters are sent
        m.d.sync += [
            self.load.strobe.eq(0),
            waiting.eq(0),
            settled.eq(self.idle.all()),
        ]
        with m.If(self.start):
            m.d.sync += self.clocks.eq(1)
        with m.Elif(~self.done):
            m.d.sync += self.clocks.eq(self.clocks + 1)

        memory = Signal(range(len(MEMORIES)))
        row_last = Signal(range(max(words(self._config, name) for name in MEMORIES)))
        with m.Switch(memory):
            for i, name in enumerate(MEMORIES):
                with m.Case(i):
                    m.d.comb += row_last.eq(words(self._config, name) - 1)

        with m.FSM():
            with m.State("HEAD"):
                m.d.comb += self.words.ready.eq(1)
                m.d.sync += [command.eq(word[8:16]), sequence.eq(word[16:])]
                with m.If(taken):
                    m.next = "LENGTH"
            with m.State("LENGTH"):
                m.d.comb += self.words.ready.eq(1)
                m.d.sync += remaining.eq(word[:16])
                with m.If(taken):
                    self._dispatch(m, command, sequence, expected, word[:16], fault, answer)
            with m.State("SKIP"):
                m.d.comb += self.words.ready.eq(1)
                with m.If(taken):
                    m.d.sync += remaining.eq(remaining - 1)
                    with m.If(remaining == 1):
                        m.next = "ANSWER"
            with m.State("HASH"):
                m.d.comb += self.words.ready.eq(1)
                with m.If(taken):
                    m.d.sync += [named.eq(Cat(named[32:], word)), remaining.eq(remaining - 1)]
                    with m.If(remaining == 1):
                        m.next = "BEGIN"
            with m.State("BEGIN"):
                m.d.sync += waiting.eq(1)
                with m.If(command == Command.START):
                    m.d.comb += [self.start.eq(1), self.restart.eq(1)]
                    m.d.sync += [program.eq(named), loaded.eq(1), answer.eq(Command.DONE)]
                    m.d.sync += status.eq(0)
                    m.next = "INITIALISE"
                with m.Elif(loaded & (named == program)):
                    m.d.comb += self.start.eq(1)
                    m.d.sync += answer.eq(Command.RESULT)
                    m.next = "INFER"
                with m.Else():
                    m.d.sync += [answer.eq(Command.REFUSED), fault.eq(Fault.PROGRAM)]
                    m.next = "ANSWER"
            with m.State("INITIALISE"):
                with m.If(self.idle.all() & ~waiting):
                    m.next = "ANSWER"
                if self._config.watchdog_bits:
                    with m.If(stalled):
                        m.next = "ABORT"
            with m.State("INFER"):
                with m.If(self.done & settled & ~waiting):
                    m.next = "ANSWER"
                if self._config.watchdog_bits:
                    with m.If(stalled | (self.done & settled & ~waiting & self.faults.any())):
                        m.next = "ABORT"
            self._abort(m, fault, status, loaded, answer, remaining, population)
            self._write(m, word, taken, remaining, loaded, memory, row_last)
            with m.State("ANSWER"):
                with m.If(self.sender_idle):
                    m.d.comb += self.begin.eq(1)
                    m.next = "REPLY"
                    with m.If(answer == Command.DONE):
                        m.next = "HEAD"
            with m.State("REPLY"):
                with m.If(replied):
                    m.next = "HEAD"
        self._reply(m, answer, fault, expected, program, loaded, status, population, replied)
        return m

    def _watchdog(self, m: Module) -> Signal:
        """Whether nothing has moved from one turn of a counter to the next."""
        stalled = Signal()
        if self._config.watchdog_bits:
            timer = Signal(self._config.watchdog_bits)
            moved = Signal()
            turn = Signal()
            m.d.sync += [
                timer.eq(timer + 1),
                turn.eq(timer == (1 << len(timer)) - 1),
                moved.eq(self.stirs | (moved & ~turn)),
                stalled.eq(turn & ~moved),
            ]
            with m.If(self.start):
                m.d.sync += [moved.eq(1), stalled.eq(0)]
        return stalled

    def _abort(
        self,
        m: Module,
        fault: Signal,
        status: Signal,
        loaded: Signal,
        answer: Signal,
        remaining: Signal,
        population: Signal,
    ) -> None:
        """Give an inference up: cores idle, queues and counters empty, program to be started."""
        config = self._config
        m.d.comb += self.counter_population.eq(population)
        if not config.watchdog_bits:
            return
        token, queue = (self.faults[FAULTS.index(name)] for name in ("token", "queue"))
        other = Mux(token, Fault.TOKEN.value, Fault.STALLED.value)
        reason = Mux(queue, Fault.QUEUE.value, other)
        with m.State("ABORT"):
            m.d.comb += self.abort.eq(1)
            m.d.sync += [
                answer.eq(Command.REFUSED),
                fault.eq(reason),
                loaded.eq(0),
                remaining.eq(config.populations - 1),
                status.eq(reason | self.faults << 8 | (~self.idle)[: config.cores] << 16),
            ]
            m.next = "CLEAR"
        with m.State("CLEAR"):
            m.d.comb += self.counter_population.eq(remaining)
            m.d.comb += [read.eq(-1) for read in self.counter_read]
            m.d.sync += remaining.eq(remaining - 1)
            with m.If(remaining == 0):
                m.next = "ANSWER"

    def _length(self, m: Module, answer: Signal) -> Signal:
        config = self._config
        result = Signal(16)
        fixed = config.cores * (len(STALLS) + len(QUANTITIES) * config.populations) + 5
        with m.Switch(answer):
            with m.Case(Command.REFUSED):
                m.d.comb += result.eq(3)
            with m.Case(Command.IDENTITY):
                m.d.comb += result.eq(5)
            with m.Case(Command.RESULT):
                m.d.comb += result.eq(self.classes_last + fixed)
        return result

    def _dispatch(
        self,
        m: Module,
        command: Signal,
        sequence: Signal,
        expected: Signal,
        length: Signal,
        fault: Signal,
        answer: Signal,
    ) -> None:
        """Decide by the head what to do with the payload."""
        in_order = Signal()
        m.d.comb += in_order.eq((sequence == expected) | (sequence == (expected - 1)[:16]))
        m.d.sync += answer.eq(Command.REFUSED)
        m.next = "SKIP"
        with m.If(length == 0):
            m.next = "ANSWER"
        with m.If(command == Command.DAMAGED):
            m.d.sync += fault.eq(Fault.DAMAGED)
        with m.Elif(command == Command.HELLO):
            m.d.sync += [expected.eq(sequence + 1), answer.eq(Command.IDENTITY)]
        with m.Elif(~in_order):
            m.d.sync += fault.eq(Fault.SEQUENCE)
        with m.Elif((command == Command.WRITE) & (length > 1)):
            m.d.sync += [expected.eq(sequence + 1), answer.eq(Command.DONE)]
            m.next = "WHICH"
        with m.Elif(((command == Command.START) | (command == Command.RUN)) & (length == 2)):
            m.d.sync += expected.eq(sequence + 1)
            m.next = "HASH"
        with m.Else():
            m.d.sync += fault.eq(Fault.COMMAND)

    def _write(
        self,
        m: Module,
        word: Signal,
        taken: Signal,
        remaining: Signal,
        loaded: Signal,
        memory: Signal,
        row_last: Signal,
    ) -> None:
        """Collect the words of a row, then put it on the load bus."""
        index = Signal.like(row_last)
        address = Signal.like(self.load.address)
        with m.State("WHICH"):
            m.d.comb += self.words.ready.eq(1)
            m.d.sync += [memory.eq(word[:8]), self.load.core.eq(word[8:16]), index.eq(0)]
            with m.If(taken):
                m.d.sync += remaining.eq(remaining - 1)
                with m.If(word[:8] != MEMORIES.index("input")):
                    m.d.sync += loaded.eq(0)
                m.next = "WHERE"
        with m.State("WHERE"):
            m.d.comb += self.words.ready.eq(1)
            m.d.sync += address.eq(word)
            with m.If(taken):
                m.d.sync += remaining.eq(remaining - 1)
                m.next = "ROWS"
                with m.If(remaining == 1):
                    m.next = "ANSWER"
        with m.State("ROWS"):
            m.d.comb += self.words.ready.eq(1)
            with m.If(taken):
                m.d.sync += [remaining.eq(remaining - 1), index.eq(index + 1)]
                with m.Switch(index):
                    for i in range(len(self.load.row) // 32):
                        with m.Case(i):
                            m.d.sync += self.load.row[32 * i : 32 * (i + 1)].eq(word)
                with m.If(index == row_last):
                    m.d.sync += [
                        index.eq(0),
                        self.load.address.eq(address),
                        address.eq(address + 1),
                    ]
                    with m.Switch(memory):
                        for i in range(len(MEMORIES)):
                            with m.Case(i):
                                m.d.sync += self.load.strobe[i].eq(1)
                with m.If(remaining == 1):
                    m.next = "ANSWER"

    def _reply(
        self,
        m: Module,
        answer: Signal,
        fault: Signal,
        expected: Signal,
        program: Signal,
        loaded: Signal,
        status: Signal,
        population: Signal,
        replied: Signal,
    ) -> None:
        """Send the payload of the answer, word by word."""
        config = self._config
        index = Signal(16)
        core = Signal(range(config.cores))
        quantity = Signal(range(max(len(QUANTITIES), len(STALLS))))
        word = self.reply.payload
        sent = Signal()
        m.d.comb += [
            sent.eq(self.reply.valid & self.reply.ready),
        ]
        with m.FSM():
            with m.State("WAIT"):
                m.d.sync += [index.eq(0), core.eq(0), population.eq(0), quantity.eq(0)]
                with m.If(self.begin):
                    with m.Switch(answer):
                        with m.Case(Command.RESULT):
                            m.next = "CLASSES"
                        with m.Case(Command.IDENTITY, Command.REFUSED):
                            m.next = "SHORT"
            with m.State("SHORT"):
                m.d.comb += self.reply.valid.eq(1)
                last = Mux(answer == Command.REFUSED, 2, 4)
                with m.If(answer == Command.REFUSED):
                    with m.Switch(index):
                        with m.Case(0):
                            m.d.comb += word.eq(fault)
                        with m.Case(1):
                            m.d.comb += word.eq(expected)
                        with m.Default():
                            m.d.comb += word.eq(status)
                with m.Else():
                    with m.Switch(index):
                        with m.Case(0):
                            m.d.comb += word.eq(VERSION | config.lanes << 8 | config.cores << 24)
                        with m.Case(1):
                            m.d.comb += word.eq(config.populations)
                        with m.Case(2):
                            m.d.comb += word.eq(Mux(loaded, program[:32], 0))
                        with m.Case(3):
                            m.d.comb += word.eq(Mux(loaded, program[32:], 0))
                        with m.Default():
                            m.d.comb += word.eq(status)
                with m.If(sent):
                    m.d.sync += index.eq(index + 1)
                    with m.If(index == last):
                        m.d.comb += replied.eq(1)
                        m.next = "WAIT"
            with m.State("CLASSES"):
                m.d.comb += [self.reply.valid.eq(1), word.eq(self.classes_last + 1)]
                with m.If(sent):
                    m.next = "LOOK-UP"
            with m.State("LOOK-UP"):
                m.next = "READ"
            with m.State("READ"):
                m.next = "SCORE"
            with m.State("SCORE"):
                m.d.comb += [self.reply.valid.eq(1), word.eq(self.score)]
                m.d.comb += self.score_following.eq(sent)
                with m.If(sent):
                    m.d.sync += index.eq(index + 1)
                    m.next = "LOOK-UP"
                    with m.If(index == self.classes_last):
                        m.next = "PREDICTION"
            with m.State("PREDICTION"):
                m.d.comb += [self.reply.valid.eq(1), word.eq(self.prediction)]
                with m.If(sent):
                    m.next = "CLOCKS"
            with m.State("CLOCKS"):
                m.d.comb += [self.reply.valid.eq(1), word.eq(self.clocks)]
                with m.If(sent):
                    m.next = "STEPS"
            with m.State("STEPS"):
                m.d.comb += [self.reply.valid.eq(1), word.eq(self.steps)]
                with m.If(sent):
                    m.next = "STALLS"
            with m.State("STALLS"):
                m.d.comb += [
                    self.reply.valid.eq(1),
                    word.eq(_select(m, core, quantity, self.stalls, "stall")),
                ]
                with m.If(sent):
                    m.d.sync += quantity.eq(quantity + 1)
                    with m.If(quantity == len(STALLS) - 1):
                        m.d.sync += quantity.eq(0)
                        m.next = "COUNTERS"
            with m.State("COUNTERS"):
                m.d.comb += [
                    self.reply.valid.eq(1),
                    word.eq(_select(m, core, quantity, self.counters, "counter")),
                ]
                with m.If(sent):
                    with m.Switch(core):
                        for i in range(config.cores):
                            with m.Case(i):
                                m.d.comb += self.counter_read[i].eq(1 << quantity)
                    m.d.sync += quantity.eq(quantity + 1)
                    with m.If(quantity == len(QUANTITIES) - 1):
                        m.d.sync += [quantity.eq(0), population.eq(population + 1)]
                        with m.If(population == config.populations - 1):
                            m.d.sync += [population.eq(0), core.eq(core + 1)]
                            m.next = "STALLS"
                            with m.If(core == config.cores - 1):
                                m.d.comb += replied.eq(1)
                                m.next = "WAIT"


def _select(m: Module, core: Signal, quantity: Signal, values: list, name: str) -> Signal:
    """Value of a quantity of a core."""
    chosen = Signal(32, name=name)
    with m.Switch(core):
        for c, of_core in enumerate(values):
            with m.Case(c), m.Switch(quantity):
                for q, value in enumerate(of_core):
                    with m.Case(q):
                        m.d.comb += chosen.eq(value)
    return chosen
