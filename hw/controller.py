"""The controller: carries out the host's packets and answers them."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.core import FAULTS, STALLS
from augend.hw.counters import QUANTITIES
from augend.hw.loading import MEMORIES, load_bus, words
from augend.hw.packet import Command, Fault
from augend.hw.parity import damage_layout
from augend.hw.reply import Reply
from augend.hw.run_control import RunControl

__all__ = ["Controller"]


class Controller(wiring.Component):
    """Loads memories, starts programs and inferences, and reports.

    It takes one packet at a time, in the order of their numbers; a packet that comes again is
    carried out again, which changes nothing. A write to anything but the input memory forgets
    which program is loaded. While an inference runs, the next input may be written into the bank
    that it does not read; everything else waits for its end.

    Members
    -------
    words : In
        Packets that arrived whole.
    begin, command, sequence, length, sender_idle, reply : Out, In, Out
        The answer's head, and its payload.
    load : Out
        The load bus.
    start, restart, bank : Out
        Begin an inference; with ``restart`` on every core, and without input, the initialisation;
        which bank of the input memory is read.
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
    damage : In
        With parity: see ``DamageRecord``.
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
                "bank": Out(1),
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
                **({"damage": In(damage_layout(config))} if config.parity else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the packets' state machine beside the run control and the reply."""
        m = Module()
        config = self._config
        m.submodules.run = run = RunControl(config)
        m.submodules.tell = tell = Reply(config)
        command = Signal(Command)
        sequence = Signal(16)
        expected = Signal(16)
        remaining = Signal(16)
        fault = Signal(Fault, init=Fault.DAMAGED)
        program = Signal(64)
        loaded = Signal()
        named = Signal(64)
        bank = Signal()
        answer = Signal(Command)
        asks = Signal()
        word = self.words.payload
        taken = Signal()
        m.d.comb += taken.eq(self.words.valid & self.words.ready)
        m.d.sync += self.load.strobe.eq(0)
        with m.If(run.gave_up):
            m.d.sync += loaded.eq(0)
        with m.If(self.start):
            m.d.sync += self.clocks.eq(1)
        with m.Elif(~self.done):
            m.d.sync += self.clocks.eq(self.clocks + 1)

        memory = Signal(range(len(MEMORIES)))
        row_last = Signal(range(max(words(config, name) for name in MEMORIES)))
        with m.Switch(memory):
            for i, name in enumerate(MEMORIES):
                with m.Case(i):
                    m.d.comb += row_last.eq(words(config, name) - 1)

        # During an inference the other half of the input memory may be written, by new packets.
        is_next = (command == Command.WRITE) & (sequence == expected)
        with m.FSM():
            with m.State("HEAD"):
                m.d.comb += self.words.ready.eq(1)
                m.d.sync += [command.eq(word[8:16]), sequence.eq(word[16:])]
                with m.If(taken):
                    m.next = "LENGTH"
            with m.State("LENGTH"):
                m.d.comb += self.words.ready.eq(~run.active | is_next)
                m.d.sync += remaining.eq(word[:16])
                with m.If(taken):
                    length = word[:16]
                    self._dispatch(m, command, sequence, expected, length, fault, answer)
                    with m.If((command == Command.HELLO) & (length == 0)):  # kept to be told
                        m.d.sync += remaining.eq(expected)
            with m.State("SKIP"):
                m.d.comb += self.words.ready.eq(1)
                with m.If(taken):
                    m.d.sync += remaining.eq(remaining - 1)
                    with m.If(remaining == 1):
                        m.next = "ANSWER"
            with m.State("NAMES"):
                m.d.comb += self.words.ready.eq(1)
                with m.If(taken):
                    m.d.sync += [named.eq(Cat(named[32:], word)), remaining.eq(remaining - 1)]
                    with m.If(remaining == 3):
                        m.d.sync += bank.eq(word)
                    with m.If(remaining == 1):
                        m.next = "BEGIN"
            with m.State("BEGIN"):
                m.next = "HEAD"
                with m.If(command == Command.START):
                    m.d.comb += [self.start.eq(1), self.restart.eq(1)]
                    m.d.sync += [program.eq(named), loaded.eq(1)]
                with m.Elif(loaded & (named == program)):
                    m.d.comb += self.start.eq(1)
                with m.Else():
                    m.d.sync += [answer.eq(Command.REFUSED), fault.eq(Fault.PROGRAM)]
                    m.next = "ANSWER"
            self._write(m, word, taken, remaining, loaded, memory, row_last, run.active, bank)
            with m.State("ANSWER"):
                m.d.comb += asks.eq(~run.active)
                m.d.comb += run.owe.eq(run.active & (answer == Command.DONE) & ~run.full)
                with m.If(run.owe | (asks & tell.replied)):
                    m.next = "HEAD"

        wiring.connect(m, tell.words, wiring.flipped(self.reply))
        replying = Signal()
        m.d.sync += replying.eq((replying | self.begin) & ~tell.replied)
        m.d.comb += [
            self.bank.eq(bank),
            self.begin.eq((run.asks | asks) & self.sender_idle & ~replying),
            self.command.eq(Mux(run.active, run.answer, answer)),
            self.sequence.eq(Mux(run.active, run.answered_number, sequence)),
            self.length.eq(tell.length),
            tell.begin.eq(self.begin),
            tell.answer.eq(self.command),
            tell.fault.eq(Mux(run.active, run.fault, fault)),
            tell.expected.eq(expected),
            tell.status.eq(run.status),
            tell.before.eq(remaining),
            tell.program.eq(program),
            tell.loaded.eq(loaded),
            tell.prediction.eq(self.prediction),
            tell.steps.eq(self.steps),
            tell.classes_last.eq(self.classes_last),
            tell.clocks.eq(self.clocks),
            tell.score.eq(self.score),
            self.score_following.eq(tell.score_following),
            run.start.eq(self.start),
            run.restart.eq(self.restart),
            run.number.eq(sequence),
            run.answered.eq(tell.replied),
            run.idle.eq(self.idle),
            run.stirs.eq(self.stirs),
            run.faults.eq(self.faults),
            run.done.eq(self.done),
            self.abort.eq(run.abort),
            *([run.damage.eq(self.damage)] if config.parity else []),
            self.counter_population.eq(Mux(run.clears, run.population, tell.population)),
        ]
        for core in range(config.cores):
            m.d.comb += self.counter_read[core].eq(tell.counter_read[core])
            with m.If(run.clears):
                m.d.comb += self.counter_read[core].eq(-1)
            m.d.comb += [tell.counters[core][q].eq(v) for q, v in enumerate(self.counters[core])]
            m.d.comb += [tell.stalls[core][q].eq(v) for q, v in enumerate(self.stalls[core])]
        return m

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
        with m.Elif(
            ((command == Command.START) & (length == 2))
            | ((command == Command.RUN) & (length == 3))
        ):
            m.d.sync += expected.eq(sequence + 1)
            m.next = "NAMES"
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
        active: Signal,
        bank: Signal,
    ) -> None:
        """Collect the words of a row, then put it on the load bus."""
        index = Signal.like(row_last)
        address = Signal.like(self.load.address)
        with m.State("WHICH"):
            is_input = word[:8] == MEMORIES.index("input")
            apart = is_input & (word[8] != bank) & (self._config.input_banks > 1)
            m.d.comb += self.words.ready.eq(~active | apart)
            m.d.sync += [memory.eq(word[:8]), self.load.core.eq(word[8:16]), index.eq(0)]
            with m.If(taken):
                m.d.sync += remaining.eq(remaining - 1)
                with m.If(~is_input):
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
