from random import Random

import pytest

from augend.gen.lfsr import draws
from augend.hw.lfsr import Lfsr

from .streams import simulate


@pytest.mark.parametrize("seed", [1, 2, 0x80000000, 0x9E3779B9, 0xFFFFFFFF])
def test_draws_of_the_software_at_any_pace(seed):
    dut = Lfsr()
    rng = Random(seed)

    async def bench(ctx):
        for _ in range(2):  # every image starts at the seed
            ctx.set(dut.seed, seed)
            ctx.set(dut.load, 1)
            ctx.set(dut.step, rng.randrange(2))
            await ctx.tick()
            ctx.set(dut.load, 0)
            for word in draws(seed, 300).tolist():
                while rng.random() < 0.3:
                    ctx.set(dut.step, 0)
                    ctx.set(dut.seed, rng.getrandbits(32))
                    await ctx.tick()
                ctx.set(dut.step, 1)
                await ctx.tick()
                assert ctx.get(dut.draw) == word

    simulate(dut, bench)
