"""Hypothesis strategy: chains of neurons of every rule, and images."""

import dataclasses

import numpy as np
from hypothesis import strategies as st

from .drawn_chains import chains
from .drawn_everything import some_population


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
