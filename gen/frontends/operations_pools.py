"""Pooling of PyTorch, and sums, means and maxima over rows and columns, as float layers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from augend.gen.frontends.torch_call import Call, Passed, Source, pair
from augend.gen.graph import Add, AvgPool, Conv, Layer, MaxPool, Pick, Shape

__all__ = ["POOLS"]

Windows = list[range]


@dataclass(frozen=True, kw_only=True)
class _Axis:
    """How the windows of a pooling lie along rows or columns, and what each is divided by."""

    kernel: int
    stride: int
    padding: int
    counts: tuple[int, ...]
    chosen: tuple[int, ...] | None = None  # laid out one behind the other, where irregular


def avg_pool(
    call: Call,
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Layer | Passed:
    """``nn.AvgPool2d`` and ``nn.AvgPool1d``, borders divided as PyTorch divides them."""
    del ceil_mode  # it is seen in the shape of the result
    source, shape = _images(call, input)
    kernel, steps, zeros = _geometry(call, kernel_size, stride, padding)
    axes = []
    for axis in (0, 1):
        size, pad = source.shape[1 + axis], zeros[axis]
        starts = [y * steps[axis] - pad for y in range(shape[1 + axis])]
        low, high = (-pad, size + pad) if count_include_pad else (0, size)
        counts = tuple(min(s + kernel[axis], high) - max(s, low) for s in starts)
        axes.append(
            _Axis(kernel=kernel[axis], stride=steps[axis], padding=zeros[axis], counts=counts)
        )
    if divisor_override:
        return _pooled(call, source, shape, axes, divisor=float(divisor_override))
    return _pooled(call, source, shape, axes)


def max_pool(
    call: Call,
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Layer:
    """``nn.MaxPool2d`` and ``nn.MaxPool1d``."""
    del ceil_mode
    if return_indices:
        raise call.refuse("it returns where the greatest values are.", "Use return_indices=False.")
    source, shape = _images(call, input)
    kernel, steps, zeros = _geometry(call, kernel_size, stride, padding)
    apart = (1, pair(dilation)[0]) if len(call.shape) == 2 else pair(dilation)
    return call.layer(
        MaxPool, source, shape=shape, kernel=kernel, stride=steps, padding=zeros, dilation=apart
    )


def adaptive_avg_pool(call: Call, input: Any, output_size: Any) -> Layer | Passed:
    """``nn.AdaptiveAvgPool2d``: windows of any size, each with its own mean."""
    del output_size
    source, shape = _images(call, input)
    axes = [_adaptive(source.shape[1 + axis], shape[1 + axis], False) for axis in (0, 1)]
    return _pooled(call, source, shape, axes)


def adaptive_max_pool(
    call: Call, input: Any, output_size: Any, return_indices: bool = False
) -> Layer:
    """``nn.AdaptiveMaxPool2d``."""
    del output_size
    if return_indices:
        raise call.refuse("it returns where the greatest values are.", "Use return_indices=False.")
    source, shape = _images(call, input)
    axes = [_adaptive(source.shape[1 + axis], shape[1 + axis], True) for axis in (0, 1)]
    source = _laid_out(call, source, axes)
    kernel, stride = ((axes[0].kernel, axes[1].kernel), (axes[0].stride, axes[1].stride))
    return call.layer(MaxPool, source, shape=shape, kernel=kernel, stride=stride)


def mean(call: Call, input: Any, dim: Any = None, keepdim: bool = False, **named: Any) -> Layer:
    """``x.mean((2, 3))`` and the like; over channels too."""
    del keepdim
    return _reduced(call, input, named.get("axis", dim), "mean")


def total(call: Call, input: Any, dim: Any = None, keepdim: bool = False, **named: Any) -> Layer:
    """``x.sum((2, 3))`` and the like; over channels too."""
    del keepdim
    return _reduced(call, input, named.get("axis", dim), "sum")


def greatest(call: Call, input: Any, dim: Any = None, keepdim: bool = False, **named: Any) -> Layer:
    """``x.amax((2, 3))`` and the like."""
    del keepdim
    return _reduced(call, input, named.get("axis", dim), "max")


def _images(call: Call, x: Any) -> tuple[Source, Shape]:
    """What feeds a pooling, and its result's shape as of images."""
    source = call.image(x)
    if len(call.shape) == 2:
        if source.shape[1] != 1:
            raise call.refuse("it runs over rows laid end to end.", "Pool before flattening.")
        return source, (call.shape[0], 1, call.shape[1])
    return source, call.shape


def _geometry(call: Call, kernel: Any, stride: Any, padding: Any) -> list[tuple[int, int]]:
    given = [kernel, kernel if stride is None or stride == [] else stride, padding]
    if len(call.shape) == 2:
        return [(fill, pair(value)[0]) for fill, value in zip((1, 1, 0), given, strict=True)]
    return [pair(value) for value in given]


