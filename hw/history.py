"""What a lane remembers of its neuron's spikes: within a step, and from step to step."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig

__all__ = ["History", "history_layout"]


def history_layout(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of what is remembered of a neuron from step to step.

    ``emitted`` spikes of the last step, and whether they ``sank``, being of -1; ``total``, the
    signed sum of all; the steps left when it ``first`` spiked with +1, that one included; steps to
    ``rest``, all ones for ever.
    """
    return data.StructLayout(
        {
            "emitted": config.emitted_bits,
            "sank": config.gates and config.signed_events,
            "total": signed(config.total_bits) if config.total_bits else 0,
            "first": config.first_bits,
            "rest": config.rest_bits,
        }
    )


class History(wiring.Component):
    """Says which spikes a neuron may emit, and keeps account of them; beside the second stage.

    Spike planes come from the highest downwards. With a limit N a plane may be taken where its bit
    and all those taken before it make at most N: while they equal N's bits, only where N has a 1.

    Members
    -------
    before : In
        What is remembered, in the first stage, through all slots of a word.
    remembers, opens : In
        First stage: whether the population remembers anything; the highest plane's comparison
        follows in the next clock.
    plane, rose, fell : In
        Second stage: the plane, and whether its spikes are emitted.
    above : In
        First stage: ones in the bits above those of the population's spike planes.
    most, takes_back, rest, left : In
        Of the population and the step: see ``augend.hw.instruction.sweep_layout``; ``left`` steps
        with this one.
    may_rise, may_fall : Out
        Second stage: the plane's spikes may be emitted.
    after : Out
        What is to be remembered, a clock after a slot ``SETTLE`` was in the second stage.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "before": In(history_layout(config)),
                "remembers": In(1),
                "opens": In(1),
                "plane": In(config.plane_bits),
                "rose": In(1),
                "fell": In(1),
                "above": In(config.total_bits),
                "most": In(config.spike_planes),
                "takes_back": In(1),
                "rest": In(config.rest_bits),
                "left": In(17),
                "may_rise": Out(1),
                "may_fall": Out(1),
                "after": Out(history_layout(config)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build what the configuration asks for."""
        m = Module()
        config = self._config
        planes = config.spike_planes
        past = Signal(history_layout(config))
        fires = self.rose | self.fell
        may = [Signal(name="may_rise"), Signal(name="may_fall")]
        rises, falls = [], []
        m.d.sync += past.eq(self.before)

        count = Signal(planes)
        sank = Signal()
        with m.If(fires):
            m.d.sync += [count.bit_select(self.plane, 1).eq(1), sank.eq(self.fell)]
        with m.If(self.opens):
            m.d.sync += [count.eq(0), sank.eq(0)]
        if planes > 1:
            rises.append(~sank)
            falls.append((count == 0) | sank)
            equal = Signal()
            allowed = self.most.bit_select(self.plane, 1)
            with m.If(allowed & ~fires):
                m.d.sync += equal.eq(0)
            with m.If(self.opens):
                m.d.sync += equal.eq(1)
            rises.append(~equal | allowed)
            falls.append(~equal | allowed)
        if config.rest_bits:
            rests = Signal()
            m.d.sync += rests.eq(self.remembers & (self.before.rest != 0))
            rises.append(~rests)
            falls.append(~rests)
        if config.total_bits and config.signed_events:
            below = Signal()
            there = past.total.bit_select(self.plane, 1)
            with m.If(there & ~self.fell):
                m.d.sync += below.eq(1)
            with m.If(self.opens):
                m.d.sync += below.eq((self.before.total & self.above) != 0)
            falls.append(~self.takes_back | below | there)
        for allowed_by, signal, port in zip(
            (rises, falls), may, (self.may_rise, self.may_fall), strict=True
        ):
            m.d.comb += [signal.eq(1), port.eq(signal)]
            for condition in allowed_by:
                with m.If(~condition):
                    m.d.comb += signal.eq(0)
        self._settle(m, past, count, sank)
        return m

    def _settle(self, m: Module, past: data.View, count: Signal, sank: Signal) -> None:
        """Make of what was remembered, and of this step's spikes, what is to be."""
        config = self._config
        m.d.sync += [self.after.emitted.eq(count), self.after.sank.eq(sank)]
        if config.total_bits:
            m.d.sync += self.after.total.eq(past.total + Mux(sank, -count, count))
        if config.first_bits:
            first = (past.first == 0) & (count != 0) & ~sank
            m.d.sync += self.after.first.eq(Mux(first, self.left, past.first))
        if config.rest_bits:
            passes = (past.rest != 0) & ~past.rest.all()
            m.d.sync += self.after.rest.eq(Mux(count != 0, self.rest, past.rest - passes))
