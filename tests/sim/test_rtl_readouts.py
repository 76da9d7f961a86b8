"""Readouts of every shape and kind: RTL against golden and timing model."""

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings

from .drawn_readouts import competing, exiting, shaped
from .test_rtl import Kept, check_equal, check_events
from .test_rtl_rules import with_rules

SHAPES = [(1, 1, "block"), (4, 2, "block")]


def complete(lanes, cores, memory):
    """The overlay with every readout."""
    config = with_rules(lanes, cores, memory)
    return replace(config, early_exit=1, noise_bits=37, readout_words=128)


@cache
def transport(lanes, cores, memory):
    return Kept(complete(lanes, cores, memory))


relaxed = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize(("lanes", "cores", "memory"), SHAPES)
@relaxed
@given(drawn=shaped())
def test_scores_of_any_shape(lanes, cores, memory, drawn):
    check_equal(*drawn, lanes, cores, memory, complete, transport)


@pytest.mark.parametrize(("lanes", "cores", "memory"), SHAPES)
@relaxed
@given(drawn=exiting())
def test_early_exit(lanes, cores, memory, drawn):
    check_equal(*drawn, lanes, cores, memory, complete, transport)


@relaxed
@given(drawn=exiting())
def test_every_event_word_until_an_early_exit(drawn):
    check_events(*drawn, *SHAPES[1], complete, transport)


@pytest.mark.parametrize(("lanes", "cores", "memory"), SHAPES)
@relaxed
@given(drawn=competing())
def test_output_spikes_of_a_softmax(lanes, cores, memory, drawn):
    check_equal(*drawn, lanes, cores, memory, complete, transport)


@relaxed
@given(drawn=competing())
def test_every_event_word_beside_a_softmax(drawn):
    check_events(*drawn, *SHAPES[1], complete, transport)
