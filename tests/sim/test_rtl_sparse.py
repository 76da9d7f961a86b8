"""Pruned projections: RTL, golden and timing model agree on one Verilated accelerator."""

from dataclasses import replace
from functools import cache

from hypothesis import HealthCheck, given, settings

from .drawn_wiring import wirings
from .test_rtl import Kept, overlay
from .test_rtl_wiring import WIRING, check_all

SHAPE = (4, 2, "block")


@cache
def pruning(lanes, cores, memory):
    """An accelerator that runs every wiring of plain neurons, and every encoding.

    A queue holds one step, so that the clock in which a token leaves decides when the next begins.
    """
    chosen = {"lane_entries": 512, "target_entries": 2048, "queue_steps": 1}
    return replace(overlay(lanes, cores, memory), **WIRING | chosen)


@cache
def transport(lanes, cores, memory):
    return Kept(pruning(lanes, cores, memory))


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=wirings(pruned=SHAPE[0]))
def test_words_that_were_pruned_are_not_visited(drawn):
    check_all(*drawn, SHAPE, pruning, transport)
