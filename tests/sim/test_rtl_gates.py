"""Max-pool gates: RTL, golden and timing model agree on one Verilated accelerator."""

import pytest
from hypothesis import HealthCheck, given, settings

from .accelerators import COMPLETE, check_all, complete, shape_id
from .drawn_wiring import wirings


@pytest.mark.parametrize("shape", COMPLETE, ids=shape_id)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=wirings(gated=True))
def test_gates_on_plain_neurons(shape, drawn):
    check_all(*drawn, complete(*shape))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=wirings(rules=True, gated=True))
def test_gates_on_neurons_of_every_rule(drawn):
    check_all(*drawn, complete(*COMPLETE[0]))
