"""An inference ends after the step in which the best score leads by the margin, and tells which."""

import pytest
from amaranth.hdl import Array, Assert, Assume, Cat, Cover, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from augend.hw.configuration import AcceleratorConfig
from augend.hw.readout import Readout, readout_constants
from tests.mutant import mutant

from .formal import Obligation, check, stays

BITS = 3
CONFIG = AcceleratorConfig(lanes=2, potential_bits=BITS, readout_words=2, early_exit=1)
SCORES = 3
FINAL_AFTER, KNOWN_AFTER = 3, 5
"""Clocks, beside one a score, from the last word on: ``done`` stands; a decision is there."""


class OneDecisionEachStep(wiring.Component):
    """Steps of scores, one after the other, and what has to be told of each.

    Words come when the solver likes, the next step's once the decision is made. Every step but the
    last gets one decision, in the clock after that in which it is there and all cores wait.
    """

    def __init__(self, readout: type) -> None:
        self._readout = readout
        super().__init__(
            {
                "constants": In(readout_constants(CONFIG)),
                "clear": In(1),
                "word": In(1),
                "final": In(1),
                "values": In(2 * BITS),
                "waiting": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.dut = dut = self._readout(CONFIG)
        stays(m, self.constants.as_value())
        constants = self.constants
        classes = Signal(range(SCORES + 1))
        deciding = Signal()
        over = Signal(init=1)
        second_word = Signal()
        last = Signal()
        final = Signal()
        timer = Signal(range(SCORES + KNOWN_AFTER + 2))
        m.d.comb += [
            classes.eq(constants.classes_last + 1),
            Assume(constants.classes_last < SCORES),
            Assume((constants.pixels_last == 0) & (constants.groups == 0)),
            last.eq(second_word | (classes <= 2)),
            Assume(~self.word | ~(deciding | over | self.clear)),
            Assume(~self.clear | ~deciding),
            dut.constants.eq(constants),
            dut.clear.eq(self.clear),
            dut.word.eq(self.word),
            dut.word_last.eq(last),
            dut.word_final.eq(self.final),
            dut.values.eq(self.values),
            dut.waiting.eq(self.waiting),
        ]
        scores = Array(Signal(signed(BITS), name=f"score_{i}") for i in range(4))
        steps = Signal(4)
        with m.If(self.clear):
            m.d.sync += [over.eq(0), steps.eq(0), second_word.eq(0)]
        with m.If(self.word):
            for lane in range(2):
                value = self.values[lane * BITS : (lane + 1) * BITS].as_signed()
                shown = Mux(constants.rectified & (value < 0), 0, value)
                m.d.sync += scores[(second_word << 1) + lane].eq(shown)
            m.d.sync += second_word.eq(1)
            with m.If(last):
                m.d.sync += [second_word.eq(0), deciding.eq(1), final.eq(self.final), timer.eq(1)]
                m.d.sync += steps.eq(Mux(self.final, 0, steps + 1))
        with m.If(deciding & (timer != classes + KNOWN_AFTER)):
            m.d.sync += timer.eq(timer + 1)

        # The first of the greatest, and the greatest of the others.
        best = Signal(signed(BITS))
        place = Signal(2)
        other = Signal(signed(BITS), init=-(1 << BITS - 1))
        m.d.comb += best.eq(scores[0])
        for i in range(1, SCORES):
            leads = [scores[j] < scores[i] for j in range(i)]
            leads += [(classes <= j) | (scores[j] <= scores[i]) for j in range(i + 1, SCORES)]
            with m.If((classes > i) & Cat(leads).all()):
                m.d.comb += [best.eq(scores[i]), place.eq(i)]
        for i in range(SCORES):
            leads = [
                (place == j) | (classes <= j) | (scores[j] <= scores[i])
                for j in range(SCORES)
                if j != i
            ]
            with m.If((place != i) & (classes > i) & Cat(leads).all()):
                m.d.comb += other.eq(scores[i])

        # What is told, and when.
        exits = Signal()
        told = Signal()
        due = Signal()
        ends = Signal()
        stands = Signal()
        m.d.comb += [
            exits.eq(best - other >= constants.margin),
            due.eq(deciding & ~final & (timer == classes + KNOWN_AFTER) & ~told),
            ends.eq((told & exits) | (deciding & final & (timer == classes + FINAL_AFTER))),
            Assert(dut.decided == told),
            Assert(~told | (dut.exits == exits)),
            Assert(dut.steps == steps),
            Assert(dut.done == (ends | stands)),
            Assert(~(ends | stands) | (dut.prediction == place)),
        ]
        m.d.sync += told.eq(due & self.waiting)
        with m.If(told | ends):
            m.d.sync += [deciding.eq(0), over.eq(ends), stands.eq(ends)]
        with m.If(self.clear):
            m.d.sync += stands.eq(0)
        m.d.comb += [
            Cover(told & exits & (steps == 2) & (classes == 3), "three scores end in the second"),
            Cover(ends & final & (place == 1) & (classes == 2), "no step leads by enough"),
            Cover(stands & (steps == 1) & (best < 0), "less than 0 leads, too"),
        ]
        return m


MUTANTS = (
    ("more than the margin", "known >= self.constants.margin", "known > self.constants.margin"),
    ("a step is not counted", "self.steps.eq(self.steps + 1)", "self.steps.eq(self.steps | 1)"),
    ("told before all wait", "ready & self.waiting", "ready"),
    ("told again and again", "ready.eq(0), self.decided.eq(1)", "self.decided.eq(1)"),
    (
        "the second is the one before",
        "with m.Elif(over_second)",
        "with m.If(over_second)",
    ),
    ("steps of the inference before", "ready.eq(0), self.steps.eq(0)", "ready.eq(0)"),
)
WHY = "what a step leaves behind is the number of steps; all else is set by the first score"
OBLIGATIONS = [
    Obligation(
        name="early exit: one decision a step, by the margin; steps counted; who leads",
        spec=lambda: OneDecisionEachStep(Readout),
        kind=kind,
        depth=depth,
        why=WHY if kind == "bounded" else "",
    )
    for kind, depth in (("bounded", 24), ("cover", 36))
] + [
    Obligation(
        name=f"early exit: {what}",
        spec=lambda change=change: OneDecisionEachStep(mutant(Readout, *change)),
        kind="mutant",
        depth=22,
    )
    for what, *change in MUTANTS
]


@pytest.mark.parametrize("obligation", OBLIGATIONS, ids=lambda o: f"{o.kind}: {o.name}")
def test_early_exit(obligation, record_property):
    check(obligation, record_property)
