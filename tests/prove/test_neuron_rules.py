"""A lane with the hardware for every rule is the contract's integer step, in wide integers."""

import pytest
from amaranth.hdl import Assert, Assume, Cover, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from augend.hw.configuration import AcceleratorConfig
from augend.hw.history import History, history_layout
from augend.hw.lane_control import Augend, Operand, Restart, Subtrahend
from augend.hw.neuron import Neuron
from tests.mutant import mutant

from .formal import Obligation, check, stays
from .test_neuron import WIDE, fits

CONFIG = AcceleratorConfig(
    lanes=1,
    weight_bits=2,
    potential_bits=7,
    signed_events=1,
    spike_planes=2,
    reset_zero=1,
    floor=1,
    clamp=1,
    leak_bits=2,
    inhibition_bits=3,
    history_words=1,
    rest_bits=2,
    total_bits=4,
    first_bits=3,
)
BITS = CONFIG.potential_bits
VALUES = ("before", "bias", "term", "threshold", "negative", "step", "initial", "floor")
FLAGS = ("clamps", "zero", "bipolar", "takes_back", "sinks", "final")


class Step(wiring.Component):
    """One word's visit: bias, inhibition, up to two spike planes, floor, memory, restart, leaks.

    The solver chooses everything once; the slots follow each other as the lanes see them.
    """

    def __init__(self, neuron: type, history: type, planes: int) -> None:
        self._units = neuron(CONFIG), history(CONFIG)
        self._planes = planes
        super().__init__(
            {name: In(signed(BITS)) for name in VALUES}
            | {name: In(1) for name in FLAGS}
            | {
                "most": In(2),
                "rest": In(2),
                "left": In(3),
                "shifts": In(2).array(3),
                "past": In(history_layout(CONFIG)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.neuron, m.submodules.history = neuron, history = self._units
        for _, _, port in self.signature.flatten(self):
            stays(m, port.as_value() if hasattr(port, "as_value") else port)
        clock = Signal(range(16))
        with m.If(clock != 15):
            m.d.sync += clock.eq(clock + 1)
        planes = self._planes
        lowest = planes  # slots: potential, inhibition with the highest plane, lower ones, ...
        settle, restore, drain = lowest + 1, lowest + 2, lowest + 3
        self._assume(m)
        self._parameters(m, neuron)
        m.d.comb += [
            neuron.potential.eq(self.before),
            neuron.term.eq(self.term),
            neuron.zero.eq(self.zero),
            neuron.lowest.eq(clock == lowest + 2),
            neuron.may_rise.eq(history.may_rise),
            neuron.may_fall.eq(history.may_fall & self.bipolar),
            neuron.again.eq(clock != drain + 1 + 1),
            history.before.eq(self.past),
            history.remembers.eq(1),
            history.most.eq(self.most),
            history.takes_back.eq(self.takes_back),
            history.rest.eq(self.rest),
            history.left.eq(self.left),
            history.above.eq(-1 << planes),
            history.rose.eq(neuron.rose),
            history.fell.eq(neuron.fell),
            history.opens.eq(clock == 2),
        ]

        def added(slot: int, *statements: object) -> None:
            with m.If(clock == slot + 1):
                m.d.comb += list(statements)

        def compared(slot: int, *statements: object) -> None:
            with m.If(clock == slot + 2):
                m.d.comb += list(statements)

        added(0, neuron.operand.eq(Operand.BIAS))
        added(1, neuron.augend.eq(Augend.TERM), neuron.operand.eq(Operand.SUM))
        with m.If(self.clamps):
            m.d.comb += [neuron.augend.eq(Augend.INITIAL), neuron.operand.eq(Operand.NOTHING)]
        for slot in range(1, lowest + 1):
            added(slot, neuron.fire.eq(1))
            compared(slot, history.plane.eq(lowest - slot))
        for slot in range(2, lowest + 1):
            added(slot, neuron.subtrahend.eq(Subtrahend.HALF))
        with m.If(clock >= 4):
            m.d.comb += neuron.goes_on.eq(1)
        added(settle, neuron.subtrahend.eq(Subtrahend.FLOOR))
        compared(settle, neuron.sink.eq(self.sinks))
        compared(restore, neuron.restart.eq(Mux(self.final, Restart.INITIAL, Restart.NO)))
        for i in range(3):
            slot = drain + 1 + i
            added(slot, neuron.subtrahend.eq(Subtrahend.LEAK), neuron.shift.eq(self.shifts[i]))
            compared(slot, neuron.drain.eq(1))

        count, sign, potential, after = self._contract(m)
        for slot in range(1, lowest + 1):
            with m.If(clock == slot + 3):
                due = count.bit_select(lowest - slot, 1)
                m.d.comb += [
                    Assert(neuron.spike == due),
                    Assert(~due | (neuron.negative == sign)),
                    Cover(neuron.spike & neuron.negative & self.takes_back, "takes back"),
                    Cover(neuron.spike & ~neuron.negative & ~self.zero, "spike"),
                ]
        with m.If(clock == settle + 3):
            m.d.comb += Assert(history.after == after)
            m.d.comb += Cover((history.after.rest != self.past.rest) & (count == 0), "recovers")
        with m.If(clock == drain + 3 + 3):
            m.d.comb += [
                Assert(neuron.next == potential),
                Cover((count > 1) | (planes == 1), "several spikes"),
                Cover(count.any() & sign & self.zero, "reset to zero after a spike of -1"),
                Cover(~self.final & self.sinks & (neuron.next != 0) & (count == 0), "floor"),
            ]
        return m

    def _assume(self, m: Module) -> None:
        """What a population of the contract has."""
        m.d.comb += [
            Assume(self.threshold >= 1),
            Assume(self.negative >= 0),
            Assume(self.step >= 1),
            Assume((self.floor <= 0) & (self.floor <= self.initial)),
            Assume(self.most != 0),
            Assume((self._planes == 2) | (self.most == 1)),
            Assume(~self.takes_back | (self.past.total >= 0)),
            Assume((self.past.total >= -4) & (self.past.total < 4)),
        ]

    def _parameters(self, m: Module, neuron: Neuron) -> None:
        """Parameters as `augend.gen.sweep_rules` makes them of the contract's."""
        down = self._planes - 1
        highest = self.threshold << down
        step = Signal(signed(WIDE))
        limit = Signal(signed(WIDE))
        with m.If(self.zero & (self.negative == 0)):
            m.d.comb += [step.eq(0), limit.eq(0)]
        with m.Elif(self.zero):
            m.d.comb += [step.eq(-1), limit.eq(self.negative - down)]
        with m.Else():
            m.d.comb += step.eq(self.step << down)
            m.d.comb += limit.eq(step + self.negative - self.step)
        m.d.comb += [Assume(fits(value, BITS)) for value in (highest, step, limit)]
        m.d.comb += [
            neuron.parameters.threshold.eq(highest),
            neuron.parameters.lives.eq(self.threshold != 0),
            neuron.parameters.bias.eq(self.bias),
            neuron.parameters.initial.eq(self.initial),
            neuron.parameters.negative_limit.eq(limit),
            neuron.parameters.negative_step.eq(step),
            neuron.parameters.floor.eq(self.floor),
        ]

    def _contract(self, m: Module) -> tuple:
        """One step as `augend.gen.population` says it: count of spikes, sign, V, memory."""
        value = Signal(signed(WIDE), name="summed")
        count, sign = Signal(2, name="none"), Signal(name="unsigned")
        m.d.comb += value.eq(Mux(self.clamps, self.initial, self.before + self.bias + self.term))
        m.d.comb += Assume(fits(value, BITS))
        going = self.past.rest == 0
        for turn in range((1 << self._planes) - 1):
            total = self.past.total - Mux(sign, count, 0)
            up = value >= self.threshold
            down = self.bipolar & (value <= -self.negative) & (~self.takes_back | (total > 0))
            due = Signal(name=f"due_{turn}")
            m.d.comb += due.eq(
                going & (turn < self.most) & Mux(count == 0, up | down, Mux(sign, ~up & down, up))
            )
            now_sign = Mux(count == 0, ~up, sign)
            spent = Mux(self.zero, 0, Mux(now_sign, value + self.step, value - self.threshold))
            following = Signal(signed(WIDE), name=f"value_{turn}")
            counted = Signal(2, name=f"count_{turn}")
            signed_ = Signal(name=f"sign_{turn}")
            m.d.comb += [
                following.eq(Mux(due, spent, value)),
                counted.eq(count + due),
                signed_.eq(Mux(due, now_sign, sign)),
                Assume(fits(following, BITS)),
            ]
            value, count, sign, going = following, counted, signed_, due
        above = Mux(self.sinks & (value < self.floor), self.floor, value)
        held = Signal(signed(WIDE))
        left = Signal(signed(WIDE))
        m.d.comb += [
            held.eq(Mux(self.final, self.initial, above)),
            left.eq(held - sum(held >> shift for shift in self.shifts)),
            Assume(fits(left, BITS)),
        ]
        after = Signal(history_layout(CONFIG))
        forever = self.past.rest.all()
        m.d.comb += [
            after.emitted.eq(count),
            after.total.eq(self.past.total + Mux(sign, -count, count)),
            after.first.eq(
                Mux((self.past.first == 0) & (count != 0) & ~sign, self.left, self.past.first)
            ),
            after.rest.eq(self.past.rest - ((self.past.rest != 0) & ~forever)),
        ]
        with m.If(count != 0):
            m.d.comb += after.rest.eq(self.rest)
        return count, sign, left, after


MUTANTS = (
    ("a spike of -1 above its threshold", Neuron, "(depth <= 0)", "(depth <= 1)"),
    ("the step is not halved", Neuron, "step.eq(step >> 1)", "step.eq(step)"),
    ("the limit stays", Neuron, "limit.eq(limit - (step >> 1))", "limit.eq(limit)"),
    ("the threshold is not halved", Neuron, "taken.eq(taken >> 1)", "taken.eq(taken)"),
    ("further spikes from zero", Neuron, "due & (self.lowest | (step >= 0))", "due"),
    ("the floor is taken off", Neuron, "stays.eq(taken)\n", "stays.eq(excess)\n"),
    ("leaks of what is left", Neuron, "Mux(self.again, drained, self.next)", "self.next"),
    ("a pair of signs", History, "rises.append(~sank)", "rises.append(sank | ~sank)"),
    ("more than the most", History, "m.d.sync += equal.eq(0)", "m.d.sync += equal.eq(1)"),
    ("fires at rest", History, "(self.before.rest != 0)", "(self.before.rest == 1)"),
    (
        "takes back what was not there",
        History,
        "m.d.sync += below.eq(1)",
        "m.d.sync += below.eq(0)",
    ),
    ("rests a step longer", History, "past.rest - passes", "past.rest"),
    ("the first spike is the last", History, "(past.first == 0) & (count", "(count"),
)


def broken(component: type, of: type, *change: str) -> type:
    return mutant(component, *change) if component is of else component


RULES = [
    Obligation(
        name=f"lane with all rules, {planes} planes",
        spec=lambda planes=planes: Step(Neuron, History, planes),
        kind=kind,
        depth=14,
        why="a word's visit has so many clocks, and everything that varies is chosen before",
    )
    for planes in (1, 2)
    for kind in ("bounded", "cover")
] + [
    Obligation(
        name=f"lane with all rules: {what}",
        spec=lambda of=of, change=change: Step(
            broken(Neuron, of, *change), broken(History, of, *change), 2
        ),
        kind="mutant",
        depth=14,
    )
    for what, of, *change in MUTANTS
]


@pytest.mark.parametrize("obligation", RULES, ids=lambda o: f"{o.kind}: {o.name}")
def test_neuron_rules(obligation, record_property):
    check(obligation, record_property)
