"""Words put into and got out of streams, with stalls drawn from a seed."""

from collections.abc import Iterable
from random import Random

from amaranth.hdl import Elaboratable
from amaranth.sim import Simulator

__all__ = ["gather", "get", "put", "simulate"]


async def put(ctx, stream, words: Iterable, rng: Random | None = None, stall: float = 0.5) -> None:
    """Offer words one after the other; before each, with ``rng``, idle clocks."""
    for word in words:
        while rng is not None and rng.random() < stall:
            await ctx.tick()
        ctx.set(stream.payload, word)
        ctx.set(stream.valid, 1)
        await ctx.tick().until(stream.ready)
        ctx.set(stream.valid, 0)


async def get(ctx, stream, rng: Random | None = None, stall: float = 0.5):
    """Take one word; before it, with ``rng``, clocks in which the stream is stalled."""
    while rng is not None and rng.random() < stall:
        await ctx.tick()
    ctx.set(stream.ready, 1)
    (word,) = await ctx.tick().sample(stream.payload).until(stream.valid)
    ctx.set(stream.ready, 0)
    return word


async def gather(ctx, stream, count: int, rng: Random | None = None, stall: float = 0.5) -> list:
    """Take that many words."""
    return [await get(ctx, stream, rng, stall) for _ in range(count)]


def simulate(dut: Elaboratable, *benches, background: Iterable = (), clocks: int = 20_000) -> None:
    """Run benches to their end, at most so many clocks; those in the background need not end."""
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    ended = []

    def counted(bench):
        async def run(ctx):
            await bench(ctx)
            ended.append(bench)

        return run

    for bench in background:
        simulator.add_testbench(bench, background=True)
    for bench in benches:
        simulator.add_testbench(counted(bench))

    async def watch(ctx):
        for _ in range(clocks):
            await ctx.tick()
        raise TimeoutError(
            f"after {clocks} clocks {len(ended)} of {len(benches)} benches have ended"
        )

    simulator.add_testbench(watch, background=True)
    simulator.run()
