"""A lane is the contract's integer step, in wide integers, wherever the bound holds."""

import pytest
from amaranth.hdl import Assert, Assume, Cat, Cover, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from augend.hw.configuration import AcceleratorConfig
from augend.hw.lane_control import Operand, Restart, Scale
from augend.hw.neuron import Neuron, neuron_parameters
from tests.mutant import mutant

from .formal import Obligation, check, stays

WIDE = 40
"""Wider than any sum of two potentials: the contract's integers."""


def fits(value, bits: int):
    return (value >= -(1 << bits - 1)) & (value < 1 << bits - 1)


def weight_of(word, bits: int):
    return Mux(word[0], 1, -1) if bits == 1 else word.as_signed()


class Stages(wiring.Component):
    """Both stages in every clock, whatever comes: sum, comparison, subtraction, restart."""

    def __init__(self, neuron: type, *, weight_bits: int, potential_bits: int) -> None:
        self._config = AcceleratorConfig(
            lanes=1, weight_bits=weight_bits, potential_bits=potential_bits
        )
        self._neuron = neuron
        super().__init__(
            {
                "potential": In(signed(potential_bits)),
                "weight": In(weight_bits),
                "parameters": In(neuron_parameters(self._config)),
                "operand": In(Operand),
                "scale": In(Scale),
                "iteration": In(5),
                "gate": In(1),
                "fire": In(1),
                "restart": In(Restart),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits = self._config.potential_bits
        dut = self._neuron(self._config)
        m.submodules.dut = dut
        for name in self.signature.members:
            m.d.comb += getattr(dut, name).eq(getattr(self, name))

        # First stage.
        threshold = self.parameters.threshold
        sum_1 = Signal(signed(WIDE))
        scaled = Signal(signed(WIDE))
        operand = Signal(signed(WIDE))
        total = Signal(signed(WIDE))
        with m.Switch(self.scale):
            with m.Case(Scale.KEEP):
                m.d.comb += scaled.eq(self.potential)
            with m.Case(Scale.HALVE):
                m.d.comb += scaled.eq(self.potential >> 1)
            with m.Case(Scale.DOUBLE):
                m.d.comb += scaled.eq(self.potential + self.potential)
            with m.Case(Scale.HALVE_SOME):
                with m.If(threshold[:5] > self.iteration):
                    m.d.comb += scaled.eq(self.potential >> 1)
                with m.Else():
                    m.d.comb += scaled.eq(self.potential)
        with m.Switch(self.operand):
            with m.Case(Operand.WEIGHT):
                m.d.comb += operand.eq(
                    Mux(self.gate, weight_of(self.weight, self._config.weight_bits), 0)
                )
            with m.Case(Operand.BIAS):
                m.d.comb += operand.eq(self.parameters.bias)
            with m.Case(Operand.SUM):
                m.d.comb += operand.eq(sum_1)
        m.d.comb += [total.eq(scaled + operand), Assume(fits(scaled, bits) & fits(total, bits))]
        told = (Operand.NOTHING, Operand.WEIGHT, Operand.BIAS, Operand.SUM)
        m.d.comb += [
            Assume(Cat(self.operand == one for one in told).any()),
            Assume(Cat(self.restart == one for one in Restart).any()),
        ]

        # Second stage, of what the first had a clock before.
        begun = Signal()
        threshold_1 = Signal(signed(bits))
        initial_1 = Signal(signed(bits))
        may_fire_1 = Signal()
        m.d.sync += [
            begun.eq(1),
            sum_1.eq(total),
            threshold_1.eq(threshold),
            initial_1.eq(self.parameters.initial),
            may_fire_1.eq(self.fire & self.parameters.lives),
        ]
        spikes = Signal()
        following = Signal(signed(WIDE))
        m.d.comb += [
            spikes.eq(may_fire_1 & (sum_1 >= threshold_1)),
            following.eq(Mux(spikes, sum_1 - threshold_1, sum_1)),
            Assume(fits(following, bits)),
        ]
        with m.Switch(self.restart):
            with m.Case(Restart.INITIAL):
                m.d.comb += following.eq(initial_1)
            with m.Case(Restart.ZERO):
                m.d.comb += following.eq(0)
        begun_2 = Signal()
        following_2 = Signal(signed(WIDE))
        spikes_2 = Signal()
        m.d.sync += [begun_2.eq(begun), following_2.eq(following), spikes_2.eq(spikes)]
        m.d.comb += Assert(dut.sum == sum_1)
        with m.If(begun_2):
            m.d.comb += [Assert(dut.next == following_2), Assert(dut.spike == spikes_2)]
            m.d.comb += [
                Cover(dut.spike & (dut.next > 3), "spike with a residual"),
                Cover(dut.spike & (dut.next == 0) & (sum_1 < 0), "spike exactly at the threshold"),
                Cover(~dut.spike & (dut.next < -3), "negative without a spike"),
            ]
        top = (1 << bits - 1) - 1
        m.d.comb += [
            Cover(begun & (dut.sum == top) & (dut.sum != self.potential), "greatest potential"),
            Cover(begun & (dut.sum == -top - 1), "least potential"),
            Cover(
                begun & dut.spike & (dut.sum == 0) & (self.restart == Restart.INITIAL), "restart"
            ),
        ]
        return m


class TimeStep(wiring.Component):
    """A whole step through one lane: two spikes arrive, then bias, comparison, subtraction.

    The lane's outputs go round to its inputs as through the potential memory. The solver chooses
    potential, weights, gates and parameters once; ten clocks are the whole of it.
    """

    def __init__(self, neuron: type, *, weight_bits: int, potential_bits: int) -> None:
        self._config = AcceleratorConfig(
            lanes=1, weight_bits=weight_bits, potential_bits=potential_bits
        )
        self._neuron = neuron
        super().__init__(
            {
                "before": In(signed(potential_bits)),
                "weights": In(weight_bits).array(2),
                "gates": In(2),
                "parameters": In(neuron_parameters(self._config)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits = self._config.potential_bits
        m.submodules.dut = dut = self._neuron(self._config)
        for value in (self.before, *self.weights, self.gates, self.parameters.as_value()):
            stays(m, value)

        clock = Signal(range(10))
        potential = Signal(signed(bits))
        with m.If(clock != 9):
            m.d.sync += clock.eq(clock + 1)
        m.d.comb += [dut.potential.eq(potential), dut.parameters.eq(self.parameters)]
        with m.Switch(clock):
            with m.Case(0):
                m.d.sync += potential.eq(self.before)
            for spike in (0, 1):
                with m.Case(1 + 2 * spike):
                    m.d.comb += [
                        dut.operand.eq(Operand.WEIGHT),
                        dut.weight.eq(self.weights[spike]),
                        dut.gate.eq(self.gates[spike]),
                    ]
                with m.Case(2 + 2 * spike):
                    m.d.sync += potential.eq(dut.sum)
            with m.Case(5):
                m.d.comb += [dut.operand.eq(Operand.BIAS), dut.fire.eq(1)]

        # DESIGN section 3: V += w for every spike; V += b; spike iff V >= threshold; V -= threshold
        weights = [weight_of(word, self._config.weight_bits) for word in self.weights]
        arrived = [Mux(self.gates[i], weights[i], 0) for i in (0, 1)]
        values = [Signal(signed(WIDE), name=f"v_{i}") for i in range(5)]
        threshold = self.parameters.threshold
        spikes = Signal()
        m.d.comb += [
            values[0].eq(self.before),
            values[1].eq(values[0] + arrived[0]),
            values[2].eq(values[1] + arrived[1]),
            values[3].eq(values[2] + self.parameters.bias),
            spikes.eq(self.parameters.lives & (values[3] >= threshold)),
            values[4].eq(values[3] - Mux(spikes, threshold, 0)),
        ]
        m.d.comb += [Assume(fits(value, bits)) for value in values]
        with m.If(clock == 7):
            m.d.comb += [
                Assert(dut.next == values[4]),
                Assert(dut.spike == spikes),
                Cover(dut.spike & (dut.next > 0) & self.gates.all(), "spike with a residual"),
                Cover(dut.spike & (dut.next == 0) & (self.before != 0), "exactly at the threshold"),
                Cover(~dut.spike & (self.before > values[3]) & (dut.next < 0), "inhibited"),
            ]
        return m


SPIKE = "may_fire & (excess >= 0)"
LIVES = "self.fire & self.parameters.lives"
SIZES = ((8, 20), (1, 12), (4, 32))


def neuron(*change: str) -> type:
    return mutant(Neuron, *change) if change else Neuron


def obligations(name: str, spec: type, mutants: tuple, proof: tuple, why: str) -> list[Obligation]:
    return [
        Obligation(
            name=f"{name}, {weight} bit weights, {potential} bit potentials",
            spec=lambda w=weight, p=potential: spec(Neuron, weight_bits=w, potential_bits=p),
            kind=kind,
            depth=depth,
            why=why,
        )
        for weight, potential in SIZES
        for kind, depth in (proof, ("cover", 10))
    ] + [
        Obligation(
            name=f"{name}: {what}",
            spec=lambda w=weight, change=change: spec(
                neuron(*change), weight_bits=w, potential_bits=20
            ),
            kind="mutant",
            depth=10,
        )
        for what, weight, *change in mutants
    ]


STAGES = obligations(
    "lane, stage by stage",
    Stages,
    (
        ("spikes only above the threshold", 8, SPIKE, SPIKE.replace(">=", ">")),
        ("a lane without neuron spikes", 8, LIVES, "self.fire & (self.parameters.threshold != 0)"),
        (
            "the difference is a bit short",
            8,
            "excess = Signal(signed(bits + 1))",
            "excess = Signal(signed(bits))",
        ),
        (
            "halves what is left alone",
            8,
            "[:5] > self.iteration",
            "[:5] >= self.iteration",
        ),
        ("reset to zero", 8, "left.eq(excess)", "left.eq(0)"),
        ("weight without sign", 8, "WEIGHT: weight.value", "WEIGHT: weight.value[:-1]"),
        (
            "weight 0 for -1",
            1,
            "WEIGHT: weight.value",
            "WEIGHT: Mux(self.weight, weight.value, 0)",
        ),
        ("restart at the threshold", 8, "begins.eq(initial)", "begins.eq(taken)"),
        ("forgets the sum", 8, "[Operand.SUM] = self.sum", "[Operand.SUM] = Const(0)"),
    ),
    ("induction", 4),
    "",
)
TIME_STEP = obligations(
    "lane, a whole time step",
    TimeStep,
    (
        ("the gate is ignored", 8, "weight.gate.eq(self.gate)", "weight.gate.eq(1)"),
        (
            "the bias is taken away",
            8,
            "BIAS: self.parameters.bias",
            "BIAS: -self.parameters.bias",
        ),
    ),
    ("bounded", 10),
    "the run has ten clocks, and everything that varies is chosen before the first",
)


@pytest.mark.parametrize("obligation", STAGES + TIME_STEP, ids=lambda o: f"{o.kind}: {o.name}")
def test_neuron(obligation, record_property):
    check(obligation, record_property)
