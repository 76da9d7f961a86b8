from collections import deque
from random import Random

import pytest

from augend.hw.configuration import AcceleratorConfig
from augend.hw.spike_router import SpikeRouter

from .streams import gather, put, simulate


async def load(ctx, dut, wanted):
    ctx.set(dut.load, 1)
    for population, cores in enumerate(wanted):
        ctx.set(dut.load_population, population)
        ctx.set(dut.load_cores, cores)
        await ctx.tick()
    ctx.set(dut.load, 0)


@pytest.mark.parametrize("stall", [0.0, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_each_word_once_to_each_core_that_wants_it(seed, stall):
    config = AcceleratorConfig(lanes=2, cores=3, populations=4)
    dut = SpikeRouter(config)
    wanted = [0b111, 0b101, 0b010, 0b000]
    rng = Random(seed)
    words = [{"g": i, "population": rng.randrange(4)} for i in range(150)]
    queues = [
        deque(w["g"] for w in words if wanted[w["population"]] >> core & 1) for core in range(3)
    ]
    counts = [len(queue) for queue in queues]

    async def write(ctx):
        await load(ctx, dut, wanted)
        for core in range(3):
            ctx.set(dut.ports[core], 3)
        await put(ctx, dut.sources[3], words, Random(seed + 1), stall)

    def reader(core):
        async def read(ctx):
            rng = Random(seed + 10 + core)
            for got in await gather(ctx, dut.sinks[core], counts[core], rng, stall):
                assert got.g == queues[core].popleft()
            for _ in range(20):
                assert not ctx.get(dut.sinks[core].valid)
                await ctx.tick()

        return read

    simulate(dut, write, *(reader(core) for core in range(3)))
    assert not any(queues)


def test_cores_listen_to_sources_of_their_own_and_no_clock_is_added():
    dut = SpikeRouter(AcceleratorConfig(lanes=2, cores=2, populations=2))

    async def bench(ctx):
        await load(ctx, dut, [0b01, 0b10])
        ctx.set(dut.ports[0], 1)
        ctx.set(dut.ports[1], 0)
        ctx.set(dut.sources[1].payload, {"g": 11, "population": 0})
        ctx.set(dut.sources[0].payload, {"g": 22, "population": 1})
        for source in (0, 1):
            ctx.set(dut.sources[source].valid, 1)
        assert [ctx.get(dut.sinks[core].payload.g) for core in (0, 1)] == [11, 22]
        assert ctx.get(dut.sinks[0].valid) and ctx.get(dut.sinks[1].valid)
        assert not ctx.get(dut.sources[0].ready) and not ctx.get(dut.sources[1].ready)
        ctx.set(dut.sinks[1].ready, 1)
        assert ctx.get(dut.sources[0].ready) and not ctx.get(dut.sources[1].ready)

    simulate(dut, bench)
