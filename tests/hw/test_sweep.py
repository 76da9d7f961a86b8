from itertools import product

import pytest

from augend.hw.configuration import AcceleratorConfig
from augend.hw.sweep import Slot, Sweep

from .streams import simulate


@pytest.mark.parametrize("current", [0, 1])
@pytest.mark.parametrize("per_neuron", [0, 1])
@pytest.mark.parametrize("extent", [(1, 1, 1), (1, 1, 5), (3, 2, 4), (2, 5, 1)])
def test_every_word_once_in_order_with_its_exact_clock(extent, per_neuron, current):
    dut = Sweep(AcceleratorConfig())
    a_count, b_count, g_count = extent

    async def bench(ctx):
        ctx.set(
            dut.sweep,
            {
                "potential_base": 40,
                "current_base": 500,
                "parameter_base": 8,
                "a_last": a_count - 1,
                "b_last": b_count - 1,
                "g_last": g_count - 1,
                "per_neuron": per_neuron,
            },
        )
        ctx.set(dut.current, current)
        await ctx.tick().repeat(3)
        assert not ctx.get(dut.issue)
        ctx.set(dut.start, 1)
        await ctx.tick()
        ctx.set(dut.start, 0)
        words = list(product(range(a_count), range(b_count), range(g_count)))
        for i, (a, b, g) in enumerate(words):
            if current:
                assert ctx.get(dut.issue) and ctx.get(dut.slot) is Slot.CURRENT
                assert not ctx.get(dut.ends)
                assert ctx.get(dut.potential_address) == 500 + i
                await ctx.tick()
            assert ctx.get(dut.issue) and ctx.get(dut.slot) is Slot.POTENTIAL
            assert ctx.get(dut.ends)
            assert ctx.get(dut.potential_address) == 40 + i
            assert ctx.get(dut.parameter_address) == 8 + (i if per_neuron else g)
            assert (ctx.get(dut.a), ctx.get(dut.b), ctx.get(dut.g)) == (a, b, g)
            assert ctx.get(dut.last) == (i == len(words) - 1)
            assert not ctx.get(dut.done)
            await ctx.tick()
        assert not ctx.get(dut.issue) and not ctx.get(dut.done)
        await ctx.tick()
        assert ctx.get(dut.done)
        await ctx.tick()
        assert not ctx.get(dut.done)

    simulate(dut, bench)
