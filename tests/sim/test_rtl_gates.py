"""Max-pool gates: RTL, golden and timing model agree on one Verilated accelerator."""

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings

from .drawn_wiring import wirings
from .test_rtl import Kept
from .test_rtl_wiring import check_all, wired

SHAPES = [(4, 2, "block"), (2, 1, "distributed")]


@cache
def gated(lanes, cores, memory):
    """An accelerator of all hardware there is: gates, neurons of every rule, every readout."""
    wiring = wired(lanes, cores, memory)
    readouts = {"early_exit": 1, "noise_bits": 37, "readout_words": 128}
    return replace(wiring, gates=1, leak_bits=4, target_entries=2048, **readouts)


@cache
def transport(lanes, cores, memory):
    return Kept(gated(lanes, cores, memory))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=wirings(gated=True))
def test_gates_on_plain_neurons(shape, drawn):
    check_all(*drawn, shape, gated, transport)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=wirings(rules=True, gated=True))
def test_gates_on_neurons_of_every_rule(drawn):
    check_all(*drawn, SHAPES[0], gated, transport)
