"""A lane: the arithmetic of one neuron at a time, made of additions, comparisons and wires."""

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import data, enum, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.weight_operand import WeightOperand

__all__ = ["Neuron", "Operand", "Restart", "Scale", "neuron_parameters"]


class Operand(enum.Enum, shape=2):
    """What is added to the potential."""

    NOTHING = 0
    WEIGHT = 1
    BIAS = 2
    CURRENT = 3


class Scale(enum.Enum, shape=2):
    """What happens to the potential before the addition: wires only."""

    KEEP = 0
    HALVE = 1
    DOUBLE = 2
    HALVE_SOME = 3
    """Halve where the lane's threshold parameter exceeds the pass number."""


class Restart(enum.Enum, shape=2):
    """What the potential becomes when an inference ends."""

    NO = 0
    INITIAL = 1
    ZERO = 2


def neuron_parameters(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of a neuron's parameters; a threshold of 0 marks a lane that holds no neuron."""
    return data.StructLayout(
        {
            "threshold": signed(config.potential_bits),
            "bias": signed(config.potential_bits),
            "initial": signed(config.potential_bits),
        }
    )


class Neuron(wiring.Component):
    """Reset-by-subtraction integrate-and-fire neuron in two pipeline stages, one a clock.

    First stage: scale the potential, add the operand. Second stage: where ``fire`` is set and the
    sum reaches the threshold, spike and subtract it; restart where told. Exact within
    ``potential_bits``, which the generator proves to suffice.

    Members
    -------
    potential, weight, parameters : In
        What the memories deliver, in the first stage.
    operand, scale, iteration, gate, capture : In
        First stage: what to add, how to scale, the pass number of ``HALVE_SOME``, whether a weight
        arrives at this lane, and whether to keep the potential as the next operand ``CURRENT``.
    weight_shift, subtract : In
        First stage: how far a weight is shifted left, and whether to subtract it.
    sum : Out
        Result of the first stage, a clock later.
    fire, restart : In
        Second stage.
    next, spike : Out
        Result of the second stage, a clock later.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        bits = signed(config.potential_bits)
        super().__init__(
            {
                "potential": In(bits),
                "weight": In(config.weight_bits),
                "parameters": In(neuron_parameters(config)),
                "operand": In(Operand),
                "scale": In(Scale),
                "iteration": In(5),
                "gate": In(1),
                "weight_shift": In(config.shift_bits),
                "subtract": In(config.signed_events),
                "capture": In(1),
                "sum": Out(bits),
                "fire": In(1),
                "restart": In(Restart),
                "next": Out(bits),
                "spike": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build both stages."""
        m = Module()
        bits = self._config.potential_bits

        m.submodules.weight_operand = weight = WeightOperand(self._config)
        m.d.comb += [
            weight.weight.eq(self.weight),
            weight.gate.eq(self.gate),
            weight.shift.eq(self.weight_shift),
            weight.subtract.eq(self.subtract),
        ]

        current = Signal(signed(bits))
        scaled = Signal(signed(bits))
        addend = Signal(signed(bits))
        halve = Signal()
        m.d.comb += halve.eq(
            (self.scale == Scale.HALVE)
            | ((self.scale == Scale.HALVE_SOME) & (self.parameters.threshold > self.iteration))
        )
        with m.If(halve):
            m.d.comb += scaled.eq(self.potential >> 1)
        with m.Elif(self.scale == Scale.DOUBLE):
            m.d.comb += scaled.eq(self.potential << 1)
        with m.Else():
            m.d.comb += scaled.eq(self.potential)
        with m.Switch(self.operand):
            with m.Case(Operand.WEIGHT):
                m.d.comb += addend.eq(weight.value)
            with m.Case(Operand.BIAS):
                m.d.comb += addend.eq(self.parameters.bias)
            with m.Case(Operand.CURRENT):
                m.d.comb += addend.eq(current)
        with m.If(self.capture):
            m.d.sync += current.eq(self.potential)

        threshold = Signal(signed(bits))
        initial = Signal(signed(bits))
        total = scaled + addend
        if self._config.signed_events:  # one carry chain: the carry into it completes a complement
            total = (Cat(1, scaled) + Cat(self.subtract, addend))[1:]
        m.d.sync += [
            self.sum.eq(total),
            threshold.eq(self.parameters.threshold),
            initial.eq(self.parameters.initial),
        ]

        excess = Signal(signed(bits + 1))
        spike = Signal()
        m.d.comb += [
            excess.eq(self.sum - threshold),
            spike.eq(self.fire & (excess >= 0) & (threshold != 0)),
        ]
        m.d.sync += self.spike.eq(spike)
        with m.If(self.restart == Restart.ZERO):
            m.d.sync += self.next.eq(0)
        with m.Elif(self.restart == Restart.INITIAL):
            m.d.sync += self.next.eq(initial)
        with m.Elif(spike):
            m.d.sync += self.next.eq(excess)
        with m.Else():
            m.d.sync += self.next.eq(self.sum)
        return m
