"""The payload of answers, word by word."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.core import STALLS
from augend.hw.counters import QUANTITIES
from augend.hw.identity import IDENTITY_LENGTH, identity_words
from augend.hw.packet import Command, Fault

__all__ = ["Reply"]


class Reply(wiring.Component):
    """Gathers what an answer tells.

    Members
    -------
    begin, answer : In
        Begin with the payload of a command.
    length : Out
        Words of that payload.
    replied : Out
        The payload's last word is being sent.
    words : Out
        Stream of the payload.
    fault, expected, status, before, program, loaded : In
        Of a refusal, and of an identity.
    prediction, steps, classes_last, clocks, score, score_following : In, In, In, In, In, Out
        Of a result.
    counter_read, population, counters, stalls
        Of each core.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "begin": In(1),
                "answer": In(Command),
                "length": Out(16),
                "replied": Out(1),
                "words": Out(stream.Signature(32)),
                "fault": In(Fault, init=Fault.DAMAGED),
                "expected": In(16),
                "status": In(32),
                "before": In(16),
                "program": In(64),
                "loaded": In(1),
                "prediction": In(16),
                "steps": In(16),
                "classes_last": In(16),
                "clocks": In(32),
                "score": In(signed(config.score_bits)),
                "score_following": Out(1),
                "counter_read": Out(len(QUANTITIES)).array(config.cores),
                "population": Out(config.population_bits),
                "counters": In(32).array(config.cores, len(QUANTITIES)),
                "stalls": In(32).array(config.cores, len(STALLS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the state machine through the words of each kind of answer."""
        m = Module()
        config = self._config
        index = Signal(16)
        core = Signal(range(config.cores))
        quantity = Signal(range(max(len(QUANTITIES), len(STALLS))))
        word = self.words.payload
        sent = Signal()
        m.d.comb += sent.eq(self.words.valid & self.words.ready)
        fixed = config.cores * (len(STALLS) + len(QUANTITIES) * config.populations) + 5
        with m.Switch(self.answer):
            with m.Case(Command.REFUSED):
                m.d.comb += self.length.eq(3)
            with m.Case(Command.IDENTITY):
                m.d.comb += self.length.eq(IDENTITY_LENGTH)
            with m.Case(Command.RESULT):
                m.d.comb += self.length.eq(self.classes_last + fixed)
        with m.FSM():
            with m.State("WAIT"):
                m.d.sync += [index.eq(0), core.eq(0), self.population.eq(0), quantity.eq(0)]
                with m.If(self.begin):
                    with m.Switch(self.answer):
                        with m.Case(Command.RESULT):
                            m.next = "CLASSES"
                        with m.Case(Command.IDENTITY, Command.REFUSED):
                            m.next = "SHORT"
                        with m.Default():
                            m.d.comb += self.replied.eq(1)
            with m.State("SHORT"):
                m.d.comb += self.words.valid.eq(1)
                last = Mux(self.answer == Command.REFUSED, 2, IDENTITY_LENGTH - 1)
                with m.If(self.answer == Command.REFUSED):
                    with m.Switch(index):
                        with m.Case(0):
                            m.d.comb += word.eq(self.fault)
                        with m.Case(1):
                            m.d.comb += word.eq(self.expected)
                        with m.Default():
                            m.d.comb += word.eq(self.status)
                with m.Else():
                    who, sizes, check = identity_words(config)
                    with m.Switch(index):
                        with m.Case(0):
                            m.d.comb += word.eq(who)
                        with m.Case(1):
                            m.d.comb += word.eq(Cat(Const(sizes, 16), self.before))
                        with m.Case(2):
                            m.d.comb += word.eq(Mux(self.loaded, self.program[:32], 0))
                        with m.Case(3):
                            m.d.comb += word.eq(Mux(self.loaded, self.program[32:], 0))
                        with m.Case(4):
                            m.d.comb += word.eq(self.status)
                        with m.Default():
                            m.d.comb += word.eq(check)
                with m.If(sent):
                    m.d.sync += index.eq(index + 1)
                    with m.If(index == last):
                        m.d.comb += self.replied.eq(1)
                        m.next = "WAIT"
            with m.State("CLASSES"):
                m.d.comb += [self.words.valid.eq(1), word.eq(self.classes_last + 1)]
                with m.If(sent):
                    m.next = "LOOK-UP"
            with m.State("LOOK-UP"):
                m.next = "READ"
            with m.State("READ"):
                m.next = "SCORE"
            with m.State("SCORE"):
                m.d.comb += [self.words.valid.eq(1), word.eq(self.score)]
                m.d.comb += self.score_following.eq(sent)
                with m.If(sent):
                    m.d.sync += index.eq(index + 1)
                    m.next = "LOOK-UP"
                    with m.If(index == self.classes_last):
                        m.next = "PREDICTION"
            for state, value, following in (
                ("PREDICTION", self.prediction, "CLOCKS"),
                ("CLOCKS", self.clocks, "STEPS"),
                ("STEPS", self.steps, "STALLS"),
            ):
                with m.State(state):
                    m.d.comb += [self.words.valid.eq(1), word.eq(value)]
                    with m.If(sent):
                        m.next = following
            with m.State("STALLS"):
                m.d.comb += [
                    self.words.valid.eq(1),
                    word.eq(_select(m, core, quantity, self.stalls, "stall")),
                ]
                with m.If(sent):
                    m.d.sync += quantity.eq(quantity + 1)
                    with m.If(quantity == len(STALLS) - 1):
                        m.d.sync += quantity.eq(0)
                        m.next = "COUNTERS"
            with m.State("COUNTERS"):
                m.d.comb += [
                    self.words.valid.eq(1),
                    word.eq(_select(m, core, quantity, self.counters, "counter")),
                ]
                with m.If(sent):
                    with m.Switch(core):
                        for i in range(config.cores):
                            with m.Case(i):
                                m.d.comb += self.counter_read[i].eq(1 << quantity)
                    m.d.sync += quantity.eq(quantity + 1)
                    with m.If(quantity == len(QUANTITIES) - 1):
                        m.d.sync += [quantity.eq(0), self.population.eq(self.population + 1)]
                        with m.If(self.population == config.populations - 1):
                            m.d.sync += [self.population.eq(0), core.eq(core + 1)]
                            m.next = "STALLS"
                            with m.If(core == config.cores - 1):
                                m.d.comb += self.replied.eq(1)
                                m.next = "WAIT"
        return m


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
