from random import Random

import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import ConfigurationError
from augend.hw.uart import UartReceiver, UartTransmitter

from .streams import gather, put, simulate


class Wire(wiring.Component):
    """A transmitter, a wire and a receiver."""

    def __init__(self, divisor):
        self.divisor = divisor
        super().__init__({"sent": In(stream.Signature(8)), "came": Out(stream.Signature(8))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.transmitter = transmitter = UartTransmitter(self.divisor)
        m.submodules.receiver = receiver = UartReceiver(self.divisor)
        m.d.comb += receiver.rx.eq(transmitter.tx)
        wiring.connect(m, wiring.flipped(self.sent), transmitter.bytes)
        wiring.connect(m, receiver.bytes, wiring.flipped(self.came))
        return m


def drawn(rng, count):
    return [rng.choice([0, 0xFF, 0x55, rng.randrange(256)]) for _ in range(count)]


@pytest.mark.parametrize("divisor", [4, 5, 7, 16])
@pytest.mark.parametrize("stall", [None, 0.9])
def test_bytes_over_a_wire(divisor, stall):
    dut = Wire(divisor)
    data = drawn(Random(divisor), 40)

    async def write(ctx):
        await put(ctx, dut.sent, data, Random(1) if stall else None, stall or 0)

    async def read(ctx):
        assert await gather(ctx, dut.came, len(data)) == data

    simulate(dut, write, read)


def test_a_byte_takes_ten_bits_and_the_next_follows_at_once():
    dut = UartTransmitter(6)
    wire = []

    async def watch(ctx):
        async for *_, tx in ctx.tick().sample(dut.tx):
            wire.append(tx)

    async def write(ctx):
        await put(ctx, dut.bytes, [0xA5, 0x0F])
        await ctx.tick().repeat(70)

    simulate(dut, write, background=[watch])
    begin = wire.index(0)
    bits = [0, *(0xA5 >> i & 1 for i in range(8)), 1, 0, *(0x0F >> i & 1 for i in range(8)), 1]
    assert wire[begin : begin + 120] == [bit for bit in bits for _ in range(6)][: len(wire) - begin]
    assert len(wire) - begin >= 120 - 6


class Line:
    """A receiver whose wire the test moves."""

    def __init__(self, divisor):
        self.dut = UartReceiver(divisor)
        self.divisor = divisor
        self.errors = 0

    async def watch(self, ctx):
        async for *_, error in ctx.tick().sample(self.dut.error):
            self.errors += error

    async def bits(self, ctx, bits, clocks=None):
        for bit in bits:
            ctx.set(self.dut.rx, bit)
            await ctx.tick().repeat(clocks or self.divisor)

    async def byte(self, ctx, value, stop=1, clocks=None):
        await self.bits(ctx, [0, *(value >> i & 1 for i in range(8)), stop], clocks)


@pytest.mark.parametrize("clocks", [31, 32, 33], ids=["fast", "right", "slow"])
def test_a_host_three_percent_off_is_understood(clocks):
    line = Line(32)
    data = drawn(Random(2), 12)

    async def write(ctx):
        ctx.set(line.dut.rx, 1)
        for value in data:
            await line.byte(ctx, value, clocks=clocks)

    async def read(ctx):
        assert await gather(ctx, line.dut.bytes, len(data)) == data
        assert line.errors == 0

    simulate(line.dut, write, read, background=[line.watch])


def test_a_low_stop_bit_is_an_error_and_the_next_byte_is_right():
    line = Line(8)

    async def write(ctx):
        ctx.set(line.dut.rx, 1)
        await line.byte(ctx, 0x12)
        await line.byte(ctx, 0x34, stop=0)
        await line.bits(ctx, [0] * 20 + [1])  # a break is one error, not many
        await line.byte(ctx, 0x56)

    async def read(ctx):
        assert await gather(ctx, line.dut.bytes, 2) == [0x12, 0x56]
        assert line.errors == 1

    simulate(line.dut, write, read, background=[line.watch])


def test_a_glitch_is_no_byte():
    line = Line(16)

    async def write(ctx):
        ctx.set(line.dut.rx, 1)
        await line.bits(ctx, [0], clocks=5)
        await line.bits(ctx, [1], clocks=200)
        assert not ctx.get(line.dut.bytes.valid)
        await line.byte(ctx, 0x77)

    async def read(ctx):
        assert await gather(ctx, line.dut.bytes, 1) == [0x77]
        assert line.errors == 0

    simulate(line.dut, write, read, background=[line.watch])


def test_what_is_not_taken_stays_and_the_next_is_lost():
    line = Line(8)

    async def bench(ctx):
        ctx.set(line.dut.rx, 1)
        for value in (1, 2, 3):
            await line.byte(ctx, value)
        await ctx.tick().repeat(10)
        assert line.errors == 2
        assert await gather(ctx, line.dut.bytes, 1) == [1]
        await line.byte(ctx, 4)
        assert await gather(ctx, line.dut.bytes, 1) == [4]

    simulate(line.dut, bench, background=[line.watch])


@pytest.mark.parametrize("unit", [UartReceiver, UartTransmitter])
@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
def test_too_few_clocks_a_bit_are_refused(unit):
    with pytest.raises(ConfigurationError, match="at least 4 clocks, not 3"):
        unit(3)
