from random import Random

import pytest

from augend.hw.configuration import AcceleratorConfig
from augend.hw.readout import Readout

from .streams import simulate

BITS = 12


def pack(values, lanes):
    return sum((value & (1 << BITS) - 1) << BITS * i for i, value in enumerate(values[:lanes]))


@pytest.mark.parametrize("rectified", [0, 1])
@pytest.mark.parametrize(("lanes", "classes"), [(1, 1), (1, 5), (4, 10), (4, 4), (8, 3)])
def test_the_first_of_the_greatest_after_classes_and_three_clocks(lanes, classes, rectified):
    rng = Random(classes)
    dut = Readout(AcceleratorConfig(lanes=lanes, potential_bits=BITS))
    scores = [
        [rng.randint(-2000, 2000) for _ in range(classes)],
        [rng.choice([-3, 5]) for _ in range(classes)],
        [rng.randint(-2000, -1) for _ in range(classes)],
        [7] * classes,
    ]

    async def bench(ctx):
        ctx.set(dut.constants, {"classes_last": classes - 1, "rectified": rectified})
        for values in scores:
            seen = [max(0, v) for v in values] if rectified else values
            ctx.set(dut.clear, 1)
            await ctx.tick()
            ctx.set(dut.clear, 0)
            assert not ctx.get(dut.done)
            words = range(0, classes, lanes)
            for first in words:
                ctx.set(dut.word, 1)
                ctx.set(dut.word_last, first == words[-1])
                ctx.set(dut.potentials, pack(values[first:], lanes))
                await ctx.tick()
                ctx.set(dut.word, 0)
            clocks = 1
            while not ctx.get(dut.done):
                await ctx.tick()
                clocks += 1
            assert clocks == classes + 3
            assert ctx.get(dut.prediction) == seen.index(max(seen))
            for i, score in enumerate(seen):
                ctx.set(dut.index, i)
                await ctx.tick().repeat(2)
                assert ctx.get(dut.score) == score

    simulate(dut, bench)
