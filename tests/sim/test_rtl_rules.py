"""Neurons of every rule on one Verilated accelerator, as golden and timing model say."""

import dataclasses
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from augend.hw.configuration import AcceleratorConfig

from .drawn_chains import chains
from .drawn_everything import some_population
from .test_rtl import Kept, check_equal, check_events, overlay

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


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=rules())
def test_neurons_of_every_rule(shape, drawn):
    check_equal(*drawn, *shape, with_rules, transport)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=rules())
def test_every_event_word_in_its_clock(drawn):
    check_events(*drawn, *SHAPES[0], with_rules, transport)
