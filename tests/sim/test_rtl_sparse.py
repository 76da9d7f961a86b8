"""Pruned projections: RTL, golden and timing model agree on one Verilated accelerator."""

from dataclasses import replace
from functools import cache

from hypothesis import HealthCheck, given, settings

from .drawn_wiring import wirings
from .test_rtl import Kept, overlay
from .test_rtl_wiring import check_all

SHAPE = (4, 2, "block")


@cache
def pruning(lanes, cores, memory):
    """An accelerator that runs every wiring of plain neurons, and every encoding.

    A queue holds one step, so that the clock in which a token leaves decides when the next begins.
    """
    return replace(
        overlay(lanes, cores, memory),
        populations=8,
        instructions=256,
        row_entries=256,
        column_entries=256,
        lane_entries=512,
        target_entries=2048,
        channel_ranges=1,
        delays=1,
        weight_shift=12,
        replay_words=512,
        rate_input=1,
        spike_steps=4,
        spike_planes=8,
        queue_steps=1,
    )


@cache
def transport(lanes, cores, memory):
    return Kept(pruning(lanes, cores, memory))


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=wirings(pruned=SHAPE[0]))
def test_words_that_were_pruned_are_not_visited(drawn):
    check_all(*drawn, SHAPE, pruning, transport)
