"""Frames in at one pin and out at the other, bit by bit."""

import zlib

from cobs import cobs

from augend.hw.configuration import AcceleratorConfig
from augend.hw.identity import identity_words
from augend.hw.packet import MAGIC, Command, Fault
from augend.hw.serial_accelerator import SerialAccelerator

from .streams import simulate

DIVISOR = 4
ANSWERED = 2000
"""Clocks in which an answer has gone over the wire."""
CONFIG = AcceleratorConfig(lanes=1, link_words=16, populations=2)


def frame(command, sequence, payload=()):
    words = [MAGIC | command.value << 8 | sequence << 16]
    words += [len(payload) | (~len(payload) & 0xFFFF) << 16, *payload]
    body = b"".join(word.to_bytes(4, "little") for word in words)
    return cobs.encode(body + zlib.crc32(body).to_bytes(4, "little")) + b"\0"


async def put_bytes(ctx, dut, wire):
    for byte in wire:
        for bit in (0, *(byte >> i & 1 for i in range(8)), 1):
            ctx.set(dut.rx, bit)
            await ctx.tick().repeat(DIVISOR)


async def get_frame(ctx, dut):
    """The next frame: its command, sequence number and payload, once its CRC was found right."""
    wire = bytearray()
    while not wire.endswith(b"\0"):
        await ctx.tick().until(~dut.tx)
        await ctx.tick().repeat(DIVISOR // 2 - 1)
        byte = 0
        for i in range(9):
            await ctx.tick().repeat(DIVISOR)
            byte |= ctx.get(dut.tx) << i
        assert byte >> 8, "no stop bit"
        wire.append(byte & 0xFF)
    body = cobs.decode(bytes(wire[:-1]))
    words = [int.from_bytes(body[i : i + 4], "little") for i in range(0, len(body), 4)]
    assert words[-1] == zlib.crc32(body[:-4]) and words[0] & 0xFF == MAGIC
    assert words[1] & 0xFFFF == len(words) - 3
    return Command(words[0] >> 8 & 0xFF), words[0] >> 16, words[2:-1]


def test_hello_damage_and_lamps():
    dut = SerialAccelerator(CONFIG, divisor=DIVISOR)

    async def write(ctx):
        ctx.set(dut.rx, 1)
        await ctx.tick().repeat(5)
        # What is on the wire first is nothing: an end brings everything back.
        await put_bytes(ctx, dut, b"\x05\xff\x13\x00")
        await put_bytes(ctx, dut, frame(Command.HELLO, 7))
        await ctx.tick().repeat(ANSWERED)
        damaged = bytearray(frame(Command.HELLO, 8))
        damaged[5] ^= 0x10
        await put_bytes(ctx, dut, damaged)
        await put_bytes(ctx, dut, frame(Command.WRITE, 8, [0, 0, 5])[:-6] + b"\0")
        await put_bytes(ctx, dut, frame(Command.RUN, 8, [0, 1, 2]))
        await ctx.tick().repeat(ANSWERED)
        await put_bytes(ctx, dut, frame(Command.WRITE, 9, [0, 0, 5]))

    async def read(ctx):
        command, sequence, payload = await get_frame(ctx, dut)
        assert (command, sequence) == (Command.IDENTITY, 7)
        assert (*payload[:2], payload[5]) == identity_words(CONFIG)
        assert not ctx.get(dut.error) and not ctx.get(dut.busy)
        for fault in (Fault.DAMAGED, Fault.DAMAGED, Fault.PROGRAM):
            command, sequence, payload = await get_frame(ctx, dut)
            assert (command, payload[0]) == (Command.REFUSED, fault.value)
            assert ctx.get(dut.error)
        assert await get_frame(ctx, dut) == (Command.DONE, 9, [])
        assert not ctx.get(dut.error)

    simulate(dut, write, read, clocks=30_000)
