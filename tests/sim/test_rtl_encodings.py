"""One Verilated accelerator runs every input encoding, exactly as golden and timing model say."""

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

from .drawn_chains import chains
from .test_rtl import Kept, as_images, overlay

SHAPES = [(1, 1, "distributed"), (4, 2, "block")]
ENCODINGS = ["rate", "ttfs", "hybrid", "several events"]


def configuration(lanes, cores, memory):
    encoders = {"rate_input": 1, "spike_steps": 4, "spike_planes": 8, "weight_shift": 7}
    return overlay(lanes, cores, memory, **encoders)


@cache
def transport(lanes, cores, memory):
    return Kept(configuration(lanes, cores, memory))


def placed(network, lanes, cores, memory):
    try:
        placement = place(network, lanes=lanes, cores=cores)
        check_fit(configuration(lanes, cores, memory), placement)
    except (PlacementError, FitError):
        assume(False)
    return placement


@pytest.mark.parametrize("encoding", [*ENCODINGS, "current", "events"])
@pytest.mark.parametrize(("lanes", "cores", "memory"), SHAPES)
def test_every_encoding(lanes, cores, memory, encoding):
    config = configuration(lanes, cores, memory)
    kept = transport(lanes, cores, memory)

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(drawn=chains(encodings=(encoding,)))
    def check(drawn):
        network, pixels = drawn
        placement = placed(network, lanes, cores, memory)
        images = as_images(network, pixels)
        golden = GoldenModel(network, record="trains").run(pixels)
        timing = TimingModel(placement, potential_memory=memory).run(pixels, golden.trains)
        program = Program(network=network, lanes=lanes, cores=cores)
        with connect(program, "rtl", config=config, transport=kept) as rtl:
            result = rtl.infer(images)
        np.testing.assert_array_equal(result.predictions, golden.predictions)
        np.testing.assert_array_equal(result.scores, golden.scores)
        np.testing.assert_array_equal(result.cycles, timing.cycles)
        for key, expected in (
            ("spikes", golden.spikes),
            ("operations", golden.operations),
            ("updates", golden.updates),
            ("words", timing.words),
            ("stalls", timing.stalls),
        ):
            for name, values in expected.items():
                found = getattr(result, key)[name]
                np.testing.assert_array_equal(found, values, f"{key} of {name}")

    check()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_event_word_in_its_clock(encoding):
    lanes, cores, memory = SHAPES[1]
    config = configuration(lanes, cores, memory)
    kept = transport(lanes, cores, memory)

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(drawn=chains(encodings=(encoding,)))
    def check(drawn):
        network, pixels = drawn
        placement = placed(network, lanes, cores, memory)
        golden = GoldenModel(network, record="trains").run(pixels)
        timing = TimingModel(placement, potential_memory=memory).run(pixels, golden.trains)
        program = Program(network=network, lanes=lanes, cores=cores)
        with connect(program, "rtl", config=config, transport=kept) as rtl:
            with kept.traced(100_000) as observations:
                rtl.infer(as_images(network, pixels))
        (observation,) = observations
        for image, (start, end) in enumerate(
            zip(observation.starts, observation.ends, strict=True)
        ):
            inside = (observation.events[:, 0] >= start) & (observation.events[:, 0] <= end)
            seen = observed_events(config, observation.events[inside], int(start))
            assert seen == predicted_events(placement, timing, pixels, golden.trains, image)

    check()
