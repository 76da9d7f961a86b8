"""The router gives each word exactly once to every core that wants it, and only then drops it."""

import pytest
from amaranth.hdl import Array, Assert, Assume, Cover, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In

from augend.hw.configuration import AcceleratorConfig
from augend.hw.event_word import event_word
from augend.hw.spike_router import SpikeRouter
from tests.mutant import mutant

from .formal import Obligation, check, local, opened

CORES = 2
SOURCES = CORES + 1
POPULATIONS = 2


class OnceEach(wiring.Component):
    """Sources that keep to the rules of streams, and for each who has had its present word.

    Sinks stall and ports change as the solver likes. The table is loaded while nothing is offered.
    """

    def __init__(self, router: type, *, invariants: bool) -> None:
        self._config = AcceleratorConfig(
            lanes=1, coordinate_bits=1, cores=CORES, populations=POPULATIONS
        )
        self._router = router
        self._invariants = invariants
        super().__init__(
            {
                "sources": In(stream.Signature(event_word(self._config))).array(SOURCES),
                "readies": In(CORES),
                "ports": In(self._config.port_bits).array(CORES),
                "load": In(1),
                "load_population": In(self._config.population_bits),
                "load_cores": In(CORES),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.dut = dut = self._router(self._config)
        inside = opened(dut)
        for c in range(CORES):
            m.d.comb += [dut.ports[c].eq(self.ports[c]), dut.sinks[c].ready.eq(self.readies[c])]
        for name in ("load", "load_population", "load_cores"):
            m.d.comb += getattr(dut, name).eq(getattr(self, name))
        table = Array(Signal(CORES, name=f"wanted_by_{i}") for i in range(POPULATIONS))
        with m.If(self.load):
            m.d.sync += table[self.load_population].eq(self.load_cores)
        if self._invariants:
            for i, row in enumerate(table):
                m.d.comb += Assert(row == local(inside, f"cores_of_{i}"))
        no_source = [self.ports[c] >= SOURCES for c in range(CORES)]
        for c in range(CORES):
            with m.If(no_source[c]):
                m.d.comb += Assert(~dut.sinks[c].valid)
        for s in range(SOURCES):
            self._source(m, dut, inside, table, s)
        return m

    def _source(self, m: Module, dut: SpikeRouter, inside: Module, table: Array, s: int) -> None:
        offered = self.sources[s].payload
        valid = self.sources[s].valid
        ready = dut.sources[s].ready
        stalled = Signal(name=f"stalled_{s}")
        before = Signal(offered.as_value().shape(), name=f"before_{s}")
        m.d.comb += [
            dut.sources[s].payload.eq(offered),
            dut.sources[s].valid.eq(valid),
            Assume(~stalled | (valid & (offered.as_value() == before))),
            Assume(~(self.load & valid)),
        ]
        m.d.sync += [stalled.eq(valid & ~ready), before.eq(offered.as_value())]

        wanted = Signal(CORES, name=f"wanted_{s}")
        had = Signal(CORES, name=f"had_{s}")
        takes = Signal(CORES, name=f"takes_{s}")
        m.d.comb += wanted.eq(table[offered.population])
        for c in range(CORES):
            sink = dut.sinks[c]
            with m.If(self.ports[c] == s):
                m.d.comb += [
                    takes[c].eq(sink.valid & self.readies[c]),
                    Assert(sink.valid == (valid & wanted[c] & ~had[c])),
                ]
                with m.If(sink.valid):
                    m.d.comb += Assert(sink.payload.as_value() == offered.as_value())
        with m.If(valid):
            m.d.comb += [
                Assert(takes & (had | ~wanted) == 0),
                Assert(ready == (had | takes == wanted)),
            ]
        m.d.sync += had.eq(had | takes)
        with m.If(valid & ready):
            m.d.sync += had.eq(0)
        if self._invariants:
            m.d.comb += [
                Assert(had == local(inside, f"taken_{s}")),
                Assert((had == 0) | stalled),
                Assert(had & ~wanted == 0),
            ]
        m.d.comb += [
            Cover(valid & ready & (had == 1) & (takes == 2), "one core, then the other"),
            Cover(valid & ready & (takes == 3), "both at once"),
            Cover(valid & ready & (wanted == 0), "nobody"),
        ]


MUTANTS = (
    ("given again to who had it", "cores & ~taken)", "cores)"),
    (
        "gone when one has it",
        "(cores & ~(taken | taken_now[s])) == 0",
        "(cores & (taken | taken_now[s])) != 0",
    ),
    ("forgets who had it", "taken.eq(taken | taken_now[s])", "taken.eq(taken_now[s])"),
    ("remembers the last word's", "m.d.sync += taken.eq(0)", "m.d.sync += taken.eq(taken_now[s])"),
)
OBLIGATIONS = [
    Obligation(
        name="spike router: each word exactly once to each wanted core",
        spec=lambda: OnceEach(SpikeRouter, invariants=True),
        kind=kind,
        depth=depth,
    )
    for kind, depth in (("induction", 3), ("cover", 10))
] + [
    Obligation(
        name=f"spike router: {what}",
        spec=lambda change=change: OnceEach(mutant(SpikeRouter, *change), invariants=False),
        kind="mutant",
        depth=10,
    )
    for what, *change in MUTANTS
]


@pytest.mark.parametrize("obligation", OBLIGATIONS, ids=lambda o: f"{o.kind}: {o.name}")
def test_spike_router(obligation, record_property):
    check(obligation, record_property)
