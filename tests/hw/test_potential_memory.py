from random import Random

import pytest

from augend.hw.configuration import AcceleratorConfig
from augend.hw.potential_memory import PotentialMemory

from .streams import simulate


def config(kind):
    return AcceleratorConfig(lanes=2, potential_bits=8, potential_words=8, potential_memory=kind)


@pytest.mark.parametrize(("kind", "held"), [("block", 3), ("distributed", 0)])
def test_the_same_word_again_is_held(kind, held):
    dut = PotentialMemory(config(kind))

    async def bench(ctx):
        ctx.set(dut.issue, 1)
        ctx.set(dut.beat, 1)
        ctx.set(dut.issue_address, 5)
        ctx.set(dut.beat_address, 5)
        ctx.set(dut.candidate, 1)
        ctx.set(dut.candidate_address, 5)
        await ctx.tick()
        ctx.set(dut.issue, 0)
        ctx.set(dut.beat, 0)
        clocks = 0
        while ctx.get(dut.hold):
            clocks += 1
            await ctx.tick()
        assert clocks == held
        ctx.set(dut.issue, 1)
        ctx.set(dut.beat, 1)
        ctx.set(dut.candidate_address, 4)
        await ctx.tick()
        assert not ctx.get(dut.hold)

    simulate(dut, bench)


@pytest.mark.parametrize("kind", ["block", "distributed"])
@pytest.mark.parametrize("seed", range(3))
def test_ideal_memory_under_random_additions(kind, seed):
    rng = Random(seed)
    dut = PotentialMemory(config(kind))
    ideal = [0] * 8
    mask = (1 << 16) - 1

    async def bench(ctx):
        line = [None, None, None, None]  # (address, sum) by clocks since issue
        wants, address = False, 0
        for clock in range(2000):
            issued = wants and not ctx.get(dut.hold)
            line = [(address, None) if issued else None, *line[:3]]
            ctx.set(dut.issue, issued)
            ctx.set(dut.beat, issued)
            ctx.set(dut.issue_address, address)
            ctx.set(dut.beat_address, address)
            if issued or not wants:
                wants = rng.random() < 0.9
                address = rng.randrange(3 if clock % 100 < 50 else 8)
            ctx.set(dut.candidate, wants)
            ctx.set(dut.candidate_address, address)
            ctx.set(dut.write, line[3] is not None)
            if line[3] is not None:
                ctx.set(dut.write_address, line[3][0])
                ctx.set(dut.write_data, line[3][1])
            if line[2] is not None:
                at = line[2][0]
                assert ctx.get(dut.data) == ideal[at]
                ideal[at] = (ideal[at] + rng.randrange(1 << 16)) & mask
                line[2] = (at, ideal[at])
            await ctx.tick()

    simulate(dut, bench)
    assert all(ideal)
