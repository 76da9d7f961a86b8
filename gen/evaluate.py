"""Float evaluation of layers and stages, to verify what was read and to calibrate with."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from augend.gen.graph import (
    AvgPool,
    BatchNorm,
    Conv,
    ConversionError,
    Flatten,
    Graph,
    Layer,
    Linear,
    Relu,
    Shape,
)
from augend.gen.stage import Stage

__all__ = ["BATCH", "batches", "convolve", "evaluate", "evaluate_stages", "respond"]

BATCH = 250
"""Images that are evaluated at once."""


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
    return functional.conv2d(functional.pad(x, edges), weight, None, stride, 0, dilation, groups)


def evaluate(graph: Graph, images: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Output ``(images, classes)`` of a graph for ``images`` ``(images, *input_shape)``."""
    results = []
    for part in batches(len(images)):
        x = torch.from_numpy(np.asarray(images[part], np.float64))
        for layer in graph.layers:
            x = _apply(layer, x)
        results.append(x.numpy())
    return np.concatenate(results)


def _apply(layer: Layer, x: torch.Tensor) -> torch.Tensor:
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
    if isinstance(layer, BatchNorm):
        extra = (1,) * (len(layer.shape) - 1)
        scale = torch.from_numpy(layer.scale).reshape(-1, *extra)
        return x * scale + torch.from_numpy(layer.shift).reshape(-1, *extra)
    if isinstance(layer, Relu):
        return x.clamp_min(0)
    if isinstance(layer, Flatten):
        return x.flatten(1)
    raise ConversionError("it has no evaluation.", layer=layer.name, kind=layer.kind)


def respond(
    stage: Stage, x: torch.Tensor, weight: npt.NDArray[np.generic] | None = None
) -> torch.Tensor:
    """``W x`` of a stage, without its bias: ``(images, *shape)`` for ``(images, *source_shape)``.

    ``weight`` replaces the stage's own, e.g. by integers.
    """
    kernel = torch.as_tensor(stage.weight if weight is None else weight).to(x.dtype)
    if stage.kind == "dense":
        return x.flatten(1) @ kernel.T
    return convolve(
        x.reshape(-1, *stage.source_shape),
        kernel,
        stage.shape,
        stage.stride,
        stage.padding,
        stage.dilation,
        stage.groups,
    )


def evaluate_stages(
    stages: Sequence[Stage], rectified: bool, images: npt.NDArray[np.generic]
) -> npt.NDArray[np.float64]:
    """Output ``(images, classes)`` of float stages for ``images`` ``(images, *source_shape)``."""
    results = []
    for part in batches(len(images)):
        x = torch.from_numpy(np.asarray(images[part], np.float64))
        for stage in stages:
            x = respond(stage, x) + torch.from_numpy(stage.bias)
            x = x.clamp_min(0) if stage.spiking or rectified else x
        results.append(x.flatten(1).numpy())
    return np.concatenate(results)
