"""A lane of a gate against the greatest of a list."""

from random import Random

import pytest

from augend.hw.configuration import AcceleratorConfig
from augend.hw.leader import Leader

from .streams import simulate


def windows(rng):
    """Places of a few windows: what a neuron led by and its spike, or nothing off the source."""
    for _ in range(300):
        places = [
            (rng.randint(-3, 3), rng.choice([-1, 0, 1])) if rng.random() < 0.7 else None
            for _ in range(rng.randint(1, 6))
        ]
        if any(places):
            yield places


def passed(places, unit):
    """The leader's spike: of equal neurons the first leads."""
    there = [place for place in places if place is not None]
    return max(there, key=lambda place: place[0] + unit * place[1])[1]


@pytest.mark.parametrize("rate", [0, 1])
def test_the_first_of_the_greatest_passes_its_spike(rate):
    config = AcceleratorConfig(
        potential_bits=20, gates=1, history_words=1, signed_events=1, spike_planes=2
    )
    dut = Leader(config)
    unit = 65536 if rate else 1

    async def bench(ctx):
        ctx.set(dut.rate, rate)
        late = None  # the place that is in the second stage
        expected = None
        for places in windows(Random(rate)):
            opened = False
            for number, place in enumerate([*places, None]):
                if place is not None:
                    lead, spike = place
                    ctx.set(dut.before, {"emitted": abs(spike), "sank": spike < 0})
                await ctx.delay(1e-9)
                if place is not None:
                    assert ctx.get(dut.term) == unit * spike
                ctx.set(dut.tap, late is not None)
                ctx.set(dut.opens, late is not None and not opened)
                if late is not None:
                    ctx.set(dut.value, late[0] + unit * late[1])
                    opened = True
                late = place if number < len(places) else None
                await ctx.tick()
            ctx.set(dut.tap, 0)
            expected = passed(places, unit)
            assert ctx.get(dut.spike) == abs(expected)
            assert ctx.get(dut.negative) == (expected < 0)

    simulate(dut, bench)
