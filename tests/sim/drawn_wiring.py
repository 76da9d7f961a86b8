"""Hypothesis strategy: plain neurons wired in every way that the accelerator runs, and images."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from augend.gen.network import INPUT, Input, Population, SpikingNetwork
from augend.gen.sparsity import can_be_sparse, word_of

from .drawn_everything import some_gates, some_population, some_projection


def shape():
    """Shape (N,) or (C, H, W), of more channels than the lanes that are drawn, at times."""
    return st.one_of(vector(24), image(), image())


def vector(most):
    """Shape (N,)."""
    return st.tuples(st.integers(1, most))


def image():
    """Shape (C, H, W)."""
    side = st.integers(1, 4)
    return st.tuples(st.sampled_from([1, 2, 4, 8, 12]), side, side)


ENCODINGS = ("current", "current", "events", "events", "several events", "rate", "ttfs", "hybrid")


@st.composite
def wirings(draw, rules=False, encodings=ENCODINGS, gated=False, pruned=0, quiet=False):
    """A graph of populations, each fed by up to four projections, and some images for it.

    Where ``pruned`` is a number of lanes, projections keep some words of so many weights.

    Neurons are plain, or have all rules but that of several spikes a step. There are
    gates where asked for, and then a readout by count is an image that may have some, too.
    ``quiet`` ones have no bias, several steps, most of them without an event, and few spikes.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    encoding = draw(st.sampled_from(encodings))
    bits = 1 if encoding == "events" else draw(st.sampled_from([1, 3, 8]))
    encoding = "events" if encoding == "several events" else encoding
    schedule = draw(st.sampled_from(["synchronous", "phased"]))
    weight_bits = draw(st.sampled_from([1, 2, 8]))
    names = [f"p{index}" for index in range(draw(st.integers(1 + (gated or quiet), 4)))]
    shapes = {INPUT: draw(shape())}
    shapes |= {name: draw(image() if gated else shape()) for name in names[:-1]}
    decode = draw(st.sampled_from(["potential", "count"])) if rules else "potential"
    spiking = names if decode == "count" else names[:-1]
    shapes[names[-1]] = draw(image() if gated and decode == "count" else vector(20))
    order = list(shapes)
    gates = draw(some_gates(shapes, spiking).filter(bool)) if gated else []
    rank = {name: place for place, name in enumerate(order)}
    for gate in gates:
        shapes[gate.name] = gate.shape
        rank[gate.name] = rank[gate.source]
    ends = []
    for place, name in enumerate(names, start=1):
        sources = draw(
            st.sets(
                st.sampled_from([source for source in rank if rank[source] < place]),
                min_size=1,
                max_size=3,
            )
        )
        ends += [
            (source, name)
            for source in sorted(sources)
            for _ in range(draw(st.sampled_from([1, 1, 2])))
        ]
    heard = {source for source, _ in ends} | {gate.source for gate in gates}
    ends += [
        (source, draw(st.sampled_from(order[place + 1 :])))
        for place, source in enumerate(order[:-1])
        if source not in heard
    ]
    delays = [0] * len(ends)
    if schedule == "synchronous" and draw(st.booleans()):
        late = st.tuples(
            st.sampled_from([*names, *(gate.name for gate in gates)]), st.sampled_from(names)
        )
        ends += draw(st.lists(late, min_size=1, max_size=3))
        delays += [1] * (len(ends) - len(delays))
    projections = tuple(
        replace(draw(some_projection(source, target, shapes, weight_bits, rng)), delay=delay)
        for (source, target), delay in zip(ends, delays, strict=True)
    )
    current = encoding in ("current", "hybrid")
    populations = []
    for name in names:
        fed = current and (INPUT, name) in ends
        silent = name == names[-1] and decode == "potential"
        drawn = draw(neurons(name, shapes[name], fed, silent))
        if rules:
            reset, waits = drawn.reset, schedule == "phased"
            drawn = draw(some_population(name, shapes[name], fed, reset, waits, rng))
            drawn = replace(drawn, most_spikes=1)
        populations.append(drawn)
    if quiet:
        populations = [
            replace(one, bias=one.bias * 0, threshold=4 * one.threshold) for one in populations
        ]
    network = SpikingNetwork(
        input=Input(shape=shapes[INPUT], encoding=encoding, bits=bits),
        populations=tuple(populations),
        projections=projections,
        gates=tuple(gates),
        timesteps=draw(st.sampled_from([4, 5, 7]) if quiet else st.integers(1, 4)),
        schedule=schedule,
        weight_bits=weight_bits,
        rectified=draw(st.booleans()),
        decode=decode,
    )
    if pruned:
        network = draw(some_words(network, pruned, rng))
    steps = (network.timesteps,) if encoding == "events" else ()
    size = (draw(st.integers(1, 3)), *steps, *network.input.shape)
    density = draw(st.sampled_from([0.1, 0.5] if quiet else [0.0, 0.3, 1.0]))
    pixels = rng.integers(1, (1 << bits) - 1, size, endpoint=True) * (rng.random(size) < density)
    if quiet and steps:
        pixels *= rng.random((*size[:2], *[1] * len(network.input.shape))) < 0.4
    return network, pixels.astype(np.uint8)


@st.composite
def some_words(draw, network, lanes, rng):
    """The network with projections that keep some words of weights, where hardware runs that."""
    projections = []
    for projection in network.projections:
        if can_be_sparse(network, projection) and draw(st.integers(0, 3)) > 0:
            at = word_of(projection, network.shape_of(projection.target), lanes)
            sources = projection.weight.shape[1]
            share = draw(st.sampled_from([0.1, 0.5, 1.0]))
            kept = (rng.random((int(at.max()) + 1, sources)) < share)[at]
            projection = replace(projection, kept=kept, weight=projection.weight * kept)
        projections.append(projection)
    return replace(network, projections=tuple(projections))


@st.composite
def neurons(draw, name, shape, fed, last):
    """A population that integrates, fires and subtracts."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = draw(st.sampled_from([3, 60, 1500]))
    values = shape if draw(st.booleans()) else shape[:1]
    return Population(
        name=name,
        shape=shape,
        threshold=rng.integers(1, scale + 1, values),
        bias=rng.integers(-scale // 4, scale // 2 + 1, values),
        initial=rng.integers(-scale // 4, scale, values),
        reset="none" if last else "subtract",
        current_shift=rng.integers(draw(st.sampled_from([0, 7])), 10, shape[0]) if fed else None,
    )
