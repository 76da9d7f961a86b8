from random import Random

import pytest
from amaranth.lib import memory

from augend.hw.configuration import AcceleratorConfig
from augend.hw.parity import KINDS
from augend.hw.potential_memory import PotentialMemory

from .streams import simulate


def config(kind, **options):
    return AcceleratorConfig(
        lanes=2, potential_bits=8, potential_words=8, potential_memory=kind, **options
    )


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


@pytest.mark.parametrize("flips", [False, True])
@pytest.mark.parametrize("kind", ["block", "distributed"])
@pytest.mark.parametrize("seed", range(2))
def test_a_word_that_flips_is_told_by_its_parity_and_no_other(kind, seed, flips, monkeypatch):
    """A word is flipped while none is under way, and read later, once."""
    rng = Random(seed)
    made = []

    class Recorded(memory.Memory):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            made.append(self)

    monkeypatch.setattr(memory, "Memory", Recorded)
    dut = PotentialMemory(config(kind, parity=1))
    told = []

    async def watch(ctx):
        async for *_, damaged in ctx.tick().sample(dut.damaged):
            told.append(damaged)

    async def bench(ctx):
        due = 0
        for turn in range(100):
            if flips and turn and rng.random() < 0.3:
                (rows,) = (one for one in made if one.shape == 16)
                row, bit = rng.randrange(8), rng.randrange(16)
                ctx.set(rows.data[row], ctx.get(rows.data[row]) ^ 1 << bit)
                touched = [row]
                due += 1
            else:
                touched = rng.sample(range(8), rng.randrange(1, 8))
            line = [None] * 4  # addresses by clocks since issue
            for address in [*touched, *[None] * 10]:
                line = [address, *line[:3]]
                ctx.set(dut.issue, address is not None)
                ctx.set(dut.issue_address, address or 0)
                ctx.set(dut.write, line[3] is not None)
                ctx.set(dut.write_address, line[3] or 0)
                ctx.set(dut.write_data, rng.randrange(1 << 16))
                await ctx.tick()
        assert [one for one in told if one] == due * [1 << KINDS.index("potential")]
        assert (due > 10) == flips

    simulate(dut, bench, background=[watch])


@pytest.mark.parametrize("kind", ["block", "distributed"])
@pytest.mark.parametrize("seed", range(3))
def test_ideal_memory_under_random_additions(kind, seed):
    rng = Random(seed)
    dut = PotentialMemory(config(kind, parity=1))
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
            assert not ctx.get(dut.damaged)

    simulate(dut, bench)
    assert all(ideal)
