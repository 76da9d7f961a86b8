"""Quantised ONNX models: weights are what their codes stand for, activations lose no rounding."""

from dataclasses import replace

import numpy as np

from augend.gen.frontends.onnx_builder import Builder
from augend.gen.frontends.onnx_call import Call
from augend.gen.frontends.onnx_elementwise import affine, relu
from augend.gen.frontends.onnx_value import Value
from augend.gen.graph import SOURCE, AvgPool, Flatten, MaxPool, Pick, Relu

__all__ = ["dequantize", "quantize"]


def quantize(build: Builder, call: Call) -> Value:
    """QuantizeLinear of a tensor: its ceiling is kept where it begins at 0; rounding is not."""
    value = call.value()
    scale, zero = call.finite("scale", call.needed(1, "scale")), call.constant(2, "zero point")
    zero = np.zeros(1, np.uint8) if zero is None else zero
    if scale.size != 1 or zero.dtype not in (np.uint8, np.int8):
        raise call.refuse("it has several scales, or codes that are not 8 bits.", "Use one scale.")
    limits = np.iinfo(zero.dtype)
    call.remark("rounding to 8 bits is left out")
    if int(zero.ravel()[0]) == limits.min and value.source != SOURCE:
        ceiling = (limits.max - limits.min) * float(scale.ravel()[0])
        if not _within(build, value.source, ceiling):
            call.remark(f"what is outside 0 to {ceiling:g} is cut off")
            value = relu(build, call, value, 0.0, ceiling)
    return replace(value, codes=True)


def dequantize(build: Builder, call: Call) -> Value:
    """DequantizeLinear: undoes QuantizeLinear; on integer pixels ``scale (x - zero)``."""
    value = call.value()
    if value.codes:
        call.remark("numbers stay as they are")
        return replace(value, codes=False)
    scale, zero = call.finite("scale", call.needed(1, "scale")), call.parameter(2, "zero point")
    shift = np.zeros(()) if zero is None else -scale * zero
    return affine(build, call, value, scale, shift)


def _within(build: Builder, name: str, ceiling: float) -> bool:
    """Whether a layer's output is between 0 and a ceiling already, but for rounding."""
    layer = build.layers.get(name)
    while isinstance(layer, (AvgPool, Flatten, MaxPool, Pick)):
        layer = build.layers.get(layer.sources[0])
    if not isinstance(layer, Relu) or not layer.rectifies or layer.ceiling is None:
        return False
    return layer.ceiling <= ceiling * (1 + 1e-6)
