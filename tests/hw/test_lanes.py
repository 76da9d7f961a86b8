"""Sweeps with every rule of neurons against the contract transcribed, spike for spike."""

import copy

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from augend.gen.network import INPUT, Input, Population, Projection, SpikingNetwork
from augend.gen.place import place
from augend.gen.schedule import Sweep
from augend.hw.configuration import AcceleratorConfig
from augend.hw.instruction import Kind, When, instruction
from augend.hw.lane_control import Restart
from augend.hw.lanes import Lanes
from augend.hw.loading import CORE_MEMORIES, row_bits
from augend.hw.memory_image import program_rows
from tests.sim.drawn_everything import some_population
from tests.sim.literal_rules import Neurons

from .streams import simulate

LANES = 2
CONFIG = AcceleratorConfig(
    lanes=LANES,
    potential_bits=28,
    weight_words=512,
    potential_words=32,
    parameter_words=32,
    row_entries=16,
    column_entries=16,
    group_entries=16,
    lane_entries=16,
    queue_words=256,
    readout_words=16,
    signed_events=1,
    spike_planes=8,
    weight_shift=7,
    reset_zero=1,
    floor=1,
    clamp=1,
    leak_bits=3,
    inhibition_bits=12,
    history_words=16,
    rest_bits=3,
    total_bits=13,
    first_bits=3,
)
STEPS = 4


@st.composite
def populations(draw):
    """Up to eight neurons of any rules, and what arrives at them in each step."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.sampled_from([(1,), (5,), (2, 2, 2), (3, 1, 2)]))
    population = draw(some_population("p", shape, False, "subtract", False, rng))
    strong = int(population.threshold.max())
    arrivals = rng.integers(-strong, 2 * strong, (STEPS, population.size), endpoint=True)
    flat = ["count", "first_spike"] if len(shape) == 1 else []
    decode = draw(st.sampled_from(["potential", *flat]))
    return population, arrivals.clip(-128, 127), decode


def with_a_floor():
    """Neurons that settle in every step and remember nothing."""
    population = Population(
        name="p",
        shape=(5,),
        threshold=np.full(5, 2),
        bias=np.zeros(5, int),
        initial=np.ones(5, int),
        floor=np.full(5, -3),
    )
    return population, np.full((STEPS, 5), 4), "potential"


def network_of(population, decode):
    """The population behind one that remembers that it spiked, and before a readout or as one."""
    n = population.size
    first = Population(
        name="first",
        shape=population.shape,
        threshold=np.ones(population.channels, int),
        bias=np.ones(population.channels, int),
        initial=np.ones(population.channels, int),
        single_spike=True,
    )
    out = Population(
        name="out",
        shape=(1,),
        threshold=np.ones(1, int),
        bias=np.zeros(1, int),
        initial=np.zeros(1, int),
        reset="none",
    )
    ones = [
        Projection(source=s, target=t, kind="dense", weight=np.ones(size, int))
        for s, t, size in (
            (INPUT, "first", (n, 1)),
            ("first", "p", (n, n)),
            ("p", "out", (1, n)),
        )
    ]
    hidden = decode == "potential"
    return SpikingNetwork(
        input=Input(shape=(1,), encoding="events", bits=1),
        populations=(first, population, out) if hidden else (first, population),
        projections=tuple(ones if hidden else ones[:2]),
        timesteps=STEPS,
        decode=decode,
    )


def totals(trains, decode):
    """Scores that the spikes of all steps make, neuron by neuron."""
    if decode == "count":
        return [sum(train) for train in zip(*trains, strict=True)]
    return [
        max((STEPS - step for step, n in enumerate(train) if n > 0), default=0)
        for train in zip(*trains, strict=True)
    ]


class Bench:
    """Carries sweeps of one population out on the lanes."""

    def __init__(self, ctx, dut, population, decode):
        self.ctx, self.dut = ctx, dut
        self.placement = place(network_of(population, decode), lanes=LANES)
        self.layout = self.placement.layouts["p"]
        self.rows = {name: rows for name, _, rows in program_rows(CONFIG, self.placement)}
        core = self.placement.cores[0]
        self.sweeps = [
            (i, one) for i, one in enumerate(core.instructions) if isinstance(one, Sweep)
        ]
        self.events, self.read = [], []

    async def tick(self):
        """Let a clock pass; keep what leaves."""
        ctx, dut = self.ctx, self.dut
        if ctx.get(dut.write) and not ctx.get(dut.word.token):
            word = ctx.get(dut.word)
            number = np.ravel_multi_index((word.a, word.b, word.g), self.layout.extent)
            self.events.append((int(number), word.plane, word.mask, word.signs))
        if ctx.get(dut.read):
            sums = ctx.get(dut.sums)
            bits = CONFIG.potential_bits
            values = [sums >> i * bits & (1 << bits) - 1 for i in range(LANES)]
            self.read.append([v - (v >> bits - 1 << bits) for v in values])
        await ctx.tick()

    async def load(self, memory, rows):
        ctx, dut = self.ctx, self.dut
        ctx.set(dut.load.strobe, 1 << CORE_MEMORIES.index(memory))
        for address, row in enumerate(rows):
            ctx.set(dut.load.address, address)
            ctx.set(dut.load.row, row)
            await ctx.tick()
        ctx.set(dut.load.strobe, 0)

    def instruction(self, index):
        row = self.rows["instruction"][index]
        bits = int.from_bytes(row.tobytes(), "little") & (1 << row_bits(CONFIG, "instruction")) - 1
        return instruction(CONFIG).from_bits(bits)

    async def sweep(self, now, iteration, final):
        """One sweep, to its very end; how long it took."""
        ctx, dut = self.ctx, self.dut
        ctx.set(dut.now, now)
        ctx.set(dut.iteration, iteration)
        ctx.set(dut.first, iteration == 0)
        ctx.set(dut.final, final)
        await self.tick()
        ctx.set(dut.start, 1)
        await self.tick()
        ctx.set(dut.start, 0)
        clocks = 0
        while not ctx.get(dut.done):
            await self.tick()
            clocks += 1
        for _ in range(4):
            await self.tick()
        return clocks

    async def add(self, values):
        """Add values of -128 to 127, one a neuron, as beats of weights."""
        ctx, dut = self.ctx, self.dut
        words = self.layout.pack(values)
        await self.load(
            "weight", [sum(int(v) % 256 << 8 * i for i, v in enumerate(w)) for w in words]
        )
        base = next(one.potential_base for _, one in self.sweeps if one.population == "p")
        ctx.set(dut.gate, (1 << LANES) - 1)
        for word in range(len(words)):
            ctx.set(dut.potential_address, base + word)
            ctx.set(dut.weight_address, word)
            ctx.set(dut.beat, 1)
            await ctx.tick()
            ctx.set(dut.beat, 0)
            await ctx.tick().repeat(4)


def words_of(layout, spikes):
    """Event words that a step's spikes make."""
    events = []
    for number, word in enumerate(layout.pack(spikes)):
        for plane in reversed(range(8)):
            mask = sum(1 << i for i, n in enumerate(word) if abs(int(n)) >> plane & 1)
            signs = sum(1 << i for i, n in enumerate(word) if n < 0)
            if mask:
                events.append((number, plane, mask, signs & mask))
    return events


