from random import Random

import pytest

from augend.hw.configuration import AcceleratorConfig
from augend.hw.intake import Intake

from .streams import simulate


def config(skips, replay_words=9):
    return AcceleratorConfig(lanes=4, replay_words=replay_words, skips=skips)


async def rewind(ctx, dut):
    ctx.set(dut.rewind, 1)
    await ctx.tick()
    ctx.set(dut.rewind, 0)


async def consume(ctx, dut, rng, offered):
    """Lead a step through, stalled at both sides; masks that came out, and whether it was empty."""
    await rewind(ctx, dut)
    ctx.set(dut.consuming, 1)
    offered = list(offered)
    came = []
    valid = taken = False
    for _ in range(200):
        valid = bool(offered) and ((valid and not taken) or rng.random() < 0.5)
        ctx.set(dut.events.valid, valid)
        if valid:
            ctx.set(dut.events.payload, {"mask": offered[0], "token": not offered[0]})
        # As the fan-out unit: a step's first word finds it ready.
        ctx.set(dut.words.ready, not came or rng.random() < 0.5)
        taken = valid and ctx.get(dut.events.ready)
        leads = ctx.get(dut.words.valid) and ctx.get(dut.words.ready)
        word = ctx.get(dut.words.payload.mask), ctx.get(dut.words.payload.token)
        empty = ctx.get(dut.empty)
        assert ctx.get(dut.arriving) == (valid or bool(ctx.get(dut.replays)))
        await ctx.tick()
        if taken:
            offered.pop(0)
        if leads:
            came.append(word)
        if empty or (leads and word[1]):
            break
    ctx.set(dut.consuming, 0)
    ctx.set(dut.events.valid, 0)
    assert not offered or ctx.get(dut.replays)
    return [mask for mask, _ in came], empty


@pytest.mark.parametrize("skips", [0, 1])
@pytest.mark.parametrize("seed", range(3))
def test_steps_come_through_and_again_and_empty_ones_pass_by_where_they_may(skips, seed):
    rng = Random(seed)
    dut = Intake(config(skips))

    async def bench(ctx):
        for _ in range(12):
            step = [rng.randrange(1, 16) for _ in range(rng.choice([0, 0, 1, 4]))]
            ctx.set(dut.keeps, 1)
            ctx.set(dut.replays, 0)
            expected = ([], 1) if skips and not step else ([*step, 0], 0)
            assert await consume(ctx, dut, rng, [*step, 0]) == expected
            ctx.set(dut.keeps, 0)
            ctx.set(dut.replays, 1)
            for _ in range(2):
                await ctx.tick()
                assert await consume(ctx, dut, rng, []) == expected

    simulate(dut, bench)


def test_what_is_taken_goes_no_further():
    dut = Intake(config(1))

    async def bench(ctx):
        await rewind(ctx, dut)
        ctx.set(dut.taking, 1)
        ctx.set(dut.events.valid, 1)
        for token in (0, 1):
            ctx.set(dut.events.payload, {"mask": 3, "token": token})
            assert ctx.get(dut.events.ready)
            assert not ctx.get(dut.words.valid) and not ctx.get(dut.empty)
            await ctx.tick()

    simulate(dut, bench)
