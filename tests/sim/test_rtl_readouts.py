"""Readouts of every shape and kind: RTL against golden and timing model."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

from augend.gen.place import PlacementError, place
from augend.gen.program import Program
from augend.host.driver import connect
from augend.hw.fit import FitError, check_fit
from augend.sim.event_trace import observed_events, predicted_events
from augend.sim.golden import GoldenModel
from augend.sim.timing import TimingModel

from .drawn_readouts import competing, exiting, shaped
from .test_rtl import Kept, as_images
from .test_rtl_rules import with_rules

SHAPES = [(1, 1, "block"), (4, 2, "block")]


def complete(lanes, cores, memory):
    """The overlay with every readout."""
    config = with_rules(lanes, cores, memory)
    return replace(config, early_exit=1, noise_bits=37, readout_words=128)


@cache
def transport(lanes, cores, memory):
    return Kept(complete(lanes, cores, memory))


def placed(network, lanes, cores, memory):
    config = complete(lanes, cores, memory)
    try:
        placement = place(network, lanes=lanes, cores=cores)
        check_fit(config, placement)
    except (PlacementError, FitError):
        assume(False)
    return config, placement


def check_equal(network, pixels, lanes, cores, memory):
    images = as_images(network, pixels)
    program = Program(network=network, lanes=lanes, cores=cores)
    config, _ = placed(network, lanes, cores, memory)
    with connect(program, "golden", config=config) as golden:
        expected = golden.infer(images)
    kept = transport(lanes, cores, memory)
    with connect(program, "rtl", config=config, transport=kept) as rtl:
        result = rtl.infer(images)
    for key in ("scores", "predictions", "exit_step", "cycles"):
        np.testing.assert_array_equal(getattr(result, key), getattr(expected, key), key)
    for key in ("spikes", "operations", "words", "updates", "stalls"):
        for name, values in getattr(expected, key).items():
            np.testing.assert_array_equal(getattr(result, key)[name], values, f"{key} of {name}")
    return result


def check_events(network, pixels, lanes, cores, memory):
    config, placement = placed(network, lanes, cores, memory)
    golden = GoldenModel(network, record="trains").run(pixels)
    timing = TimingModel(placement, potential_memory=memory)
    timing = timing.run(pixels, golden.trains, golden.exit_step)
    kept = transport(lanes, cores, memory)
    program = Program(network=network, lanes=lanes, cores=cores)
    with connect(program, "rtl", config=config, transport=kept) as rtl:
        with kept.traced(100_000) as observations:
            rtl.infer(as_images(network, pixels))
    (observation,) = observations
    windows = list(zip(observation.starts, observation.ends, strict=True))
    assert len(windows) == len(pixels)
    for image, (start, end) in enumerate(windows):
        inside = (observation.events[:, 0] >= start) & (observation.events[:, 0] <= end)
        observed = observed_events(config, observation.events[inside], int(start))
        assert observed == predicted_events(placement, timing, pixels, golden.trains, image)


relaxed = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize(("lanes", "cores", "memory"), SHAPES)
@relaxed
@given(drawn=shaped())
def test_scores_of_any_shape(lanes, cores, memory, drawn):
    check_equal(*drawn, lanes, cores, memory)


@pytest.mark.parametrize(("lanes", "cores", "memory"), SHAPES)
@relaxed
@given(drawn=exiting())
def test_early_exit(lanes, cores, memory, drawn):
    check_equal(*drawn, lanes, cores, memory)


@relaxed
@given(drawn=exiting())
def test_every_event_word_until_an_early_exit(drawn):
    check_events(*drawn, *SHAPES[1])


@pytest.mark.parametrize(("lanes", "cores", "memory"), SHAPES)
@relaxed
@given(drawn=competing())
def test_output_spikes_of_a_softmax(lanes, cores, memory, drawn):
    check_equal(*drawn, lanes, cores, memory)


@relaxed
@given(drawn=competing())
def test_every_event_word_beside_a_softmax(drawn):
    check_events(*drawn, *SHAPES[1])
