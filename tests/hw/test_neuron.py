from random import Random

import pytest

from augend.hw.configuration import AcceleratorConfig
from augend.hw.lane_control import Operand, Restart, Scale
from augend.hw.neuron import Neuron

from .streams import simulate


def expected(stage, before, weight_bits):
    """Sum, then following potential and spike, of one pass through both stages."""
    v = stage["potential"]
    halved = stage["scale"] == Scale.HALVE or (
        stage["scale"] == Scale.HALVE_SOME and stage["threshold"] % 32 > stage["iteration"]
    )
    v = v >> 1 if halved else 2 * v if stage["scale"] == Scale.DOUBLE else v
    weight = stage["weight"] if weight_bits > 1 else 2 * stage["weight"] - 1
    v += {
        Operand.NOTHING: 0,
        Operand.WEIGHT: weight if stage["gate"] else 0,
        Operand.BIAS: stage["bias"],
        Operand.SUM: before,
        Operand.TERM: stage["term"],
    }[stage["operand"]]
    spike = bool(stage["fire"] and stage["threshold"] and v >= stage["threshold"])
    after = {
        Restart.NO: v - stage["threshold"] * spike,
        Restart.ZERO: 0,
        Restart.INITIAL: stage["initial"],
    }[stage["restart"]]
    return v, after, spike


@pytest.mark.parametrize("weight_bits", [1, 4, 8])
def test_one_neuron_a_clock_in_two_stages(weight_bits):
    rng = Random(weight_bits)
    gates = int(weight_bits == 8)
    config = AcceleratorConfig(
        weight_bits=weight_bits, potential_bits=16, gates=gates, history_words=gates
    )
    operands = [one for one in Operand if gates or one != Operand.TERM]
    dut = Neuron(config)
    low, high = (
        (0, 1) if weight_bits == 1 else (-(1 << weight_bits - 1), (1 << weight_bits - 1) - 1)
    )
    spikes = []

    async def bench(ctx):
        before = None
        results = []
        for clock in range(3000):
            stage = {
                "potential": rng.randint(-8000, 8000),
                "weight": rng.randint(low, high),
                "threshold": rng.choice([0, 1, 7, 300, rng.randint(1, 8000)]),
                "bias": rng.randint(-1000, 1000),
                "term": rng.randint(-8000, 8000),
                "initial": rng.randint(0, 1000),
                "operand": rng.choice(operands),
                "scale": rng.choice(list(Scale)),
                "iteration": rng.randrange(32),
                "gate": rng.randrange(2),
                "fire": rng.randrange(2),
                "restart": rng.choice([Restart.NO, Restart.NO, *Restart]),
            }
            for name in ("potential", "term", "operand", "scale", "iteration", "gate", "fire"):
                ctx.set(getattr(dut, name), stage[name])
            ctx.set(dut.weight, stage["weight"] & (1 << weight_bits) - 1)
            parameters = {n: stage[n] for n in ("threshold", "bias", "initial")}
            ctx.set(dut.parameters, parameters | {"lives": stage["threshold"] != 0})
            if before is not None:  # the second stage of the one before
                ctx.set(dut.restart, before["restart"])
            sums = results[-1][0] if results else 0
            stage["potential"] -= sums if stage["operand"] is Operand.SUM else 0
            ctx.set(dut.potential, stage["potential"])
            results.append(expected(stage, sums, weight_bits))
            before = stage
            await ctx.tick()
            assert ctx.get(dut.sum) == results[-1][0]
            if clock:
                assert ctx.get(dut.next) == results[-2][1]
                assert ctx.get(dut.spike) == results[-2][2]
                spikes.append(results[-2][2])

    simulate(dut, bench)
    assert 100 < sum(spikes) < len(spikes) - 100
