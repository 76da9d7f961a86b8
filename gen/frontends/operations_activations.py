"""Activation functions of PyTorch as float layers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from augend.gen.frontends.refusals import LAST, RELU, advice
from augend.gen.frontends.torch_call import Call, Only, Passed, Through
from augend.gen.graph import BatchNorm, Binary, Layer, Relu

__all__ = ["ACTIVATIONS"]

Read = Layer | Passed | Only | Through
SIGNS = frozenset({"sign", "heaviside", "gt", "ge", "lt", "le"})
"""Calls that only ask on which side of 0 their argument is."""


def _relu(call: Call, x: Any, slope: Any = 0.0, ceiling: float | None = None) -> Read:
    return call.neuronwise(x, Relu, slope=slope, ceiling=ceiling)


def relu(call: Call, input: Any, inplace: bool = False) -> Read:
    """Every spelling of ReLU."""
    del inplace
    return _relu(call, input)


def relu6(call: Call, input: Any, inplace: bool = False) -> Read:
    """``nn.ReLU6``."""
    del inplace
    return _relu(call, input, ceiling=6.0)


def leaky_relu(call: Call, input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Read:
    """``nn.LeakyReLU`` with a slope of 0 to 1."""
    del inplace
    return _relu(call, input, slope=_slope(call, np.asarray(float(negative_slope))))


def prelu(call: Call, input: Any, weight: Any) -> Read:
    """``nn.PReLU`` with trained slopes of 0 to 1, one for all or one a channel."""
    slopes = _slope(call, call.finite("weight", weight).reshape(-1))
    if isinstance(slopes, float):
        return _relu(call, input, slope=slopes)
    source = call.source(input)
    return call.layer(Relu, source, shape=source.shape, slope=slopes)


def rrelu(
    call: Call,
    input: Any,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Read:
    """``nn.RReLU``, which has its mean slope outside training."""
    del inplace
    if training:
        raise call.refuse("it draws random slopes.", "Call it with training=self.training.")
    return _relu(call, input, slope=_slope(call, np.asarray((lower + upper) / 2)))


def _slope(call: Call, slopes: Any) -> Any:
    if slopes.min() < 0 or slopes.max() > 1:
        outside = slopes.min() if slopes.min() < 0 else slopes.max()
        raise call.refuse(
            f"its slope below 0 is {outside:g}.",
            "Use slopes from 0 to 1, e.g. nn.LeakyReLU(0.1), and train or fine-tune with it.",
        )
    return float(slopes.flat[0]) if slopes.size == 1 else slopes


def hardtanh(
    call: Call, input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Read:
    """``nn.Hardtanh(0, c)``: a ReLU with a ceiling. With a floor below 0, only before a sign."""
    del inplace
    return clamp(call, input, min_val, max_val)


def clamp(call: Call, input: Any, min: Any = None, max: Any = None, **named: Any) -> Read:
    """``x.clamp(0, c)`` and ``x.clamp(min=0)``."""
    del named
    low = None if min is None else _number(call, "min", min)
    high = None if max is None else _number(call, "max", max)
    if low == 0 and (high is None or high > 0):
        return _relu(call, input, ceiling=high)
    if low is not None and low < 0 and (high is None or high > 0):
        return Only(SIGNS, "keeps the sign", call.refuse(f"it cuts off at {low:g}.", RELU))
    if low is None and high is not None and high > 0 and _rectified(call, input):
        return _relu(call, input, ceiling=high)
    raise call.refuse(
        f"it cuts off below {low} and above {high}.",
        "Use nn.ReLU, nn.ReLU6 or nn.Hardtanh(0, c), which cut off below 0.",
    )


def minimum(call: Call, input: Any, other: Any) -> Read:
    """``torch.minimum`` of a ReLU's result and a constant."""
    if call.follows(input) and call.follows(other):
        raise call.refuse("it compares two activations.", advice("minimum"))
    x, limit = (input, other) if call.follows(input) else (other, input)
    return clamp(call, x, None, limit)


def maximum(call: Call, input: Any, other: Any) -> Read:
    """``torch.maximum`` with 0."""
    if call.follows(input) and call.follows(other):
        raise call.refuse("it compares two activations.", advice("maximum"))
    x, limit = (input, other) if call.follows(input) else (other, input)
    return clamp(call, x, limit, None)


def _rectified(call: Call, x: Any) -> bool:
    found = call.builder.lone(x)
    return found is not None and call.builder.rectified(found.name)


def threshold(
    call: Call, input: Any, threshold: float = 0, value: float = 0, inplace: bool = False
) -> Read:
    """``F.threshold(x, 0, 0)``."""
    del inplace
    if threshold == 0 and value == 0:
        return _relu(call, input)
    raise call.refuse(f"it replaces what is up to {threshold:g} by {value:g}.", RELU)


