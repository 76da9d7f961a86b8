from dataclasses import replace
from random import Random

import pytest

from augend.hw.configuration import AcceleratorConfig
from augend.hw.fan_out import TABLES, FanOut

from .streams import put, simulate

CONFIG = AcceleratorConfig(
    lanes=4,
    potential_words=256,
    weight_words=512,
    row_entries=8,
    column_entries=8,
    group_entries=8,
    lane_entries=32,
    channel_ranges=1,
    signed_events=1,
    spike_planes=3,
    weight_shift=7,
)
PRUNED = replace(CONFIG, target_entries=64)
BASES = {"row_base": 1, "column_base": 2, "group_base": 3, "lane_base": 4}


def drawn_tables(rng, *, empty=True):
    """A list of entries for each table; extents are of rows, columns and lanes only."""
    counts = [0, 1, 1, 2, 3] if empty else [1, 2]
    return {
        name: [
            {
                "potential": rng.randrange(40),
                "weight": rng.randrange(60),
                "count": rng.choice(counts),
            }
            for _ in range(getattr(CONFIG, f"{name}_entries"))
        ]
        for name in TABLES
    }


def drawn_projection(rng, **chosen):
    return {
        **BASES,
        "by_channel": 0,
        "columns_in_lanes": 0,
        "masked": 0,
        "run_last": rng.randrange(3),
        "column_step": rng.choice([1, 256 - 2, 5]),
        "row_step": rng.choice([7, 256 - 9]),
        "weight_row_step": rng.choice([3, 12]),
        "additions": 10,
        "shift": rng.randrange(5),
    } | chosen


def beats(event, projection, tables):
    """Each beat of one event word: addresses, gate, additions, lanes of -1 and shift."""
    row = tables["row"][projection["row_base"] + event["a"]]
    column = tables["column"][projection["column_base"] + event["b"]]
    group = tables["group"][projection["group_base"] + event["g"]]
    masked = projection["masked"]
    spikes = [i for i in range(CONFIG.lanes) if event["mask"] >> i & 1]
    for spike in spikes[:1] if masked else spikes:
        entries = [row, column, group]
        channel = spike + CONFIG.lanes * event["g"] * projection["by_channel"]
        lane = tables["lane"][projection["lane_base"] + channel]
        if not masked:
            entries.append(lane)
        potential = sum(entry["potential"] for entry in entries)
        weight = sum(entry["weight"] for entry in entries)
        across = projection["columns_in_lanes"]
        columns = (lane if across else column)["count"]
        if not (group["count"] and lane["count"] and column["count"]):
            columns = 0
        for y in range(row["count"]):
            p = potential + y * projection["row_step"]
            w = weight + y * projection["weight_row_step"]
            for _ in range(columns):
                for run in range(projection["run_last"] + 1):
                    whole = run == projection["run_last"]
                    yield (
                        (p + run) % 256,
                        w % 512,
                        event["mask"] if masked else 15,
                        event["mask"].bit_count() if masked else projection["additions"] * whole,
                        event["signs"] if masked else 15 * (event["signs"] >> spike & 1),
                        projection["shift"] + event["plane"],
                    )
                    w += 1
                p += projection["run_last"] + projection["column_step"]


async def load(ctx, dut, tables):
    for i, name in enumerate(TABLES):
        ctx.set(dut.load, 1 << i)
        for address, entry in enumerate(tables[name]):
            ctx.set(dut.load_address, address)
            ctx.set(dut.load_data, entry)
            await ctx.tick()
    ctx.set(dut.load, 0)


async def observed(ctx, dut, events, rng):
    """Every beat of some events, offered and held as chance has it."""
    got = []
    waiting = list(events)
    candidate = 0
    while not ctx.get(dut.done):
        if waiting and not ctx.get(dut.events.valid) and rng.random() < 0.6:
            ctx.set(dut.events.payload, {"token": 0, "mask": 0} | waiting[0])
            ctx.set(dut.events.valid, 1)
        ctx.set(dut.hold, candidate and rng.random() < 0.4)
        candidate = ctx.get(dut.candidate)
        taken = ctx.get(dut.events.valid) and ctx.get(dut.events.ready)
        if ctx.get(dut.beat):
            assert not ctx.get(dut.hold)
            got.append(
                (
                    ctx.get(dut.potential_address),
                    ctx.get(dut.weight_address),
                    ctx.get(dut.gate),
                    ctx.get(dut.additions),
                    ctx.get(dut.negative),
                    ctx.get(dut.shift),
                )
            )
        await ctx.tick()
        if taken:
            waiting.pop(0)
            ctx.set(dut.events.valid, 0)
    assert not waiting
    await ctx.tick()
    assert not ctx.get(dut.done)
    return got


def drawn_events(rng, count):
    return [
        {
            "mask": rng.randrange(1, 16),
            "a": rng.randrange(7),
            "b": rng.randrange(6),
            "g": rng.randrange(5),
            "signs": rng.randrange(16),
            "plane": rng.randrange(3),
        }
        for _ in range(count)
    ] + [{"token": 1}]


