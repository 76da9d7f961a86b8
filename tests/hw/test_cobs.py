from random import Random

import pytest
from cobs import cobs

from augend.hw.cobs import CobsDecoder, CobsEncoder

from .streams import gather, put, simulate

END = None


def drawn(rng):
    """A frame: often with zeros, often as long as blocks are."""
    size = rng.choice([0, 1, 3, 12, 253, 254, 255, 300, 508, 509, 600])
    zeros = rng.choice([0, 0.02, 0.5, 1])
    return bytes(0 if rng.random() < zeros else rng.randrange(1, 256) for _ in range(size))


def tokens(frames):
    return [token for frame in frames for token in (*frame, END)]


def payload(token):
    return {"byte": 0, "end": 1} if token is END else {"byte": token, "end": 0}


def token(payload):
    return END if payload.end else payload.byte


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("stall", [0.0, 0.4])
def test_the_decoder_hands_on_what_was_encoded(seed, stall):
    rng = Random(seed)
    frames = [drawn(rng) for _ in range(6)]
    dut = CobsDecoder()

    async def write(ctx):
        wire = b"".join(cobs.encode(frame) + b"\0" for frame in frames)
        await put(ctx, dut.bytes, wire, Random(1), stall)

    async def read(ctx):
        expected = tokens(frames)
        came = await gather(ctx, dut.frame, len(expected), Random(2), stall)
        assert [token(one) for one in came] == expected

    simulate(dut, write, read)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("stall", [0.0, 0.4])
def test_the_encoder_writes_what_the_library_does(seed, stall):
    rng = Random(seed)
    frames = [drawn(rng) for _ in range(8)]
    dut = CobsEncoder()

    async def write(ctx):
        await put(ctx, dut.frame, map(payload, tokens(frames)), Random(1), stall)

    async def read(ctx):
        wire = b"".join(cobs.encode(frame) + b"\0" for frame in frames)
        assert bytes(await gather(ctx, dut.bytes, len(wire), Random(2), stall)) == wire
        ctx.set(dut.bytes.ready, 1)
        for _ in range(20):
            assert not ctx.get(dut.bytes.valid)
            await ctx.tick()

    simulate(dut, write, read, clocks=40_000)


def test_a_slow_wire_holds_the_encoder_up_but_loses_nothing():
    rng = Random(5)
    frames = [drawn(rng) for _ in range(4)]
    dut = CobsEncoder()

    async def write(ctx):
        await put(ctx, dut.frame, map(payload, tokens(frames)))

    async def read(ctx):
        wire = b"".join(cobs.encode(frame) + b"\0" for frame in frames)
        assert bytes(await gather(ctx, dut.bytes, len(wire), Random(2), 0.9)) == wire

    simulate(dut, write, read, clocks=60_000)


@pytest.mark.parametrize("seed", range(6))
def test_after_any_bytes_a_zero_brings_the_decoder_back(seed):
    rng = Random(seed)
    dut = CobsDecoder()
    good = drawn(rng)
    wire = bytes(rng.randrange(256) for _ in range(50)) + b"\0" + cobs.encode(good) + b"\0"
    came = []

    async def watch(ctx):
        async for *_, valid, one in ctx.tick().sample(dut.frame.valid, dut.frame.payload):
            if valid:
                came.append(token(one))

    async def write(ctx):
        ctx.set(dut.frame.ready, 1)
        await put(ctx, dut.bytes, wire)
        await ctx.tick()

    simulate(dut, write, background=[watch])
    assert came[-len(good) - 1 :] == [*good, END]
    assert came[-len(good) - 2] is END


@pytest.mark.parametrize("waits", [False, True], ids=["taken", "waiting"])
def test_a_damaged_frame_goes_no_further_and_still_ends(waits):
    """What was offered before the damage is handed on, whether or not it was taken by then."""
    dut = CobsDecoder()
    came = []

    async def watch(ctx):
        async for *_, passed, one in ctx.tick().sample(
            dut.frame.valid & dut.frame.ready, dut.frame.payload
        ):
            if passed:
                came.append(token(one))

    async def pulse(ctx):
        ctx.set(dut.damage, 1)
        await ctx.tick()
        ctx.set(dut.damage, 0)

    async def bench(ctx):
        wire = [*cobs.encode(b"abcdefgh"), 0]
        ctx.set(dut.frame.ready, 1)
        await put(ctx, dut.bytes, wire[:3])
        if waits:
            ctx.set(dut.frame.ready, 0)
            ctx.set(dut.bytes.valid, 1)
            ctx.set(dut.bytes.payload, wire[3])
            await ctx.tick()
            await pulse(ctx)
            await ctx.tick()
            ctx.set(dut.frame.ready, 1)
        await put(ctx, dut.bytes, wire[3:4])
        if not waits:
            await pulse(ctx)
        await put(ctx, dut.bytes, [*wire[4:], *cobs.encode(b"xy"), 0])
        await ctx.tick()
        assert came == [*b"abc", END, *b"xy", END]

    simulate(dut, bench, background=[watch])


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
def test_a_ring_too_small_is_refused():
    with pytest.raises(ValueError, match="A ring of 256 bytes"):
        CobsEncoder(256)
