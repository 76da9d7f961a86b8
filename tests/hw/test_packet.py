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
    dut = PacketSender()
    packets = []
    for sequence in range(12):
        payload = [rng.randrange(1 << 32) for _ in range(rng.choice([0, 1, 2, 7]))]
        packets.append((Command.RESULT, sequence, payload))

    async def write(ctx):
        for command, sequence, payload in packets:
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
        for command, sequence, payload in packets:
            whole = packet(command, sequence, payload)
            assert await gather(ctx, dut.link, len(whole), Random(sequence + 50), stall) == whole

    simulate(dut, write, read)
