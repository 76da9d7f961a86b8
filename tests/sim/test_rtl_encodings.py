"""One Verilated accelerator runs every input encoding, exactly as golden and timing model say."""

from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings

from .drawn_chains import chains
from .test_rtl import Kept, check_equal, check_events, overlay

SHAPES = [(1, 1, "distributed"), (4, 2, "block")]
ENCODINGS = ["rate", "ttfs", "hybrid", "several events"]


def configuration(lanes, cores, memory):
    encoders = {"rate_input": 1, "spike_steps": 4, "spike_planes": 8, "weight_shift": 7}
    return overlay(lanes, cores, memory, **encoders)


@cache
def transport(lanes, cores, memory):
    return Kept(configuration(lanes, cores, memory))


@pytest.mark.parametrize("encoding", [*ENCODINGS, "current", "events"])
@pytest.mark.parametrize(("lanes", "cores", "memory"), SHAPES)
def test_every_encoding(lanes, cores, memory, encoding):
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(drawn=chains(encodings=(encoding,)))
    def check(drawn):
        check_equal(*drawn, lanes, cores, memory, configuration, transport)

    check()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_event_word_in_its_clock(encoding):
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(drawn=chains(encodings=(encoding,)))
    def check(drawn):
        check_events(*drawn, *SHAPES[1], configuration, transport)

    check()
