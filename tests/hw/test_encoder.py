from itertools import product
from random import Random

import pytest

from augend.hw.configuration import AcceleratorConfig
from augend.hw.encoder import Encoder, encoder_layout, input_event

from .streams import gather, simulate

CONFIG = AcceleratorConfig(
    lanes=4, pixel_bits=4, coordinate_bits=5, queue_words=24, input_rows=64, populations=2
)


class Anywhere(tuple):
    """An expected word; ``None`` is equal to everything."""

    def __eq__(self, other):
        return all(want in (None, got) for want, got in zip(self, other, strict=True))

    def __hash__(self):
        return 0


def seen(word):
    return word.mask, word.a, word.b, word.g, word.population, word.token


async def load(ctx, dut, rows, constants):
    ctx.set(dut.load_row, 1)
    for address, row in enumerate(rows):
        ctx.set(dut.load_address, address)
        ctx.set(dut.load_data, row)
        await ctx.tick()
    ctx.set(dut.load_row, 0)
    ctx.set(dut.load_constants, 1)
    ctx.set(dut.load_data, encoder_layout(CONFIG).const(constants).as_value().value)
    await ctx.tick()
    ctx.set(dut.load_constants, 0)


def run(rows, constants, expected, stall, inferences=2):
    dut = Encoder(CONFIG)

    async def write(ctx):
        await load(ctx, dut, rows, constants)
        for _ in range(inferences):
            assert ctx.get(dut.idle)
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            while not ctx.get(dut.idle):
                await ctx.tick()

    async def read(ctx):
        words = await gather(ctx, dut.events, len(expected) * inferences, Random(9), stall)
        assert [seen(word) for word in words] == expected * inferences
        for _ in range(60):
            assert not ctx.get(dut.events.valid)
            await ctx.tick()

    simulate(dut, write, read)


@pytest.mark.parametrize("stall", [0.0, 0.6])
@pytest.mark.parametrize("upward", [0, 1])
@pytest.mark.parametrize("extent", [(1, 1, 1), (2, 3, 4), (1, 1, 24)])
def test_current_goes_out_plane_by_plane(extent, upward, stall):
    rng = Random(4)
    places = list(product(*(range(n) for n in extent)))
    pixels = [[rng.choice([0, 0, rng.randrange(16)]) for _ in range(4)] for _ in places]
    rows = [sum(pixel << 4 * i for i, pixel in enumerate(row)) for row in pixels]
    expected = []
    for plane in range(4) if upward else range(3, -1, -1):
        for place, row in zip(places, pixels, strict=True):
            mask = sum((pixel >> plane & 1) << i for i, pixel in enumerate(row))
            if mask:
                expected.append((mask, *place, 1, 0))
        expected.append((0, *([None] * 3), 1, 1))
    constants = {
        "passes_last": 3,
        "first_plane": 0 if upward else 3,
        "upward": upward,
        "population": 1,
        "a_last": extent[0] - 1,
        "b_last": extent[1] - 1,
        "g_last": extent[2] - 1,
    }
    run(rows, constants, [Anywhere(word) for word in expected], stall)


@pytest.mark.parametrize("stall", [0.0, 0.6])
def test_events_go_out_step_by_step(stall):
    rng = Random(6)
    layout = input_event(CONFIG)
    rows, expected = [], []
    for count in (3, 0, 1, 24, 0, 2):
        rows.append(count)
        for _ in range(count):
            event = {"mask": rng.randrange(1, 16), "a": rng.randrange(16), "b": 2, "g": 5}
            rows.append(layout.const(event).as_value().value)
            expected.append((*event.values(), 1, 0))
        expected.append((0, *([None] * 3), 1, 1))
    constants = {"events": 1, "passes_last": 5, "population": 1}
    run(rows, constants, [Anywhere(word) for word in expected], stall)


def test_a_row_a_clock_from_start_to_token():
    dut = Encoder(CONFIG)
    rows = 10

    async def bench(ctx):
        await load(ctx, dut, [1] * rows, {"g_last": rows - 1})
        ctx.set(dut.start, 1)
        await ctx.tick()
        ctx.set(dut.start, 0)
        wrote = []
        for clock in range(1, 30):
            if ctx.get(dut.wrote):
                wrote.append((clock, ctx.get(dut.wrote_word).token))
            await ctx.tick()
        # claim, then the first address; the row is there two clocks later, its mask three
        assert wrote == [(5 + i, 0) for i in range(rows)] + [(5 + rows, 1)]

    simulate(dut, bench)
