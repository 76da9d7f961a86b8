"""Sums, differences, products and quotients: with constants, or of branches of the network."""

import numpy as np

from augend.gen.frontends.onnx_builder import Builder
from augend.gen.frontends.onnx_call import Call
from augend.gen.frontends.onnx_elementwise import affine, aligned
from augend.gen.frontends.onnx_joins import add
from augend.gen.frontends.onnx_value import Value

__all__ = ["arithmetic", "mean", "negate", "scaler", "total"]

ZERO, ONE = np.zeros(()), np.ones(())


def arithmetic(build: Builder, call: Call) -> Value:
    """Add, Sub, Mul and Div of a tensor and a constant; Add and Sub of two tensors."""
    kind, values = call.node.op_type, call.values()
    if len(values) == 2:
        if kind in ("Mul", "Div"):
            raise call.refuse(
                f"it {'multiplies' if kind == 'Mul' else 'divides'} two tensors of the network.",
                "Use a network without gates or attention; scale by constants only.",
            )
        return add(build, call, values, [1.0, 1.0 if kind == "Add" else -1.0])
    behind = isinstance(call.inputs[1], Value)
    value = call.value(int(behind))
    constant = call.finite("constant", call.needed(int(not behind), "constant"))
    constant = aligned(call, value, constant)
    if kind == "Add":
        return affine(build, call, value, ONE, constant)
    if kind == "Sub":
        return affine(
            build, call, value, -ONE if behind else ONE, constant if behind else -constant
        )
    if kind == "Div":
        if behind or not constant.all():
            raise call.refuse(
                "it divides by a tensor of the network, or by 0.", "Divide by constants, not 0."
            )
        constant = 1 / constant
    return affine(build, call, value, constant, ZERO)


def negate(build: Builder, call: Call) -> Value:
    """``-x``."""
    return affine(build, call, call.value(), -ONE, ZERO)


def total(build: Builder, call: Call) -> Value:
    """Sum of any number of tensors."""
    values = call.values()
    if len(values) < len(call.inputs):
        raise call.refuse("it adds constants and tensors at once.", "Use Add for the constants.")
    return values[0] if len(values) == 1 else add(build, call, values, [1.0] * len(values))


def mean(build: Builder, call: Call) -> Value:
    """Mean of any number of tensors."""
    values = call.values()
    if len(values) < len(call.inputs):
        raise call.refuse("it joins constants and tensors.", "Use Add for the constants.")
    return add(build, call, values, [1 / len(values)] * len(values))


def scaler(build: Builder, call: Call) -> Value:
    """``(x - offset) scale``, as scikit-learn standardises its features."""
    offset, scale = (
        call.finite(name, np.asarray(call.attribute(name, [default])))
        for name, default in (("offset", 0.0), ("scale", 1.0))
    )
    return affine(build, call, call.value(), scale, -offset * scale)
