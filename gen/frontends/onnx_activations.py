"""Activation functions of ONNX models, and comparisons that are binary activations."""

from dataclasses import replace

import numpy as np
from onnx import TensorProto

from augend.gen.frontends.onnx_builder import Builder
from augend.gen.frontends.onnx_call import Call
from augend.gen.frontends.onnx_elementwise import affine, aligned, binary, choose, relu
from augend.gen.frontends.onnx_value import Condition, Value

__all__ = [
    "cast",
    "clip",
    "compare",
    "leaky",
    "opposite",
    "prelu",
    "rectify",
    "sign",
    "where",
]

FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16)


def rectify(build: Builder, call: Call) -> Value:
    """Relu."""
    return relu(build, call, call.value())


def leaky(build: Builder, call: Call) -> Value:
    """LeakyRelu."""
    return relu(build, call, call.value(), float(call.attribute("alpha", 0.01)))


def prelu(build: Builder, call: Call) -> Value:
    """PRelu with a slope that is constant, one for all or one a channel."""
    value, slope = call.value(), call.finite("slope", call.needed(1, "slope"))
    return relu(build, call, value, aligned(call, value, slope))


def clip(build: Builder, call: Call) -> Value:
    """Clip, Min and Max that leave out what is below 0, or above a ceiling, or both."""
    kind = call.node.op_type
    low, high = -np.inf, np.inf
    value = call.value(int(not isinstance(call.inputs[0], Value)))
    if kind == "Clip":
        low, high = (
            float(call.attribute(name, default)) if given is None else float(np.ravel(given)[0])
            for name, default, given in (
                ("min", -np.inf, call.constant(1, "min")),
                ("max", np.inf, call.constant(2, "max")),
            )
        )
    else:
        others = [x for x in call.inputs if isinstance(x, np.ndarray)]
        if len(call.inputs) != 2 or len(others) != 1 or others[0].size != 1:
            raise call.refuse(
                "it compares tensors of the network.", "Compare with one constant, e.g. Max(x, 0)."
            )
        bound = float(others[0].ravel()[0])
        low, high = (bound, np.inf) if kind == "Max" else (-np.inf, bound)
    least = np.finfo(np.float32).min
    if low <= least and high >= -least:
        call.remark("leaves every number as it is")
        return value
    if not (low == 0 or low <= least) or high <= 0 or np.isnan(high):
        raise call.refuse(
            f"it keeps what is from {low:g} to {high:g}.",
            "Use Relu, or Clip from 0 to a number above 0, and train or fine-tune with it.",
        )
    slope = 0.0 if low == 0 else 1.0
    return relu(build, call, value, slope, None if high >= -least else high)


def sign(build: Builder, call: Call) -> Value:
    """Sign; 0 itself becomes 1."""
    call.remark("0 itself becomes +1")
    return binary(build, call, call.value(), "sign")


def compare(build: Builder, call: Call) -> Condition:
    """Greater, GreaterOrEqual, Less and LessOrEqual of a tensor and a constant."""
    kind = call.node.op_type
    if len(call.values()) > 1:
        raise call.refuse("it compares two tensors.", "Compare with a constant.")
    behind = isinstance(call.inputs[1], Value)
    value = call.value(int(behind))
    bound = call.finite("constant", call.needed(int(not behind), "constant"))
    call.remark("is read with what takes its result")
    above, equal = kind.startswith("Greater") != behind, kind.endswith("OrEqual")
    moved = affine(build, call, value, np.ones(()), -bound) if bound.any() else value
    # x < b is where x >= b is not
    return Condition(value=moved, zero=equal == above, negated=not above)


def cast(build: Builder, call: Call) -> Value:
    """Cast to a floating-point type; of a comparison, 1 where it holds and 0 elsewhere."""
    found, to = call.inputs[0], call.attribute("to")
    if isinstance(found, Condition):
        return choose(build, call, found, 1.0, 0.0)
    value = call.value()
    if to not in FLOATS:
        raise call.refuse(
            "it makes integers or truth values of a tensor of the network.",
            "Use Greater(x, 0) with Cast for binary activations.",
        )
    call.remark("numbers stay as they are")
    return value


def where(build: Builder, call: Call) -> Value:
    """Where(condition, a, b) with constants a and b."""
    condition = call.inputs[0]
    yes, no = call.parameter(1, "first choice"), call.parameter(2, "second choice")
    if not isinstance(condition, Condition) or yes is None or no is None:
        raise call.refuse(
            "it does not choose between two numbers by a comparison.",
            "Choose by Greater(x, 0) between two constants, or use Relu or LeakyRelu.",
        )
    if yes.min() != yes.max() or no.min() != no.max():
        raise call.refuse("it chooses between several numbers.", "Choose between two numbers.")
    return choose(build, call, condition, float(yes.flat[0]), float(no.flat[0]))


def opposite(build: Builder, call: Call) -> Condition:
    """Not."""
    del build
    found = call.inputs[0]
    if not isinstance(found, Condition):
        raise call.refuse("its input is no comparison.", "Use it on Greater or Less.")
    return replace(found, negated=not found.negated)
