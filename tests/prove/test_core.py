"""A whole core, memories and all, does what a sum for each neuron says."""

import pytest
from amaranth.hdl import Array, Assert, Assume, Cat, Cover, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from augend.hw.configuration import AcceleratorConfig
from augend.hw.core import Core
from augend.hw.event_word import event_word
from augend.hw.fan_out import TABLES
from augend.hw.instruction import Kind, When, instruction
from augend.hw.lanes import Lanes
from augend.hw.loading import load_bus
from tests.mutant import mutant

from .formal import Obligation, check, opened, stays

LANES, WORDS, EVENTS = 2, 2, 1
POTENTIAL, WEIGHT = 3, 2
POPULATION, SOURCE = 1, 0
SCHEDULE = (
    {
        "kind": Kind.CONSUME,
        "population": POPULATION,
        "source": SOURCE,
        "projection": {"run_last": WORDS - 1, "additions": LANES * WORDS},
    },
    {
        "kind": Kind.SWEEP,
        "population": POPULATION,
        "sweep": {
            "g_last": WORDS - 1,
            "per_neuron": 1,
            "bias": When.ALWAYS,
            "fire": 1,
            "emits": 1,
        },
    },
    {"kind": Kind.END},
)
"""One step: the spikes of ``LANES`` neurons into all neurons, then their sweep."""


