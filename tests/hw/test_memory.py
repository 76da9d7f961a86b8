import re

from amaranth.back import rtlil
from amaranth.lib import data

from augend.hw.memory import FOR_VERILOG, LoadedMemory, TableMemory, memory_source

from .streams import simulate

ROWS = [(7 * i + 3) % 256 for i in range(12)]


async def load(ctx, dut):
    ctx.set(dut.load, 1)
    for i, row in enumerate(ROWS):
        ctx.set(dut.load_address, i)
        ctx.set(dut.load_data, row)
        await ctx.tick()
    ctx.set(dut.load, 0)


def test_a_loaded_row_is_there_two_clocks_after_its_address():
    dut = LoadedMemory(shape=8, depth=len(ROWS))

    async def bench(ctx):
        await load(ctx, dut)
        order = [3, 3, 11, 0, 7, 5]
        for clock in range(len(order) + 1):
            ctx.set(dut.address, order[min(clock, len(order) - 1)])
            await ctx.tick()
            if clock:
                assert ctx.get(dut.data) == ROWS[order[clock - 1]]

    simulate(dut, bench)


def test_a_loaded_row_stays_while_none_is_read():
    dut = LoadedMemory(shape=8, depth=len(ROWS))

    async def bench(ctx):
        await load(ctx, dut)
        for clock, (address, enable) in enumerate([(4, 1), (9, 0), (8, 0), (6, 1), (1, 0), (0, 0)]):
            ctx.set(dut.address, address)
            ctx.set(dut.enable, enable)
            await ctx.tick()
            if clock:
                assert ctx.get(dut.data) == ROWS[4 if clock < 4 else 6]

    simulate(dut, bench)


def test_a_table_entry_is_there_two_clocks_later_and_stays_while_not_moved():
    dut = TableMemory(layout=data.StructLayout({"low": 4, "high": 4}), depth=len(ROWS))

    async def bench(ctx):
        ctx.set(dut.load, 1)
        for i, row in enumerate(ROWS):
            ctx.set(dut.load_address, i)
            ctx.set(dut.load_data, {"low": row & 15, "high": row >> 4})
            await ctx.tick()
        ctx.set(dut.load, 0)
        ctx.set(dut.enable, 1)
        ctx.set(dut.address, 9)
        await ctx.tick()
        ctx.set(dut.enable, 0)
        ctx.set(dut.move, 1)
        ctx.set(dut.address, 2)
        for _ in range(3):
            await ctx.tick()
            assert (ctx.get(dut.data.low), ctx.get(dut.data.high)) == (ROWS[9] & 15, ROWS[9] >> 4)
        ctx.set(dut.enable, 1)
        ctx.set(dut.move, 0)
        for _ in range(2):
            await ctx.tick()
            assert (ctx.get(dut.data.low), ctx.get(dut.data.high)) == (ROWS[9] & 15, ROWS[9] >> 4)
        ctx.set(dut.move, 1)
        await ctx.tick()
        assert (ctx.get(dut.data.low), ctx.get(dut.data.high)) == (ROWS[2] & 15, ROWS[2] >> 4)

    simulate(dut, bench)


def test_the_verilog_module_has_every_port_of_the_component():
    dut = LoadedMemory(shape=8, depth=len(ROWS))
    text = rtlil.convert(dut, platform=FOR_VERILOG)
    assert "cell \\augend_loaded_memory" in text
    for port in dut.signature.members:
        assert f"connect \\{port} " in text
        assert re.search(rf"(in|out)put .*\b{port}[,\n]", memory_source())
