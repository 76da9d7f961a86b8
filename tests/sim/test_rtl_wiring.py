"""Networks wired in every way: RTL, golden and timing model agree on one Verilated accelerator."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

from augend.gen.place import PlacementError, place
from augend.sim.golden import GoldenModel
from augend.sim.timing import TimingModel

from .accelerators import COMPLETE, check_all, complete, shape_id
from .drawn_wiring import wirings


@pytest.mark.parametrize("shape", COMPLETE, ids=shape_id)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=wirings())
def test_random_wirings(shape, drawn):
    check_all(*drawn, complete(*shape))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=wirings(rules=True))
def test_random_wirings_of_every_rule(drawn):
    check_all(*drawn, complete(*COMPLETE[0]))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=wirings())
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
