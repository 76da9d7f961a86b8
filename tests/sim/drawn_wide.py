"""Hypothesis strategy: neurons whose values fill their bits, far beyond what weights move."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from .drawn_everything import everything_and_pixels
from .drawn_wiring import wirings

__all__ = ["wide"]

SCALES = (30_000, 150_000, 600_000)
MOST_SPIKES = 5
"""A step, so that thresholds of the highest plane take not many more bits than the others."""


@st.composite
def wide(draw):
    """A network of everything, whose biases alone make neurons fire, and some images.

    Where the others draw thresholds that a few weights reach, here every bit of a threshold, bias,
    initial potential, floor, step and inhibition is random, and so is every bit of a potential.
    """
    network, pixels = draw(
        st.one_of(
            everything_and_pixels().filter(lambda drawn: len(drawn[1]) > 0),
            wirings(rules=True, gated=True),
        )
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    populations = []
    for one in network.populations:
        scale = draw(st.sampled_from(SCALES))
        threshold = rng.integers(scale // 4, scale, one.threshold.shape)
        initial = rng.integers(-scale // 4, scale, one.initial.shape)
        values = {
            "threshold": threshold,
            "bias": rng.integers(-scale // 2, scale, one.bias.shape),
            "initial": initial,
            "most_spikes": min(one.most_spikes, MOST_SPIKES),
        }
        if one.negative_threshold is not None:
            values["negative_threshold"] = rng.integers(1, scale, one.negative_threshold.shape)
        if one.negative_step is not None:
            values["negative_step"] = rng.integers(1, scale, one.negative_step.shape)
        if one.floor is not None:
            least = int(np.minimum(initial, 0).min())
            values["floor"] = least - rng.integers(0, scale, one.floor.shape)
        if one.inhibition:
            values["inhibition"] = int(rng.integers(1, 1 << 16))
        populations.append(replace(one, **values))
    return replace(network, populations=tuple(populations)), pixels.astype(np.uint8)
