from collections import deque
from random import Random

import pytest

from augend.hw.configuration import AcceleratorConfig
from augend.hw.event_queue import EventQueue

from .streams import gather, simulate

CONFIG = AcceleratorConfig(lanes=4, queue_steps=2, queue_words=5, populations=4)


def word(g, token=0):
    return {"mask": 0 if token else 1 + g % 15, "a": 3, "b": 4, "g": g, "token": token}


def fields(payload):
    return payload.g, payload.token


def test_a_step_is_seen_three_clocks_after_its_token():
    dut = EventQueue(CONFIG)

    async def bench(ctx):
        ctx.set(dut.claim, 1)
        await ctx.tick()
        ctx.set(dut.claim, 0)
        ctx.set(dut.write, 1)
        for g in range(3):
            ctx.set(dut.word, word(g))
            await ctx.tick()
            assert not ctx.get(dut.events.valid)
        ctx.set(dut.word, word(0, token=1))
        await ctx.tick()
        ctx.set(dut.write, 0)
        for _ in range(2):
            assert not ctx.get(dut.events.valid)
            await ctx.tick()
        assert ctx.get(dut.events.valid)
        ctx.set(dut.events.ready, 1)
        for g in range(3):
            assert ctx.get(dut.events.valid)
            assert fields(ctx.get(dut.events.payload)) == (g, 0)
            await ctx.tick()
        assert fields(ctx.get(dut.events.payload)) == (0, 1)
        await ctx.tick()
        assert not ctx.get(dut.events.valid)

    simulate(dut, bench)


def test_room_is_for_whole_steps_and_comes_back_with_the_token():
    dut = EventQueue(CONFIG)

    async def bench(ctx):
        for _ in range(CONFIG.queue_steps):
            assert ctx.get(dut.room)
            ctx.set(dut.claim, 1)
            await ctx.tick()
        ctx.set(dut.claim, 0)
        assert not ctx.get(dut.room)
        ctx.set(dut.write, 1)
        ctx.set(dut.word, word(0, token=1))
        await ctx.tick()
        ctx.set(dut.write, 0)
        ctx.set(dut.events.ready, 1)
        await ctx.tick().until(dut.events.valid)
        assert ctx.get(dut.room)

    simulate(dut, bench)


@pytest.mark.parametrize("seed", range(4))
def test_order_is_kept_whatever_the_stalls(seed):
    rng = Random(seed)
    dut = EventQueue(CONFIG)
    scoreboard = deque()
    steps = [rng.choice([0, 1, 5, 5]) for _ in range(60)]
    total = sum(steps) + len(steps)

    async def writer(ctx):
        for words in steps:
            while not ctx.get(dut.room) or rng.random() < 0.3:
                await ctx.tick()
            ctx.set(dut.claim, 1)
            await ctx.tick()
            ctx.set(dut.claim, 0)
            for i in range(words + 1):
                while rng.random() < 0.3:
                    await ctx.tick()
                entry = word(rng.randrange(200), token=int(i == words))
                scoreboard.append((entry["g"], entry["token"]))
                ctx.set(dut.word, entry)
                ctx.set(dut.write, 1)
                await ctx.tick()
                ctx.set(dut.write, 0)

    async def reader(ctx):
        for got in await gather(ctx, dut.events, total, Random(seed + 100)):
            assert fields(got) == scoreboard.popleft()

    simulate(dut, writer, reader)
    assert not scoreboard


def test_an_empty_step_is_seen_three_clocks_after_its_token():
    dut = EventQueue(CONFIG)

    async def bench(ctx):
        ctx.set(dut.claim, 1)
        await ctx.tick()
        ctx.set(dut.claim, 0)
        ctx.set(dut.write, 1)
        ctx.set(dut.word, word(0, token=1))
        await ctx.tick()
        ctx.set(dut.write, 0)
        for _ in range(2):
            assert not ctx.get(dut.events.valid)
            await ctx.tick()
        assert ctx.get(dut.events.valid)

    simulate(dut, bench)
