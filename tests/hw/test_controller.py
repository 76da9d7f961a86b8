"""The controller alone: what it answers, whatever the host's pace and whatever the cores do."""

from random import Random

import pytest

from augend.hw.configuration import AcceleratorConfig
from augend.hw.controller import Controller
from augend.hw.identity import IDENTITY_LENGTH, Identity
from augend.hw.loading import MEMORIES, words
from augend.hw.packet import Command, Fault

from .streams import gather, put, simulate

CONFIG = AcceleratorConfig(cores=2, populations=3, watchdog_bits=6, input_banks=2)
HASH = [0x12345678, 0x9ABCDEF0]
SHORT = {Command.DONE: 0, Command.REFUSED: 3, Command.IDENTITY: IDENTITY_LENGTH}


class Bench:
    """A controller, the cores and the readout played by the test."""

    def __init__(self, seed=None):
        self.dut = Controller(CONFIG)
        self.rng = None if seed is None else Random(seed)

    async def ask(self, ctx, command, sequence, payload=()):
        head = 0xA6 | command.value << 8 | sequence << 16
        length = len(payload) | (~len(payload) & 0xFFFF) << 16
        await put(ctx, self.dut.words, [head, length, *payload], self.rng)

    async def answer(self, ctx, wait=3000):
        """The next answer: its command, its number, its payload."""
        dut = self.dut
        ctx.set(dut.sender_idle, 1)
        for _ in range(wait):
            if ctx.get(dut.begin):
                break
            await ctx.tick()
        else:
            raise TimeoutError("no answer")
        command, sequence, length = ctx.get(dut.command), ctx.get(dut.sequence), ctx.get(dut.length)
        await ctx.tick()
        ctx.set(dut.sender_idle, 0)
        return command, sequence, await gather(ctx, dut.reply, length, self.rng)

    async def start(self, ctx):
        """Say hello and start a program; its cores are idle five clocks later."""
        dut = self.dut
        ctx.set(dut.idle, 3)
        await self.ask(ctx, Command.HELLO, 0)
        assert (await self.answer(ctx))[0] == Command.IDENTITY
        await self.ask(ctx, Command.START, 1, HASH)
        await self.started(ctx, restart=True)
        await ctx.tick().repeat(5)
        ctx.set(dut.idle, 3)
        assert (await self.answer(ctx))[:2] == (Command.DONE, 1)

    async def started(self, ctx, restart=False):
        """Wait for a start, from which on no core is idle."""
        dut = self.dut
        while not ctx.get(dut.start):
            await ctx.tick()
        assert ctx.get(dut.restart) == restart
        await ctx.tick()
        ctx.set(dut.idle, 0)
        ctx.set(dut.done, 0)


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_a_result_waits_for_prediction_and_idle_cores(seed):
    bench = Bench(seed)
    dut = bench.dut

    async def run(ctx):
        await bench.start(ctx)
        ctx.set(dut.classes_last, 1)
        ctx.set(dut.steps, 4)
        ctx.set(dut.prediction, 1)
        ctx.set(dut.score, -5)
        ctx.set(dut.stirs, 1)
        for sequence in (2, 3):
            await bench.ask(ctx, Command.RUN, sequence, [0, *HASH])
            await bench.started(ctx)
            await ctx.tick().repeat(7)
            ctx.set(dut.done, 1)
            for _ in range(300):  # more than the watchdog would wait, were nothing stirring
                assert not ctx.get(dut.begin)
                await ctx.tick()
            ctx.set(dut.idle, 3)
            command, number, payload = await bench.answer(ctx)
            assert (command, number) == (Command.RESULT, sequence)
            assert payload[:6] == [2, 2**32 - 5, 2**32 - 5, 1, 8, 4]
            assert len(payload) == 6 + 2 * (3 + 3 * 4)

    simulate(dut, run)


@pytest.mark.parametrize("noted", [0, 1, 2, 3])
def test_an_inference_in_which_nothing_stirs_is_given_up(noted):
    bench = Bench()
    dut = bench.dut
    fault = {0: Fault.STALLED, 1: Fault.TOKEN}.get(noted, Fault.QUEUE)

    async def run(ctx):
        await bench.start(ctx)
        await bench.ask(ctx, Command.RUN, 2, [0, *HASH])
        await bench.started(ctx)
        ctx.set(dut.idle, 0b01)
        ctx.set(dut.faults, noted)
        for _ in range(200):
            ctx.set(dut.stirs, 1)
            await ctx.tick()
            ctx.set(dut.stirs, 0)
            await ctx.tick()
            assert not ctx.get(dut.abort)
        quiet = 0
        while not ctx.get(dut.abort):
            await ctx.tick()
            quiet += 1
        assert 1 << 6 <= quiet <= (2 << 6) + 3
        await ctx.tick()
        ctx.set(dut.idle, 3)
        cleared = set()
        for _ in range(3):
            assert not ctx.get(dut.abort)
            assert [ctx.get(core) for core in dut.counter_read] == [15, 15]
            cleared.add(ctx.get(dut.counter_population))
            await ctx.tick()
        assert cleared == {0, 1, 2}
        status = fault.value | noted << 8 | 0b10 << 16
        assert await bench.answer(ctx) == (Command.REFUSED, 2, [fault.value, 3, status])
        await bench.ask(ctx, Command.RUN, 3, [0, *HASH])
        refused = [Fault.PROGRAM.value, 4, status]
        assert await bench.answer(ctx) == (Command.REFUSED, 3, refused)
        await bench.ask(ctx, Command.HELLO, 9)
        assert (await bench.answer(ctx))[2][2:5] == [0, 0, status]

    simulate(dut, run)


