"""Hypothesis strategies: networks that use everything the contract has, and images for them."""

import dataclasses

import numpy as np
from hypothesis import strategies as st

from augend.gen.network import INPUT, Gate, Input, Population, Softmax, SpikingNetwork

from .drawn_networks import projection

SCALES = (2, 12, 200, 4000)


@st.composite
def everything(draw):
    """A graph of populations and gates with all their options, in either schedule."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    schedule = draw(st.sampled_from(["synchronous", "synchronous", "phased"]))
    encoding = draw(st.sampled_from(["current", "rate", "ttfs", "hybrid", "events"]))
    bits = draw(st.sampled_from([1, 2, 8] if encoding != "events" else [1, 2, 3]))
    decodes = ["potential", "potential", "count", "first_spike", "softmax"]
    decode = draw(st.sampled_from(decodes[: 4 if schedule == "phased" else 5]))
    weight_bits = draw(st.sampled_from([1, 2, 4, 8]))
    names = [f"p{index}" for index in range(draw(st.integers(1, 4)))]
    shapes = {INPUT: draw(shape())} | {name: draw(shape()) for name in names}
    gates = draw(some_gates(shapes, names)) if draw(st.booleans()) else []
    order = {INPUT: 0} | {name: place for place, name in enumerate(names, start=1)}
    for gate in gates:
        shapes[gate.name] = gate.shape
        order[gate.name] = order[gate.source]
    projections, populations = [], []
    for name in names:
        earlier = [source for source in shapes if order[source] < order[name]]
        late = [source for source in shapes if source != INPUT]
        sources = draw(st.sets(st.sampled_from(earlier), min_size=1, max_size=3))
        ends = [
            (source, 0)
            for source in sorted(sources)
            for _ in range(draw(st.sampled_from([1, 1, 2])))
        ]
        if schedule == "synchronous" and draw(st.integers(0, 2)) == 0:
            ends += [(draw(st.sampled_from(late)), 1)]
        for source, delay in ends:
            drawn = draw(some_projection(source, name, shapes, weight_bits, rng))
            if drawn.kind == "dense" and draw(st.integers(0, 2)) == 0:
                kept = rng.random(drawn.weight.shape) < draw(st.sampled_from([0.0, 0.2, 0.9]))
                drawn = dataclasses.replace(drawn, kept=kept, weight=drawn.weight * kept)
            projections.append(dataclasses.replace(drawn, delay=delay))
        fed = encoding in ("current", "hybrid") and INPUT in sources
        last = name == names[-1]
        waits = schedule == "phased"
        reset = "none" if last and decode in ("potential", "softmax") else "subtract"
        populations.append(draw(some_population(name, shapes[name], fed, reset, waits, rng)))
    timesteps = draw(st.integers(1, 6))
    exits = decode == "potential" and schedule == "synchronous" and draw(st.booleans())
    return SpikingNetwork(
        input=Input(
            shape=shapes[INPUT],
            encoding=encoding,
            bits=bits,
            seed=draw(st.integers(1, 2**32 - 1)),
            rate=draw(st.sampled_from([1 << 16, 40_000])),
        ),
        populations=tuple(populations),
        projections=tuple(projections),
        gates=tuple(gates),
        timesteps=timesteps,
        schedule=schedule,
        weight_bits=weight_bits,
        rectified=draw(st.booleans()),
        decode=decode,
        exit_margin=draw(st.sampled_from([1, 5, 60, 1000])) if exits else None,
        softmax=draw(some_softmax(timesteps)) if decode == "softmax" else None,
    )


@st.composite
def some_softmax(draw, timesteps):
    """Either clock, from a temperature that changes nothing to one that drowns the potentials."""
    clock = draw(st.sampled_from(["external", "poisson"]))
    pace = {"period": draw(st.integers(1, timesteps))}
    if clock == "poisson":
        pace = {"rate": draw(st.sampled_from([1, 20_000, 1 << 16]))}
    return Softmax(
        temperature=draw(st.sampled_from([1, 16, 1000, 100_000, 1 << 32])),
        clock=clock,
        seed=draw(st.integers(1, 2**32 - 1)),
        **pace,
    )


def shape():
    """Shape (N,) or (C, H, W), small enough to loop over."""
    side = st.integers(1, 4)
    return st.one_of(
        st.tuples(st.integers(1, 7)),
        st.tuples(st.sampled_from([1, 2, 4]), side, side),
        st.tuples(st.sampled_from([1, 2, 4]), side, side),
    )


@st.composite
def some_gates(draw, shapes, names):
    """Up to three gates, on populations or on one another."""
    gates = []
    sources = {name: shapes[name] for name in names if len(shapes[name]) == 3}
    for index in range(draw(st.integers(0, 3)) if sources else 0):
        source = draw(st.sampled_from(sorted(sources)))
        channels, *extent = sources[source]
        kernel, stride, dilation = (
            draw(st.tuples(st.integers(1, most), st.integers(1, most))) for most in (3, 3, 2)
        )
        padding = tuple(
            draw(st.integers(0, (k - 1) * d)) for k, d in zip(kernel, dilation, strict=True)
        )
        reach = [
            [
                any(0 <= at * s - p + tap * d < size for tap in range(k))
                for at in range(1 + size // s + p)
            ]
            for size, k, s, p, d in zip(extent, kernel, stride, padding, dilation, strict=True)
        ]
        sizes = tuple((*held, False).index(False) for held in reach)
        if min(sizes) < 1:
            continue
        size = tuple(draw(st.integers(1, most)) for most in sizes)
        gate = Gate(
            name=f"g{index}",
            source=source,
            shape=(channels, *size),
            kernel=kernel,
            stride=stride,
            padding=padding,
            dilation=dilation,
            rule=draw(st.sampled_from(["count", "rate", "any"])),
            decay=draw(st.sampled_from([1, 4, 15])),
        )
        gates.append(gate)
        sources[gate.name] = gate.shape
    return gates


@st.composite
def some_projection(draw, source, target, shapes, weight_bits, rng):
    """A projection, at times between some of the channels, cropped, shifted or of its own width."""
    ends = {source: shapes[source], target: shapes[target]}
    chosen = {}
    for key, name in (("source_channels", source), ("target_channels", target)):
        if draw(st.integers(0, 3)) == 0 and source != target:
            first = draw(st.integers(0, ends[name][0] - 1))
            chosen[key] = first, draw(st.integers(first + 1, ends[name][0]))
            ends[name] = chosen[key][1] - first, *ends[name][1:]
    bits = draw(st.sampled_from([None, None, 1, 3, 8]))
    drawn = draw(projection(source, target, ends, bits or weight_bits, rng))
    if drawn.kind == "conv" and draw(st.integers(0, 3)) == 0:
        drawn = dataclasses.replace(
            drawn, padding=tuple(draw(st.integers(-2, 2)) for _ in drawn.padding)
        )
    shift = draw(st.sampled_from([0, 0, 1, 4]))
    return dataclasses.replace(drawn, bits=bits, shift=shift, **chosen)


@st.composite
def some_population(draw, name, shape, fed, reset, waits, rng):
    """A population with some of the rules that its schedule allows."""
    scale = draw(st.sampled_from(SCALES))

    def values(low, high):
        return rng.integers(low, high, shape if draw(st.booleans()) else shape[:1])

    def at_times(value):
        return value if draw(st.integers(0, 3)) == 0 else None

    initial = values(-scale // 4, scale)
    options = {}
    if draw(st.booleans()):
        step = draw(st.sampled_from([None, 1, scale]))
        options |= {
            "negative_threshold": values(0, scale) + (step is None),
            "negative_step": None if step is None else values(1, step + 1),
            "most_spikes": draw(st.sampled_from([1, 1, 2, 5, 255])),
        }
        if not waits and reset != "none":
            options["takes_back"] = draw(st.booleans())
    elif draw(st.integers(0, 3)) == 0:
        options["most_spikes"] = draw(st.sampled_from([2, 3, 255]))
    if not waits and draw(st.booleans()):
        reset = reset if reset == "none" else draw(st.sampled_from(["subtract", "zero"]))
        least = -(int(abs(np.minimum(initial, 0)).max()) + rng.integers(0, scale + 1))
        rules = {
            "leak": at_times(tuple(draw(st.lists(st.integers(0, 6), min_size=1, max_size=4)))),
            "floor": at_times(np.full(shape[:1], least)),
            "single_spike": at_times(True),
            "clamp_steps": at_times(draw(st.integers(1, 3))),
            "refractory": at_times(draw(st.integers(1, 3))),
            "inhibition": at_times(draw(st.integers(1, scale))),
        }
        options |= {key: value for key, value in rules.items() if value is not None}
    return Population(
        name=name,
        shape=shape,
        threshold=values(1, scale + 1),
        bias=values(-scale // 4, scale // 2),
        initial=initial,
        reset=reset,
        current_shift=rng.integers(0, 9, shape[0]) if fed else None,
        **options,
    )


@st.composite
def everything_and_pixels(draw):
    """A network of everything with a few images for it."""
    network = draw(everything())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    steps = (network.timesteps,) if network.input.encoding == "events" else ()
    size = (draw(st.integers(0, 3)), *steps, *network.input.shape)
    density = draw(st.sampled_from([0.0, 0.3, 1.0]))
    greatest = (1 << network.input.bits) - 1
    pixels = rng.integers(1, greatest, size, endpoint=True) * (rng.random(size) < density)
    return network, pixels
