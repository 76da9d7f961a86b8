"""Pooling and reductions over rows and columns of ONNX models."""

from math import prod

import numpy as np

from augend.gen.frontends.onnx_builder import Builder
from augend.gen.frontends.onnx_call import Call
from augend.gen.frontends.onnx_value import Value, without_frame
from augend.gen.frontends.onnx_windows import Windows, windows_of
from augend.gen.graph import AvgPool, MaxPool, Pair, Shape

__all__ = ["average_pool", "global_average", "global_max", "max_pool", "reduction"]


Frame = tuple[Pair, Pair]
NO_FRAME: Frame = ((0, 0), (0, 0))


def _windows(
    build: Builder, call: Call, value: Value, frame: Frame = NO_FRAME
) -> tuple[Value, Windows, Shape]:
    source = build.image(call, value)
    size = (source.shape[1] + sum(frame[0]), source.shape[2] + sum(frame[1]))
    windows = windows_of(call, size, call.pair("kernel_shape", None))
    if any(windows.channels):
        raise call.refuse(
            f"it pads {sum(windows.channels)} channels.", "Use pads on rows and columns only."
        )
    return source, windows, (source.shape[0], *windows.count)


def max_pool(build: Builder, call: Call) -> Value:
    """MaxPool: padding, and what lies off the image, is never the greatest."""
    if any(call.outputs()[1:]):
        raise call.refuse("the places of its maxima are used.", "Use the maxima only.")
    source, windows, shape = _windows(build, call, call.value())
    return build.put(
        MaxPool(
            name=build.free(call.name),
            shape=shape,
            sources=(source.source,),
            kernel=windows.kernel,
            stride=windows.stride,
            padding=windows.before,
            dilation=windows.dilation,
        )
    )


def average_pool(build: Builder, call: Call) -> Value:
    """AveragePool whose windows all divide by the same number."""
    value, frame = without_frame(call.value())
    source, windows, shape = _windows(build, call, value, frame)
    if windows.dilation != (1, 1):
        raise call.refuse(
            f"its dilations are {windows.dilation}.", "Use dilations of 1, or a convolution."
        )
    counted = bool(call.attribute("count_include_pad", 0))
    if windows.padded and not counted:
        raise call.refuse(
            "its windows reach off the image, where they divide by fewer places.",
            "Use count_include_pad=1, or no padding.",
        )
    if counted and windows.leave(windows.after):
        raise call.refuse(
            "its last window reaches beyond the padding (ceil_mode), where it divides by fewer "
            "places.",
            "Use ceil_mode=0, or pads that hold it.",
        )
    return build.put(
        AvgPool(
            name=build.free(call.name),
            shape=shape,
            sources=(source.source,),
            kernel=windows.kernel,
            stride=windows.stride,
            padding=(windows.before[0] + frame[0][0], windows.before[1] + frame[1][0]),
            divisor=float(prod(windows.kernel)),
        )
    )


def _over_image(
    build: Builder, call: Call, value: Value, how: str, axes: tuple[int, ...] = (2, 3)
) -> Value:
    """Mean, sum or maximum over all rows and columns, ``(1, C, 1, 1)``."""
    if len(value.dims) != 4:
        raise call.refuse(
            f"it works on {value.dims[1:]} for each image.", "Use it on images of (C, H, W)."
        )
    (channel,) = {1, 2, 3} - set(axes)
    source = build.image(call, value.at(value.places.transpose(0, channel, *sorted(axes))))
    rows, columns = source.shape[1:]
    shape = (source.shape[0], 1, 1)
    if rows * columns == 1:
        call.remark("has one place only")
        return source
    name, size = build.free(call.name), (rows, columns)
    if how == "max":
        return build.put(
            MaxPool(name=name, shape=shape, sources=(source.source,), kernel=size, stride=size)
        )
    return build.put(
        AvgPool(
            name=name,
            shape=shape,
            sources=(source.source,),
            kernel=size,
            stride=size,
            divisor=float(rows * columns) if how == "mean" else 1.0,
        )
    )


def global_average(build: Builder, call: Call) -> Value:
    """GlobalAveragePool."""
    return _over_image(build, call, call.value(), "mean")


def global_max(build: Builder, call: Call) -> Value:
    """GlobalMaxPool."""
    return _over_image(build, call, call.value(), "max")


def reduction(build: Builder, call: Call) -> Value:
    """ReduceMean, ReduceSum and ReduceMax over rows and columns, in whatever order they are."""
    value = call.value()
    given = call.integers(1, "axes")
    rank = len(value.dims)
    axes = tuple(sorted(axis % rank for axis in given or ()))
    if rank != 4 or len(set(axes)) != 2 or 0 in axes:
        raise call.refuse(
            f"it works on the axes {list(given) if given else 'of all'} of {value.dims[1:]} for "
            f"each image.",
            "Reduce both rows and columns, and nothing else, or use GlobalAveragePool.",
        )
    how = {"ReduceMean": "mean", "ReduceSum": "sum", "ReduceMax": "max"}[call.node.op_type]
    result = _over_image(build, call, value, how, axes)
    channels = result.places.reshape(-1)
    dims = [1] * 4
    dims[({1, 2, 3} - set(axes)).pop()] = channels.size
    if not call.attribute("keepdims", 1):
        dims = [1, channels.size]
    return result.at(np.reshape(channels, dims))
