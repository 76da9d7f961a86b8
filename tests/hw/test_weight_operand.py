from random import Random

import pytest
from amaranth.sim import Simulator

from augend.hw.configuration import AcceleratorConfig
from augend.hw.lane_control import Operand
from augend.hw.neuron import Neuron
from augend.hw.weight_operand import WeightOperand

from .streams import simulate


def drawn(rng, bits):
    """A weight, and what is stored for it."""
    if bits == 1:
        stored = rng.randrange(2)
        return 2 * stored - 1, stored
    weight = rng.randrange(-(1 << bits - 1), 1 << bits - 1)
    return weight, weight & (1 << bits) - 1


@pytest.mark.parametrize("weight_bits", [1, 3, 8])
@pytest.mark.parametrize("most", [0, 1, 5, 22])
@pytest.mark.parametrize("signed_events", [0, 1])
def test_a_weight_is_shifted_and_complemented(weight_bits, most, signed_events):
    rng = Random(weight_bits)
    dut = WeightOperand(
        AcceleratorConfig(weight_bits=weight_bits, weight_shift=most, signed_events=signed_events)
    )

    async def bench(ctx):
        for _ in range(300):
            weight, stored = drawn(rng, weight_bits)
            shift, gate = rng.randint(0, most), rng.randrange(4) > 0
            subtract = rng.randrange(2) * signed_events
            ctx.set(dut.weight, stored)
            ctx.set(dut.gate, gate)
            ctx.set(dut.shift, shift)
            ctx.set(dut.subtract, subtract)
            value = (weight << shift) * gate
            assert ctx.get(dut.value) == (~value if subtract else value)

    simulator = Simulator(dut)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("weight_bits", [1, 8])
def test_a_lane_adds_or_subtracts_it(weight_bits):
    rng = Random(weight_bits)
    config = AcceleratorConfig(
        weight_bits=weight_bits, potential_bits=20, weight_shift=7, signed_events=1
    )
    dut = Neuron(config)

    async def bench(ctx):
        for _ in range(500):
            weight, stored = drawn(rng, weight_bits)
            potential, shift = rng.randint(-100_000, 100_000), rng.randint(0, 7)
            gate, subtract = rng.randrange(4) > 0, rng.randrange(2)
            ctx.set(dut.potential, potential)
            ctx.set(dut.operand, Operand.WEIGHT)
            ctx.set(dut.weight, stored)
            ctx.set(dut.weight_shift, shift)
            ctx.set(dut.gate, gate)
            ctx.set(dut.subtract, subtract)
            await ctx.tick()
            assert ctx.get(dut.sum) == potential + (-1) ** subtract * (weight << shift) * gate

    simulate(dut, bench)
