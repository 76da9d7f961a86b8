from dataclasses import replace

import numpy as np
import pytest

from augend.gen.network import INPUT, Input, Population, Projection, SpikingNetwork
from augend.gen.place import place
from augend.gen.schedule import Sweep

ONE = np.ones(6, int)


def network(timesteps=4, encoding="events", **options):
    """A population of some rule, fed by the input, and a readout."""
    current = {"current_shift": 0 * ONE} if encoding == "current" else {}
    rules = {"threshold": 4 * ONE, "bias": 0 * ONE, "initial": 0 * ONE}
    ends = ((INPUT, "hidden"), ("hidden", "out"))
    return SpikingNetwork(
        input=Input(shape=(6,), encoding=encoding, bits=1),
        populations=(
            Population(name="hidden", shape=(6,), **rules | current | options),
            Population(name="out", shape=(6,), reset="none", **rules),
        ),
        projections=tuple(
            Projection(source=source, target=target, kind="dense", weight=np.eye(6, dtype=int))
            for source, target in ends
        ),
        timesteps=timesteps,
    )


def skipping(placement):
    """The sweeps that may be skipped, by population."""
    return [
        one.population
        for core in placement.cores
        for one in core.instructions
        if isinstance(one, Sweep) and one.skips
    ]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"reset": "zero"},
        {"negative_threshold": 4 * ONE},
        {"most_spikes": 3},
        {"floor": -2 * ONE},
        {"encoding": "rate"},
        {"timesteps": 3},
    ],
    ids=str,
)
def test_a_sweep_that_does_what_the_last_one_did_may_be_skipped(options):
    assert skipping(place(network(**options), lanes=4)) == ["hidden"]


@pytest.mark.parametrize(
    "options",
    [
        {"bias": ONE},
        {"bias": np.array([0, 0, 0, 0, 0, -1])},
        {"leak": (2,)},
        {"clamp_steps": 1},
        {"refractory": 1},
        {"single_spike": True},
        {"inhibition": 1},
        {"negative_threshold": 4 * ONE, "takes_back": True},
        {"encoding": "current"},
        {"timesteps": 2},
    ],
    ids=str,
)
def test_what_goes_by_the_step_or_by_earlier_spikes_is_swept(options):
    assert not skipping(place(network(**options), lanes=4))


@pytest.mark.parametrize(("delay", "expected"), [(0, ["hidden", "second"]), (1, ["hidden"])])
def test_where_spikes_come_before_their_step_it_is_swept(delay, expected):
    drawn = network()
    first, last = drawn.populations
    into, out = drawn.projections
    chain = replace(
        drawn,
        populations=(first, replace(first, name="second"), last),
        projections=(
            into,
            replace(out, target="second", delay=delay),
            replace(out, source="second"),
        ),
    )
    assert skipping(place(chain, lanes=4)) == expected


def test_a_loop_of_one_sweep_is_swept():
    """Whether it spiked would be known too late: its targets are on another core."""
    drawn = replace(network(), schedule="phased")
    apart = place(drawn, lanes=4, cores=2, core_of={"hidden": 0, "out": 1})
    assert not skipping(apart)
    assert skipping(place(drawn, lanes=4)) == ["hidden"]
