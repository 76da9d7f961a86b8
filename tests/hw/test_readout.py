from random import Random

import pytest

from augend.hw.configuration import AcceleratorConfig
from augend.hw.readout import Readout

from .streams import simulate

BITS = 12


def pack(values):
    return sum((value & (1 << BITS) - 1) << BITS * i for i, value in enumerate(values))


def swept(scores, channels, lanes):
    """Words as a sweep visits them: place by place, all channels of each."""
    places = len(scores) // channels
    words = []
    for place in range(places):
        column = scores[place::places]
        words += [column[i : i + lanes] for i in range(0, channels, lanes)]
    return words


def constants(channels, places, lanes, rectified, **more):
    return {
        "classes_last": channels * places - 1,
        "rectified": rectified,
        "pixels_last": places - 1,
        "groups": -(-channels // lanes) if places > 1 else 0,
        **more,
    }


def drawn_scores(rng, classes):
    return [
        [rng.randint(-2000, 2000) for _ in range(classes)],
        [rng.choice([-3, 5]) for _ in range(classes)],
        [rng.randint(-2000, -1) for _ in range(classes)],
        [7] * classes,
    ]


async def hand_over(ctx, dut, words, final=1):
    """Give the words of a sweep, the last in the clock before this returns."""
    for i, word in enumerate(words):
        ctx.set(dut.word, 1)
        ctx.set(dut.word_last, i == len(words) - 1)
        ctx.set(dut.word_final, final)
        ctx.set(dut.values, pack(word))
        await ctx.tick()
        ctx.set(dut.word, 0)


async def check_scores(ctx, dut, seen):
    """Look every score up, twice: after the last comes the first."""
    for score in [*seen, *seen]:
        await ctx.tick().repeat(2)
        assert ctx.get(dut.score) == score
        ctx.set(dut.following, 1)
        await ctx.tick()
        ctx.set(dut.following, 0)


async def clear(ctx, dut):
    ctx.set(dut.clear, 1)
    await ctx.tick()
    ctx.set(dut.clear, 0)
    assert not ctx.get(dut.done)


@pytest.mark.parametrize("early_exit", [0, 1])
@pytest.mark.parametrize("rectified", [0, 1])
@pytest.mark.parametrize(
    ("lanes", "channels", "places"),
    [(1, 1, 1), (1, 5, 1), (4, 10, 1), (4, 4, 1), (8, 3, 1), (1, 3, 2), (4, 6, 6), (4, 8, 3)],
)
def test_the_first_of_the_greatest_after_classes_and_three_clocks(
    lanes, channels, places, rectified, early_exit
):
    classes = channels * places
    rng = Random(classes)
    dut = Readout(
        AcceleratorConfig(lanes=lanes, potential_bits=BITS, readout_words=16, early_exit=early_exit)
    )

    async def bench(ctx):
        ctx.set(dut.constants, constants(channels, places, lanes, rectified))
        for values in drawn_scores(rng, classes):
            seen = [max(0, v) for v in values] if rectified else values
            await clear(ctx, dut)
            await hand_over(ctx, dut, swept(values, channels, lanes))
            clocks = 1
            while not ctx.get(dut.done):
                await ctx.tick()
                clocks += 1
            assert clocks == classes + 3
            assert ctx.get(dut.prediction) == seen.index(max(seen))
            await check_scores(ctx, dut, seen)

    simulate(dut, bench)


@pytest.mark.parametrize(("channels", "places"), [(10, 1), (1, 1), (16, 1), (9, 3)])
def test_lanes_without_scores_are_not_kept(channels, places):
    config = AcceleratorConfig(lanes=32, potential_bits=BITS, readout_words=4, readout_lanes=16)
    dut = Readout(config)

    async def bench(ctx):
        ctx.set(dut.constants, constants(channels, places, config.lanes, 0))
        for values in drawn_scores(Random(channels), channels * places):
            await clear(ctx, dut)
            await hand_over(ctx, dut, swept(values, channels, config.lanes))
            await ctx.tick().repeat(channels * places + 2)
            assert ctx.get(dut.done)
            assert ctx.get(dut.prediction) == values.index(max(values))
            await check_scores(ctx, dut, values)

    simulate(dut, bench)


@pytest.mark.parametrize("late", [-3, 0, 1, 9])
@pytest.mark.parametrize("rectified", [0, 1])
@pytest.mark.parametrize(("lanes", "channels", "places"), [(1, 2, 1), (4, 10, 1), (4, 6, 3)])
def test_a_margin_is_decided_two_clocks_later_once_all_cores_wait(
    lanes, channels, places, rectified, late
):
    classes = channels * places
    rng = Random(late)
    dut = Readout(
        AcceleratorConfig(lanes=lanes, potential_bits=BITS, readout_words=16, early_exit=1)
    )
    ended = set()

    async def bench(ctx):
        for values in [*drawn_scores(rng, classes), [2047, *[-2048] * (classes - 1)]]:
            seen = [max(0, v) for v in values] if rectified else values
            second, best = sorted(seen)[-2:]
            for margin in {max(1, best - second), best - second + 1, 1, 1 << BITS}:
                known = constants(channels, places, lanes, rectified, margin=margin)
                ctx.set(dut.constants, known)
                await clear(ctx, dut)
                for step in range(2):
                    ctx.set(dut.waiting, 0)
                    await hand_over(ctx, dut, swept(values, channels, lanes), final=0)
                    await ctx.tick().repeat(classes + 4 + late)
                    assert not ctx.get(dut.decided)
                    ctx.set(dut.waiting, 1)
                    await ctx.tick().repeat(1 + max(0, -late))
                    assert ctx.get(dut.decided)
                    assert ctx.get(dut.exits) == ctx.get(dut.done) == (best - second >= margin)
                    assert ctx.get(dut.prediction) == seen.index(best)
                    assert ctx.get(dut.steps) == step + 1
                    ended.add(ctx.get(dut.exits))
                    await ctx.tick()
                    assert not ctx.get(dut.decided)
                    if ctx.get(dut.exits):
                        break
                await check_scores(ctx, dut, seen)

    simulate(dut, bench)
    assert ended == {0, 1}
