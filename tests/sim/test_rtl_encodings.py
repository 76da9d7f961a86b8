"""One Verilated accelerator runs every input encoding, exactly as golden and timing model say."""

import pytest
from hypothesis import HealthCheck, given, settings

from .accelerators import COMPLETE, check_all, check_equal, complete, shape_id
from .drawn_chains import chains

ENCODINGS = ["rate", "ttfs", "hybrid", "several events"]


@pytest.mark.parametrize("encoding", [*ENCODINGS, "current", "events"])
@pytest.mark.parametrize("shape", COMPLETE, ids=shape_id)
def test_every_encoding(shape, encoding):
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(drawn=chains(encodings=(encoding,)))
    def check(drawn):
        check_equal(*drawn, complete(*shape))

    check()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_event_word_in_its_clock(encoding):
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(drawn=chains(encodings=(encoding,)))
    def check(drawn):
        check_all(*drawn, complete(*COMPLETE[0]))

    check()
