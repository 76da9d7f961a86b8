"""Networks wired in every way: RTL, golden and timing model agree on one Verilated accelerator."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

from augend.gen.place import PlacementError, place
from augend.gen.program import Program
from augend.host.driver import connect
from augend.sim.golden import GoldenModel
from augend.sim.timing import TimingModel

from .drawn_wiring import wirings
from .test_rtl import Kept, as_images, compare_events, compare_results, placed
from .test_rtl_rules import with_rules

SHAPES = [(4, 2, "block"), (16, 1, "distributed")]

WIRING = {
    "populations": 8,
    "instructions": 256,
    "row_entries": 256,
    "column_entries": 256,
    "lane_entries": 256,
    "channel_ranges": 1,
    "delays": 1,
    "weight_shift": 12,
    "replay_words": 512,
    "rate_input": 1,
    "spike_steps": 7,
    "spike_planes": 8,
    "skips": 1,
}
"""What every wiring, and every encoding, needs of an accelerator."""


@cache
def wired(lanes, cores, memory):
    """An accelerator that runs every wiring of neurons of every rule, and every encoding."""
    return replace(
        with_rules(lanes, cores, memory),
        **WIRING,
    )


@cache
def transport(lanes, cores, memory):
    return Kept(wired(lanes, cores, memory))


def check_all(network, pixels, shape, configured=wired, kept_at=transport):
    """Every result, counter, clock and event word of the RTL, in one run, is that of the models."""
    lanes, cores, _ = shape
    program = Program(network=network, lanes=lanes, cores=cores)
    config = configured(*shape)
    placement = placed(network, lanes, cores, config)
    images = as_images(network, pixels)
    with connect(program, "golden", config=config) as golden:
        expected = golden.infer(images)
    kept = kept_at(*shape)
    with connect(program, "rtl", config=config, transport=kept) as rtl:
        with kept.traced(100_000) as observations:
            compare_results(rtl.infer(images), expected)
    (observation,) = observations
    compare_events(observation, config, placement, pixels)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=wirings() | wirings(quiet=True))
def test_random_wirings(shape, drawn):
    check_all(*drawn, shape)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=wirings(rules=True) | wirings(rules=True, quiet=True))
def test_random_wirings_of_every_rule(drawn):
    check_all(*drawn, SHAPES[0])


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