class SumForEachNeuron(wiring.Component):
    """One step of a core beside its neurons' sums.

    Weights, potentials, thresholds and biases are anything. Events come, and words leave, when the
    solver likes, or at once.
    """

    def __init__(self, core: type, *, kind: str, stalls: bool) -> None:
        self._core = core
        self._stalls = stalls
        self._config = AcceleratorConfig(
            lanes=LANES,
            weight_bits=WEIGHT,
            potential_bits=POTENTIAL,
            potential_memory=kind,
            weight_words=LANES * WORDS,
            potential_words=WORDS,
            parameter_words=WORDS,
            row_entries=2,
            column_entries=2,
            group_entries=2,
            lane_entries=LANES,
            coordinate_bits=1,
            instructions=4,
            populations=2,
            queue_steps=1,
            queue_words=WORDS,
            input_rows=1,
            readout_words=1,
            watchdog_bits=0,
        )
        super().__init__(
            {
                "load": In(load_bus(self._config)),
                "masks": In(LANES).array(EVENTS),
                "count": In(range(EVENTS + 1)),
                "offer": In(1),
                "ready": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self._config
        m.submodules.dut = dut = self._core(config)
        inside = opened(dut)
        lanes = opened(inside.submodules.lanes)
        self._program(inside)
        for signal in (*self.masks, self.count):
            stays(m, signal)
        begun = Signal()
        m.d.sync += begun.eq(1)
        m.d.comb += [
            dut.load.eq(self.load),
            dut.start.eq(~begun),
            dut.restart.eq(~begun),
            dut.emitted.ready.eq(self.ready),
            Assume(self.load.strobe == 0),
            Assume(self._stalls | (self.offer & self.ready)),
            *(Assume(mask != 0) for mask in self.masks),
        ]

        # One step of events.
        taken = Signal(range(EVENTS + 2))
        offered = Signal()
        mask = Signal(LANES)
        m.d.sync += offered.eq(dut.events.valid & ~dut.events.ready)
        m.d.comb += [
            mask.eq(Array(self.masks)[taken]),
            dut.events.valid.eq(self.offer & (taken <= self.count)),
            dut.events.payload.token.eq(taken == self.count),
            dut.events.payload.mask.eq(Mux(taken == self.count, 0, mask)),
            Assume(self.offer | ~offered),
        ]
        accepted = dut.events.valid & dut.events.ready
        m.d.sync += taken.eq(taken + accepted)

        # The sums.
        weights = self._rows(m, opened(lanes.submodules.weights), LANES * WORDS)
        parameters = self._rows(m, opened(lanes.submodules.parameters), WORDS)
        potentials = self._rows(m, opened(lanes.submodules.potentials), WORDS)
        masks = []
        following = []
        for word in range(WORDS):
            spikes = []
            for lane in range(LANES):
                total = Signal(signed(POTENTIAL), name=f"sum_{word}_{lane}")
                place = slice(lane * POTENTIAL, (lane + 1) * POTENTIAL)
                arriving = sum(
                    Mux(mask[source], weights[source * WORDS + word][lane].as_signed(), 0)
                    for source in range(LANES)
                )
                with m.If(~begun):
                    m.d.sync += total.eq(potentials[word][place].as_signed())
                with m.Elif(accepted & (taken != self.count)):
                    m.d.sync += total.eq(total + arriving)
                neuron = parameters[word][lane]
                biased = Signal(signed(POTENTIAL), name=f"biased_{word}_{lane}")
                spike = Signal(name=f"spike_{word}_{lane}")
                left = Signal(signed(POTENTIAL), name=f"left_{word}_{lane}")
                m.d.comb += [
                    biased.eq(total + neuron.bias),
                    spike.eq((biased >= neuron.threshold) & neuron.lives),
                    left.eq(Mux(spike, biased - neuron.threshold, biased)),
                ]
                spikes.append(spike)
                following.append(left)
            masks.append(Cat(spikes))

        # What is emitted: the words with spikes, in order, then the token; once.
        emits = dut.emitted.valid & self.ready
        at = Signal(range(WORDS + 2))
        due = Signal(event_word(config))
        place = Signal(range(WORDS + 2))
        m.d.comb += [place.eq(at), due.token.eq(1), due.population.eq(POPULATION)]
        for word in reversed(range(WORDS)):
            with m.If((at <= word) & masks[word].any()):
                m.d.comb += [place.eq(word), due.mask.eq(masks[word]), due.g.eq(word)]
                m.d.comb += due.token.eq(0)
        with m.If(dut.emitted.valid):
            m.d.comb += [
                Assert(taken == self.count + 1),
                Assert(at != WORDS + 1),
                Assert(dut.emitted.payload.as_value() == due.as_value()),
            ]
        with m.If(emits):
            m.d.sync += at.eq(Mux(due.token, WORDS + 1, place + 1))
        with m.If(at == WORDS + 1):
            m.d.comb += Assert(Cat(potentials) == Cat(following))
        m.d.comb += [
            Cover((at == WORDS + 1) & (taken == EVENTS + 1) & masks[0].all(), "events, spikes"),
            Cover((at == WORDS + 1) & (taken == 1), "no event, a token"),
        ]
        return m

    def _program(self, inside: Module) -> None:
        """Write the schedule and the tables: a weight word for each lane and target word."""
        config = self._config
        layout = instruction(config)
        for place, fields in enumerate(SCHEDULE):
            inside.submodules.schedule.data.init[place] = layout.const(fields)
        fan_out = opened(inside.submodules.fan_out)
        for name in TABLES:
            table = opened(getattr(fan_out.submodules, name)).submodules.memory
            for entry in range(LANES if name == "lane" else 1):
                weight = entry * WORDS if name == "lane" else 0
                table.data.init[entry] = {"potential": 0, "weight": weight, "count": 1}

    def _rows(self, m: Module, unit: Module, count: int) -> list:
        """All rows of a unit's memory, as they are now."""
        ports = [unit.submodules.memory.read_port(domain="comb") for _ in range(count)]
        m.d.comb += [port.addr.eq(row) for row, port in enumerate(ports)]
        return [port.data for port in ports]


def with_lanes(sound: str, broken: str) -> type:
    """The core around lanes in which something is changed."""
    core = mutant(Core, '"""Build the sequencer', '"""Build the sequencer')
    vars(core)["elaborate"].__globals__["Lanes"] = mutant(Lanes, sound, broken)
    return core


FREE = ("*weights*", "*parameters*", "*potentials*")
WHY = "one step of an event word of both lanes is over by then"
MUTANTS = (
    (
        "an addition is not written back",
        with_lanes,
        "potentials.write.eq(compare.add | back.writes)",
        "potentials.write.eq(back.writes)",
    ),
    (
        "a sweep writes the sum back",
        with_lanes,
        "Mux(back.writes, following, sums)",
        "sums",
    ),
    ("a token after each word", with_lanes, "token.eq(back.emits & ends)", "token.eq(back.emits)"),
    ("a weight for one lane only", None, "lanes.gate.eq(fan_out.gate)", "lanes.gate.eq(1)"),
    (
        "the parameters of the first word",
        with_lanes,
        "parameters.address.eq(sweep.parameter_address)",
        "parameters.address.eq(0)",
    ),
)
OBLIGATIONS = [
    Obligation(
        name=f"core with {memory} potentials: sum, spike and what is left of every neuron",
        spec=lambda memory=memory, stalls=stalls: SumForEachNeuron(
            Core, kind=memory, stalls=stalls
        ),
        kind=kind,
        depth=depth,
        why=WHY if kind == "bounded" else "",
        free=FREE,
    )
    for memory, stalls, kind, depth in (
        ("distributed", False, "bounded", 36),
        ("distributed", False, "cover", 36),
        ("block", False, "bounded", 36),
        ("block", False, "cover", 36),
    )
] + [
    Obligation(
        name=f"core: {what}",
        spec=lambda make=make, change=change: SumForEachNeuron(
            (make or (lambda *one: mutant(Core, *one)))(*change), kind="distributed", stalls=False
        ),
        kind="mutant",
        depth=36,
        free=FREE,
    )
    for what, make, *change in MUTANTS
]


@pytest.mark.parametrize("obligation", OBLIGATIONS, ids=lambda o: f"{o.kind}: {o.name}")
def test_core(obligation, record_property):
    check(obligation, record_property)
