"""The counters of a core."""

from amaranth.hdl import Module
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
        A strobe for each of ``QUANTITIES``.
    population, amount : In
        For each: which population's, and by how much. Unsigned, 32 bits.
    read : In
        Takes a counter: ``data`` is in this clock what it stood at, and it starts from 0. Not
        while adding.
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
                "amount": In(32).array(quantities),
                "read": In(quantities),
                "read_population": In(config.population_bits),
                "data": Out(32).array(quantities),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build a memory for each quantity."""
        m = Module()
        for i, name in enumerate(QUANTITIES):
            rows = memory.Memory(shape=32, depth=1 << self._config.population_bits, init=[])
            m.submodules[name] = rows
            read = rows.read_port(domain="comb")
            write = rows.write_port()
            m.d.comb += [
                self.data[i].eq(read.data),
                write.addr.eq(read.addr),
                write.en.eq(self.add[i] | self.read[i]),
            ]
            with m.If(self.add[i]):
                m.d.comb += [
                    read.addr.eq(self.population[i]),
                    write.data.eq(read.data + self.amount[i]),
                ]
            with m.Else():
                m.d.comb += read.addr.eq(self.read_population)
        return m
