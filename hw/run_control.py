"""Run control: carries an inference, or an initialisation, from its start to its answer."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.core import FAULTS
from augend.hw.packet import Command, Fault
from augend.hw.parity import damage_layout

__all__ = ["MOST_OWED", "RunControl"]

MOST_OWED = 255
"""Answers to writes that may wait for that of the inference they overlap."""


class RunControl(wiring.Component):
    """Waits until all is done or nothing moves any more, and has it answered.

    Packets are answered in the order of their numbers. Those of an input that is written during an
    inference follow its own: they are owed until then.

    Members
    -------
    start, restart, number : In
        Begin; whether it is the initialisation; number of the packet that asked for it.
    active : Out
        From the clock after ``start`` until nothing is owed any more.
    owe, full : In, Out
        One more write is to be answered ``DONE``; there is no room for another.
    asks, answer, answered_number, fault : Out
        An answer is to be sent: its command, its packet's number, the reason of a refusal.
    answered : In
        It is sent.
    idle, stirs, faults, done : In
        Each core's schedule has ended; something moves; what went wrong (``FAULTS``); the readout
        has its prediction.
    abort, gave_up : Out
        Give up, when nothing moves; in the clock after, that it was.
    clears, population : Out
        Counters of a population are to be read away.
    status : Out
        What is told of a run that was given up; see ``Command.REFUSED``.
    damage : In
        With parity: see ``DamageRecord``.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "restart": In(1),
                "number": In(16),
                "active": Out(1),
                "owe": In(1),
                "full": Out(1),
                "asks": Out(1),
                "answer": Out(Command),
                "answered_number": Out(16),
                "fault": Out(Fault, init=Fault.STALLED),
                "answered": In(1),
                "idle": In(config.cores),
                "stirs": In(1),
                "faults": In(len(FAULTS)),
                "done": In(1),
                "abort": Out(1),
                "gave_up": Out(1),
                "clears": Out(1),
                "population": Out(config.population_bits),
                "status": Out(32),
                **({"damage": In(damage_layout(config))} if config.parity else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the state machine from start to answer."""
        m = Module()
        config = self._config
        initialises = Signal()
        settles = Signal()  # no core is idle yet
        settled = Signal()  # nothing counts any more
        ends = Signal()
        owed = Signal(range(MOST_OWED + 1))
        stalled = self._watchdog(m)
        m.d.sync += [settles.eq(self.start), settled.eq(self.idle.all()), self.gave_up.eq(0)]
        m.d.comb += [
            ends.eq(Mux(initialises, self.idle.all(), self.done & settled) & ~settles),
            self.full.eq(owed == MOST_OWED),
        ]
        pays = Signal()
        m.d.sync += owed.eq(owed + self.owe - pays)
        with m.FSM() as machine:
            m.d.comb += self.active.eq(~machine.ongoing("REST"))
            with m.State("REST"):
                m.d.sync += [initialises.eq(self.restart), self.answered_number.eq(self.number)]
                with m.If(self.start):
                    m.d.sync += self.answer.eq(Mux(self.restart, Command.DONE, Command.RESULT))
                    with m.If(self.restart):
                        m.d.sync += self.status.eq(0)
                    m.next = "RUN"
            with m.State("RUN"):
                with m.If(ends):
                    m.next = "TELL"
                if config.watchdog_bits:
                    with m.If(stalled | (ends & ~initialises & self.faults.any())):
                        m.next = "ABORT"
                if config.parity:
                    with m.If(ends & (self.damage.kind != 0)):
                        m.next = "ABORT"
            if config.watchdog_bits:
                self._abort(m)
            with m.State("TELL"):
                m.d.comb += self.asks.eq(1)
                with m.If(self.answered):
                    m.next = "OWED"
            with m.State("OWED"):
                with m.If(owed != 0):
                    m.d.comb += pays.eq(1)
                    m.d.sync += [
                        self.answer.eq(Command.DONE),
                        self.answered_number.eq(self.answered_number + 1),
                    ]
                    m.next = "TELL"
                with m.Elif(~self.owe):
                    m.next = "REST"
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

    def _abort(self, m: Module) -> None:
        """Give a run up: cores idle, queues and counters empty, program to be started again."""
        config = self._config
        token, queue = (self.faults[FAULTS.index(name)] for name in ("token", "queue"))
        other = Mux(token, Fault.TOKEN.value, Fault.STALLED.value)
        reason = Mux(queue, Fault.QUEUE.value, other)
        status = reason | self.faults << 8 | (~self.idle)[: config.cores] << 16
        if config.parity:  # what else went wrong may come of it
            kind = self.damage.kind
            reason = Mux(kind != 0, Fault.PARITY.value, reason)
            cores = Mux(kind != 0, self.damage.cores, (~self.idle)[: config.cores])
            status = reason | self.faults << 8 | kind << 10 | cores << 16
        with m.State("ABORT"):
            m.d.comb += self.abort.eq(1)
            m.d.sync += [
                self.gave_up.eq(1),
                self.answer.eq(Command.REFUSED),
                self.fault.eq(reason),
                self.population.eq(config.populations - 1),
                self.status.eq(status),
            ]
            m.next = "CLEAR"
        with m.State("CLEAR"):
            m.d.comb += self.clears.eq(1)
            m.d.sync += self.population.eq(self.population - 1)
            with m.If(self.population == 0):
                m.next = "TELL"
