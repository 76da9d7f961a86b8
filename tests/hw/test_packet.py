import zlib
from random import Random

import pytest

from augend.hw.configuration import AcceleratorConfig
from augend.hw.packet import MAGIC, Command, PacketReceiver, PacketSender

from .streams import gather, get, put, simulate

CONFIG = AcceleratorConfig(link_words=16)
DAMAGED = [MAGIC | Command.DAMAGED.value << 8, 0xFFFF0000]


def packet(command, sequence, payload):
    words = [
        MAGIC | command.value << 8 | sequence << 16,
        len(payload) | (~len(payload) & 0xFFFF) << 16,
        *payload,
    ]
    return [*words, zlib.crc32(b"".join(word.to_bytes(4, "little") for word in words))]


def drawn(rng, sequence):
    payload = [rng.randrange(1 << 32) for _ in range(rng.choice([0, 1, 2, 5, 14]))]
    return packet(rng.choice([Command.WRITE, Command.RUN, Command.HELLO]), sequence, payload)


def received(words):
    """Let the receiver take these words, with stalls on both sides; what it hands on."""
    dut = PacketReceiver(CONFIG)
    sent, expected = words

    async def write(ctx):
        await put(ctx, dut.link, sent, Random(1), 0.3)

    async def read(ctx):
        assert await gather(ctx, dut.words, len(expected), Random(2), 0.4) == expected
        ctx.set(dut.words.ready, 1)
        for _ in range(40):
            assert not ctx.get(dut.words.valid)
            await ctx.tick()

    simulate(dut, write, read)


@pytest.mark.parametrize("seed", range(6))
def test_whole_packets_in_order_damaged_ones_replaced_garbage_dropped(seed):
    rng = Random(seed)
    sent, expected = [], []
    for sequence in range(40):
        whole = drawn(rng, sequence)
        kind = rng.choice(["whole", "whole", "crc", "flipped", "length", "garbage"])
        if kind == "garbage":
            sent += [rng.randrange(1 << 24) << 8 | rng.choice([0, 1, 0xFF])] * rng.randrange(4)
        if kind in ("whole", "garbage"):
            sent += whole
            expected += whole[:-1]
        elif kind == "crc":
            sent += [*whole[:-1], whole[-1] ^ 1 << rng.randrange(32)]
            expected += DAMAGED
        elif kind == "flipped" and len(whole) > 3:
            place = rng.randrange(2, len(whole) - 1)
            sent += [*whole[:place], whole[place] ^ 1 << rng.randrange(32), *whole[place + 1 :]]
            expected += DAMAGED
        elif kind == "length":
            sent += [whole[0], rng.choice([15 | 0xFFF0 << 16, 3 | 3 << 16])]
            expected += DAMAGED
    received((sent, expected))


def test_a_truncated_packet_costs_itself_and_what_it_swallows():
    first = packet(Command.WRITE, 0, [1, 2, 3, 4, 5])
    second = packet(Command.RUN, 1, [6, 7])
    third = packet(Command.RUN, 2, [8])
    # five words are missing: the second packet's words stand in for them, its CRC for the first's
    received((first[:3] + second + third, DAMAGED + third[:-1]))


@pytest.mark.parametrize("seed", range(4))
def test_a_frame_cut_short_costs_its_own_packet_alone(seed):
    """Whatever was cut off: the next packet is handed on; what had a length is told as damaged."""
    rng = Random(seed)
    dut = PacketReceiver(CONFIG, framed=True)
    frames, expected = [], []
    for sequence in range(40):
        whole = drawn(rng, sequence)
        cut = rng.choice([len(whole), rng.randrange(len(whole))])
        frames.append(whole[:cut])
        if cut == len(whole):
            expected += whole[:-1]
        elif cut > 1:
            expected += DAMAGED

    async def write(ctx):
        for frame in frames:
            await put(ctx, dut.link, frame, Random(len(frame)), 0.2)
            ctx.set(dut.end, 1)
            await ctx.tick()
            ctx.set(dut.end, 0)

    async def read(ctx):
        assert await gather(ctx, dut.words, len(expected), Random(2), 0.4) == expected
        for _ in range(40):
            assert not ctx.get(dut.words.valid)
            await ctx.tick()

    simulate(dut, write, read)


@pytest.mark.parametrize("kept", range(14))
def test_a_head_cut_off_in_a_full_buffer_writes_over_nothing(kept):
    dut = PacketReceiver(CONFIG, framed=True)
    first = packet(Command.WRITE, 0, list(range(100, 100 + kept)))
    short = packet(Command.WRITE, 1, [7])
    last = packet(Command.RUN, 2, [8])

    async def write(ctx):
        for frame in (first, short[:1], short[:2], last):
            await put(ctx, dut.link, frame)
            ctx.set(dut.end, 1)
            await ctx.tick()
            ctx.set(dut.end, 0)

    async def read(ctx):
        await ctx.tick().repeat(60)  # the buffer fills
        expected = first[:-1] + DAMAGED + last[:-1]
        assert await gather(ctx, dut.words, len(expected)) == expected

    simulate(dut, write, read)


def test_first_word_two_clocks_after_the_crc_then_one_a_clock():
    dut = PacketReceiver(CONFIG)
    words = packet(Command.WRITE, 3, [10, 20, 30])
    after = packet(Command.RUN, 4, [1])

    async def bench(ctx):
        await put(ctx, dut.link, words)
        clocks = 1
        while not ctx.get(dut.words.valid):
            clocks += 1
            await ctx.tick()
        assert clocks == 2
        ctx.set(dut.words.ready, 1)
        for word in words[:-1]:
            assert ctx.get(dut.words.valid)
            assert ctx.get(dut.words.payload) == word
            await ctx.tick()
        assert not ctx.get(dut.words.valid)
        ctx.set(dut.words.ready, 0)
        await put(ctx, dut.link, after)
        assert [await get(ctx, dut.words) for _ in after[:-1]] == after[:-1]

    simulate(dut, bench)


@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_the_sender_adds_length_and_crc(stall):
    rng = Random(3)
    dut = PacketSender(framed=True)
    packets = []
    for sequence in range(12):
        payload = [rng.randrange(1 << 32) for _ in range(rng.choice([0, 1, 2, 7]))]
        packets.append((Command.RESULT, sequence, payload))

    async def write(ctx):
        for command, sequence, payload in list(packets):
            while not ctx.get(dut.idle):
                await ctx.tick()
            ctx.set(dut.command, command)
            ctx.set(dut.sequence, sequence)
            ctx.set(dut.length, len(payload))
            ctx.set(dut.begin, 1)
            await ctx.tick()
            ctx.set(dut.begin, 0)
            await put(ctx, dut.words, payload, Random(sequence), stall)

    async def read(ctx):
        for command, sequence, payload in list(packets):
            whole = packet(command, sequence, payload)
            assert await gather(ctx, dut.link, len(whole), Random(sequence + 50), stall) == whole

    async def watch(ctx):
        taken = 0
        async for *_, sent, last in ctx.tick().sample(dut.link.valid & dut.link.ready, dut.last):
            taken += sent
            if sent:
                ends = taken == 3 + len(packets[0][2])
                assert last == ends
                if ends:
                    taken = 0
                    packets.pop(0)

    simulate(dut, write, read, background=[watch])
    assert not packets
