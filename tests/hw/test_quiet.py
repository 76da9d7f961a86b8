from random import Random

import pytest

from augend.hw.configuration import AcceleratorConfig
from augend.hw.quiet import Quiet

from .streams import simulate

CONFIG = AcceleratorConfig(lanes=4, populations=5, skips=1)


@pytest.mark.parametrize("seed", range(3))
def test_who_emitted_nothing_and_got_nothing_since_is_quiet(seed):
    rng = Random(seed)
    dut = Quiet(CONFIG)
    model = [False] * CONFIG.populations

    async def emit(ctx, population, token):
        ctx.set(dut.write, 1)
        ctx.set(dut.word, {"token": token, "population": population, "mask": not token})
        await ctx.tick()
        ctx.set(dut.write, 0)

    async def bench(ctx):
        for _ in range(200):
            population = rng.randrange(CONFIG.populations)
            if rng.random() < 0.7:
                words = rng.choice([0, 0, 1, 3])
                for _ in range(words):
                    await emit(ctx, population, 0)
                    if rng.random() < 0.5:
                        await ctx.tick()
                await emit(ctx, population, 1)
                model[population] = not words
            else:
                ctx.set(dut.population, population)
                ctx.set(dut.beat, 1)
                await ctx.tick()
                ctx.set(dut.beat, 0)
                await ctx.tick()
                model[population] = False
            for number, expected in enumerate(model):
                ctx.set(dut.population, number)
                assert ctx.get(dut.quiet) == expected

    simulate(dut, bench)


def test_the_queue_is_not_free_while_the_last_word_and_the_token_of_a_sweep_come():
    dut = Quiet(CONFIG)

    async def bench(ctx):
        free = []
        for clock in range(7):
            ctx.set(dut.done, clock == 1)
            free.append(ctx.get(dut.free))
            await ctx.tick()
        assert free == [1, 1, 1, 0, 0, 1, 1]

    simulate(dut, bench)
