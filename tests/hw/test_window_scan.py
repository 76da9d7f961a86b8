"""The window scan against windows as the contract has them, place for place."""

from itertools import product

from amaranth.hdl import Const
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from augend.gen.gate import Gate
from augend.gen.lane_layout import LaneLayout
from augend.gen.selection import Select
from augend.hw.configuration import AcceleratorConfig
from augend.hw.instruction import sweep_layout
from augend.hw.memory_image import select_constants
from augend.hw.window_scan import WindowScan
from tests.sim.drawn_everything import some_gates

from .streams import simulate

LANES = 2
CONFIG = AcceleratorConfig(
    lanes=LANES, coordinate_bits=3, potential_words=256, history_words=512, gates=1
)


@st.composite
def selects(draw):
    """A gate on a source of a few rows and columns, laid out from somewhere on."""
    shape = draw(st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 5)))
    (gate, *_) = draw(some_gates({"p": shape}, ["p"]).filter(bool))
    source, target = (LaneLayout(shape=of, lanes=LANES) for of in (shape, gate.shape))
    return Select(
        gate=gate,
        source=source,
        target=target,
        potential_base=draw(st.integers(0, 255)),
        history_base=draw(st.integers(0, 511)),
        passed_base=None,
        emits=True,
    )


def places(select):
    """For every word and place: where it is, if it is there; the gate's word's coordinates."""
    gate, (rows, columns, groups) = select.gate, select.source.extent
    for y, x, g in product(*map(range, select.target.extent)):
        taps = []
        for ky, kx in product(*map(range, gate.kernel)):
            row = y * gate.stride[0] - gate.padding[0] + ky * gate.dilation[0]
            column = x * gate.stride[1] - gate.padding[1] + kx * gate.dilation[1]
            there = 0 <= row < rows and 0 <= column < columns
            taps.append((row * columns + column) * groups + g if there else None)
        yield (y, x, g), taps


async def check(ctx, dut, select):
    """All places of a select, each in its clock."""
    values = sweep_layout(CONFIG).const(select_constants(CONFIG, select))
    ctx.set(dut.sweep, sweep_layout(CONFIG).from_bits(Const.cast(values).value))
    ctx.set(dut.start, 1)
    assert not ctx.get(dut.issue)
    await ctx.tick()
    ctx.set(dut.start, 0)
    words = list(places(select))
    for number, (coordinates, taps) in enumerate(words):
        first = next(i for i, tap in enumerate(taps) if tap is not None)
        for i, tap in enumerate(taps):
            assert ctx.get(dut.issue)
            assert (ctx.get(dut.a), ctx.get(dut.b), ctx.get(dut.g)) == coordinates
            assert ctx.get(dut.tap) == (tap is not None)
            assert ctx.get(dut.opens) == (i == first)
            assert ctx.get(dut.closes) == (i == len(taps) - 1)
            assert ctx.get(dut.last) == (i == len(taps) - 1 and number == len(words) - 1)
            if tap is not None:
                assert ctx.get(dut.potential_address) == (select.potential_base + tap) % 256
                assert ctx.get(dut.history_address) == (select.history_base + tap) % 512
            assert not ctx.get(dut.done)
            await ctx.tick()
    for done in (0, 1, 0):
        assert ctx.get(dut.done) == done and not ctx.get(dut.issue)
        await ctx.tick()


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases=st.lists(selects(), min_size=8, max_size=8))
def test_every_place_of_every_window_in_its_clock(cases):
    dut = WindowScan(CONFIG)

    async def bench(ctx):
        for select in cases:
            await check(ctx, dut, select)

    simulate(dut, bench)


def test_coordinates_that_wrap_around_are_off_the_source():
    """A source as large as coordinates go, and windows that lie off it on all sides."""
    shape = (1, 8, 8)
    gate = Gate(
        name="g",
        source="p",
        shape=(1, 5, 5),
        kernel=(3, 3),
        stride=(3, 3),
        padding=(6, 6),
        dilation=(4, 3),
    )
    layouts = [LaneLayout(shape=of, lanes=LANES) for of in (shape, gate.shape)]
    select = Select(
        gate=gate,
        source=layouts[0],
        target=layouts[1],
        potential_base=0,
        history_base=0,
        passed_base=None,
        emits=True,
    )
    assert select.reach <= 1 << CONFIG.window_bits

    async def bench(ctx):
        await check(ctx, dut, select)

    dut = WindowScan(CONFIG)
    simulate(dut, bench)
