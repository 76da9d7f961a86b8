"""The router gives each word once, and in order, to every core that wants it; then it drops it."""

import pytest
from amaranth.hdl import Array, Assert, Assume, Cover, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In

from augend.hw.configuration import AcceleratorConfig
from augend.hw.event_word import event_word
from augend.hw.spike_router import SpikeRouter
from tests.mutant import mutant

from .formal import Obligation, check, local, opened, stays

CORES = 2
SOURCES = CORES + 1
POPULATIONS = 2
NUMBER_BITS = 2
"""The numbers go around; which of two words comes first shows in them all the same."""


class OnceEach(wiring.Component):
    """Sources that keep to the rules of streams, and for each who has had its present word.

    Sinks stall and ports change as the solver likes. The table is loaded while nothing is offered.
    One core, any, is the ``listener``: each source numbers the words that this one wants, and it
    must get every number once, one after the other.
    """

    def __init__(self, router: type, *, invariants: bool) -> None:
        self._config = AcceleratorConfig(
            lanes=1, coordinate_bits=NUMBER_BITS, cores=CORES, populations=POPULATIONS
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
                "listener": In(range(CORES)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.dut = dut = self._router(self._config)
        inside = opened(dut)
        stays(m, self.listener)
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
        self._in_order(m, s, offered, valid & ready, wanted, had, takes)
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

    def _in_order(self, m, s, offered, leaves, wanted, had, takes) -> None:
        """What left a source for the listener is what the listener got, in the same order."""
        numbered = Signal(NUMBER_BITS, name=f"numbered_{s}")
        got = Signal(NUMBER_BITS, name=f"got_{s}")
        wants = wanted.bit_select(self.listener, 1)
        gets = takes.bit_select(self.listener, 1)
        m.d.comb += [
            Assume(~wants | (offered.a == numbered)),
            Assert(~gets | (offered.a == got)),
            Assert(~leaves | ((got + gets)[:NUMBER_BITS] == (numbered + wants)[:NUMBER_BITS])),
            Cover(gets & (got == 3) & (numbered == 3), "four words, one by one"),
        ]
        with m.If(leaves):
            m.d.sync += numbered.eq(numbered + wants)
        m.d.sync += got.eq(got + gets)
        if self._invariants:
            had_it = had.bit_select(self.listener, 1)
            m.d.comb += Assert(got == (numbered + had_it)[:NUMBER_BITS])


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
        name="spike router: each word exactly once, and in order, to each wanted core",
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
