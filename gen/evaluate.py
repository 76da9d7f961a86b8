"""Float evaluation of layers and stages, to verify what was read and to calibrate with."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from augend.gen.graph import (
    SOURCE,
    Add,
    AvgPool,
    BatchNorm,
    Binary,
    Concat,
    Conv,
    ConversionError,
    Flatten,
    Graph,
    Layer,
    Linear,
    MaxPool,
    Pick,
    Relu,
    Shape,
)
from augend.gen.stage import Gating, Step
from augend.gen.term import Term

__all__ = [
    "BATCH",
    "batches",
    "convolve",
    "evaluate",
    "evaluate_stages",
    "greatest",
    "respond",
]

BATCH = 250
"""Images that are evaluated at once."""

NUMBERS = 2**25
"""Numbers that a layer of a graph may compute at once, lest large images fill the memory."""


def batches(images: int) -> Iterator[slice]:
    """Slices of at most ``BATCH`` images."""
    return (slice(start, start + BATCH) for start in range(0, images, BATCH))


def convolve(
    x: torch.Tensor,
    weight: torch.Tensor,
    shape: Shape,
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
) -> torch.Tensor:
    """Convolution of ``x`` ``(images, C, H, W)`` whose output has exactly the given shape.

    ``padding`` zeros precede the first row and column; behind the last, zeros are added or rows
    and columns left away, as the shape asks for.
    """
    edges: list[int] = []
    for axis in (1, 0):
        reach = (shape[1 + axis] - 1) * stride[axis] + 1
        reach += (weight.shape[2 + axis] - 1) * dilation[axis]
        edges += [padding[axis], reach - padding[axis] - x.shape[2 + axis]]
    return functional.conv2d(_edged(x, edges), weight, None, stride, 0, dilation, groups)


def _edged(x: torch.Tensor, edges: list[int], value: float = 0.0) -> torch.Tensor:
    """``x`` with edges added, or, below 0, left away: left, right, above, below.

    Adding comes first, for where more is left away than there is before.
    """
    wider = functional.pad(x, [max(edge, 0) for edge in edges], value=value)
    return functional.pad(wider, [min(edge, 0) for edge in edges])


def evaluate(graph: Graph, images: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Output ``(images, classes)`` of a graph for ``images`` ``(images, *input_shape)``."""
    shapes = [graph.input_shape, *(layer.shape for layer in graph.layers)]
    largest = max(math.prod(shape) for shape in shapes)
    step = max(1, min(BATCH, NUMBERS // largest))
    last = {name: place for place, layer in enumerate(graph.layers) for name in layer.sources}
    results = []
    for start in range(0, len(images), step):
        x = torch.from_numpy(np.asarray(images[start : start + step], np.float64))
        values = {SOURCE: x}
        for place, layer in enumerate(graph.layers):
            x = _apply(layer, [values[name] for name in layer.sources])
            values[layer.name] = x
            for name in layer.sources:
                if last[name] == place:
                    values.pop(name, None)
        results.append(x.numpy())
    return np.concatenate(results)


def _apply(layer: Layer, sources: Sequence[torch.Tensor]) -> torch.Tensor:
    x = sources[0]
    if isinstance(layer, Linear):
        return x @ torch.from_numpy(layer.weight).T + torch.from_numpy(layer.bias)
    if isinstance(layer, Conv):
        y = convolve(
            x,
            torch.from_numpy(layer.weight),
            layer.shape,
            layer.stride,
            layer.padding,
            layer.dilation,
            layer.groups,
        )
        return y + torch.from_numpy(layer.bias).reshape(-1, 1, 1)
    if isinstance(layer, AvgPool):
        ones = torch.full((layer.shape[0], 1, *layer.kernel), 1 / layer.divisor, dtype=x.dtype)
        return convolve(x, ones, layer.shape, layer.stride, layer.padding, groups=layer.shape[0])
    if isinstance(layer, MaxPool):
        return _greatest(layer, x)
    if isinstance(layer, BatchNorm):
        return x * _wide(layer.scale, layer) + _wide(layer.shift, layer)
    if isinstance(layer, Relu):
        slope = np.broadcast_to(np.asarray(layer.slope, np.float64), layer.shape[:1])
        y = torch.maximum(x, _wide(slope.copy(), layer) * x)
        return y if layer.ceiling is None else y.clamp_max(layer.ceiling)
    if isinstance(layer, Binary):
        zero = torch.as_tensor(layer.zero).reshape(-1, *(1,) * (len(layer.shape) - 1))
        above = ((x > 0) | ((x == 0) & zero)).to(x.dtype)
        return 2 * above - 1 if layer.function == "sign" else above
    if isinstance(layer, Flatten):
        return x.flatten(1)
    if isinstance(layer, Add):
        return sum(
            (gain * y for gain, y in zip(layer.gains, sources, strict=True)), torch.zeros_like(x)
        )
    if isinstance(layer, Concat):
        return torch.cat(list(sources), 1)
    if isinstance(layer, Pick):
        return _picked(layer, x)
    raise ConversionError("it has no evaluation.", layer=layer.name, kind=layer.kind)


def _greatest(layer: MaxPool, x: torch.Tensor) -> torch.Tensor:
    edges: list[int] = []
    for axis in (1, 0):
        reach = (layer.shape[1 + axis] - 1) * layer.stride[axis] + 1
        reach += (layer.kernel[axis] - 1) * layer.dilation[axis]
        edges += [layer.padding[axis], reach - layer.padding[axis] - x.shape[2 + axis]]
    padded = _edged(x, edges, -math.inf)
    return functional.max_pool2d(padded, layer.kernel, layer.stride, 0, layer.dilation)


def _picked(layer: Pick, x: torch.Tensor) -> torch.Tensor:
    for axis, chosen in enumerate((layer.channels, layer.rows, layer.columns), 1):
        if chosen is not None:
            index = torch.tensor(chosen)
            zero = (index < 0).reshape(-1, *(1,) * (x.ndim - axis - 1))
            x = x.index_select(axis, index.clamp_min(0)).masked_fill(zero, 0)
    return x


def _wide(values: npt.NDArray[np.float64], layer: Layer) -> torch.Tensor:
    return torch.from_numpy(values).reshape(-1, *(1,) * (len(layer.shape) - 1))


def respond(
    term: Term, x: torch.Tensor, weight: npt.NDArray[np.generic] | None = None
) -> torch.Tensor:
    """``W x`` of a term: ``(images, *shape)`` for ``(images, *source_shape)``.

    ``weight`` replaces the term's own, e.g. by integers.
    """
    kernel = torch.as_tensor(term.weight if weight is None else weight).to(x.dtype)
    images = len(x)
    x = x.reshape(images, *term.source_shape)[:, slice(*term.source_range)]
    first, last = term.target_range
    part = (last - first, *term.shape[1:])
    if term.kind == "dense":
        y = (x.reshape(images, -1) @ kernel.T).reshape(images, *part)
    else:
        y = convolve(x, kernel, part, term.stride, term.padding, term.dilation, term.groups)
    if part == term.shape:
        return y
    whole = y.new_zeros(images, *term.shape)
    whole[:, first:last] = y
    return whole


def greatest(gate: Gating, x: torch.Tensor) -> torch.Tensor:
    """Greatest value of each window of a gate: ``(images, *shape)``."""
    height, width = gate.shape[1:]
    edges: list[int] = []
    for axis in (1, 0):
        reach = (gate.shape[1 + axis] - 1) * gate.stride[axis] + 1
        reach += (gate.kernel[axis] - 1) * gate.dilation[axis]
        edges += [gate.padding[axis], reach - gate.padding[axis] - x.shape[2 + axis]]
    padded = _edged(x, edges, -torch.inf)
    pooled = functional.max_pool2d(padded, gate.kernel, gate.stride, 0, gate.dilation)
    return pooled[:, :, :height, :width]


def evaluate_stages(
    steps: Sequence[Step], rectified: bool, images: npt.NDArray[np.generic]
) -> npt.NDArray[np.float64]:
    """Output ``(images, classes)`` of float stages for ``images`` ``(images, *input_shape)``."""
    results = []
    for part in batches(len(images)):
        values = {SOURCE: torch.from_numpy(np.asarray(images[part], np.float64))}
        for step in steps:
            if isinstance(step, Gating):
                values[step.name] = greatest(step, values[step.source])
                continue
            total = torch.from_numpy(step.bias)[None]
            for term in step.terms:
                total = total + respond(term, values[term.source])
            values[step.name] = step.activation.apply(total)
        scores = values[steps[-1].name].flatten(1)
        results.append((scores.clamp_min(0) if rectified else scores).numpy())
    return np.concatenate(results)