def _adaptive(size: int, outputs: int, greatest: bool) -> _Axis:
    windows = [range(y * size // outputs, -(-(y + 1) * size // outputs)) for y in range(outputs)]
    counts = tuple(len(window) for window in windows)
    steps = {b.start - a.start for a, b in zip(windows, windows[1:], strict=False)} or {1}
    longest = max(counts)
    if len(set(counts)) == 1 and len(steps) == 1 and min(steps) > 0:
        return _Axis(kernel=longest, stride=min(steps), padding=0, counts=counts)
    chosen: list[int] = []
    for window in windows:
        filler = window[-1] if greatest else -1
        chosen += [*window, *[filler] * (longest - len(window))]
    return _Axis(kernel=longest, stride=longest, padding=0, counts=counts, chosen=tuple(chosen))


def _laid_out(call: Call, source: Source, axes: Sequence[_Axis]) -> Source:
    rows, columns = (axis.chosen for axis in axes)
    if rows is None and columns is None:
        return source
    height, width = (
        size if axis.chosen is None else len(axis.chosen)
        for size, axis in zip(source.shape[1:], axes, strict=True)
    )
    shape = (source.shape[0], height, width)
    return call.elsewhere("windows", Pick, source, shape=shape, rows=rows, columns=columns)


def _pooled(
    call: Call,
    source: Source,
    shape: Shape,
    axes: Sequence[_Axis],
    divisor: float | None = None,
) -> Layer | Passed:
    """Sums over windows; where windows have different sizes, the sums of each size apart."""
    if divisor is None and shape == source.shape and all(axis.kernel == 1 for axis in axes):
        return Passed("every window holds one value")
    source = _laid_out(call, source, axes)
    rows, columns = axes
    geometry: dict[str, Any] = {
        "shape": shape,
        "kernel": (rows.kernel, columns.kernel),
        "stride": (rows.stride, columns.stride),
        "padding": (rows.padding, columns.padding),
    }
    sizes = sorted({(r, c) for r in rows.counts for c in columns.counts}, reverse=True)
    if divisor is not None or len(sizes) == 1:
        one = float(divisor or sizes[0][0] * sizes[0][1])
        return call.layer(AvgPool, source, **geometry, divisor=one)
    most = float(sizes[0][0] * sizes[0][1])
    summed = call.elsewhere("sum", AvgPool, source, **geometry, divisor=most)
    picks = [
        call.elsewhere(
            f"windows{r}x{c}",
            Pick,
            summed,
            shape=shape,
            rows=tuple(y if count == r else -1 for y, count in enumerate(rows.counts)),
            columns=tuple(x if count == c else -1 for x, count in enumerate(columns.counts)),
        )
        for r, c in sizes
    ]
    gains = tuple(most / (r * c) for r, c in sizes)
    return call.layer(Add, *picks, shape=shape, gains=gains)


def _reduced(call: Call, x: Any, dim: Any, how: str) -> Layer:
    if dim is None or isinstance(dim, bool):
        raise call.refuse(
            "it takes all images together.", "Give it dim=, e.g. (2, 3) for rows and columns."
        )
    dims = {int(d) % x.ndim for d in ((dim,) if isinstance(dim, int) else dim)}
    if 0 in dims:
        raise call.refuse("it takes all images together.", "Give it dim=(2, 3), rows and columns.")
    if x.ndim not in (3, 4) or not (dims == {1} or dims <= {2, 3}) or (1 in dims and how == "max"):
        what = {"max": "the greatest", "mean": "the mean", "sum": "the sum"}[how]
        raise call.refuse(
            f"it takes {what} over {'channels' if 1 in dims else 'axes'} {sorted(dims)} of "
            f"{tuple(x.shape[1:])}.",
            "Reduce rows and columns only, e.g. nn.AdaptiveMaxPool2d(1) or "
            "nn.AdaptiveAvgPool2d(1).",
        )
    source = call.image(x)
    channels, height, width = source.shape
    if dims == {1}:
        value = 1 / channels if how == "mean" else 1.0
        weight = np.full((1, channels, 1, 1), value)
        return call.layer(Conv, source, shape=(1, height, width), weight=weight, bias=np.zeros(1))
    over_rows, over_columns = (x.ndim == 3 or 2 in dims), (x.ndim == 3 or 3 in dims)
    kernel = (height if over_rows else 1, width if over_columns else 1)
    shape = (channels, height // kernel[0], width // kernel[1])
    if how == "max":
        return call.layer(MaxPool, source, shape=shape, kernel=kernel, stride=kernel)
    divisor = float(kernel[0] * kernel[1]) if how == "mean" else 1.0
    return call.layer(AvgPool, source, shape=shape, kernel=kernel, stride=kernel, divisor=divisor)


POOLS = {
    "avg_pool1d": avg_pool,
    "avg_pool2d": avg_pool,
    "max_pool1d": max_pool,
    "max_pool2d": max_pool,
    "max_pool2d_with_indices": max_pool,
    "adaptive_avg_pool1d": adaptive_avg_pool,
    "adaptive_avg_pool2d": adaptive_avg_pool,
    "_adaptive_avg_pool2d": adaptive_avg_pool,
    "adaptive_max_pool1d": adaptive_max_pool,
    "adaptive_max_pool2d": adaptive_max_pool,
    "mean": mean,
    "sum": total,
    "amax": greatest,
}
"""Names of operations and what reads them."""