VARIANTS = [
    {},
    {"run_last": 0, "row_step": 1},
    {"by_channel": 1},
    {"columns_in_lanes": 1},
    {"masked": 1},
    {"masked": 1, "run_last": 0},
]


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_beats_are_those_of_the_tables_whatever_the_stalls(variant, seed):
    rng = Random(seed)
    dut = FanOut(CONFIG)
    tables = drawn_tables(rng)
    steps = [(drawn_projection(rng, **variant), drawn_events(rng, 12)) for _ in range(4)]

    async def bench(ctx):
        await load(ctx, dut, tables)
        for projection, events in steps:
            ctx.set(dut.projection, projection)
            want = [beat for event in events[:-1] for beat in beats(event, projection, tables)]
            assert await observed(ctx, dut, events, rng) == want

    simulate(dut, bench)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_first_beat_after_eight_clocks_then_one_a_clock(variant):
    rng = Random(7)
    dut = FanOut(CONFIG)
    tables = drawn_tables(rng, empty=False)
    projection = drawn_projection(rng, **variant)
    events = drawn_events(rng, 30)
    want = [beat for event in events[:-1] for beat in beats(event, projection, tables)]

    async def write(ctx):
        await load(ctx, dut, tables)
        ctx.set(dut.projection, projection)
        await put(ctx, dut.events, events)

    async def read(ctx):
        clocks = 0
        await ctx.tick().until(dut.events.valid & dut.events.ready)
        clocks += 1  # this is the clock after the one in which the first word was taken
        while not ctx.get(dut.beat):
            clocks += 1
            await ctx.tick()
        assert clocks == 8
        for expected in want:
            assert ctx.get(dut.beat)
            assert (ctx.get(dut.potential_address), ctx.get(dut.weight_address)) == expected[:2]
            await ctx.tick()
        assert ctx.get(dut.done)

    simulate(dut, write, read)


def test_a_spike_without_synapse_takes_one_clock():
    rng = Random(1)
    dut = FanOut(CONFIG)
    tables = drawn_tables(rng, empty=False)
    for entry in tables["row"]:
        entry["count"] = 0
    spikes = 5

    async def write(ctx):
        await load(ctx, dut, tables)
        ctx.set(dut.projection, drawn_projection(rng))
        await put(ctx, dut.events, [{"mask": 1}] * spikes + [{"token": 1}])

    async def read(ctx):
        await ctx.tick().until(dut.events.valid & dut.events.ready)
        clocks = 1
        while not ctx.get(dut.done):
            assert not ctx.get(dut.beat)
            clocks += 1
            await ctx.tick()
        assert clocks == 8 + spikes

    simulate(dut, write, read)


def words_of_targets(rng):
    """An entry for each weight word of pruned projections."""
    return [
        {"word": rng.randrange(40), "partial": rng.randrange(2)}
        for _ in range(PRUNED.target_entries)
    ]


def sparse_beats(event, projection, tables, targets):
    """Beats of an event word through a pruned projection, whose words are looked up."""
    steady = projection | {"column_step": 0}
    for potential, weight, gate, _, negative, shift in beats(event, steady, tables):
        target = targets[weight % PRUNED.target_entries]
        additions = projection["additions"] if target["partial"] else PRUNED.lanes
        yield (potential + target["word"]) % 256, weight, gate, additions, negative, shift


@pytest.mark.parametrize("seed", range(3))
def test_beats_of_pruned_projections_between_others(seed):
    rng = Random(seed)
    dut = FanOut(PRUNED)
    tables = drawn_tables(rng)
    for entry in tables["row"]:
        entry["count"] = 1
    targets = words_of_targets(rng)
    sparse = {"by_channel": 1, "columns_in_lanes": 1, "run_last": 0, "sparse": 1, "column_step": 0}
    steps = []
    for variant in (sparse, {}, sparse, {"masked": 1}, {"by_channel": 1}):
        projection = drawn_projection(rng, **variant)
        events = drawn_events(rng, 12)
        made = [
            beat
            for event in events[:-1]
            for beat in (
                sparse_beats(event, projection, tables, targets)
                if "sparse" in variant
                else beats(event, projection, tables)
            )
        ]
        steps.append((projection, events, made))

    async def bench(ctx):
        await load(ctx, dut, tables)
        ctx.set(dut.target_load, 1)
        for address, entry in enumerate(targets):
            ctx.set(dut.target_address, address)
            ctx.set(dut.target_data, entry)
            await ctx.tick()
        ctx.set(dut.target_load, 0)
        for projection, events, made in steps:
            ctx.set(dut.projection, projection)
            assert await observed(ctx, dut, events, rng) == made

    simulate(dut, bench)


def test_pruned_projections_take_three_clocks_more():
    rng = Random(3)
    dut = FanOut(PRUNED)
    tables = drawn_tables(rng, empty=False)
    projection = drawn_projection(rng)

    async def write(ctx):
        await load(ctx, dut, tables)
        ctx.set(dut.projection, projection)
        await put(ctx, dut.events, [{"mask": 1}, {"token": 1}])

    async def read(ctx):
        await ctx.tick().until(dut.events.valid & dut.events.ready)
        clocks = 1
        while not ctx.get(dut.beat):
            clocks += 1
            await ctx.tick()
        assert clocks == 11

    simulate(dut, write, read)
