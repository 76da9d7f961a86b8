"""Neurons of every rule on one Verilated accelerator, as golden and timing model say."""

import pytest
from hypothesis import HealthCheck, given, settings

from .accelerators import COMPLETE, check_all, check_equal, complete, shape_id
from .drawn_rules import rules


@pytest.mark.parametrize("shape", COMPLETE, ids=shape_id)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=rules())
def test_neurons_of_every_rule(shape, drawn):
    check_equal(*drawn, complete(*shape))


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=rules())
def test_every_event_word_in_its_clock(drawn):
    check_all(*drawn, complete(*COMPLETE[0]))
