from random import Random

import numpy as np
import pytest

from augend.gen.gumbel import gumbel_noise, gumbel_table
from augend.gen.softmax import Softmax
from augend.hw.configuration import AcceleratorConfig
from augend.hw.readout import Readout

from .streams import simulate
from .test_readout import BITS, check_scores, clear, constants, drawn_scores, hand_over, swept

STEPS = 6
SOFTMAXES = [
    Softmax(temperature=16 * 300, period=1),
    Softmax(temperature=16 * 2000, period=2, seed=7),
    Softmax(temperature=1, period=4),
    Softmax(temperature=16 * 50, clock="poisson", rate=1 << 16),
    Softmax(temperature=16 * 50, clock="poisson", rate=30_000, seed=0xFFFFFFFF),
    Softmax(temperature=16 * 50, clock="poisson", rate=1),
]


def of(softmax):
    return {
        "used": 1,
        "poisson": softmax.clock == "poisson",
        "period_last": softmax.period - 1,
        "rate": softmax.rate,
        "seed": softmax.seed,
    }


def output_spikes(softmax, potentials, rectified):
    """Numbers of output spikes of each class after all steps."""
    steps, noise, ties = gumbel_noise(softmax, STEPS, potentials.shape[1])
    read = potentials.clip(min=0) if rectified else potentials
    wins = np.zeros(potentials.shape[1], int)
    for step, addend, tie in zip(steps, noise, ties, strict=True):
        keys = [(16 * v + a, t) for v, a, t in zip(read[step], addend, tie, strict=True)]
        wins[keys.index(max(keys))] += 1
    return wins.tolist()


async def load(ctx, dut, table):
    for address, noise in enumerate(table.tolist()):
        ctx.set(dut.load_noise, 1)
        ctx.set(dut.load_address, address)
        ctx.set(dut.load_data, noise & ((1 << 20) - 1))
        await ctx.tick()
    ctx.set(dut.load_noise, 0)


@pytest.mark.parametrize("softmax", SOFTMAXES)
@pytest.mark.parametrize(
    ("lanes", "channels", "places", "rectified"), [(1, 3, 1, 0), (4, 10, 1, 1), (4, 5, 2, 0)]
)
def test_output_spikes_of_winners_are_counted(softmax, lanes, channels, places, rectified):
    classes = channels * places
    dut = Readout(
        AcceleratorConfig(
            lanes=lanes, potential_bits=BITS, readout_words=8, noise_bits=20, early_exit=1
        )
    )
    rng = np.random.default_rng(classes)

    async def bench(ctx):
        await load(ctx, dut, gumbel_table(softmax.temperature))
        known = constants(channels, places, lanes, rectified)
        for _ in range(2):  # the second inference starts anew
            ctx.set(dut.constants, known | {"softmax": of(softmax)})
            await clear(ctx, dut)
            potentials = rng.integers(-400, 400, (STEPS, classes))
            for step, values in enumerate(potentials.tolist()):
                assert not ctx.get(dut.done)
                final = step == STEPS - 1
                await hand_over(ctx, dut, swept(values, channels, lanes), final=final)
                clocks = 1
                while not (ctx.get(dut.done) if final else ctx.get(dut.free)):
                    await ctx.tick()
                    clocks += 1
                assert clocks == (2 * classes + 10 if final else classes + 7)
                await ctx.tick()
            seen = output_spikes(softmax, potentials, rectified)
            assert ctx.get(dut.prediction) == seen.index(max(seen))
            await check_scores(ctx, dut, seen)
            # A program without a softmax on the same hardware.
            (values, *_) = drawn_scores(Random(1), classes)
            ctx.set(dut.constants, known)
            await clear(ctx, dut)
            await hand_over(ctx, dut, swept(values, channels, lanes))
            await ctx.tick().repeat(classes + 2)
            assert ctx.get(dut.done)
            await check_scores(ctx, dut, [max(0, v) for v in values] if rectified else values)

    simulate(dut, bench)