def test_a_result_with_something_noted_is_not_told():
    bench = Bench()
    dut = bench.dut

    async def run(ctx):
        await bench.start(ctx)
        await bench.ask(ctx, Command.RUN, 2, [0, *HASH])
        await bench.started(ctx)
        ctx.set(dut.faults, 1)
        ctx.set(dut.done, 1)
        ctx.set(dut.idle, 3)
        status = Fault.TOKEN.value | 1 << 8
        assert await bench.answer(ctx) == (Command.REFUSED, 2, [Fault.TOKEN.value, 3, status])

    simulate(dut, run)


def test_the_answer_to_hello_tells_which_number_was_expected_before():
    bench = Bench()

    async def run(ctx):
        before = [0, 5, 8, 70]
        for number in (4, 7, 69, 69):
            await bench.ask(ctx, Command.HELLO, number)
            command, sequence, payload = await bench.answer(ctx)
            assert (command, sequence) == (Command.IDENTITY, number)
            assert Identity.read(payload).before == before.pop(0)

    simulate(bench.dut, run)


def test_what_cannot_be_done_is_refused():
    bench = Bench()

    async def run(ctx):
        await bench.start(ctx)
        for command, sequence, payload, fault in [
            (Command.RUN, 2, [0, 1, 2], Fault.PROGRAM),
            (Command.RUN, 3, HASH, Fault.COMMAND),
            (Command.RUN, 5, [0, *HASH], Fault.SEQUENCE),
            (Command.DAMAGED, 0, [], Fault.DAMAGED),
            (Command.RESULT, 3, [], Fault.COMMAND),
        ]:
            await bench.ask(ctx, command, sequence, payload)
            assert await bench.answer(ctx) == (Command.REFUSED, sequence, [fault.value, 3, 0])

    simulate(bench.dut, run)


INPUT = MEMORIES.index("input")


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_the_other_bank_is_written_while_an_inference_runs(seed):
    """Its writes are carried out at once, and answered after the inference, in order."""
    bench = Bench(seed)
    dut = bench.dut
    row = words(CONFIG, "input")
    strobes = []

    async def watch(ctx):
        async for *_, strobe, core, address in ctx.tick().sample(
            dut.load.strobe, dut.load.core, dut.load.address
        ):
            if strobe:
                strobes.append((strobe, core, address))

    async def run(ctx):
        await bench.start(ctx)
        ctx.set(dut.stirs, 1)
        await bench.ask(ctx, Command.RUN, 2, [0, *HASH])
        await bench.started(ctx)
        assert ctx.get(dut.bank) == 0
        await bench.ask(ctx, Command.WRITE, 3, [INPUT | 1 << 8, 4, *range(2 * row)])
        await bench.ask(ctx, Command.WRITE, 4, [INPUT | 1 << 8, 6, *range(row)])
        await ctx.tick().repeat(5)
        assert strobes == [(1 << INPUT, 1, address) for address in (4, 5, 6)]
        assert not ctx.get(dut.begin)
        ctx.set(dut.done, 1)
        ctx.set(dut.idle, 3)
        assert (await bench.answer(ctx))[:2] == (Command.RESULT, 2)
        assert (await bench.answer(ctx))[:2] == (Command.DONE, 3)
        assert (await bench.answer(ctx))[:2] == (Command.DONE, 4)
        await bench.ask(ctx, Command.RUN, 5, [1, *HASH])
        await bench.started(ctx)
        assert ctx.get(dut.bank) == 1

    simulate(dut, run, background=[watch])


@pytest.mark.parametrize(
    ("command", "payload"),
    [
        (Command.WRITE, [INPUT, 0, *range(words(CONFIG, "input"))]),
        (Command.WRITE, [MEMORIES.index("route"), 0, 1]),
        (Command.RUN, [0, *HASH]),
        (Command.START, HASH),
        (Command.HELLO, []),
        (Command.DAMAGED, []),
    ],
    ids=["the same bank", "another memory", "run", "start", "hello", "damaged"],
)
def test_everything_else_waits_for_the_inference(command, payload):
    bench = Bench()
    dut = bench.dut
    asked = []

    async def ask(ctx):
        await ctx.tick().until(dut.start & ~dut.restart)
        await bench.ask(ctx, command, 3, payload)
        asked.append(1)

    async def run(ctx):
        await bench.start(ctx)
        ctx.set(dut.stirs, 1)
        await bench.ask(ctx, Command.RUN, 2, [0, *HASH])
        await bench.started(ctx)
        for _ in range(50):
            assert (
                not ctx.get(dut.load.strobe) and not ctx.get(dut.start) and not ctx.get(dut.begin)
            )
            await ctx.tick()
        ctx.set(dut.done, 1)
        ctx.set(dut.idle, 3)
        assert (await bench.answer(ctx))[:2] == (Command.RESULT, 2)
        if command in (Command.RUN, Command.START):
            await bench.started(ctx, restart=command == Command.START)
            ctx.set(dut.done, 1)
            ctx.set(dut.idle, 3)
        assert (await bench.answer(ctx))[1] == 3

    simulate(dut, run, background=[ask])
