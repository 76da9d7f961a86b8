"""The spike router: takes event words from where they are made to every core that wants them."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.event_word import event_word

__all__ = ["SpikeRouter"]


class SpikeRouter(wiring.Component):
    """Crossbar from sources (the cores, then the encoder) to cores; each core names its source.

    A word leaves its source when every core in its population's set has taken it, each at its own
    time; a source's order is kept for all of them. No clock is added. Since cores take steps in
    the same order in which they are emitted, no set of full queues can block itself.

    Members
    -------
    sources : In
        A stream from each core, then from the encoder.
    ports : In
        For each core, the source it listens to.
    sinks : Out
        A stream to each core.
    load, load_population, load_cores : In
        Write strobe for the table: which cores a population's events go to.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        word = event_word(config)
        super().__init__(
            {
                "sources": In(stream.Signature(word)).array(config.cores + 1),
                "ports": In(config.port_bits).array(config.cores),
                "sinks": Out(stream.Signature(word)).array(config.cores),
                "load": In(1),
                "load_population": In(config.population_bits),
                "load_cores": In(config.cores),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the table and the crossbar."""
        m = Module()
        config = self._config
        if config.cores == 1:  # what is emitted is wanted
            (sink,) = self.sinks
            with m.Switch(self.ports[0]):
                for s, source in enumerate(self.sources):
                    with m.Case(s):
                        m.d.comb += [
                            sink.payload.eq(source.payload),
                            sink.valid.eq(source.valid),
                            source.ready.eq(sink.ready),
                        ]
            return m
        table = [
            Signal(config.cores, name=f"cores_of_{i}") for i in range(1 << config.population_bits)
        ]
        with m.If(self.load), m.Switch(self.load_population):
            for i, cores in enumerate(table):
                with m.Case(i):
                    m.d.sync += cores.eq(self.load_cores)

        taken_now = [Signal(config.cores, name=f"taken_now_{s}") for s in range(config.cores + 1)]
        wanted = []
        for s, source in enumerate(self.sources):
            cores = Signal(config.cores, name=f"cores_{s}")
            taken = Signal(config.cores, name=f"taken_{s}")
            with m.Switch(source.payload.population):
                for i, row in enumerate(table):
                    with m.Case(i):
                        m.d.comb += cores.eq(row)
            m.d.comb += source.ready.eq((cores & ~(taken | taken_now[s])) == 0)
            with m.If(source.valid & ~source.ready):
                m.d.sync += taken.eq(taken | taken_now[s])
            with m.Else():
                m.d.sync += taken.eq(0)
            wanted.append(cores & ~taken)
        for c, sink in enumerate(self.sinks):
            with m.Switch(self.ports[c]):
                for s, source in enumerate(self.sources):
                    with m.Case(s):
                        m.d.comb += [
                            sink.payload.eq(source.payload),
                            sink.valid.eq(source.valid & wanted[s][c]),
                            taken_now[s][c].eq(sink.valid & sink.ready),
                        ]
        return m
