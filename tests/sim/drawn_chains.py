"""Hypothesis strategy: random networks that the accelerator runs, with images for them."""

import numpy as np
from hypothesis import strategies as st

from augend.gen.network import INPUT, Input, Population, Projection, SpikingNetwork


@st.composite
def chains(draw, encodings=("current", "current", "events")):
    """A chain of dense and convolutional projections, and some images."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    encoding = draw(st.sampled_from(encodings))
    bits = 1 if encoding == "events" else draw(st.sampled_from([1, 3, 8]))
    encoding = "events" if encoding == "several events" else encoding
    options = {}
    if encoding == "rate":
        options["seed"] = draw(st.integers(1, 2**32 - 1))
        options["rate"] = draw(st.sampled_from([1 << 16, 20_000]))
    width = draw(st.sampled_from([1, 2, 4, 8]))
    steps = draw(st.integers(1, 4))
    shape = draw(
        st.one_of(
            st.tuples(st.integers(1, 40)),
            st.tuples(st.sampled_from([1, 2, 3, 8]), st.integers(1, 7), st.integers(1, 7)),
        )
    )
    source, name = shape, INPUT
    populations, projections = [], []
    layers = draw(st.integers(1, 4))
    for index in range(layers):
        last = index == layers - 1
        target_name = f"p{index}"
        conv = len(source) == 3 and not last and draw(st.integers(0, 3)) > 0
        if conv:
            projection, target = draw(convolutions(name, target_name, source, width, rng))
        else:
            target = (draw(st.integers(1, 24)),)
            size = target[0], int(np.prod(source))
            projection = Projection(
                source=name, target=target_name, kind="dense", weight=weights(rng, width, size)
            )
        scale = draw(st.sampled_from([3, 60, 1500]))
        per_neuron = draw(st.booleans())
        values = target if per_neuron else target[:1]
        fed = name == INPUT and encoding in ("current", "hybrid")
        populations.append(
            Population(
                name=target_name,
                shape=target,
                threshold=rng.integers(1, scale + 1, values),
                bias=rng.integers(-scale // 4, scale // 2 + 1, values),
                initial=rng.integers(-scale // 4, scale, values),
                reset="none" if last else "subtract",
                current_shift=rng.integers(draw(st.sampled_from([0, 7])), 10, target[0])
                if fed
                else None,
            )
        )
        projections.append(projection)
        source, name = target, target_name
    network = SpikingNetwork(
        input=Input(shape=shape, encoding=encoding, bits=bits, **options),
        populations=tuple(populations),
        projections=tuple(projections),
        timesteps=steps,
        schedule=draw(st.sampled_from(["synchronous", "phased"])),
        weight_bits=width,
        rectified=draw(st.booleans()),
    )
    passes = (steps,) if encoding == "events" else ()
    size = (draw(st.integers(1, 3)), *passes, *shape)
    density = draw(st.sampled_from([0.0, 0.3, 1.0]))
    pixels = rng.integers(1, (1 << bits) - 1, size, endpoint=True) * (rng.random(size) < density)
    return network, pixels.astype(np.uint8)


@st.composite
def convolutions(draw, source_name, target_name, source, width, rng):
    """A convolution with odd strides, paddings and dilations, grouped or depthwise at times."""
    kind = draw(st.sampled_from(["full", "full", "grouped", "depthwise"]))
    groups = {"full": 1, "grouped": 2 if source[0] % 2 == 0 else 1, "depthwise": source[0]}[kind]
    if width == 1 and groups > 1:
        groups = source[0] if kind == "depthwise" and source[0] > 1 else 1
    per_group = 1 if kind == "depthwise" else draw(st.integers(1, 6))
    channels = groups * per_group if kind != "full" else draw(st.integers(1, 9))
    taps = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    dilation = draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    padding = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    extent = tuple(
        max(1, (size + 2 * pad - d * (k - 1) - 1) // s + 1)
        for size, pad, d, k, s in zip(source[1:], padding, dilation, taps, stride, strict=True)
    )
    projection = Projection(
        source=source_name,
        target=target_name,
        kind="conv",
        weight=weights(rng, width, (channels, source[0] // groups, *taps)),
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
    )
    return projection, (channels, *extent)


def weights(rng, width, size):
    """Random weights of a width."""
    if width == 1:
        return rng.choice([-1, 1], size)
    return rng.integers(-(1 << width - 1), 1 << width - 1, size)
