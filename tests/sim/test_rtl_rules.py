"""Neurons of every rule on one Verilated accelerator, as golden and timing model say."""

import dataclasses
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from augend.gen.place import PlacementError, place
from augend.gen.program import Program
from augend.host.driver import connect
from augend.hw.configuration import AcceleratorConfig
from augend.hw.fit import FitError, check_fit

from .drawn_chains import chains
from .drawn_everything import some_population
from .test_rtl import Kept, as_images, overlay

SHAPES = [(4, 2, "block"), (2, 1, "distributed")]

RULES = {
    "signed_events": 1,
    "spike_planes": 8,
    "reset_zero": 1,
    "floor": 1,
    "clamp": 1,
    "leak_bits": 3,
    "inhibition_bits": 12,
    "history_words": 512,
    "rest_bits": 3,
    "total_bits": 13,
    "first_bits": 3,
}


def with_rules(lanes, cores, memory) -> AcceleratorConfig:
    """The overlay that runs chains, with the hardware for every rule of neurons."""
    return dataclasses.replace(
        overlay(lanes, cores, memory), **RULES, queue_words=8192, parameter_words=2048
    )


@cache
def transport(lanes, cores, memory):
    return Kept(with_rules(lanes, cores, memory))


@st.composite
def rules(draw):
    """A chain whose populations have rules; only what is not listened to emits signed spikes."""
    network, pixels = draw(chains())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    decode = draw(st.sampled_from(["potential", "count", "first_spike"]))
    populations = []
    for population in network.populations:
        last = population is network.readout
        reset = "none" if last and decode == "potential" else "subtract"
        waits = network.schedule == "phased"
        fed = population.current_shift is not None
        drawn = draw(some_population(population.name, population.shape, fed, reset, waits, rng))
        if not last:
            unsigned = {"negative_threshold": None, "negative_step": None, "takes_back": False}
            drawn = dataclasses.replace(drawn, most_spikes=1, **unsigned)
        populations.append(dataclasses.replace(drawn, current_shift=population.current_shift))
    network = dataclasses.replace(
        network,
        populations=tuple(populations),
        decode=decode,
        timesteps=draw(st.integers(1, 6))
        if network.input.encoding == "current"
        else network.timesteps,
    )
    return network, pixels


def check_rules(network, pixels, lanes, cores, memory):
    """Golden and timing model against the accelerator."""
    images = as_images(network, pixels)
    program = Program(network=network, lanes=lanes, cores=cores)
    config = with_rules(lanes, cores, memory)
    try:
        check_fit(config, place(network, lanes=lanes, cores=cores))
    except (PlacementError, FitError):
        assume(False)
    with connect(program, "golden", config=config) as golden:
        expected = golden.infer(images)
    kept = transport(lanes, cores, memory)
    with connect(program, "rtl", config=config, transport=kept) as rtl:
        result = rtl.infer(images)
    for key in ("predictions", "scores", "cycles"):
        np.testing.assert_array_equal(getattr(result, key), getattr(expected, key), key)
    for key in ("spikes", "operations", "words", "updates", "stalls"):
        for name, values in getattr(expected, key).items():
            np.testing.assert_array_equal(getattr(result, key)[name], values, f"{key} of {name}")


@pytest.mark.parametrize(("lanes", "cores", "memory"), SHAPES)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=rules())
def test_neurons_of_every_rule(lanes, cores, memory, drawn):
    check_rules(*drawn, lanes, cores, memory)
