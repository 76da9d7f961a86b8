"""A chain of float layers to the stages that populations compute: weights, bias, then ReLU."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from augend.gen.graph import (
    AvgPool,
    BatchNorm,
    Conv,
    ConversionError,
    Flatten,
    Floats,
    Graph,
    Layer,
    Linear,
    Relu,
    Shape,
)
from augend.gen.stage import (
    Stage,
    depthwise,
    pool_after,
    pool_before,
    pool_map,
    scale_input,
    scale_output,
)

__all__ = ["Folded", "fold", "obstacles"]

PoolMode = Literal["fold", "spike"]


@dataclass(frozen=True, kw_only=True)
class Folded:
    """Stages in order, each fed by the one before; the last is read out and does not spike.

    ``rectified``: the network ends in a ReLU, so scores below 0 are read as 0.
    """

    stages: tuple[Stage, ...]
    rectified: bool


@dataclass(frozen=True, kw_only=True)
class _Segment:
    """The layers between two ReLUs: what precedes the one with weights, it, and what follows."""

    before: tuple[Layer, ...]
    core: Linear | Conv | None
    after: tuple[Layer, ...]
    relu: str | None


def fold(
    graph: Graph,
    *,
    pool: PoolMode = "fold",
    scale: Floats | None = None,
    shift: Floats | None = None,
) -> Folded:
    """Fold batch normalisation and average pooling into the layers with weights.

    Everything is exact: batch normalisation in front of padded zeros, and the shift of the input,
    become biases that know the border. Pooling that has no exact place in its neighbour, and with
    ``pool="spike"`` every pooling of activations, becomes a population of its own.

    Parameters
    ----------
    graph
        Float layers.
    pool
        ``fold`` or ``spike``.
    scale, shift
        The graph's input is ``scale p + shift`` per channel, ``(C,)`` each; stages work on ``p``,
        which is at least 0. By default the input itself.

    Raises
    ------
    ConversionError
        Two layers with weights and no ReLU between them, or a layer with nothing to fold into.
    """
    problems = obstacles(graph)
    if problems:
        raise problems[0]
    channels = graph.input_shape[0]
    scale = np.ones(channels) if scale is None else scale
    shift = np.zeros(channels) if shift is None else shift
    extra = (1,) * (len(graph.input_shape) - 1)
    moved = np.broadcast_to(shift.reshape(-1, *extra), graph.input_shape)
    stages: list[Stage] = []
    segments = _segments(graph)
    rectified = segments[-1].relu is not None
    for index, segment in enumerate(segments):
        shape = stages[-1].shape if stages else graph.input_shape
        affine = (scale, moved) if index == 0 else (np.ones(shape[0]), np.zeros(shape))
        stages += _stages(segment, shape, affine, pool)
    stages[-1] = replace(stages[-1], spiking=False)
    return Folded(stages=tuple(stages), rectified=rectified)


def obstacles(graph: Graph) -> list[ConversionError]:
    """Every reason why a graph cannot be folded, in the order of its layers."""
    if not any(isinstance(layer, (Linear, Conv)) for layer in graph.layers):
        return [
            ConversionError(
                "The network has no nn.Linear or nn.Conv2d.", instead="Add a layer with weights."
            )
        ]
    found: list[ConversionError] = []
    for segment in _segments(graph, found):
        layers = [*segment.before, *([segment.core] if segment.core else []), *segment.after]
        if segment.core is None and layers and len(layers[-1].shape) == 1:
            found += [
                ConversionError(
                    "there is no nn.Linear between two ReLUs, or between a ReLU and an end of the "
                    "network, to fold it into.",
                    layer=layer.name,
                    kind=layer.kind,
                    instead="Put it next to an nn.Linear or nn.Conv2d, without a ReLU between.",
                )
                for layer in layers
                if isinstance(layer, BatchNorm) and len(layer.shape) == 1
            ]
        if segment.core is None and segment.relu is not None and not layers:
            continue
        flat = False
        for layer in segment.after:
            flat = flat or isinstance(layer, Flatten)
            if isinstance(layer, BatchNorm) and flat:
                found.append(
                    ConversionError(
                        "it follows a flattened convolution without a ReLU between.",
                        layer=layer.name,
                        kind=layer.kind,
                        instead="Use nn.BatchNorm2d before the flattening.",
                    )
                )
            if isinstance(layer, AvgPool) and any(layer.padding):
                found.append(
                    ConversionError(
                        f"it pads zeros to the output of {segment.core and segment.core.name!r}, "
                        f"which has no ReLU.",
                        layer=layer.name,
                        kind=layer.kind,
                        instead="Use padding=0, or put the ReLU before the pooling.",
                    )
                )
    return found


def _segments(graph: Graph, found: list[ConversionError] | None = None) -> list[_Segment]:
    """Cut the chain at its ReLUs; a ReLU of what is never below 0 is no cut."""
    segments: list[_Segment] = []
    layers: list[Layer] = []
    for layer in graph.layers:
        if not isinstance(layer, Relu):
            layers.append(layer)
        elif not segments or any(isinstance(x, (Linear, Conv, BatchNorm)) for x in layers):
            segments.append(_segment(layers, layer.name, found))
            layers = []
    if any(not isinstance(layer, Flatten) for layer in layers) or not segments:
        segments.append(_segment(layers, None, found))
    return segments


def _segment(
    layers: Sequence[Layer], relu: str | None, found: list[ConversionError] | None
) -> _Segment:
    cores = [index for index, layer in enumerate(layers) if isinstance(layer, (Linear, Conv))]
    for one, other in zip(cores, cores[1:], strict=False):
        if found is not None:
            found.append(
                ConversionError(
                    f"it follows {layers[one].name!r} without a ReLU between them.",
                    layer=layers[other].name,
                    kind=layers[other].kind,
                    instead="Put a ReLU between them, or replace both by one layer.",
                )
            )
    if not cores:
        return _Segment(before=tuple(layers), core=None, after=(), relu=relu)
    core = layers[cores[0]]
    assert isinstance(core, (Linear, Conv))
    return _Segment(
        before=tuple(layers[: cores[0]]),
        core=core,
        after=tuple(layers[cores[0] + 1 :]),
        relu=relu,
    )


def _stages(
    segment: _Segment, shape: Shape, affine: tuple[Floats, Floats], mode: PoolMode
) -> list[Stage]:
    """Stages of one segment whose input has ``shape`` and is scaled and shifted by ``affine``."""
    scale, shift = affine
    source_shape = shape  # of what enters the core, not flattened
    pools: list[tuple[AvgPool, Shape]] = []
    folded: list[str] = []
    for layer in segment.before:
        if isinstance(layer, AvgPool):
            pools.append((layer, source_shape))
            rows, columns = pool_map(layer, source_shape)
            shift = np.einsum("chw,yh,xw->cyx", shift, rows, columns, optimize=True)
            source_shape = layer.shape
        elif isinstance(layer, BatchNorm):
            if layer.scale.size != source_shape[0]:  # one a neuron, behind the flattening
                area = int(np.prod(source_shape[1:]))
                scale = np.repeat(scale, area) if scale.size == source_shape[0] else scale
                gain, offset = layer.scale.reshape(source_shape), layer.shift.reshape(source_shape)
                scale = scale * layer.scale
            else:
                gain, offset = (
                    value.reshape(-1, *(1,) * (len(source_shape) - 1))
                    for value in (layer.scale, layer.shift)
                )
                scale = scale * layer.scale
            shift = shift * gain + offset
            folded.append(layer.name)
    stage = _core(segment, source_shape)
    stage = replace(stage, layers=(*folded, *stage.layers))
    for layer in segment.after:
        if isinstance(layer, BatchNorm):
            stage = scale_output(stage, layer.scale, layer.shift, layer.name)
        elif isinstance(layer, AvgPool):
            composed = pool_after(stage, layer)
            assert composed is not None  # obstacles() has refused it
            stage = composed
    stage = scale_input(stage, scale, shift)
    stages = [stage]
    for pool, before in reversed(pools):
        apart = mode == "spike" and segment.core is not None
        composed = None if apart else pool_before(stages[0], pool, before)
        if composed is None:
            identity = depthwise(pool.name, pool.shape)
            alone = pool_before(identity, pool, before)
            assert alone is not None  # nothing is padded to what it feeds
            stages.insert(0, replace(alone, layers=(pool.name,)))
        else:
            stages[0] = composed
    return stages


def _core(segment: _Segment, source_shape: Shape) -> Stage:
    core = segment.core
    if core is None:
        if len(source_shape) != 3:
            raise ConversionError(
                "The network begins with a ReLU of its input, before any layer with weights.",
                layer=segment.relu,
                instead="Leave it out.",
            )
        name = segment.before[-1].name if segment.before else segment.relu or "output"
        return depthwise(name, source_shape)
    wide = (-1,) + (1,) * (len(core.shape) - 1)
    bias = np.array(np.broadcast_to(core.bias.reshape(wide), core.shape))
    if isinstance(core, Linear):
        return Stage(
            name=core.name,
            layers=(core.name,),
            kind="dense",
            weight=core.weight,
            bias=bias,
            source_shape=source_shape,
            shape=core.shape,
        )
    return Stage(
        name=core.name,
        layers=(core.name,),
        kind="conv",
        weight=core.weight,
        bias=bias,
        source_shape=source_shape,
        shape=core.shape,
        stride=core.stride,
        padding=core.padding,
        dilation=core.dilation,
        groups=core.groups,
    )