async def run(ctx, dut, population, arrivals, decode):
    """Two inferences; every step's event words and potentials, and the clocks of its sweep."""
    bench = Bench(ctx, dut, population, decode)
    await bench.load(
        "parameter", [int.from_bytes(r.tobytes(), "little") for r in bench.rows["parameter"]]
    )
    for index, _ in bench.sweeps[:2]:
        await bench.sweep(bench.instruction(index), 0, True)
    (other, _), (index, sweep) = [(i, one) for i, one in bench.sweeps if one.fire]
    other, now = bench.instruction(other), bench.instruction(index)
    look = instruction(CONFIG).const(
        {
            "kind": Kind.SWEEP,
            "sweep": {
                "potential_base": sweep.potential_base,
                "a_last": now.sweep.a_last,
                "b_last": now.sweep.b_last,
                "g_last": now.sweep.g_last,
                "read": When.ALWAYS,
                "restart": Restart.NO,
            },
        }
    )
    for _ in range(2):
        neurons, trains = Neurons(population), []
        for step in range(STEPS):
            spent = sum(map(abs, neurons.emitted))
            ctx.set(dut.product, -population.inhibition * spent % (1 << CONFIG.potential_bits))
            await bench.add(arrivals[step].reshape(population.shape))
            neurons.leak()
            neurons.add(arrivals[step].tolist())
            neurons.inhibit()
            neurons.add(neurons.bias)
            neurons.clamp(step)
            spikes = neurons.fire(step)
            neurons.sink()
            bench.events.clear()
            await bench.sweep(other, step, step == STEPS - 1)
            everyone = words_of(bench.layout, np.ones(population.shape, int))
            assert bench.events == (everyone if step == 0 else [])
            bench.events.clear()
            bench.read.clear()
            clocks = await bench.sweep(now, step, step == STEPS - 1)
            trains.append(spikes)
            real = bench.layout.pack(np.ones(population.shape, int)).astype(bool)
            expected = words_of(bench.layout, np.reshape(spikes, population.shape))
            if decode == "potential":
                assert bench.events == expected
            elif step == STEPS - 1:
                scores = bench.layout.pack(np.reshape(totals(trains, decode), population.shape))
                np.testing.assert_array_equal(np.array(bench.read)[real], scores[real])
            assert clocks == sweep.words * sweep.slots(step) + 1
            bench.read.clear()
            await bench.sweep(look, 0, False)
            after = copy.copy(neurons)
            after.potential = list(neurons.initial if step == STEPS - 1 else neurons.potential)
            after.leak()
            expected = bench.layout.pack(np.reshape(after.potential, population.shape))
            np.testing.assert_array_equal(np.array(bench.read)[real], expected[real])


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases=st.lists(populations(), min_size=8, max_size=8))
@example(cases=[with_a_floor()])
def test_every_rule_step_by_step(cases):
    dut = Lanes(CONFIG)

    async def bench(ctx):
        for case in cases:
            await run(ctx, dut, *case)

    simulate(dut, bench, clocks=200_000)
