"""A lane: the arithmetic of one neuron at a time, made of additions, comparisons and wires."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.lane_control import Augend, Operand, Restart, Scale, Subtrahend
from augend.hw.weight_operand import WeightOperand

__all__ = ["Neuron", "neuron_parameters"]


def neuron_parameters(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of a neuron's parameters; ``lives`` is 0 in a lane that holds no neuron.

    ``threshold`` and ``negative_step`` are those of the highest spike plane, shifted left. A spike
    of -1 is due where the potential and ``negative_limit`` make at most 0, which for the highest
    plane is its step and the negative threshold less one step. Where a spike sets the potential to
    0, ``negative_step`` is 0 for neurons to which further spikes of -1 are due, and else -1.
    """
    bits = signed(config.potential_bits)
    widths = {
        "threshold": config.threshold_bits,
        "bias": config.bias_bits,
        "initial": config.initial_bits,
    }
    fields: dict = {n: signed(min(w, config.potential_bits)) for n, w in widths.items()}
    fields["lives"] = 1
    if config.signed_events:
        fields |= {"negative_limit": bits, "negative_step": bits}
    if config.floor:
        fields["floor"] = bits
    return data.StructLayout(fields)


class Neuron(wiring.Component):
    """Integrate-and-fire neuron in two pipeline stages, one slot a clock.

    First stage: scale the potential, or take something else in its place; add the operand. Second
    stage: compare the sum, or the result of the slot before, with a threshold, a floor or a leak,
    and take that off; restart where told. Exact within ``potential_bits``, which the generator
    proves to suffice.

    Members
    -------
    potential, weight, parameters, term : In
        What the memories deliver, in the first stage, and what inhibition or a gate adds.
    augend, operand, scale, iteration, gate : In
        First stage: what to add to what, how to scale, the pass number of ``HALVE_SOME``, and
        whether a weight arrives at this lane.
    weight_shift, subtract : In
        First stage: how far a weight is shifted left, and whether to subtract it.
    subtrahend, shift, again : In
        First stage: what to compare with in the second; for ``LEAK`` the shift, and whether it is
        one of several on the same potential.
    sum : Out
        Result of the first stage, a clock later.
    fire : In
        First stage: compare with the threshold in the second.
    restart : In
        Second stage.
    goes_on : In
        Second stage: work on the result of the slot before, not on the sum.
    sink, drain : In
        Second stage: become the subtrahend where below it; take it off whatever comes.
    zero, lowest : In
        Second stage: a spike sets the potential to 0; this is the lowest spike plane.
    may_rise, may_fall : In
        Second stage: a spike of +1, of -1 may be emitted.
    rose, fell : Out
        Second stage: it is emitted.
    next, spike, negative : Out
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
                "term": In(bits),
                "augend": In(Augend),
                "operand": In(Operand),
                "scale": In(Scale),
                "iteration": In(5),
                "gate": In(1),
                "weight_shift": In(config.shift_bits),
                "subtract": In(config.signed_events),
                "subtrahend": In(Subtrahend),
                "shift": In(config.leak_bits),
                "again": In(1),
                "sum": Out(bits),
                "fire": In(1),
                "restart": In(Restart),
                "goes_on": In(1),
                "sink": In(1),
                "drain": In(1),
                "zero": In(1),
                "lowest": In(1, init=1),
                "may_rise": In(1, init=1),
                "may_fall": In(1, init=1),
                "rose": Out(1),
                "fell": Out(1),
                "next": Out(bits),
                "spike": Out(1),
                "negative": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build both stages."""
        m = Module()
        self._add(m)
        self._compare(m)
        return m

    def _add(self, m: Module) -> None:
        """Build the first stage."""
        bits = self._config.potential_bits
        m.submodules.weight_operand = weight = WeightOperand(self._config)
        m.d.comb += [
            weight.weight.eq(self.weight),
            weight.gate.eq(self.gate),
            weight.shift.eq(self.weight_shift),
            weight.subtract.eq(self.subtract),
        ]

        config = self._config
        scaled = Signal(signed(bits))
        m.d.comb += scaled.eq(self.potential)
        if config.doubles:
            with m.If(self.scale == Scale.DOUBLE):
                m.d.comb += scaled.eq(self.potential << 1)
        if config.halves:
            some = self.parameters.threshold.as_unsigned()[:5] > self.iteration
            halve = Signal()
            m.d.comb += halve.eq(
                (self.scale == Scale.HALVE) | ((self.scale == Scale.HALVE_SOME) & some)
            )
            with m.If(halve):
                m.d.comb += scaled.eq(self.potential >> 1)
        if config.clamp:
            with m.If(self.augend == Augend.INITIAL):
                m.d.comb += scaled.eq(self.parameters.initial)
        if config.inhibition_bits or config.gates:
            with m.If(self.augend == Augend.TERM):
                m.d.comb += scaled.eq(self.term)
        chosen = {Operand.WEIGHT: weight.value, Operand.BIAS: self.parameters.bias}
        if config.currents or config.inhibition_bits:
            chosen[Operand.SUM] = self.sum
        if config.gates:
            chosen[Operand.TERM] = self.term
        addend = Const(0, bits)
        told = Value.cast(self.operand)
        for one, value in chosen.items():
            wide = Signal(signed(bits), name=one.name.lower())
            gated = told[one.value.bit_length() - 1].replicate(bits)
            m.d.comb += wide.eq(value)
            addend = addend | (wide.as_unsigned() & gated)
        addend = addend.as_signed()
        total = scaled + addend
        if self._config.signed_events:  # one carry chain: the carry into it completes a complement
            total = (Cat(1, scaled) + Cat(self.subtract, addend))[1:]
        m.d.sync += self.sum.eq(total)

    def _subtrahend(self, m: Module) -> Signal:
        """Build the register of what the second stage takes off."""
        config = self._config
        taken = Signal(signed(config.potential_bits))
        m.d.sync += taken.eq(self.parameters.threshold)
        if config.spike_planes > 1:
            with m.If(self.subtrahend == Subtrahend.HALF):
                m.d.sync += taken.eq(taken >> 1)
        if config.floor:
            with m.If(self.subtrahend == Subtrahend.FLOOR):
                m.d.sync += taken.eq(self.parameters.floor)
        if config.leak_bits:
            drained = Signal(signed(config.potential_bits))
            leaking = Signal(signed(config.potential_bits))
            m.d.comb += leaking.eq(Mux(self.again, drained, self.next))
            with m.If(~self.again):
                m.d.sync += drained.eq(self.next)
            with m.If(self.subtrahend == Subtrahend.LEAK):
                m.d.sync += taken.eq(leaking >> self.shift)
        return taken

    def _compare(self, m: Module) -> None:
        """Build the second stage."""
        config = self._config
        bits = config.potential_bits
        taken = self._subtrahend(m)
        initial = Signal.like(self.parameters.initial)
        may_fire = Signal()
        value = Signal(signed(bits))
        excess = Signal(signed(bits + 1))
        left = Signal(signed(bits))
        lifted = Signal(signed(bits))
        several = config.spike_planes > 1
        m.d.sync += [
            initial.eq(self.parameters.initial),
            may_fire.eq(self.fire & self.parameters.lives),
        ]
        m.d.comb += [
            value.eq(self.sum),
            excess.eq(value - taken),
            left.eq(excess),
            self.rose.eq(may_fire & (excess >= 0) & self.may_rise),
        ]
        if several or config.settles or config.leak_bits:
            with m.If(self.goes_on):
                m.d.comb += value.eq(self.next)
        if config.signed_events:
            self._fall(m, value, may_fire, lifted)
        if config.reset_zero:
            with m.If(self.zero):
                m.d.comb += [left.eq(0), lifted.eq(0)]
                if several:
                    with m.If(~self.lowest):
                        m.d.comb += self.rose.eq(0)

        m.d.sync += [self.spike.eq(self.rose | self.fell), self.negative.eq(self.fell)]
        # The initial potential is put in behind ``stays``, which is 0 then: resets cost no logic.
        stays = Signal(signed(bits))
        begins = Signal.like(initial)
        m.d.comb += self.next.eq(stays | begins)
        m.d.sync += begins.eq(0)
        with m.If(self.restart == Restart.INITIAL):
            m.d.sync += begins.eq(initial)
        with m.If(self.rose):
            m.d.sync += stays.eq(left)
        with m.Elif(self.fell):
            m.d.sync += stays.eq(lifted)
        with m.Else():
            m.d.sync += stays.eq(value)
            if config.floor:
                with m.If(self.sink & (excess < 0)):
                    m.d.sync += stays.eq(taken)
            if config.leak_bits:
                with m.If(self.drain):
                    m.d.sync += stays.eq(excess)
        with m.If(self.restart != Restart.NO):
            m.d.sync += stays.eq(0)

    def _fall(self, m: Module, value: Signal, may_fire: Signal, lifted: Signal) -> None:
        """Build the comparison for a spike of -1."""
        bits = self._config.potential_bits
        limit = Signal(signed(bits))
        step = Signal(signed(bits))
        depth = Signal(signed(bits + 1))
        m.d.sync += [
            limit.eq(self.parameters.negative_limit),
            step.eq(self.parameters.negative_step),
        ]
        due = Signal()
        m.d.comb += [
            depth.eq(value + limit),
            lifted.eq(value + step),
            due.eq(may_fire & (depth <= 0) & self.may_fall),
            self.fell.eq(due),
        ]
        if self._config.spike_planes > 1:
            with m.If(self.subtrahend == Subtrahend.HALF):
                m.d.sync += [limit.eq(limit - (step >> 1)), step.eq(step >> 1)]
            if self._config.reset_zero:
                m.d.comb += self.fell.eq(due & (self.lowest | (step >= 0)))
