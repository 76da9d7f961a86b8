from random import Random

import pytest

from augend.hw.configuration import AcceleratorConfig
from augend.hw.replay import Replay

from .streams import simulate

CONFIG = AcceleratorConfig(lanes=4, replay_words=9)


@pytest.mark.parametrize("seed", range(3))
def test_a_kept_step_is_offered_as_often_as_wanted_from_its_first_word_on(seed):
    rng = Random(seed)
    dut = Replay(CONFIG)

    async def rewind(ctx):
        ctx.set(dut.rewind, 1)
        await ctx.tick()
        ctx.set(dut.rewind, 0)

    async def bench(ctx):
        for _ in range(6):
            step = [rng.randrange(16) for _ in range(rng.randrange(CONFIG.replay_words))]
            await rewind(ctx)
            for mask in step:
                while rng.random() < 0.5:
                    await ctx.tick()
                ctx.set(dut.word, {"mask": mask})
                ctx.set(dut.keep, 1)
                await ctx.tick()
                ctx.set(dut.keep, 0)
            for stall in (0, 0.5, 0.5):
                await rewind(ctx)
                for mask in step:
                    while rng.random() < stall:
                        await ctx.tick()
                    assert ctx.get(dut.events.payload.mask) == mask
                    ctx.set(dut.events.ready, 1)
                    await ctx.tick()
                    ctx.set(dut.events.ready, 0)

    simulate(dut, bench)
