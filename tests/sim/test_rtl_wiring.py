"""Networks wired in every way: RTL, golden and timing model agree on one Verilated accelerator."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

from augend.gen.network import INPUT, Input, Population, Projection, SpikingNetwork
from augend.gen.place import PlacementError, place
from augend.sim.golden import GoldenModel
from augend.sim.timing import TimingModel

from .accelerators import COMPLETE, PLAIN, check_all, complete, plain, shape_id
from .drawn_wiring import wirings


@pytest.mark.parametrize("shape", COMPLETE, ids=shape_id)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=wirings() | wirings(quiet=True))
def test_random_wirings(shape, drawn):
    check_all(*drawn, complete(*shape))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=wirings(rules=True) | wirings(rules=True, quiet=True))
def test_random_wirings_of_every_rule(drawn):
    check_all(*drawn, complete(*COMPLETE[0]))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=wirings() | wirings(quiet=True))
def test_each_core_goes_from_one_instruction_to_the_next(drawn):
    network, pixels = drawn
    try:
        placement = place(network, lanes=4, cores=3)
    except PlacementError:
        assume(False)
    trains = GoldenModel(network, record="trains").run(pixels).trains
    timing = TimingModel(placement).run(pixels, trains, spans=True)
    for core in range(3):
        spans = [span for span in timing.spans if span.core == core]
        for before, after in zip(spans, spans[1:], strict=False):
            np.testing.assert_array_equal(before.end, after.begin)
            assert np.all(after.begin <= after.work) and np.all(after.work < after.end)


def idle(timesteps):
    """64-256-10, without a bias: neurons that have nothing to do without events."""
    rng = np.random.default_rng(5)
    sizes = {INPUT: 64, "hidden": 256, "out": 10}
    names = list(sizes)
    return SpikingNetwork(
        input=Input(shape=(64,), encoding="events", bits=1),
        populations=tuple(
            Population(
                name=name,
                shape=(sizes[name],),
                threshold=np.full(sizes[name], 100),
                bias=np.zeros(sizes[name], int),
                initial=np.full(sizes[name], 50),
                reset="none" if name == "out" else "subtract",
            )
            for name in names[1:]
        ),
        projections=tuple(
            Projection(
                source=source,
                target=target,
                kind="dense",
                weight=rng.integers(-20, 60, (sizes[target], sizes[source])),
            )
            for source, target in zip(names, names[1:], strict=False)
        ),
        timesteps=timesteps,
    )


@pytest.mark.parametrize("steps", [10, 20])
def test_an_empty_step_of_256_neurons_takes_eight_clocks(steps):
    events = np.zeros((2, steps, 64), np.uint8)
    events[1, 1, 7] = events[1, 4] = 1
    one = check_all(idle(steps), events, plain(*PLAIN[2]))
    assert one.updates["hidden"][0] == 2 * 256
    before = check_all(idle(steps - 3), events[:, :-3], plain(*PLAIN[2]))
    assert (one.cycles - before.cycles)[0] == 3 * 8
