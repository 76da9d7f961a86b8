"""One Verilated accelerator runs any program that fits, exactly as golden and timing model say."""

from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

from augend.gen.place import PlacementError, place
from augend.gen.program import Program
from augend.host.driver import connect
from augend.host.transport import InProcess
from augend.hw.configuration import AcceleratorConfig
from augend.hw.fit import FitError, check_fit
from augend.sim.event_trace import observed_events, predicted_events
from augend.sim.golden import GoldenModel
from augend.sim.timing import TimingModel

from .drawn_chains import chains

SHAPES = [(1, 1, "block"), (4, 2, "block"), (16, 1, "distributed"), (4, 3, "distributed")]


def overlay(lanes, cores, memory, **options):
    return AcceleratorConfig(
        lanes=lanes,
        cores=cores,
        potential_memory=memory,
        weight_bits=8,
        potential_bits=30,
        weight_words=8192,
        potential_words=2048,
        parameter_words=1024,
        row_entries=64,
        column_entries=64,
        group_entries=1024 if lanes == 1 else 256,
        lane_entries=64,
        coordinate_bits=10,
        instructions=64,
        populations=6,
        queue_words=1024,
        input_rows=2048,
        readout_words=32,
        **options,
    )


@cache
def transport(lanes, cores, memory):
    return Kept(overlay(lanes, cores, memory))


class Kept(InProcess):
    """Stays when a driver lets go of it: the next program is loaded into the same hardware."""

    def close(self):
        pass


def as_images(network, pixels):
    """What the driver takes: events as they are, intensities from 0 to 1."""
    if network.input.encoding == "events":
        return pixels
    return pixels / ((1 << network.input.bits) - 1)


def placed(network, lanes, cores, config):
    """Where a network lies on an accelerator; examples that do not fit it are passed over."""
    try:
        placement = place(network, lanes=lanes, cores=cores)
        check_fit(config, placement)
    except (PlacementError, FitError):
        assume(False)
    return placement


def compare_results(result, expected):
    """All that a result holds."""
    for key in ("predictions", "scores", "exit_step", "cycles"):
        np.testing.assert_array_equal(getattr(result, key), getattr(expected, key), key)
    for key in ("spikes", "operations", "words", "updates", "stalls"):
        for name, values in getattr(expected, key).items():
            np.testing.assert_array_equal(getattr(result, key)[name], values, f"{key} of {name}")


def compare_events(observation, config, placement, pixels):
    """Every event word in its clock, as golden and timing model say."""
    golden = GoldenModel(placement.network, record="trains").run(pixels)
    timing = TimingModel(
        placement,
        queue_steps=config.queue_steps,
        potential_memory=config.potential_memory,
        targets=config.target_entries > 0,
        skips=config.skips > 0,
    )
    timing = timing.run(pixels, golden.trains, golden.exit_step)
    assert len(observation.starts) == len(observation.ends) == len(pixels)
    for image, (start, end) in enumerate(zip(observation.starts, observation.ends, strict=True)):
        inside = (observation.events[:, 0] >= start) & (observation.events[:, 0] <= end)
        seen = observed_events(config, observation.events[inside], int(start))
        predicted = predicted_events(placement, timing, pixels, golden.trains, image)
        # What nobody takes may be emitted after the prediction, until which events are seen.
        assert seen == [event for event in predicted if event.clock <= end - start]


def check_equal(network, pixels, lanes, cores, memory, overlay=overlay, transport=transport):
    """Golden and timing model against an accelerator, in all that a result holds."""
    images = as_images(network, pixels)
    program = Program(network=network, lanes=lanes, cores=cores)
    config = overlay(lanes, cores, memory)
    placed(network, lanes, cores, config)
    with connect(program, "golden", config=config) as golden:
        expected = golden.infer(images)
    kept = transport(lanes, cores, memory)
    with connect(program, "rtl", config=config, transport=kept) as rtl:
        compare_results(rtl.infer(images), expected)


def check_events(network, pixels, lanes, cores, memory, overlay=overlay, transport=transport):
    """Every event word of an accelerator in its clock."""
    program = Program(network=network, lanes=lanes, cores=cores)
    config = overlay(lanes, cores, memory)
    placement = placed(network, lanes, cores, config)
    kept = transport(lanes, cores, memory)
    with connect(program, "rtl", config=config, transport=kept) as rtl:
        with kept.traced(100_000) as observations:
            rtl.infer(as_images(network, pixels))
    (observation,) = observations
    compare_events(observation, config, placement, pixels)


@pytest.mark.parametrize(("lanes", "cores", "memory"), SHAPES)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=chains())
def test_random_networks(lanes, cores, memory, drawn):
    check_equal(*drawn, lanes, cores, memory)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=chains())
def test_every_event_word_in_its_clock(drawn):
    check_events(*drawn, *SHAPES[1])


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=chains())
def test_readouts_of_partial_sums(drawn):
    """As many as there can be, also where they would not pay."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("augend.gen.place.DISTRIBUTED_WORDS", -1)
        patch.setattr("augend.gen.partial_sums._DENSITY", 1e-6)
        check_equal(*drawn, *SHAPES[1])
