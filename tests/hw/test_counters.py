from random import Random

from augend.hw.configuration import AcceleratorConfig
from augend.hw.counters import QUANTITIES, Counters

from .streams import simulate


def test_adds_every_other_clock_and_restarts_from_zero_when_read():
    rng = Random(5)
    dut = Counters(AcceleratorConfig(populations=4))
    tally = [[0] * 4 for _ in QUANTITIES]

    async def bench(ctx):
        for _ in range(500):
            strobes = rng.randrange(1 << len(QUANTITIES))
            ctx.set(dut.add, strobes)
            for q in range(len(QUANTITIES)):
                population, amount = rng.randrange(4), rng.randrange(1 << 24)
                ctx.set(dut.population[q], population)
                ctx.set(dut.amount[q], amount)
                if strobes >> q & 1:
                    tally[q][population] += amount
            await ctx.tick()
            ctx.set(dut.add, 0)
            await ctx.tick()
        ctx.set(dut.read, (1 << len(QUANTITIES)) - 1)
        for again in (False, True):
            for population in range(4):
                ctx.set(dut.read_population, population)
                for q in range(len(QUANTITIES)):
                    want = 0 if again else tally[q][population] % (1 << 32)
                    assert ctx.get(dut.data[q]) == want
                await ctx.tick()

    simulate(dut, bench)
    assert all(map(all, tally))
