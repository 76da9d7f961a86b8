"""Hypothesis strategies: float graphs of all kinds of layers, built without a front end."""

import numpy as np
from hypothesis import strategies as st

from augend.gen.graph import (
    SOURCE,
    Add,
    AvgPool,
    BatchNorm,
    Binary,
    Concat,
    Conv,
    Flatten,
    Graph,
    Linear,
    MaxPool,
    Pick,
    Relu,
)

KINDS = ("conv", "relu", "norm", "average", "greatest", "add", "concat", "pick", "flat")
VECTOR_KINDS = ("linear", "relu", "norm", "add", "concat", "pick")
MOST_NEURONS = 220


class Builder:
    """Layers so far; numbers are eighths where sums must be exact, as for comparisons with 0."""

    def __init__(self, draw, shape, *, exact, seed):
        self.draw = draw
        self.exact = exact
        self.rng = np.random.default_rng(seed)
        self.shapes = {SOURCE: shape}
        self.layers = []

    def number(self, size, low=-1.5):
        if self.exact:
            return self.rng.integers(round(8 * low), 13, size) / 8
        return self.rng.uniform(low, 1.5, size)

    def append(self, kind, shape, sources, **options):
        name = f"{kind.__name__.lower()}{len(self.layers)}"
        self.layers.append(kind(name=name, shape=shape, sources=sources, **options))
        self.shapes[name] = shape
        return name

    def pair(self, low, high):
        return self.draw(st.tuples(st.integers(low, high), st.integers(low, high)))

    def extent(self, size, taps, stride, padding, dilation, behind):
        """Rows that come out, where so many zeros follow the last; 0 for none."""
        return max((size + padding + behind - dilation * (taps - 1) - 1) // stride + 1, 0)

    def extents(self, source, kernel, stride, padding, dilation, behind):
        return tuple(
            self.extent(*values)
            for values in zip(
                self.shapes[source][1:], kernel, stride, padding, dilation, behind, strict=True
            )
        )

    def conv(self, source):
        channels = self.shapes[source][0]
        out = self.draw(st.integers(1, 4))
        divisors = [g for g in range(1, channels + 1) if channels % g == 0]
        groups = self.draw(st.sampled_from(divisors))
        out = groups * -(-out // groups)
        kernel, stride = self.pair(1, 3), self.pair(1, 2)
        dilation, padding, behind = self.pair(1, 2), self.pair(0, 2), self.pair(0, 2)
        size = self.extents(source, kernel, stride, padding, dilation, behind)
        if min(size) < 1 or out * size[0] * size[1] > MOST_NEURONS:
            return None
        return self.append(
            Conv,
            (out, *size),
            (source,),
            weight=self.number((out, channels // groups, *kernel)),
            bias=self.number(out) * self.draw(st.booleans()),
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=groups,
        )

    def same(self, source):
        """Convolution that keeps the shape, as residual branches have it."""
        channels, height, width = self.shapes[source]
        return self.append(
            Conv,
            (channels, height, width),
            (source,),
            weight=self.number((channels, channels, 3, 3)),
            bias=self.number(channels),
            padding=(1, 1),
        )

    def linear(self, source):
        (inputs,) = self.shapes[source]
        out = self.draw(st.integers(1, 6))
        return self.append(
            Linear,
            (out,),
            (source,),
            weight=self.number((out, inputs)),
            bias=self.number(out) * self.draw(st.booleans()),
        )

    def relu(self, source):
        kind = self.draw(st.integers(0, 7))
        shape = self.shapes[source]
        if self.exact and kind < 3:
            function = self.draw(st.sampled_from(["heaviside", "sign"]))
            zero = self.draw(st.booleans())
            return self.append(Binary, shape, (source,), function=function, zero=zero)
        slope = {3: 0.25, 4: np.abs(self.number(shape[0], 0)) / 2, 5: 1.0}.get(kind, 0.0)
        ceiling = self.draw(st.sampled_from([None, None, 1.5]))
        return self.append(Relu, shape, (source,), slope=slope, ceiling=ceiling)

    def norm(self, source):
        shape = self.shapes[source]
        low = self.draw(st.sampled_from([-1.5, 0.0]))
        return self.append(
            BatchNorm,
            shape,
            (source,),
            scale=self.number(shape[0], low),
            shift=self.number(shape[0]) * self.draw(st.booleans()),
        )

    def average(self, source):
        channels = self.shapes[source][0]
        kernel, stride = self.pair(1, 3), self.pair(1, 3)
        padding = tuple(self.draw(st.integers(0, k - 1)) for k in kernel)
        size = self.extents(source, kernel, stride, padding, (1, 1), padding)
        if min(size) < 1:
            return None
        divisor = 4.0 if self.exact else float(kernel[0] * kernel[1])
        return self.append(
            AvgPool,
            (channels, *size),
            (source,),
            kernel=kernel,
            stride=stride,
            padding=padding,
            divisor=divisor,
        )

    def greatest(self, source):
        channels = self.shapes[source][0]
        kernel, stride, dilation = self.pair(1, 3), self.pair(1, 2), self.pair(1, 2)
        padding = tuple(self.draw(st.integers(0, k // 2)) for k in kernel)
        size = self.extents(source, kernel, stride, padding, dilation, padding)
        if min(size) < 1:
            return None
        for axis in (0, 1):
            taps = np.arange(size[axis])[:, None] * stride[axis] - padding[axis]
            taps = taps + np.arange(kernel[axis]) * dilation[axis]
            if not ((taps >= 0) & (taps < self.shapes[source][1 + axis])).any(1).all():
                return None
        return self.append(
            MaxPool,
            (channels, *size),
            (source,),
            kernel=kernel,
            stride=stride,
            padding=padding,
            dilation=dilation,
        )

    def add(self, source):
        shape = self.shapes[source]
        alike = [name for name, other in self.shapes.items() if other == shape]
        if len(alike) < 2 and len(shape) == 3 and MOST_NEURONS > shape[0] ** 2 * 9:
            alike.append(self.same(source))
        others = self.draw(st.lists(st.sampled_from(alike), min_size=1, max_size=2))
        gains = self.draw(
            st.lists(
                st.sampled_from([1.0, 1.0, -1.0, 0.5, 2.0]),
                min_size=1 + len(others),
                max_size=1 + len(others),
            )
        )
        return self.append(Add, shape, (source, *others), gains=tuple(gains))

    def concat(self, source):
        shape = self.shapes[source]
        alike = [
            name
            for name, other in self.shapes.items()
            if len(other) == len(shape) and other[1:] == shape[1:]
        ]
        others = self.draw(st.lists(st.sampled_from(alike), min_size=1, max_size=2))
        channels = shape[0] + sum(self.shapes[name][0] for name in others)
        if channels * int(np.prod(shape[1:])) > MOST_NEURONS:
            return None
        return self.append(Concat, (channels, *shape[1:]), (source, *others))

    def pick(self, source):
        places = [self.places(size) for size in self.shapes[source]]
        shape = tuple(
            size if chosen is None else len(chosen)
            for chosen, size in zip(places, self.shapes[source], strict=True)
        )
        if int(np.prod(shape)) > MOST_NEURONS:
            return None
        keys = ("channels", "rows", "columns")[: len(shape)]
        return self.append(Pick, shape, (source,), **dict(zip(keys, places, strict=True)))

    def places(self, size):
        kind = self.draw(st.integers(0, 6))
        if kind < 3:
            return None
        if kind == 3:  # a slice with a step
            first = self.draw(st.integers(0, size - 1))
            return tuple(range(first, size, self.draw(st.integers(1, 3))))
        if kind == 4:  # zeros before and behind
            before, behind = self.pair(0, 2)
            return (-1,) * before + tuple(range(size)) + (-1,) * behind
        if kind == 5:
            return tuple(range(size))[::-1]
        return tuple(self.rng.permutation(size).tolist())

    def flat(self, source):
        size = int(np.prod(self.shapes[source]))
        return self.append(Flatten, (size,), (source,))


@st.composite
def graphs(draw, *, kinds=KINDS, vector_kinds=VECTOR_KINDS):
    """A graph of up to ten layers, of which the last is a Linear, a Conv or anything."""
    exact = draw(st.booleans())
    image = draw(st.integers(0, 4)) > 0
    shape = draw(st.tuples(st.integers(1, 3), st.integers(2, 6), st.integers(2, 6)))
    shape = shape if image else (draw(st.integers(2, 6)),)
    built = Builder(draw, shape, exact=exact, seed=draw(st.integers(0, 2**32 - 1)))
    last = SOURCE
    for _ in range(draw(st.integers(1, 9))):
        source = last
        if draw(st.integers(0, 3)) == 0:
            source = draw(st.sampled_from(list(built.shapes)))
        chosen = kinds if len(built.shapes[source]) == 3 else vector_kinds
        made = getattr(built, draw(st.sampled_from(chosen)))(source)
        last = made or last
    used = Graph(input_shape=shape, layers=tuple(built.layers)).layers
    if draw(st.booleans()) or not any(isinstance(layer, (Conv, Linear)) for layer in used):
        if len(built.shapes[last]) == 3:
            last = built.flat(last)
        built.linear(last)
    return Graph(input_shape=shape, layers=tuple(built.layers))


@st.composite
def graphs_and_pixels(draw, **options):
    """A graph, the scale and shift of its input, and pixels."""
    graph = draw(graphs(**options))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    channels = graph.input_shape[0]
    scale = rng.integers(1, 9, channels) / 8
    shift = rng.integers(-8, 9, channels) / 8 * draw(st.booleans())
    pixels = rng.integers(0, 4, (4, *graph.input_shape)).astype(float)
    return graph, scale, shift, pixels
