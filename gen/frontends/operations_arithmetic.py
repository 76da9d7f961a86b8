"""Sums of activations, and arithmetic with constants, as float layers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from augend.gen.frontends.operations_activations import maximum, minimum
from augend.gen.frontends.operations_pools import greatest
from augend.gen.frontends.refusals import advice
from augend.gen.frontends.torch_call import Call, Passed, Through
from augend.gen.graph import Add, BatchNorm, Layer

__all__ = ["ARITHMETIC"]

Read = Layer | Passed | Through


def _add(call: Call, one: Any, other: Any, gains: tuple[float, float]) -> Read:
    """``gains[0] one + gains[1] other``, either of which may be constant."""
    if call.follows(one) and call.follows(other):
        a, b = (call.source(x, call.tensor) for x in (one, other))
        if a.name == b.name:
            scale = np.full(a.shape[:1], sum(gains))
            return call.layer(BatchNorm, a, shape=a.shape, scale=scale, shift=0 * scale)
        return call.layer(Add, a, b, shape=a.shape, gains=gains)
    x, constant = (one, other) if call.follows(one) else (other, one)
    gain, factor = gains if call.follows(one) else gains[::-1]
    return _affine(call, x, gain, factor * call.finite("constant", constant))


def _affine(call: Call, x: Any, scale: Any, shift: Any) -> Read:
    """``scale x + shift`` with constants, one for all or one a channel."""
    scale, shift = np.asarray(scale, np.float64), np.asarray(shift, np.float64)
    if not np.any(shift) and np.all(scale == 1) and tuple(x.shape) == tuple(call.tensor.shape):
        return Passed("changes no value", x)
    source = call.source(x, call.tensor)
    return call.layer(
        BatchNorm,
        source,
        shape=source.shape,
        scale=call.per_channel("constant", scale, source.shape),
        shift=call.per_channel("constant", shift, source.shape),
    )


def add(call: Call, input: Any, other: Any, *, alpha: float = 1) -> Read:
    """Sum of two activations, e.g. a residual, or of one and a constant."""
    return _add(call, input, other, (1.0, float(alpha)))


def sub(call: Call, input: Any, other: Any, *, alpha: float = 1) -> Read:
    """Difference of two activations, or of one and a constant."""
    return _add(call, input, other, (1.0, -float(alpha)))


def reversed_sub(call: Call, input: Any, other: Any, alpha: float = 1) -> Read:
    """``constant - x``."""
    return _add(call, input, other, (-float(alpha), 1.0))


def mul(call: Call, input: Any, other: Any) -> Read:
    """Product with a constant, one for all or one a channel."""
    if call.follows(input) and call.follows(other):
        raise call.refuse("it multiplies two activations.", advice("gate"))
    x, constant = (input, other) if call.follows(input) else (other, input)
    return _affine(call, x, call.finite("constant", constant), 0.0)


def div(call: Call, input: Any, other: Any, *, rounding_mode: str | None = None) -> Read:
    """Quotient by a constant."""
    if call.follows(other):
        raise call.refuse("it divides by an activation.", advice("division"))
    if rounding_mode is not None:
        raise call.refuse("it rounds.", advice("round"))
    constant = call.finite("constant", other)
    if np.any(constant == 0):
        raise call.refuse("it divides by 0.", "Divide by constants other than 0.")
    return _affine(call, input, 1 / constant, 0.0)


def reversed_div(call: Call, input: Any, other: Any = None) -> Read:
    """Refused: ``constant / x``."""
    del input, other
    raise call.refuse("it divides by an activation.", advice("division"))


def neg(call: Call, input: Any) -> Read:
    """``-x``."""
    return _affine(call, input, -1.0, 0.0)


def _side(kind: Callable[..., Any]) -> Callable[..., Any]:
    def read(call: Call, input: Any, *rest: Any, **named: Any) -> Any:
        """``torch.max``: of two tensors, or over an axis."""
        other = rest[0] if rest else named.get("other")
        if isinstance(other, torch.Tensor):
            return kind(call, input, other)
        if kind is minimum:
            raise call.refuse("it takes the least values.", advice("max"))
        return greatest(call, input, *rest, **named)

    return read


ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": add,
    "sub": sub,
    "rsub": reversed_sub,
    "mul": mul,
    "div": div,
    "rdiv": reversed_div,
    "neg": neg,
    "max": _side(maximum),
    "min": _side(minimum),
}
"""Names of operations and what reads them."""
