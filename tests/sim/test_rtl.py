"""One Verilated accelerator runs any program that fits, exactly as golden and timing model say."""

import pytest
from hypothesis import HealthCheck, given, settings

from .accelerators import PLAIN, check_all, check_equal, plain, shape_id
from .drawn_chains import chains


@pytest.mark.parametrize("shape", PLAIN, ids=shape_id)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=chains())
def test_random_networks(shape, drawn):
    check_equal(*drawn, plain(*shape))


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=chains())
def test_every_event_word_in_its_clock(drawn):
    check_all(*drawn, plain(*PLAIN[1]))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=chains())
def test_readouts_of_partial_sums(drawn):
    """As many as there can be, also where they would not pay."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("augend.gen.place.DISTRIBUTED_WORDS", -1)
        patch.setattr("augend.gen.partial_sums._DENSITY", 1e-6)
        check_equal(*drawn, plain(*PLAIN[1]))
