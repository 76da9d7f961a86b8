"""Operators with weights: convolutions, matrices and batch normalisation of ONNX models."""

import numpy as np

from augend.gen.frontends.onnx_builder import Builder
from augend.gen.frontends.onnx_call import Call
from augend.gen.frontends.onnx_elementwise import affine
from augend.gen.frontends.onnx_value import Value, without_frame
from augend.gen.frontends.onnx_windows import windows_of
from augend.gen.graph import Conv, Floats, Linear, Pick

__all__ = ["batch_normalization", "conv", "gemm", "matmul"]


def conv(build: Builder, call: Call) -> Value:
    """Conv of two axes, with any padding by zeros, grouped or not."""
    value, frame = without_frame(call.value())
    source = build.image(call, value)
    weight = call.finite("weight", call.needed(1, "weight"))
    if weight.ndim != 4:
        raise call.refuse(
            f"its weight has the shape {weight.shape}.",
            "Use 2-D convolutions, of images (C, H, W).",
        )
    size = (source.shape[1] + sum(frame[0]), source.shape[2] + sum(frame[1]))
    windows = windows_of(call, size, weight.shape[2:])
    groups = int(call.attribute("group", 1))
    if any(windows.channels):
        source = _with_channels(build, call, source, windows.channels)
    if weight.shape[1] * groups != source.shape[0] or weight.shape[0] % groups:
        raise call.refuse(
            f"its weight of shape {weight.shape}, in {groups} groups, does not fit "
            f"{source.shape[0]} channels.",
            "Export the network again.",
        )
    bias = call.parameter(2, "bias")
    return build.put(
        Conv(
            name=build.free(call.name),
            shape=(weight.shape[0], *windows.count),
            sources=(source.source,),
            weight=weight,
            bias=np.zeros(weight.shape[0]) if bias is None else bias.reshape(weight.shape[0]),
            stride=windows.stride,
            padding=(windows.before[0] + frame[0][0], windows.before[1] + frame[1][0]),
            dilation=windows.dilation,
            groups=groups,
        )
    )


def _with_channels(build: Builder, call: Call, source: Value, more: tuple[int, int]) -> Value:
    """The image with zero channels in front and behind, which CNTK pads as it pads rows."""
    channels = (-1,) * more[0] + tuple(range(source.shape[0])) + (-1,) * more[1]
    return build.put(
        Pick(
            name=build.free(f"{call.name}.pad"),
            shape=(len(channels), *source.shape[1:]),
            sources=(source.source,),
            channels=channels,
        )
    )


def _dense(build: Builder, call: Call, weight: Floats, bias: Floats) -> Value:
    """``W x + b`` of a vector, ``weight`` ``(out, in)``; columns follow the order that x has."""
    value = call.value()
    if weight.ndim != 2 or weight.shape[1] != value.size:
        raise call.refuse(
            f"its weight of {weight.shape[::-1]} (in, out) does not fit {value.dims[1:]} for each "
            f"image.",
            "Use Flatten in front of it, and the images that the network was made for.",
        )
    source = build.flat(call, value)
    if source.index is not None:
        columns = np.zeros((len(weight), source.shape[0]))
        inside = source.index.ravel() >= 0
        np.add.at(columns.T, source.index.ravel()[inside], weight.T[inside])
        weight = columns
        call.remark("its columns are brought into the order (C, H, W)")
    try:
        shift = np.array(np.broadcast_to(bias.ravel(), (len(weight),)))
    except ValueError as error:
        raise call.refuse(
            f"its bias of shape {bias.shape} does not fit {len(weight)} outputs.",
            "Export the network again.",
        ) from error
    return build.put(
        Linear(
            name=build.free(call.name),
            shape=(len(weight),),
            sources=(source.source,),
            weight=np.ascontiguousarray(weight),
            bias=shift,
        )
    )


def gemm(build: Builder, call: Call) -> Value:
    """``alpha x W + beta b``, W possibly transposed."""
    if not isinstance(call.inputs[0], Value) or call.attribute("transA", 0):
        raise call.refuse(
            "its first matrix is not one row for each image.", "Use x W + b, with W constant."
        )
    weight, bias = call.finite("weight", call.needed(1, "weight")), call.parameter(2, "bias")
    if call.attribute("alpha", 1.0) != 1.0:
        weight = weight * call.attribute("alpha")
    offset = np.zeros(1) if bias is None else bias * call.attribute("beta", 1.0)
    return _dense(build, call, weight if call.attribute("transB", 0) else weight.T, offset)


def matmul(build: Builder, call: Call) -> Value:
    """``x W`` of a vector, or of the channels of each place of an image (H, W, C)."""
    if not isinstance(call.inputs[0], Value):
        raise call.refuse("its first matrix is constant.", "Use x W, with W constant.")
    value, weight = call.value(), call.finite("weight", call.needed(1, "weight"))
    if weight.ndim == 2 and len(value.dims) == 4 and not value.is_vector:
        source = build.image(call, value.at(value.places.transpose(0, 3, 1, 2)))
        if source.shape[0] == weight.shape[0]:
            result = build.put(
                Conv(
                    name=build.free(call.name),
                    shape=(weight.shape[1], *source.shape[1:]),
                    sources=(source.source,),
                    weight=weight.T[:, :, None, None].copy(),
                    bias=np.zeros(weight.shape[1]),
                )
            )
            return result.at(result.places.transpose(0, 2, 3, 1))
    if value.dims[-1] != value.size or weight.ndim != 2:
        raise call.refuse(
            f"it multiplies {value.dims[1:]} for each image by {weight.shape}.",
            "Use Flatten in front of it, and a matrix (in, out).",
        )
    result = _dense(build, call, weight.T, np.zeros(1))
    return result.at(result.places.reshape(*value.dims[:-1], -1))


def batch_normalization(build: Builder, call: Call) -> Value:
    """``gamma (x - mean) / sqrt(variance + epsilon) + beta`` per channel."""
    names = ("scale", "B", "mean", "var")
    parameters = [call.finite(name, call.needed(i + 1, name)) for i, name in enumerate(names)]
    gamma, beta, mean, variance = (x.ravel() for x in parameters)
    if variance.min() < 0:
        raise call.refuse("a variance of it is below 0.", "Train or export it again.")
    if call.attribute("training_mode", 0) or any(call.outputs()[1:]):
        call.remark("exported for training; its stored mean and variance are used")
    value = call.value()
    if len(value.dims) == 4 and call.attribute("spatial", 1):
        value = build.image(call, value)
    channels = value.dims[1] if len(value.dims) > 1 else value.size
    if gamma.size != channels:
        raise call.refuse(
            f"it has {gamma.size} numbers for {value.dims[1:]} for each image.",
            "Use one for each channel (spatial=1).",
        )
    scale = gamma / np.sqrt(variance + call.attribute("epsilon", 1e-5))
    shape = (1, channels) + (1,) * (len(value.dims) - 2)
    shift = (beta - scale * mean).reshape(shape)
    return affine(build, call, value, scale.reshape(shape), shift)
