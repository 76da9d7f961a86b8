"""The counters of a core."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig

__all__ = ["QUANTITIES", "Counters"]

QUANTITIES = ("additions", "words", "updates", "spikes")
"""What is counted for each population, in the order in which it is read."""


class Counters(wiring.Component):
    """Additions, words added to, neuron updates and spikes of every population since last read.

    Members
    -------
    add : In
        A strobe for each of ``QUANTITIES``, not in two clocks after each other.
    population, amount : In
        For each: which population's, and by how much. Unsigned.
    read : In
        Takes a counter: ``data`` is in this clock what it stood at, and it starts from 0 a clock
        later. Not while adding, nor in the clock after it.
    read_population : In
        Whose.
    data : Out
        For each quantity.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        quantities = len(QUANTITIES)
        super().__init__(
            {
                "add": In(quantities),
                "population": In(config.population_bits).array(quantities),
                "amount": In(config.counter_bits).array(quantities),
                "read": In(quantities),
                "read_population": In(config.population_bits),
                "data": Out(config.counter_bits).array(quantities),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build a memory and an adder for each quantity."""
        m = Module()
        for i, name in enumerate(QUANTITIES):
            rows = memory.Memory(
                shape=self._config.counter_bits, depth=1 << self._config.population_bits, init=[]
            )
            m.submodules[name] = rows
            read = rows.read_port(domain="comb")
            write = rows.write_port()
            # Read, then add: what is not added to starts from 0, by the registers' resets.
            at = Signal(self._config.population_bits, name=f"{name}_at")
            before = Signal(self._config.counter_bits, name=f"{name}_before")
            amount = Signal(self._config.counter_bits, name=f"{name}_amount")
            m.d.comb += [
                self.data[i].eq(read.data),
                read.addr.eq(Mux(self.add[i], self.population[i], self.read_population)),
                write.addr.eq(at),
                write.data.eq(before + amount),
            ]
            m.d.sync += [
                write.en.eq(self.add[i] | self.read[i]),
                at.eq(read.addr),
                before.eq(read.data),
                amount.eq(self.amount[i]),
            ]
            with m.If(~self.add[i]):
                m.d.sync += [before.eq(0), amount.eq(0)]
        return m
