"""Inhibition: what all spikes of a population's last step take off its neurons."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.parity import check_parity, damage_ports, later

__all__ = ["Inhibition"]


class Inhibition(wiring.Component):
    """Keeps each population's spikes of the last step; multiplies by shift and add.

    ``done`` comes 3 + n clocks after ``start`` for an inhibition of n bits, whatever the spikes.
    Those of a sweep that has just ended may be written until two clocks after ``start``.

    Members
    -------
    start : In
        Begin with ``population`` and ``inhibition``, which are stable meanwhile.
    done : Out
        In the next clock ``product`` stands, until the next start.
    product : Out
        Spikes times inhibition, negative, as far as potentials go.
    write, written, spikes : In
        The spikes of a population's step.
    damaged : Out
        With parity: see ``damage_ports``.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "population": In(config.population_bits),
                "inhibition": In(config.inhibition_bits),
                "done": Out(1),
                "product": Out(config.potential_bits),
                "write": In(1),
                "written": In(config.population_bits),
                "spikes": In(config.potential_bits),
                **damage_ports(config),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the memory and the serial multiplication."""
        m = Module()
        config = self._config
        bits = config.potential_bits
        rows = memory.Memory(shape=bits, depth=1 << config.population_bits, init=[])
        m.submodules.rows = rows
        read = rows.read_port(domain="comb")
        write = rows.write_port()
        loading = Signal()
        busy = Signal()
        shifted = Signal(bits)
        factor = Signal(config.inhibition_bits)
        m.d.comb += [
            read.addr.eq(self.population),
            write.en.eq(self.write),
            write.addr.eq(self.written),
            write.data.eq(self.spikes),
            self.done.eq(busy & (factor >> 1 == 0)),
        ]
        started = Signal(2)
        m.d.sync += [started.eq(Cat(self.start, started[0])), loading.eq(started[1])]
        with m.If(loading):
            m.d.sync += [
                shifted.eq(read.data),
                factor.eq(self.inhibition),
                self.product.eq(0),
                busy.eq(1),
            ]
        with m.Elif(busy):
            m.d.sync += [
                self.product.eq(self.product - Mux(factor[0], shifted, 0)),
                shifted.eq(shifted << 1),
                factor.eq(factor >> 1),
                busy.eq(~self.done),
            ]
        if config.parity:
            check_parity(
                m,
                self,
                "inhibition",
                write=(self.write, self.written, self.spikes),
                read=(loading, self.population),
                row=shifted,
                comes=later(m, loading, 1),
                depth=1 << config.population_bits,
                latency=1,
            )
        return m
