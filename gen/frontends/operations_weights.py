"""Linear layers, convolutions and batch normalisation of PyTorch as float layers."""

from typing import Any

import numpy as np

from augend.gen.frontends.torch_call import Call, Source, pair
from augend.gen.graph import BatchNorm, Conv, Floats, Layer, Linear

__all__ = ["WEIGHTED"]


def _bias(call: Call, bias: Any, size: int) -> Floats:
    return np.zeros(size) if bias is None else call.per_channel("bias", bias, (size,))


def _linear(call: Call, x: Any, weight: Floats, bias: Any) -> Layer:
    source = call.vector(x)
    bias = _bias(call, bias, weight.shape[0])
    return call.layer(Linear, source, shape=(weight.shape[0],), weight=weight, bias=bias)


def linear(call: Call, input: Any, weight: Any, bias: Any = None) -> Layer:
    """``nn.Linear`` and ``F.linear``."""
    return _linear(call, input, call.finite("weight", weight), bias)


def matmul(call: Call, input: Any, other: Any = None, **names: Any) -> Layer:
    """``x @ weight``, with a constant matrix."""
    other = names.get("mat2", other)
    if call.follows(other):
        both = call.follows(input)
        raise call.refuse(
            "it multiplies two activations." if both else "activations are its second factor.",
            "Use nn.Linear or nn.Conv2d with trained weights; without attention.",
        )
    return _linear(call, input, call.finite("weight", other).T, None)


def addmm(
    call: Call, input: Any, mat1: Any, mat2: Any, *, beta: float = 1, alpha: float = 1
) -> Layer:
    """``bias + x @ weight``, with a constant matrix."""
    if call.follows(mat2) or call.follows(input):
        raise call.refuse("it multiplies two activations.", "Use nn.Linear with trained weights.")
    weight, bias = call.finite("weight", mat2).T, call.finite("bias", input)
    return _linear(call, mat1, alpha * weight, beta * bias)


def convolution(
    call: Call,
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Layer:
    """``nn.Conv2d`` and ``F.conv2d``; ``nn.Conv1d`` on rows. Zeros padded before it are merged."""
    array = call.finite("weight", weight)
    source, zeros = _unpadded(call, input)
    if array.ndim == 3:  # of sequences (C, L), which are images (C, 1, L)
        array = array[:, :, None]
        stride, dilation = ((1, *pair(v)[:1]) for v in (stride, dilation))
        padding = padding if isinstance(padding, str) else (0, *pair(padding)[:1])
    if isinstance(padding, str):
        spread = [d * (k - 1) for d, k in zip(pair(dilation), array.shape[2:], strict=True)]
        padding = [0, 0] if padding == "valid" else [total // 2 for total in spread]
    before = pair(padding)
    shape = call.shape if len(call.shape) == 3 else (call.shape[0], 1, *call.shape[1:])
    if len(call.shape) == 2 and source.shape[1] != 1:
        raise call.refuse("it runs over rows laid end to end.", "Use nn.Conv2d.")
    return call.layer(
        Conv,
        source,
        shape=shape,
        weight=array,
        bias=_bias(call, bias, array.shape[0]),
        stride=pair(stride),
        padding=(before[0] + zeros[0], before[1] + zeros[1]),
        dilation=pair(dilation),
        groups=int(groups),
    )


def operator_convolution(
    call: Call, input: Any, weight: Any, bias: Any, *settings: Any, **more: Any
) -> Layer:
    """The operator below ``F.conv2d``, which transposed convolutions share."""
    del more
    stride, padding, dilation, transposed, _, groups = settings[:6]
    if transposed:
        raise call.refuse("it is a transposed convolution.", "Use nn.Conv2d.")
    return convolution(call, input, weight, bias, stride, padding, dilation, groups)


def _unpadded(call: Call, x: Any) -> tuple[Any, tuple[int, int]]:
    """What feeds a convolution, and how many zeros were put before its rows and columns."""
    found = call.builder.numbers(x, call) if call.follows(x) and x.ndim == 4 else None
    if found is None or len(found.parts) != 1 or found.order or found.parts[0].channels:
        return call.image(x), (0, 0)
    part, zeros = found.parts[0], []
    for chosen, size in zip((part.rows, part.columns), part.owner.shape[1:], strict=True):
        kept = np.arange(size) if chosen is None else np.array(chosen)
        ahead = int(np.argmax(kept >= 0))
        inside = kept[ahead : ahead + size]
        if not np.array_equal(inside, np.arange(size)) or np.any(kept[ahead + size :] >= 0):
            return call.image(x), (0, 0)
        zeros.append(ahead)
    if part.whole:
        return call.image(x), (0, 0)
    return Source(name=part.owner.name, shape=part.owner.shape), (zeros[0], zeros[1])


def batch_norm(call: Call, input: Any, *settings: Any, **named: Any) -> Layer:
    """``F.batch_norm``, and ``torch.batch_norm``, whose arguments have another order."""
    if len(settings) == 8:
        weight, bias, mean, variance, training, _, eps, _ = settings
    else:
        order = ("running_mean", "running_var", "weight", "bias", "training", "momentum", "eps")
        given = dict(zip(order, settings, strict=False)) | named
        mean, variance = given.get("running_mean"), given.get("running_var")
        weight, bias = given.get("weight"), given.get("bias")
        training, eps = given.get("training", False), given.get("eps", 1e-5)
    return _normalise(call, input, mean, variance, weight, bias, training, eps)


def operator_batch_norm(call: Call, input: Any, weight: Any, bias: Any, *settings: Any) -> Layer:
    """The operators below ``F.batch_norm``."""
    mean, variance, *rest = settings
    training = rest[0] if len(rest) == 3 else False
    return _normalise(call, input, mean, variance, weight, bias, training, rest[-1])


def _normalise(
    call: Call,
    x: Any,
    mean: Any,
    variance: Any,
    weight: Any,
    bias: Any,
    training: bool,
    eps: float,
) -> Layer:
    if training or mean is None or variance is None:
        raise call.refuse(
            "it has no running statistics.", "Train it with track_running_stats=True."
        )
    scale = _scale(call, variance, weight, eps)
    shift = -scale * call.finite("running_mean", mean)
    if bias is not None:
        shift = shift + call.finite("bias", bias)
    source = call.source(x)
    return call.layer(BatchNorm, source, shape=source.shape, scale=scale, shift=shift)


def _scale(call: Call, variance: Any, weight: Any, eps: float) -> Floats:
    spread = call.finite("running_var", variance) + eps
    if np.any(spread <= 0):
        raise call.refuse("its running_var holds values below 0.", "Train it again.")
    scale = 1 / np.sqrt(spread)
    return scale if weight is None else scale * call.finite("weight", weight)


WEIGHTED = {
    "linear": linear,
    "matmul": matmul,
    "mm": matmul,
    "addmm": addmm,
    "conv1d": convolution,
    "conv2d": convolution,
    "convolution": operator_convolution,
    "_convolution": operator_convolution,
    "batch_norm": batch_norm,
    "native_batch_norm": operator_batch_norm,
    "_native_batch_norm_legit_no_training": operator_batch_norm,
    "_batch_norm_no_update": operator_batch_norm,
}
"""Names of operations and what reads them."""
