"""The sweep unit: visits every word of a population in a fixed number of slots."""

from amaranth.hdl import Module, Mux, Signal, ValueLike
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.instruction import sweep_layout

__all__ = ["Slot", "Sweep"]


class Slot(enum.Enum, shape=3):
    """What happens to a word in one clock of its visit, in this order."""

    CURRENT = 0
    """Its input current is read."""
    POTENTIAL = 1
    """Its potential is read and added to."""
    INHIBIT = 2
    """What all spikes of the step before take off is added."""
    OWN = 3
    """What a neuron's own spikes of the step before took off is given back, a bit a slot."""
    PLANE = 4
    """Further spike planes, downwards; the highest falls together with the last addition."""
    SETTLE = 5
    """The floor; what is remembered of this step."""
    RESTORE = 6
    """The initial potential in the last iteration, where it has to wait for the readout."""
    LEAK = 7
    """A slot of waiting, then one for each shift."""


class Sweep(wiring.Component):
    """Counts through a population's words, a slot a clock, each word in as many slots.

    The first word is issued in the clock after ``start``. ``done`` comes two clocks after the last.

    Members
    -------
    sweep : In
        The population's constants; stable meanwhile, and in the clock before ``start``.
    current : In
        The words of an input current are read too; stable meanwhile.
    start : In
        Begins, when idle.
    issue : Out
        A word is visited in this clock.
    slot, index : Out
        In which slot, and which of several of the kind: bit, plane or shift.
    whole : Out
        The last of the slots that add.
    lowest : Out
        The slot of the lowest spike plane.
    ends : Out
        The word's last slot.
    potential_address, parameter_address, history_address : Out
        Of the word visited.
    a, b, g : Out
        Coordinates of the word visited.
    last : Out
        It is the last word.
    done : Out
        Strobe.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "sweep": In(sweep_layout(config)),
                "current": In(1),
                "start": In(1),
                "issue": Out(1),
                "slot": Out(Slot, init=Slot.POTENTIAL),
                "index": Out(3),
                "whole": Out(1),
                "lowest": Out(1),
                "ends": Out(1),
                "potential_address": Out(config.potential_address),
                "parameter_address": Out(config.parameter_address),
                "history_address": Out(config.history_address),
                "a": Out(config.coordinate_bits),
                "b": Out(config.coordinate_bits),
                "g": Out(config.coordinate_bits),
                "last": Out(1),
                "done": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the counters."""
        m = Module()
        config = self._config
        constants = self.sweep
        running = Signal()
        potential = Signal(config.potential_address)
        current = Signal(config.potential_address)
        finished = Signal(2)
        # Registers say whether a coordinate is its last one, and whether it is the only one.
        g_ends = Signal()
        b_ends = Signal()
        a_ends = Signal()
        counters = (
            (self.g, g_ends, constants.g_last),
            (self.b, b_ends, constants.b_last),
            (self.a, a_ends, constants.a_last),
        )
        only = [Signal(name=f"only_{i}") for i in range(len(counters))]
        before = [Signal.like(last, name=f"before_{i}") for i, (_, _, last) in enumerate(counters)]
        for one, previous, (_, _, last) in zip(only, before, counters, strict=True):
            m.d.sync += [one.eq(last == 0), previous.eq(last - 1)]

        def count(number: int) -> None:
            at, ends, _ = counters[number]
            m.d.sync += [
                at.eq(Mux(ends, 0, at + 1)),
                ends.eq(Mux(ends, only[number], at == before[number])),
            ]

        m.d.comb += [
            self.issue.eq(running),
            self.last.eq(running & g_ends & b_ends & a_ends),
            self.done.eq(finished[1]),
            self.potential_address.eq(Mux(self.slot == Slot.CURRENT, current, potential)),
        ]
        m.d.sync += finished.eq(finished << 1 | (self.last & self.ends))

        following = Signal(Slot)
        following_index = Signal(3)
        self._slots(m, following, following_index)
        opening = Mux(self.current, Slot.CURRENT, Slot.POTENTIAL)
        with m.If(self.start):
            m.d.sync += [
                running.eq(1),
                self.slot.eq(opening),
                self.index.eq(0),
                potential.eq(constants.potential_base),
                current.eq(constants.current_base),
                self.parameter_address.eq(constants.parameter_base),
                self.history_address.eq(constants.history_base),
                *(at.eq(0) for at, _, _ in counters),
                *(ends.eq(one) for one, (_, ends, _) in zip(only, counters, strict=True)),
            ]
        with m.Elif(running & ~self.ends):
            m.d.sync += [self.slot.eq(following), self.index.eq(following_index)]
        with m.Elif(running):
            m.d.sync += [
                running.eq(~self.last),
                self.slot.eq(opening),
                self.index.eq(0),
                potential.eq(potential + 1),
                current.eq(current + 1),
                self.parameter_address.eq(self.parameter_address + 1),
                self.history_address.eq(self.history_address + 1),
            ]
            count(0)
            with m.If(g_ends):
                count(1)
                with m.If(~constants.per_neuron):
                    m.d.sync += self.parameter_address.eq(constants.parameter_base)
                with m.If(b_ends):
                    count(2)
        return m

    def _slots(self, m: Module, following: Signal, following_index: Signal) -> None:
        """Choose the slot after this one, and whether there is one."""
        constants = self.sweep
        inhibits = Signal()
        planes = Signal()
        settles = Signal()
        restores = Signal()
        leaks = Signal()
        m.d.comb += [
            inhibits.eq(constants.inhibits),
            settles.eq(constants.settles),
            restores.eq(constants.restores),
            planes.eq(constants.planes_last != 0),
            leaks.eq(constants.leaks != 0),
            self.whole.eq((self.slot == Slot.POTENTIAL) & ~inhibits),
            self.lowest.eq(self.whole & ~planes),
        ]
        if self._config.inhibition_bits:
            with m.If((self.slot == Slot.OWN) & (self.index == constants.planes_last)):
                m.d.comb += self.whole.eq(1)
        if self._config.spike_planes > 1:
            with m.If((self.slot == Slot.PLANE) & (self.index == 0)):
                m.d.comb += self.lowest.eq(1)
        config = self._config
        at: list[tuple[ValueLike, Slot, ValueLike]] = []  # where, then to which slot and index
        if config.currents:
            at.append((self.slot == Slot.CURRENT, Slot.POTENTIAL, 0))
        if config.inhibition_bits:
            at += [
                ((self.slot == Slot.POTENTIAL) & inhibits, Slot.INHIBIT, 0),
                (self.slot == Slot.INHIBIT, Slot.OWN, 0),
                ((self.slot == Slot.OWN) & ~self.whole, Slot.OWN, self.index + 1),
            ]
        if config.spike_planes > 1:
            at += [
                (self.whole & planes, Slot.PLANE, constants.planes_last - 1),
                ((self.slot == Slot.PLANE) & ~self.lowest, Slot.PLANE, self.index - 1),
            ]
        if config.settles:
            at.append((self.lowest & settles, Slot.SETTLE, 0))
        if config.floor:
            at.append(((self.slot == Slot.SETTLE) & restores, Slot.RESTORE, 0))
        if config.leak_bits:
            at += [
                (leaks & (self.slot != Slot.LEAK), Slot.LEAK, 0),
                (leaks & (self.index != constants.leaks), Slot.LEAK, self.index + 1),
            ]
        m.d.comb += self.ends.eq(1)
        for where, slot, index in reversed(at):
            with m.If(where):
                m.d.comb += [self.ends.eq(0), following.eq(slot), following_index.eq(index)]
