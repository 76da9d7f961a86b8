"""Readouts of every shape and kind: RTL against golden and timing model."""

import pytest
from hypothesis import HealthCheck, given, settings

from .accelerators import COMPLETE, check_all, check_equal, complete, shape_id
from .drawn_readouts import competing, exiting, shaped

SHAPES = pytest.mark.parametrize("shape", COMPLETE, ids=shape_id)

relaxed = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@SHAPES
@relaxed
@given(drawn=shaped())
def test_scores_of_any_shape(shape, drawn):
    check_equal(*drawn, complete(*shape))


@SHAPES
@relaxed
@given(drawn=exiting())
def test_early_exit(shape, drawn):
    check_equal(*drawn, complete(*shape))


@relaxed
@given(drawn=exiting())
def test_every_event_word_until_an_early_exit(drawn):
    check_all(*drawn, complete(*COMPLETE[0]))


@SHAPES
@relaxed
@given(drawn=competing())
def test_output_spikes_of_a_softmax(shape, drawn):
    check_equal(*drawn, complete(*shape))


@relaxed
@given(drawn=competing())
def test_every_event_word_beside_a_softmax(drawn):
    check_all(*drawn, complete(*COMPLETE[0]))
