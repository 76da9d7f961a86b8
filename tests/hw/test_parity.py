"""Parity beside a memory: right where nothing flips, wrong where something did; the record."""

from random import Random

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig, ConfigurationError
from augend.hw.event_queue import EventQueue
from augend.hw.packet import Command, Fault
from augend.hw.parity import KINDS, DamageRecord, Parity
from augend.hw.run_control import RunControl

from .streams import simulate

WIDTH, DEPTH = 11, 6


class Guarded(wiring.Component):
    """A memory with parity, read in one of the ways in which there are, and bits flipped in it.

    ``wrong`` comes three clocks after the row; after one read unclocked, five.
    """

    def __init__(self, latency, forwards):
        self.latency, self.forwards = latency, forwards
        super().__init__(
            {
                "write": In(1),
                "write_address": In(range(DEPTH)),
                "written": In(WIDTH),
                "read": In(1),
                "read_address": In(range(DEPTH)),
                "row": Out(WIDTH),
                "wrong": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.rows = self.rows = rows = memory.Memory(shape=WIDTH, depth=DEPTH, init=[])
        m.submodules.parity = parity = Parity(
            width=WIDTH, depth=DEPTH, latency=self.latency, forwards=self.forwards
        )
        write = rows.write_port()
        read = rows.read_port(domain="sync" if self.latency else "comb")
        m.d.comb += [
            write.en.eq(self.write),
            write.addr.eq(self.write_address),
            write.data.eq(self.written),
            read.addr.eq(self.read_address),
            self.row.eq(read.data),
        ]
        if self.forwards:
            with m.If(self.write & (self.write_address == self.read_address)):
                m.d.comb += self.row.eq(self.written)
        comes = self.read
        for _ in range(self.latency):
            before, comes = comes, Signal()
            m.d.sync += comes.eq(before)
        if self.latency == 2:
            there = Signal(WIDTH)
            m.d.sync += there.eq(read.data)
            m.d.comb += self.row.eq(there)
        m.d.comb += [
            parity.write.eq(self.write),
            parity.write_address.eq(self.write_address),
            parity.written.eq(self.written),
            parity.read.eq(self.read),
            parity.read_address.eq(self.read_address),
            parity.comes.eq(comes),
            parity.row.eq(self.row),
            self.wrong.eq(parity.wrong),
        ]
        return m


WAYS = [(0, True), (1, False), (2, False)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("latency", "forwards"), WAYS)
def test_what_was_written_comes_right_and_what_flipped_comes_wrong(latency, forwards, seed):
    dut = Guarded(latency, forwards)
    rng = Random(seed)
    after = 5 if forwards else latency + 3

    async def bench(ctx):
        flipped = [False] * DEPTH
        due = []  # in which clocks something wrong is told
        for clock in range(400):
            await ctx.delay(1e-9)
            assert ctx.get(dut.wrong) == (clock in due), clock
            writes, reads = rng.random() < 0.5, rng.random() < 0.6
            to, of = rng.randrange(DEPTH), rng.randrange(DEPTH)
            if rng.random() < 0.1 and clock > 3:
                row = rng.randrange(DEPTH)
                value = ctx.get(dut.rows.data[row])
                ctx.set(dut.rows.data[row], value ^ 1 << rng.randrange(WIDTH))
                flipped[row] = not flipped[row]
            ctx.set(dut.write, writes)
            ctx.set(dut.write_address, to)
            ctx.set(dut.written, rng.getrandbits(WIDTH))
            ctx.set(dut.read, reads)
            ctx.set(dut.read_address, of)
            if reads and flipped[of] and not (forwards and writes and to == of):
                due.append(clock + after)
            if writes:
                flipped[to] = False
            await ctx.tick()
        assert len(due) > 20

    simulate(dut, bench)


@pytest.mark.parametrize("seed", range(4))
def test_a_queue_that_stalls_tells_of_flipped_words_alone(seed):
    config = AcceleratorConfig(lanes=4, queue_steps=2, queue_words=5, populations=4, parity=1)
    dut = EventQueue(config)
    rng = Random(seed)
    told, taken = [], []

    async def watch(ctx):
        async for *_, damaged in ctx.tick().sample(dut.damaged):
            told.append(damaged)

    async def fill(ctx):
        for _ in range(40):
            while not ctx.get(dut.room) or rng.random() < 0.3:
                await ctx.tick()
            ctx.set(dut.claim, 1)
            words = [{"mask": rng.randrange(1, 16), "g": rng.randrange(9)} for _ in range(5)]
            for word in [*words[: rng.randrange(6)], {"token": 1}]:
                ctx.set(dut.word, word)
                ctx.set(dut.write, 1)
                await ctx.tick()
                ctx.set(dut.claim, 0)
                ctx.set(dut.write, 0)
                while rng.random() < 0.3:
                    await ctx.tick()

    async def drain(ctx):
        while sum(taken) < 40:
            ctx.set(dut.events.ready, rng.random() < 0.5)
            *_, valid, ready, token = await ctx.tick().sample(
                dut.events.valid, dut.events.ready, dut.events.payload.token
            )
            if valid and ready:
                taken.append(token)

    simulate(dut, fill, drain, background=[watch])
    assert len(taken) > 80 and not any(told)


def test_the_first_damage_is_kept_until_it_is_forgotten():
    dut = DamageRecord(AcceleratorConfig(cores=2, parity=1))
    weight, queue, readout = (KINDS.index(kind) for kind in ("weight", "queue", "readout"))

    async def bench(ctx):
        async def come(*kinds):
            for place, kind in enumerate(kinds):
                ctx.set(dut.damaged[place], kind)
            await ctx.tick()
            for place in range(len(kinds)):
                ctx.set(dut.damaged[place], 0)
            await ctx.tick()
            await ctx.tick()
            return ctx.get(dut.damage.kind), ctx.get(dut.damage.cores)

        assert await come(0, 0, 0) == (0, 0)
        assert await come(0, 1 << queue | 1 << weight, 0) == (weight + 1, 0b10)
        assert await come(1 << queue, 0, 1 << readout) == (weight + 1, 0b10)
        ctx.set(dut.forget, 1)
        await ctx.tick()
        ctx.set(dut.forget, 0)
        assert await come(0, 0, 1 << readout) == (readout + 1, 0)

    simulate(dut, bench)


@pytest.mark.parametrize("restart", [0, 1])
def test_a_run_that_met_damage_is_given_up(restart):
    """An initialisation too; what else was noted does not hide it."""
    dut = RunControl(AcceleratorConfig(cores=2, parity=1, watchdog_bits=8))
    kind = KINDS.index("potential") + 1

    async def bench(ctx):
        ctx.set(dut.idle, 3)
        ctx.set(dut.start, 1)
        ctx.set(dut.restart, restart)
        await ctx.tick()
        ctx.set(dut.start, 0)
        ctx.set(dut.idle, 0)
        ctx.set(dut.damage, {"kind": kind, "cores": 0b10})
        ctx.set(dut.faults, 1)
        await ctx.tick().repeat(9)
        assert not ctx.get(dut.asks) and not ctx.get(dut.abort)
        ctx.set(dut.done, 1)
        ctx.set(dut.idle, 3)
        await ctx.tick().until(dut.asks)
        assert Command(ctx.get(dut.answer)) == Command.REFUSED
        assert Fault(ctx.get(dut.fault)) == Fault.PARITY
        assert ctx.get(dut.status) == Fault.PARITY.value | 1 << 8 | kind << 10 | 0b10 << 16

    simulate(dut, bench)


def test_parity_needs_the_watchdog():
    with pytest.raises(ConfigurationError, match="parity needs watchdog_bits above 0"):
        AcceleratorConfig(parity=1, watchdog_bits=0)
