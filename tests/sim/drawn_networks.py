"""Hypothesis strategies: random integer networks and images for them."""

import numpy as np
from hypothesis import strategies as st

from augend.gen.network import INPUT, Input, Population, Projection, SpikingNetwork


@st.composite
def networks(draw):
    """Some populations, each fed by one or two projections, dense or convolutional."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    encoding = draw(st.sampled_from(["current", "events"]))
    bits = draw(st.sampled_from([1, 3, 8])) if encoding == "current" else 1
    weight_bits = draw(st.sampled_from([1, 2, 4, 8]))
    timesteps = draw(st.integers(1, 5))
    shapes = {INPUT: draw(shape())}
    projections, populations = [], []
    for index in range(draw(st.integers(1, 3))):
        name = f"p{index}"
        shapes[name] = draw(shape())
        sources = draw(st.sets(st.sampled_from([n for n in shapes if n != name]), min_size=1))
        for source in sorted(sources):
            for _ in range(draw(st.sampled_from([1, 1, 2]))):
                drawn = draw(projection(source, name, shapes, weight_bits, rng))
                projections.append(drawn)
        fed = encoding == "current" and INPUT in sources
        populations.append((name, fed))
    names = [name for name, _ in populations]
    return SpikingNetwork(
        input=Input(shape=shapes[INPUT], encoding=encoding, bits=bits),
        populations=tuple(
            draw(population(name, shapes[name], fed, name == names[-1], rng))
            for name, fed in populations
        ),
        projections=tuple(projections),
        timesteps=timesteps,
        schedule=draw(st.sampled_from(["synchronous", "phased"])),
        weight_bits=weight_bits,
        rectified=draw(st.booleans()),
    )


def shape():
    """Shape (N,) or (C, H, W), with channel counts that have common divisors."""
    side = st.integers(1, 6)
    return st.one_of(
        st.tuples(st.integers(1, 9)), st.tuples(st.sampled_from([1, 2, 4, 6]), side, side)
    )


@st.composite
def projection(draw, source, target, shapes, weight_bits, rng):
    """A projection, a convolution half of the time where both ends have rows and columns."""
    ends = shapes[source], shapes[target]
    conv = len(ends[0]) == len(ends[1]) == 3 and draw(st.integers(0, 3)) > 0
    options = {}
    if conv:
        groups = draw(st.sampled_from([g for g in (1, 2, 4) if not any(e[0] % g for e in ends)]))
        taps = draw(st.tuples(st.integers(1, 4), st.integers(1, 5)))
        size = (ends[1][0], ends[0][0] // groups, *taps)
        options = {
            "groups": groups,
            "stride": draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
            "padding": draw(st.tuples(st.integers(0, 3), st.integers(0, 3))),
            "dilation": draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
        }
    else:
        size = int(np.prod(ends[1])), int(np.prod(ends[0]))
    block = (1, 1)
    if conv and draw(st.integers(0, 2)) == 0:  # a folded average pooling
        block = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
        blocks = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
        options |= {
            "stride": block,
            "padding": tuple(size * count for size, count in zip(block, blocks, strict=True)),
            "dilation": (1, 1),
        }
    if weight_bits == 1:
        weight = rng.choice([-1, 1], size)
    else:
        weight = rng.integers(-(1 << weight_bits - 1), 1 << weight_bits - 1, size)
    if conv:
        weight = weight.repeat(block[0], 2).repeat(block[1], 3)
    return Projection(
        source=source, target=target, kind="conv" if conv else "dense", weight=weight, **options
    )


@st.composite
def population(draw, name, shape, fed, last, rng):
    """A population whose thresholds are low enough that it fires, with per-neuron or -channel
    values."""
    scale = draw(st.sampled_from([3, 40, 3000]))

    def values(low, high):
        return rng.integers(low, high, shape if draw(st.booleans()) else shape[:1])

    return Population(
        name=name,
        shape=shape,
        threshold=values(1, scale + 1),
        bias=values(-scale // 4, scale // 2),
        initial=values(-scale // 4, scale),
        reset="none" if last else "subtract",
        current_shift=rng.integers(0, 9, shape[0]) if fed else None,
    )


@st.composite
def network_and_pixels(draw):
    """A network with a few images for it."""
    network = draw(networks())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    steps = () if network.input.encoding == "current" else (network.timesteps,)
    size = (draw(st.integers(0, 3)), *steps, *network.input.shape)
    density = draw(st.sampled_from([0.0, 0.2, 1.0]))
    greatest = (1 << network.input.bits) - 1
    pixels = rng.integers(1, greatest, size, endpoint=True) * (rng.random(size) < density)
    return network, pixels
