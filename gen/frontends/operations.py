"""PyTorch modules and functions, one by one, as float layers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from augend.gen.graph import (
    AvgPool,
    BatchNorm,
    Conv,
    ConversionError,
    Flatten,
    Floats,
    Layer,
    Linear,
    Relu,
)

__all__ = ["CAST_METHODS", "FUNCTIONS", "METHODS", "MODULES", "Call", "Passed"]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call in a traced network, with the tensors that went in and came out."""

    name: str
    kind: str
    source: torch.Tensor
    result: torch.Tensor
    arguments: Sequence[Any] = ()
    keywords: Mapping[str, Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the result for one image."""
        return tuple(self.result.shape[1:])

    def refuse(self, reason: str, instead: str) -> ConversionError:
        """Error that names this call."""
        return ConversionError(reason, layer=self.name, kind=self.kind, instead=instead)

    def bind(self, **defaults: Any) -> dict[str, Any]:
        """Arguments after the source, by name, with their defaults."""
        return {**defaults, **dict(zip(defaults, self.arguments, strict=False)), **self.keywords}

    def finite(self, parameter: str, value: Any) -> Floats:
        """Float64 values of a parameter; refused where not finite."""
        array = np.asarray(value.detach().cpu().double().numpy())
        if not np.isfinite(array).all():
            raise self.refuse(
                f"its {parameter} holds {np.count_nonzero(~np.isfinite(array))} values that are "
                f"NaN or infinite, of {array.size}.",
                "Train it again, e.g. with a lower learning rate.",
            )
        return array


@dataclass(frozen=True)
class Passed:
    """A call that does nothing when the network is used."""

    reason: str


Reader = Callable[..., Layer | Passed]


def _pair(value: Any) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    pair = tuple(int(v) for v in value)
    return (pair[0], pair[0]) if len(pair) == 1 else (pair[0], pair[1])


def _bias(call: Call, bias: Any, size: int) -> Floats:
    return np.zeros(size) if bias is None else call.finite("bias", bias)


def linear(call: Call, weight: Any, bias: Any = None) -> Layer:
    """``nn.Linear`` and ``F.linear``."""
    if call.source.ndim != 2:
        raise call.refuse(
            f"it works on the last axis of {tuple(call.source.shape[1:])} only.",
            "Put nn.Flatten() before it.",
        )
    array = call.finite("weight", weight)
    bias = _bias(call, bias, array.shape[0])
    return Linear(name=call.name, shape=call.shape, weight=array, bias=bias)


def conv(
    call: Call,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
) -> Layer:
    """``nn.Conv2d`` and ``F.conv2d``."""
    if padding_mode != "zeros":
        raise call.refuse(f"padding_mode is {padding_mode!r}.", "Use padding_mode='zeros'.")
    if call.source.ndim != 4:
        raise call.refuse(
            f"it is given {tuple(call.source.shape[1:])}.", "Give it images of (C, H, W)."
        )
    array = call.finite("weight", weight)
    if isinstance(padding, str):
        spread = [d * (k - 1) for d, k in zip(_pair(dilation), array.shape[2:], strict=True)]
        padding = [0, 0] if padding == "valid" else [total // 2 for total in spread]
    return Conv(
        name=call.name,
        shape=call.shape,
        weight=array,
        bias=_bias(call, bias, array.shape[0]),
        stride=_pair(stride),
        padding=_pair(padding),
        dilation=_pair(dilation),
        groups=groups,
    )


def avg_pool(
    call: Call,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Layer:
    """``nn.AvgPool2d`` and ``F.avg_pool2d``."""
    kernel = _pair(kernel_size)
    steps = kernel if stride is None or stride == [] else _pair(stride)
    zeros = _pair(padding)
    if call.source.ndim != 4:
        raise call.refuse(
            f"it is given {tuple(call.source.shape[1:])}.", "Give it images of (C, H, W)."
        )
    floor = tuple(
        (size + 2 * p - k) // s + 1
        for size, p, k, s in zip(call.source.shape[2:], zeros, kernel, steps, strict=True)
    )
    if ceil_mode and floor != call.shape[1:]:
        raise call.refuse("ceil_mode averages over windows cut short.", "Use ceil_mode=False.")
    if not count_include_pad and any(zeros) and divisor_override is None:
        raise call.refuse(
            "with count_include_pad=False the windows at the border have other weights.",
            "Use padding=0 or count_include_pad=True.",
        )
    divisor = float(divisor_override or kernel[0] * kernel[1])
    return AvgPool(
        name=call.name,
        shape=call.shape,
        kernel=kernel,
        stride=steps,
        padding=zeros,
        divisor=divisor,
    )


def batch_norm(call: Call, module: nn.BatchNorm1d | nn.BatchNorm2d) -> Layer:
    """``nn.BatchNorm1d`` and ``nn.BatchNorm2d`` with their running statistics."""
    if module.running_mean is None or module.running_var is None:
        raise call.refuse(
            "it has no running statistics.", "Train it with track_running_stats=True."
        )
    if call.source.ndim == 3:
        raise call.refuse(
            f"it is given {tuple(call.source.shape[1:])}.", "Give it (N,), or use BatchNorm2d."
        )
    scale = 1 / np.sqrt(call.finite("running_var", module.running_var) + module.eps)
    if module.weight is not None:
        scale = scale * call.finite("weight", module.weight)
    shift = -scale * call.finite("running_mean", module.running_mean)
    if module.bias is not None:
        shift = shift + call.finite("bias", module.bias)
    return BatchNorm(name=call.name, shape=call.shape, scale=scale, shift=shift)


def relu(call: Call) -> Layer:
    """Every spelling of ReLU."""
    return Relu(name=call.name, shape=call.shape)


def reshape(call: Call) -> Layer | Passed:
    """Flatten, view and reshape, where they make one vector of each image."""
    before, after = tuple(call.source.shape), tuple(call.result.shape)
    if before == after:
        return Passed("changes no shape")
    if after != (before[0], int(np.prod(before[1:]))):
        raise call.refuse(
            f"it makes {after[1:]} of {before[1:]}"
            + (f", and of {before[0]} images {after[0]}." if after[0] != before[0] else "."),
            "Use nn.Flatten() or x.flatten(1), which make (C*H*W,) of (C, H, W).",
        )
    return Flatten(name=call.name, shape=call.shape)


def dropout(call: Call, p: float = 0.5, training: bool = True, inplace: bool = False) -> Passed:
    """``F.dropout``, whose ``training`` is true unless told otherwise."""
    del p, inplace
    if training:
        raise call.refuse(
            "it drops activations even when the network is used.",
            "Call it with training=self.training, or use nn.Dropout.",
        )
    return Passed("drops nothing outside training")


def _identity(call: Call) -> Passed:
    del call
    return Passed("changes nothing outside training")


def _linear_module(call: Call, module: nn.Linear) -> Layer:
    return linear(call, module.weight, module.bias)


def _conv_module(call: Call, module: nn.Conv2d) -> Layer:
    return conv(
        call,
        module.weight,
        module.bias,
        module.stride,
        module.padding,
        module.dilation,
        module.groups,
        module.padding_mode,
    )


def _avg_pool_module(call: Call, module: nn.AvgPool2d) -> Layer:
    return avg_pool(
        call,
        module.kernel_size,
        module.stride,
        module.padding,
        module.ceil_mode,
        module.count_include_pad,
        module.divisor_override,
    )


MODULES: tuple[tuple[tuple[type[nn.Module], ...], Reader], ...] = (
    ((nn.Linear,), _linear_module),
    ((nn.Conv2d,), _conv_module),
    ((nn.BatchNorm1d, nn.BatchNorm2d), batch_norm),
    ((nn.AvgPool2d,), _avg_pool_module),
    ((nn.ReLU,), lambda call, module: relu(call)),
    ((nn.Flatten,), lambda call, module: reshape(call)),
    (
        (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout, nn.Identity),
        lambda call, module: _identity(call),
    ),
)
"""Classes and what reads them as ``reader(call, module)``."""

FUNCTIONS: dict[Callable[..., Any], Reader] = {
    functional.linear: lambda call: linear(call, **call.bind(weight=None, bias=None)),
    functional.conv2d: lambda call: conv(
        call,
        **call.bind(weight=None, bias=None, stride=1, padding=0, dilation=1, groups=1),
    ),
    functional.avg_pool2d: lambda call: avg_pool(
        call,
        **call.bind(
            kernel_size=None,
            stride=None,
            padding=0,
            ceil_mode=False,
            count_include_pad=True,
            divisor_override=None,
        ),
    ),
    functional.relu: relu,
    functional.relu_: relu,
    torch.relu: relu,
    torch.relu_: relu,
    torch.flatten: reshape,
    torch.reshape: reshape,
    functional.dropout: lambda call: dropout(
        call, **call.bind(p=0.5, training=True, inplace=False)
    ),
    functional.dropout2d: lambda call: dropout(
        call, **call.bind(p=0.5, training=True, inplace=False)
    ),
}
"""Functions and what reads them as ``reader(call)``."""

CAST_METHODS = frozenset({"contiguous", "clone", "detach", "float", "double"})
METHODS: dict[str, Reader] = {
    "relu": relu,
    "relu_": relu,
    "flatten": reshape,
    "view": reshape,
    "reshape": reshape,
    **dict.fromkeys(CAST_METHODS, lambda call: Passed("changes no value")),
}
"""Tensor methods and what reads them as ``reader(call)``."""
