"""Operators that treat every element by itself: they become layers on whatever order it has."""

from dataclasses import replace
from math import prod
from typing import Literal

import numpy as np

from augend.gen.frontends.onnx_builder import Builder
from augend.gen.frontends.onnx_call import Call
from augend.gen.frontends.onnx_value import Condition, Value
from augend.gen.graph import (
    SOURCE,
    BatchNorm,
    Binary,
    Conv,
    Floats,
    Layer,
    Linear,
    Relu,
)

__all__ = ["affine", "aligned", "binary", "choose", "relu"]

Ceiling = float | None


def aligned(call: Call, value: Value, constant: Floats) -> Floats:
    """A constant with its axes where NumPy has them: before opset 7 they begin at a named one."""
    axis = call.attribute("axis")
    if axis is None and call.node.op_type == "PRelu" and constant.ndim == 1:
        axis = 1
    if call.opset >= 7 or axis is None or constant.ndim == 0:
        return constant
    return constant.reshape(constant.shape + (1,) * (len(value.dims) - axis - constant.ndim))


def affine(build: Builder, call: Call, value: Value, scale: Floats, shift: Floats) -> Value:
    """``scale x + shift``, both broadcast to the tensor; a bias joins the layer in front."""
    if build.scouting and value.source == SOURCE:
        return value
    value = _broadcast(call, value, scale, shift)
    value, (gain, offset) = _by_channel(build, call, value, scale, shift)
    if (gain == 1).all() and not offset.any():
        call.remark("adds nothing and multiplies by 1")
        return value
    layer = build.layers.get(value.source)
    if not value.shared and isinstance(layer, (Linear, Conv)) and (gain == 1).all():
        build.layers[layer.name] = replace(layer, bias=layer.bias + offset)
        build.absorbed[call.name] = layer.name
        call.remark(f"joins the bias of {layer.name!r}")
        return value
    return _put(
        build,
        value,
        BatchNorm(
            name=build.free(call.name),
            shape=value.shape,
            sources=(value.source,),
            scale=gain,
            shift=offset,
        ),
    )


def relu(
    build: Builder, call: Call, value: Value, slope: float | Floats = 0.0, ceiling: Ceiling = None
) -> Value:
    """``min(max(x, slope x), ceiling)``; joins a rectification right in front of it."""
    if build.scouting and value.source == SOURCE:
        return value
    if isinstance(slope, np.ndarray):
        value = _broadcast(call, value, slope)
        value, (slopes,) = _by_channel(build, call, value, slope)
        if slopes.min() < 0 or slopes.max() > 1:
            raise call.refuse(
                f"its slope below 0 goes from {slopes.min():g} to {slopes.max():g}.",
                "Use slopes from 0 to 1.",
            )
        slope = float(slopes[0]) if (slopes == slopes[0]).all() else slopes
    elif not 0 <= slope <= 1:
        raise call.refuse(f"its slope below 0 is {slope:g}.", "Use a slope from 0 to 1.")
    else:
        value = build.whole(call, value)
    source, before = value.source, build.layers.get(value.source)
    if isinstance(before, Relu) and not isinstance(slope, np.ndarray) and slope in (0.0, 1.0):
        slope = 0.0 if slope == 0.0 else before.slope
        ceilings = [c for c in (ceiling, before.ceiling) if c is not None]
        ceiling, source = min(ceilings, default=None), before.sources[0]
        build.absorbed[before.name] = call.name
    return _put(
        build,
        value,
        Relu(
            name=build.free(call.name),
            shape=value.shape,
            sources=(source,),
            slope=slope,
            ceiling=ceiling,
        ),
    )


def binary(
    build: Builder,
    call: Call,
    value: Value,
    function: Literal["heaviside", "sign"],
    zero: bool = True,
) -> Value:
    """1 where x is above 0, else 0 or, as ``sign``, -1."""
    if build.scouting and value.source == SOURCE:
        return value
    value = build.whole(call, value)
    return _put(
        build,
        value,
        Binary(
            name=build.free(call.name),
            shape=value.shape,
            sources=(value.source,),
            function=function,
            zero=zero,
        ),
    )


def choose(build: Builder, call: Call, condition: Condition, yes: float, no: float) -> Value:
    """One number where a condition holds, another where it does not."""
    if condition.negated:
        yes, no = no, yes
    if (yes, no) == (1, -1):
        return binary(build, call, condition.value, "sign", condition.zero)
    step = binary(build, call, condition.value, "heaviside", condition.zero)
    if (yes, no) == (1, 0):
        return step
    return affine(build, call, step, np.asarray(yes - no, np.float64), np.asarray(no, np.float64))


def _put(build: Builder, value: Value, layer: Layer) -> Value:
    """Output of a layer that is put on the whole source, in the order that the value has."""
    build.put(layer)
    return replace(value, source=layer.name, shared=False)


def _broadcast(call: Call, value: Value, *parameters: Floats) -> Value:
    """The value with the axes that parameters add; refused where they make it larger."""
    try:
        dims = np.broadcast_shapes(value.dims, *(x.shape for x in parameters))
    except ValueError:
        dims = ()
    if prod(dims) != value.size or not dims:
        shapes = ", ".join(str(x.shape) for x in parameters)
        raise call.refuse(
            f"its constant of shape {shapes} does not fit {value.dims[1:]} for each image.",
            "Use one number for all, or one for each channel.",
        )
    return value if dims == value.dims else value.at(value.places.reshape(dims))


def _by_channel(
    build: Builder, call: Call, value: Value, *parameters: Floats
) -> tuple[Value, list[Floats]]:
    """The whole layer, and each parameter as one number for each of its channels ``(C,)``."""
    value = build.whole(call, value)
    found = [_channels(value, x) for x in parameters]
    if value.is_vector and any(x is None for x in found):
        dims = value.dims
        value = build.vector(call, value)
        rows = [np.broadcast_to(x, dims).reshape(1, -1) for x in parameters]
        found = [_channels(value, x) for x in rows]
        value = value.at(value.places.reshape(dims))
    known = [x for x in found if x is not None]
    if len(known) < len(found):
        raise call.refuse(
            f"its constant differs from place to place of a channel, of {value.dims[1:]} for each "
            f"image.",
            "Use one number for all, or one for each channel.",
        )
    return value, known


def _channels(value: Value, parameter: Floats) -> Floats | None:
    """One number for each channel of the layer, if the parameter is the same all over it."""
    if parameter.size == 1:
        return np.full(value.shape[0], parameter.item())
    placed = np.empty(value.size)
    placed[value.places.ravel()] = np.broadcast_to(parameter, value.dims).ravel()
    placed = placed.reshape(value.shape[0], -1)
    return placed[:, 0].copy() if (placed == placed[:, :1]).all() else None
