"""Pruned projections: RTL, golden and timing model agree on one Verilated accelerator."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .accelerators import COMPLETE, check_all, complete, shape_id
from .drawn_wiring import wirings


@pytest.mark.parametrize("shape", COMPLETE, ids=shape_id)
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_words_that_were_pruned_are_not_visited(shape, data):
    check_all(*data.draw(wirings(pruned=shape[0])), complete(*shape))
