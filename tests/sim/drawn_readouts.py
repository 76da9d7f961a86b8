"""Hypothesis strategy: chains of populations whose scores are read in every way there is."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from augend.gen.network import Projection
from augend.sim.golden import GoldenModel

from .drawn_chains import chains, weights
from .drawn_everything import some_population, some_softmax
from .drawn_rules import rules


@st.composite
def shaped(draw):
    """A chain whose readout has any shape, behind a dense projection or a convolution."""
    network, pixels = draw(st.one_of(chains(), rules()))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    *earlier, last = network.populations
    *projections, into = network.projections
    source = network.shape_of(into.source)
    width = network.weight_bits
    extent = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    shape = (draw(st.integers(1, 6)), *extent)
    if len(source) == 3 and draw(st.booleans()):
        taps = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
        into = Projection(
            source=into.source,
            target=last.name,
            kind="conv",
            weight=weights(rng, width, (shape[0], source[0], *taps)),
            padding=(1, 1),
        )
    elif draw(st.booleans()):
        size = int(np.prod(shape)), int(np.prod(source))
        into = replace(into, weight=weights(rng, width, size))
    else:
        shape = last.shape
    if shape != last.shape:
        fed = last.current_shift is not None
        waits = network.schedule == "phased"
        last = draw(some_population(last.name, shape, fed, last.reset, waits, rng))
    network = replace(network, populations=(*earlier, last), projections=(*projections, into))
    return network, pixels


@st.composite
def stepped(draw):
    """Any number of time steps, in the synchronous schedule."""
    network, pixels = draw(shaped().filter(lambda drawn: drawn[0].decode == "potential"))
    timesteps = draw(st.integers(1, 6))
    if network.input.encoding == "events":
        pixels = np.tile(pixels, (1, timesteps, *[1] * (pixels.ndim - 2)))[:, :timesteps]
    return replace(network, schedule="synchronous", timesteps=timesteps), pixels


@st.composite
def exiting(draw):
    """A network that ends after different steps for different images, where it can."""
    network, pixels = draw(stepped())
    leads = [1 << 40]
    if network.readout.size > 1:
        scores = GoldenModel(network, record="steps").run(pixels).step_scores
        ranked = np.sort(scores, axis=2)
        leads = sorted({1, *np.maximum(ranked[..., -1] - ranked[..., -2], 1).ravel().tolist()})
    return replace(network, exit_margin=draw(st.sampled_from(leads))), pixels


@st.composite
def competing(draw):
    """Scores that are output spikes, drawn by a softmax."""
    network, pixels = draw(stepped())
    softmax = draw(some_softmax(network.timesteps))
    return replace(network, decode="softmax", softmax=softmax), pixels
