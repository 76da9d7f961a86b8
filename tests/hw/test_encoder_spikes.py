"""The encoder's spikes of every encoding are those of the software, each in its clock."""

from random import Random

import numpy as np
import pytest

from augend.gen.encoding import spike_trains
from augend.gen.network import INPUT, Input, Population, Projection, SpikingNetwork
from augend.gen.place import place
from augend.hw.encoder import Encoder
from augend.hw.fit import smallest_config
from augend.hw.memory_image import event_rows, pixel_rows, program_rows
from augend.sim.event_trace import TracedEvent, predicted_events
from augend.sim.golden import GoldenModel
from augend.sim.timing import TimingModel

from .streams import gather, simulate

STROBES = {
    "input": "load_row",
    "encoder": "load_constants",
    "rate": "load_threshold",
    "interval": "load_interval",
}
SHAPES = [(1, 3, 7), (3, 2, 5), (11,), (2, 1, 1), (5, 3, 1)]
ENCODINGS = {
    "current": {"bits": 3},
    "rate": {"bits": 4},
    "rate, one bit": {"encoding": "rate", "bits": 1, "seed": 3},
    "rate, slow": {"encoding": "rate", "bits": 8, "rate": 20_000},
    "ttfs": {"bits": 4},
    "ttfs, one bit": {"encoding": "ttfs", "bits": 1},
    "hybrid": {"bits": 3},
    "hybrid, one bit": {"encoding": "hybrid", "bits": 1},
}


def network_of(entry, timesteps):
    """Two neurons that all of an input leads to, so that it can be placed."""
    weight = np.ones((2, int(np.prod(entry.shape))), int)
    two = np.ones(2, int)
    shift = two * 4 if entry.is_current else None
    readout = Population(
        name="p",
        shape=(2,),
        threshold=two,
        bias=two,
        initial=two,
        reset="none",
        current_shift=shift,
    )
    projection = Projection(source=INPUT, target="p", kind="dense", weight=weight)
    return SpikingNetwork(
        input=entry, populations=(readout,), projections=(projection,), timesteps=timesteps
    )


async def load(ctx, dut, name, rows):
    strobe = getattr(dut, STROBES[name])
    ctx.set(strobe, 1)
    for address, row in enumerate(rows.tolist()):
        ctx.set(dut.load_address, address)
        ctx.set(dut.load_data, sum(word << 32 * i for i, word in enumerate(row)))
        await ctx.tick()
    ctx.set(strobe, 0)


def check(network, images, lanes, *, stall=0.0, rows_of=pixel_rows):
    """Let the encoder alone send images; without stalls, the clocks are those predicted."""
    placement = place(network, lanes=lanes)
    config = smallest_config(placement, queue_steps=2 if stall else 32)
    dut = Encoder(config)
    trains = GoldenModel(network, record="trains").run(images).trains
    timing = TimingModel(placement, queue_steps=config.queue_steps).run(images, trains)
    expected = [
        [e for e in predicted_events(placement, timing, images, trains, image) if e.port == 1]
        for image in range(len(images))
    ]
    seen = []

    async def write(ctx):
        for name, _, rows in program_rows(config, placement):
            if name in STROBES:
                await load(ctx, dut, name, rows)
        for image in images:
            await load(ctx, dut, "input", rows_of(config, placement, image))
            assert ctx.get(dut.idle)
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            found = []
            clock, since_idle = 1, 0
            while since_idle < 12:
                if ctx.get(dut.wrote):
                    found.append(traced(ctx.get(dut.wrote_word), clock))
                since_idle = since_idle + 1 if ctx.get(dut.idle) else 0
                await ctx.tick()
                clock += 1
            seen.append(found)

    async def read(ctx):
        await gather(ctx, dut.events, sum(map(len, expected)), Random(5), stall)

    simulate(dut, write, read)
    if stall:
        seen, expected = ([[e[1:] for e in image] for image in part] for part in (seen, expected))
    assert seen == expected


def traced(word, clock):
    place = (word.a, word.b, word.g, word.mask, word.signs, word.plane)
    place = (0,) * 6 if word.token else place
    return TracedEvent(clock, 1, word.population, bool(word.token), *place)


def drawn(entry, rng, count=2):
    return rng.integers(0, 1 << entry.bits, (count, *entry.shape), dtype=np.uint8)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ENCODINGS)
def test_every_word_in_its_clock(name, shape):
    entry = Input(**({"shape": shape, "encoding": name} | ENCODINGS[name]))
    rng = np.random.default_rng(1)
    for lanes, timesteps in ((4, 3), (1, 1), (8, 6)):
        check(network_of(entry, timesteps), drawn(entry, rng), lanes)


@pytest.mark.parametrize("stall", [0.0, 0.7])
@pytest.mark.parametrize("bits", [1, 3, 8])
@pytest.mark.parametrize("shape", [(2, 3, 5), (9,)])
def test_several_events_are_words_of_their_planes(shape, bits, stall):
    entry = Input(shape=shape, encoding="events", bits=bits)
    rng = np.random.default_rng(4)
    size = (2, 4, *shape)
    events = rng.integers(0, 1 << bits, size) * (rng.random(size) < 0.4)
    events[:, 1] = 0
    network = network_of(entry, 4)
    check(network, events.astype(np.uint8), 4, stall=stall, rows_of=event_rows)


@pytest.mark.parametrize("name", ["rate", "ttfs", "hybrid"])
def test_a_queue_that_is_full_changes_no_spike(name):
    entry = Input(**({"shape": (2, 3, 6), "encoding": name} | ENCODINGS[name]))
    check(network_of(entry, 5), drawn(entry, np.random.default_rng(2)), 4, stall=0.7)


@pytest.mark.parametrize("name", ["rate", "ttfs", "hybrid"])
def test_what_is_predicted_is_the_softwares(name):
    """The words that the encoder is held against, put together again."""
    entry = Input(**({"shape": (3, 4, 6), "encoding": name} | ENCODINGS[name]))
    network = network_of(entry, 4)
    (image,) = drawn(entry, np.random.default_rng(3), 1)
    placement = place(network, lanes=4)
    timing = TimingModel(placement).run(image[None], {})
    step, trains = 0, np.zeros((network.timesteps, *entry.shape), np.uint8)
    first = entry.bits if entry.is_current else 0  # bit planes
    layout = placement.layouts[INPUT]
    for event in predicted_events(placement, timing, image[None], {}, 0):
        if event.port == 1 and event.token:
            step += 1
        elif event.port == 1 and step >= first:
            for lane in range(4):
                if event.mask >> lane & 1:
                    at = event.g * 4 + lane
                    y, x, c = event.a, event.b, at
                    if layout.along == "columns":
                        x, c = at, event.b
                    trains[step - first, c, y, x] += 1
    assert step == first + network.timesteps
    np.testing.assert_array_equal(trains, spike_trains(image[None], entry, 4)[0])
