"""The few accelerators, each Verilated once, that random programs run on; what is compared."""

from functools import cache

import numpy as np
from hypothesis import assume

from augend.gen.place import PlacementError, place
from augend.gen.program import Program
from augend.host.driver import connect
from augend.host.transport import InProcess
from augend.hw.configuration import AcceleratorConfig
from augend.hw.fit import FitError, check_fit
from augend.sim.event_trace import observed_events, predicted_events
from augend.sim.golden import GoldenModel
from augend.sim.timing import TimingModel

__all__ = [
    "COMPLETE",
    "PLAIN",
    "Kept",
    "as_images",
    "check_all",
    "check_equal",
    "compare_events",
    "compare_results",
    "complete",
    "placed",
    "plain",
    "shape_id",
    "transport",
]

PLAIN = [(1, 1, "block"), (4, 2, "block"), (16, 1, "distributed"), (4, 3, "distributed")]
"""Lanes, cores and potential memory of accelerators for chains of plain neurons."""

COMPLETE = [(4, 2, "block"), (2, 1, "distributed")]
"""Likewise, of accelerators that have all hardware there is."""

_RULES = {
    "signed_events": 1,
    "spike_planes": 8,
    "reset_zero": 1,
    "floor": 1,
    "clamp": 1,
    "leak_bits": 4,
    "inhibition_bits": 12,
    "history_words": 512,
    "rest_bits": 3,
    "total_bits": 13,
    "first_bits": 3,
    "gates": 1,
}
_WIRING = {
    "populations": 8,
    "instructions": 256,
    "row_entries": 256,
    "column_entries": 256,
    "lane_entries": 512,
    "target_entries": 2048,
    "parameter_words": 2048,
    "queue_words": 8192,
    "channel_ranges": 1,
    "delays": 1,
    "weight_shift": 12,
    "replay_words": 512,
    "skips": 1,
}
_ENDS = {
    "rate_input": 1,
    "spike_steps": 7,
    "early_exit": 1,
    "noise_bits": 37,
    "readout_words": 128,
}


def plain(lanes, cores, memory, **options):
    """An accelerator for chains of plain neurons, one that skips sweeps where it has 16 lanes."""
    usual = {
        "weight_bits": 8,
        "potential_bits": 30,
        "weight_words": 8192,
        "potential_words": 2048,
        "parameter_words": 1024,
        "row_entries": 64,
        "column_entries": 64,
        "group_entries": 1024 if lanes == 1 else 256,
        "lane_entries": 64,
        "coordinate_bits": 10,
        "instructions": 64,
        "populations": 6,
        "queue_words": 1024,
        "input_rows": 2048,
        "readout_words": 32,
        "skips": int(lanes == 16),
    }
    chosen = usual | options
    return AcceleratorConfig(lanes=lanes, cores=cores, potential_memory=memory, **chosen)


def complete(lanes, cores, memory):
    """An accelerator of all hardware there is: every rule, wiring, encoding, gate and readout.

    Where there is one core a queue holds one step, so that the clock in which a token leaves
    decides when the next step begins.
    """
    queue = {"queue_steps": 1} if cores == 1 else {}
    return plain(lanes, cores, memory, **_RULES | _WIRING | _ENDS | queue)


def shape_id(shape):
    """Name of a shape in a test's."""
    return "-".join(map(str, shape))


class Kept(InProcess):
    """Stays when a driver lets go of it: the next program is loaded into the same hardware."""

    def close(self):
        pass


@cache
def transport(config):
    """The one accelerator of this configuration in this process."""
    return Kept(config)


def as_images(network, pixels):
    """What the driver takes: events as they are, intensities from 0 to 1."""
    if network.input.encoding == "events":
        return pixels
    return pixels / ((1 << network.input.bits) - 1)


def placed(network, config):
    """Where a network lies on an accelerator; examples that do not fit it are passed over."""
    try:
        placement = place(network, lanes=config.lanes, cores=config.cores)
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
    timing = TimingModel.of_hardware(placement, config)
    timing = timing.run(pixels, golden.trains, golden.exit_step)
    assert len(observation.starts) == len(observation.ends) == len(pixels)
    for image, (start, end) in enumerate(zip(observation.starts, observation.ends, strict=True)):
        inside = (observation.events[:, 0] >= start) & (observation.events[:, 0] <= end)
        seen = observed_events(config, observation.events[inside], int(start))
        predicted = predicted_events(placement, timing, pixels, golden.trains, image)
        # What nobody takes may be emitted after the prediction, until which events are seen.
        assert seen == [event for event in predicted if event.clock <= end - start]


def check_equal(network, pixels, config):
    """Golden and timing model against an accelerator, in all that a result holds."""
    _check(network, pixels, config, events=False)


def check_all(network, pixels, config):
    """Every result, counter, clock and event word of the RTL is that of the models; what it is."""
    return _check(network, pixels, config, events=True)


def _check(network, pixels, config, events):
    images = as_images(network, pixels)
    program = Program(network=network, lanes=config.lanes, cores=config.cores)
    placement = placed(network, config)
    with connect(program, "golden", config=config) as golden:
        expected = golden.infer(images)
    kept = transport(config)
    with connect(program, "rtl", config=config, transport=kept) as rtl:
        if not events:
            compare_results(rtl.infer(images), expected)
            return expected
        with kept.traced(100_000) as observations:
            compare_results(rtl.infer(images), expected)
    (observation,) = observations
    compare_events(observation, config, placement, pixels)
    return expected
