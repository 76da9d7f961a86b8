"""A graph of float layers evaluated in plain NumPy: loops over taps and windows, nothing clever."""

from itertools import product

import numpy as np

from augend.gen.graph import (
    SOURCE,
    Add,
    AvgPool,
    BatchNorm,
    Binary,
    Concat,
    Conv,
    Flatten,
    Linear,
    MaxPool,
    Pick,
    Relu,
)


def outputs(graph, images):
    """Output ``(images, *shape)`` of a graph for images ``(images, *input_shape)``."""
    return tensors(graph, images)[graph.layers[-1].name]


def tensors(graph, images):
    """Value of every layer, by name."""
    values = {SOURCE: np.asarray(images, float)}
    for layer in graph.layers:
        value = _apply(layer, [values[name] for name in layer.sources])
        assert value.shape[1:] == layer.shape, (layer, value.shape)
        values[layer.name] = value
    return values


def _apply(layer, sources):
    x = sources[0]
    if isinstance(layer, Linear):
        return x @ layer.weight.T + layer.bias
    if isinstance(layer, Conv):
        return _conv(layer, x)
    if isinstance(layer, AvgPool):
        return _windows(layer, x, (1, 1), 0.0).sum(2) / layer.divisor
    if isinstance(layer, MaxPool):
        return _windows(layer, x, layer.dilation, -np.inf).max(2)
    if isinstance(layer, BatchNorm):
        return x * _wide(layer.scale, x) + _wide(layer.shift, x)
    if isinstance(layer, Relu):
        slope = _wide(np.broadcast_to(layer.slope, x.shape[1]), x)
        y = np.where(x < 0, slope * x, x)
        return y if layer.ceiling is None else np.minimum(y, layer.ceiling)
    if isinstance(layer, Binary):
        above = np.where(_wide(np.atleast_1d(layer.zero), x), x >= 0, x > 0)
        return np.where(above, 1.0, 0.0 if layer.function == "heaviside" else -1.0)
    if isinstance(layer, Flatten):
        return x.reshape(len(x), -1)
    if isinstance(layer, Add):
        return sum(gain * source for gain, source in zip(layer.gains, sources, strict=True))
    if isinstance(layer, Concat):
        return np.concatenate(sources, axis=1)
    assert isinstance(layer, Pick)
    for axis, places in enumerate((layer.channels, layer.rows, layer.columns), start=1):
        if places is not None:
            there = np.array(places) >= 0
            taken = np.take(x, np.maximum(places, 0), axis)
            x = taken * there.reshape(-1, *(1,) * (taken.ndim - axis - 1))
    return x


def _wide(values, x):
    return values.reshape(-1, *(1,) * (x.ndim - 2))


def _reads(layer, x, axis, tap, dilation):
    """For every output row (column), the input's that a tap reads, and whether it is there."""
    size = x.shape[2 + axis]
    at = np.arange(layer.shape[1 + axis]) * layer.stride[axis]
    at = at - layer.padding[axis] + tap * dilation[axis]
    return np.clip(at, 0, size - 1), (at >= 0) & (at < size)


def _tap(layer, x, tap, dilation, missing):
    """What a tap reads: ``(images, C, out height, out width)``."""
    rows, row_there = _reads(layer, x, 0, tap[0], dilation)
    columns, column_there = _reads(layer, x, 1, tap[1], dilation)
    there = row_there[:, None] & column_there
    return np.where(there, x[:, :, rows[:, None], columns], missing)


def _windows(layer, x, dilation, missing):
    taps = product(range(layer.kernel[0]), range(layer.kernel[1]))
    return np.stack([_tap(layer, x, tap, dilation, missing) for tap in taps], axis=2)


def _conv(layer, x):
    outputs, inputs, height, width = layer.weight.shape
    y = np.zeros((len(x), *layer.shape)) + layer.bias[:, None, None]
    for tap in product(range(height), range(width)):
        read = _tap(layer, x, tap, layer.dilation, 0.0)
        for o in range(outputs):
            first = o // (outputs // layer.groups) * inputs
            weight = layer.weight[o, :, tap[0], tap[1]]
            y[:, o] += np.einsum("nchw,c->nhw", read[:, first : first + inputs], weight)
    return y