def sign(call: Call, input: Any) -> Read:
    """``torch.sign``, with +1 for 0."""
    return call.neuronwise(input, Binary, function="sign", zero=True)


def heaviside(call: Call, input: Any, values: Any) -> Read:
    """``torch.heaviside``, with 0 or 1 for 0."""
    at_zero = _number(call, "values", values)
    if at_zero not in (0.0, 1.0):
        raise call.refuse(f"it is {at_zero:g} at 0.", "Use values=0 or 1.")
    return call.neuronwise(input, Binary, function="heaviside", zero=at_zero == 1)


def _comparison(below: bool, zero: bool) -> Callable[..., Read]:
    def compare(call: Call, input: Any, other: Any) -> Read:
        if not call.follows(input) or call.follows(other):
            raise call.refuse(
                "it compares with an activation.", "Compare an activation with constants."
            )
        limit = call.finite("limit", other)
        if not below and not np.any(limit):
            return call.neuronwise(input, Binary, function="heaviside", zero=zero)
        source = call.source(input)
        limits = call.per_channel("limit", limit, source.shape)
        gain = -1.0 if below else 1.0
        moved = call.elsewhere(
            "distance",
            BatchNorm,
            source,
            shape=source.shape,
            scale=np.full(source.shape[:1], gain),
            shift=-gain * limits,
        )
        return call.layer(Binary, moved, shape=moved.shape, function="heaviside", zero=zero)

    return compare


def where(call: Call, condition: Any, input: Any, other: Any) -> Read:
    """``torch.where(x > 0, a, b)`` with constants: two values, a above and b below."""
    if not call.follows(condition) or call.follows(input) or call.follows(other):
        raise call.refuse("it chooses between activations.", RELU)
    source = call.source(condition)
    above = call.per_channel("first value", input, source.shape)
    below = call.per_channel("second value", other, source.shape)
    return call.layer(BatchNorm, source, shape=source.shape, scale=above - below, shift=below)


def softmax(call: Call, input: Any, dim: Any = None, *rest: Any, **named: Any) -> Read:
    """``nn.Softmax`` and ``nn.LogSoftmax`` at the end, where they change no argmax."""
    del rest
    axis = named.get("dim", dim)
    axis = 1 if axis is None else int(axis) % input.ndim
    if axis != 1 or int(np.prod(input.shape[2:])) != 1:
        raise call.refuse(f"it is taken over axis {axis}.", LAST)
    function = torch.log_softmax if call.spelling.name == "log_softmax" else torch.softmax
    return Only(
        frozenset({"output"}),
        "argmax unchanged: the class with the highest score is the same",
        call.refuse("it is not the end of the network.", LAST),
        lambda scores: function(scores, 1),
    )


def softmin(call: Call, input: Any, *rest: Any, **named: Any) -> Read:
    """Refused: it turns the order of the scores."""
    del input, rest, named
    raise call.refuse("it turns the order of the scores.", "Use nn.Softmax at the end, or none.")


def odd(call: Call, input: Any) -> Read:
    """``tanh`` and ``softsign``, only before a sign, which they keep."""
    del input
    return Only(
        SIGNS,
        "keeps the sign",
        call.refuse("it has no counterpart among spiking neurons here.", advice(call.kind)),
    )


def _number(call: Call, parameter: str, value: Any) -> float:
    array = call.finite(parameter, value)
    if array.size == 0 or np.any(array != array.flat[0]):
        raise call.refuse(f"its {parameter} differs from place to place.", RELU)
    return float(array.flat[0])


ACTIVATIONS: dict[str, Callable[..., Read]] = {
    "relu": relu,
    "relu6": relu6,
    "leaky_relu": leaky_relu,
    "prelu": prelu,
    "_prelu_kernel": prelu,
    "rrelu": rrelu,
    "hardtanh": hardtanh,
    "clamp": clamp,
    "clamp_min": clamp,
    "clamp_max": lambda call, input, max: clamp(call, input, None, max),
    "minimum": minimum,
    "maximum": maximum,
    "threshold": threshold,
    "sign": sign,
    "sgn": sign,
    "heaviside": heaviside,
    "gt": _comparison(False, False),
    "ge": _comparison(False, True),
    "lt": _comparison(True, False),
    "le": _comparison(True, True),
    "where": where,
    "softmax": softmax,
    "log_softmax": softmax,
    "softmin": softmin,
    "tanh": odd,
    "softsign": odd,
}
"""Names of operations and what reads them."""
