"""ONNX operators, by name, and what reads each of them."""

from collections.abc import Callable, Mapping

from augend.gen.frontends.onnx_activations import (
    cast,
    clip,
    compare,
    leaky,
    opposite,
    prelu,
    rectify,
    sign,
    where,
)
from augend.gen.frontends.onnx_arithmetic import arithmetic, mean, negate, scaler, total
from augend.gen.frontends.onnx_builder import Builder
from augend.gen.frontends.onnx_call import Call
from augend.gen.frontends.onnx_joins import concat
from augend.gen.frontends.onnx_pooling import (
    average_pool,
    global_average,
    global_max,
    max_pool,
    reduction,
)
from augend.gen.frontends.onnx_quantized import dequantize, quantize
from augend.gen.frontends.onnx_value import Condition, Value
from augend.gen.frontends.onnx_weights import batch_normalization, conv, gemm, matmul

__all__ = ["AFTER_SCORES", "ON_CODES", "OPERATORS", "SCORES", "Reader"]

Reader = Callable[[Builder, Call], Value | Condition]

OPERATORS: Mapping[str, Reader] = {
    "Add": arithmetic,
    "AveragePool": average_pool,
    "BatchNormalization": batch_normalization,
    "Cast": cast,
    "Clip": clip,
    "Concat": concat,
    "Conv": conv,
    "DequantizeLinear": dequantize,
    "Div": arithmetic,
    "Gemm": gemm,
    "GlobalAveragePool": global_average,
    "GlobalMaxPool": global_max,
    "Greater": compare,
    "GreaterOrEqual": compare,
    "LeakyRelu": leaky,
    "Less": compare,
    "LessOrEqual": compare,
    "MatMul": matmul,
    "Max": clip,
    "MaxPool": max_pool,
    "Mean": mean,
    "Min": clip,
    "Mul": arithmetic,
    "Neg": negate,
    "Not": opposite,
    "PRelu": prelu,
    "QuantizeLinear": quantize,
    "ReduceMax": reduction,
    "ReduceMean": reduction,
    "ReduceSum": reduction,
    "Relu": rectify,
    "Sign": sign,
    "Sub": arithmetic,
    "Sum": total,
    "Where": where,
    "ai.onnx.ml.Scaler": scaler,
}
"""By operator type; those of ``onnx_moves`` come beside them."""

SCORES = frozenset({"ArgMax", "Hardmax", "LogSoftmax", "Softmax", "TopK"})
"""Operators behind the scores that keep which class has the highest."""

AFTER_SCORES = SCORES | {
    *("Cast", "Dropout", "Flatten", "Identity", "Log", "Reshape", "Squeeze", "Unsqueeze"),
    *("ai.onnx.ml.ArrayFeatureExtractor", "ai.onnx.ml.LabelEncoder", "ai.onnx.ml.ZipMap"),
}
"""Operators that may follow them."""

ON_CODES = frozenset({"DequantizeLinear", "MaxPool"})
"""Operators that work on integer codes as on what the codes stand for, beside moves."""
