"""One affine map that a population of spiking neurons computes, and what can be folded into it."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from augend.gen.graph import AvgPool, Floats, Shape

__all__ = [
    "Stage",
    "coverage",
    "depthwise",
    "pool_after",
    "pool_before",
    "pool_map",
    "scale_input",
    "scale_output",
]


@dataclass(frozen=True, kw_only=True, eq=False)
class Stage:
    """``y = W x + bias``, followed by ReLU where ``spiking``.

    Parameters
    ----------
    name
        Of the layer that gives the weights.
    layers
        Names of all layers that are folded into it, in their order.
    kind
        ``dense``, with ``weight`` ``(N, sources)`` over sources flattened in (C, H, W) order, or
        ``conv``, with ``weight`` ``(C_out, C_in / groups, KH, KW)``.
    bias
        For every neuron, shaped as ``shape``: folding may make it differ from place to place.
    source_shape, shape
        Of what enters and what leaves for one image.
    """

    name: str
    layers: tuple[str, ...]
    kind: Literal["dense", "conv"]
    weight: Floats
    bias: Floats
    source_shape: Shape
    shape: Shape
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    spiking: bool = True

    @property
    def uniform_bias(self) -> bool:
        """Whether all neurons of each channel have the same bias."""
        flat = self.bias.reshape(self.shape[0], -1)
        return bool(np.all(np.abs(flat - flat[:, :1]) <= 1e-12 * max(1.0, np.abs(flat).max())))

    @property
    def output_rows(self) -> Floats:
        """Weights of every output channel in one row: ``(C_out, weights of a channel)``."""
        return self.weight.reshape(self.weight.shape[0], -1)

    def source_channels(self) -> np.ndarray:
        """Source channel of every weight, broadcastable to ``weight``.

        For a dense stage the channel index of each column ``(1, sources)``; for a convolution
        that of each ``(C_out, C_in / groups, 1, 1)``.
        """
        if self.kind == "dense":
            area = int(np.prod(self.source_shape[1:]))
            return np.repeat(np.arange(self.source_shape[0]), area)[None, :]
        inputs = self.weight.shape[1]
        group = np.arange(self.shape[0]) // (self.shape[0] // self.groups)
        return (group[:, None] * inputs + np.arange(inputs))[:, :, None, None]

    def apply_linear(self, x: Floats) -> Floats:
        """``W x`` of one image shaped as the source, shaped as the output; exact and slow."""
        if self.kind == "dense":
            return (self.weight @ x.reshape(-1)).reshape(self.shape)
        rows, columns = self.covers(0), self.covers(1)
        inputs, outputs = self.weight.shape[1], self.shape[0] // self.groups
        parts = []
        for group in range(self.groups):
            block = x[group * inputs : (group + 1) * inputs]
            kernels = self.weight[group * outputs : (group + 1) * outputs]
            seen = np.einsum("ihw,hyk->iwyk", block, rows, optimize=True)
            windows = np.einsum("iwyk,wxl->iyxkl", seen, columns, optimize=True)
            parts.append(np.einsum("oikl,iyxkl->oyx", kernels, windows, optimize=True))
        return np.concatenate(parts)

    def covers(self, axis: int) -> Floats:
        """``(size, out_size, taps)``: 1 where an output coordinate's tap reads an input."""
        return coverage(
            size=self.source_shape[1 + axis],
            outputs=self.shape[1 + axis],
            taps=self.weight.shape[2 + axis],
            stride=self.stride[axis],
            padding=self.padding[axis],
            dilation=self.dilation[axis],
        )


def coverage(
    *, size: int, outputs: int, taps: int, stride: int, padding: int, dilation: int = 1
) -> Floats:
    """``(size, outputs, taps)``: 1 where ``output stride - padding + tap dilation == input``."""
    reached = np.arange(outputs)[:, None] * stride - padding + np.arange(taps) * dilation
    return (reached == np.arange(size)[:, None, None]).astype(np.float64)


def depthwise(name: str, shape: Shape) -> Stage:
    """Stage that hands every neuron of ``shape`` ``(C, H, W)`` on: one weight of 1 a channel."""
    return Stage(
        name=name,
        layers=(name,),
        kind="conv",
        weight=np.ones((shape[0], 1, 1, 1)),
        bias=np.zeros(shape),
        source_shape=shape,
        shape=shape,
        groups=shape[0],
    )


def scale_output(stage: Stage, scale: Floats, shift: Floats, name: str) -> Stage:
    """``scale y + shift`` per output channel, folded into weights and biases."""
    wide = (-1,) + (1,) * (len(stage.shape) - 1)
    return replace(
        stage,
        weight=stage.weight * scale.reshape(-1, *(1,) * (stage.weight.ndim - 1)),
        bias=stage.bias * scale.reshape(wide) + shift.reshape(wide),
        layers=(*stage.layers, name),
    )


def scale_input(stage: Stage, scale: Floats, shift: Floats) -> Stage:
    """Stage that gives for ``x`` what ``stage`` gives for ``scale x + shift``.

    ``scale`` is per source channel, or for a dense stage per source; ``shift`` has the source's
    shape. Exact also where zeros are padded: they are not shifted, and the bias knows it.
    """
    bias = stage.bias + stage.apply_linear(shift) if np.any(shift) else stage.bias
    if scale.size != stage.source_shape[0]:
        return replace(stage, weight=stage.weight * scale.reshape(1, -1), bias=bias)
    return replace(stage, weight=stage.weight * scale[stage.source_channels()], bias=bias)


def pool_map(pool: AvgPool, source_shape: Shape) -> tuple[Floats, Floats]:
    """Average pooling as one matrix an axis, ``(out, in)`` each, to be multiplied."""
    rows, columns = (
        coverage(
            size=source_shape[1 + axis],
            outputs=pool.shape[1 + axis],
            taps=pool.kernel[axis],
            stride=pool.stride[axis],
            padding=pool.padding[axis],
        )
        .sum(2)
        .T
        for axis in (0, 1)
    )
    return rows / pool.divisor, columns


def pool_before(stage: Stage, pool: AvgPool, source_shape: Shape) -> Stage | None:
    """One stage for ``pool`` followed by ``stage``; None where that would not be exact.

    Into a dense stage any pooling folds. Into a convolution it does not where zeros that the
    convolution pads would become pooled values: the windows just outside must hold no input.
    """
    if stage.kind == "dense":
        rows, columns = pool_map(pool, source_shape)
        weight = stage.weight.reshape(-1, *pool.shape)
        weight = np.einsum("ochw,hY,wX->ocYX", weight, rows, columns, optimize=True)
        return replace(
            stage,
            weight=weight.reshape(len(weight), -1),
            source_shape=source_shape,
            layers=(pool.name, *stage.layers),
        )
    for axis in (0, 1):
        step, window = pool.stride[axis], pool.kernel[axis]
        last = (stage.shape[1 + axis] - 1) * stage.stride[axis] - stage.padding[axis]
        last += (stage.weight.shape[2 + axis] - 1) * stage.dilation[axis]
        pooled, size = pool.shape[1 + axis], source_shape[1 + axis]
        if stage.padding[axis] and window - 1 - step - pool.padding[axis] >= 0:
            return None
        if last >= pooled and pooled * step - pool.padding[axis] < size:
            return None
    steps = [s * d for s, d in zip(pool.stride, stage.dilation, strict=True)]
    mixing, dilation = zip(
        *(_mix(stage.weight.shape[2 + axis], steps[axis], pool.kernel[axis], 1) for axis in (0, 1)),
        strict=True,
    )
    weight = np.einsum("oiqr,qpj,rsk->oijk", stage.weight, *mixing, optimize=True) / pool.divisor
    return replace(
        stage,
        weight=weight,
        stride=_times(stage.stride, pool.stride),
        padding=(
            stage.padding[0] * pool.stride[0] + pool.padding[0],
            stage.padding[1] * pool.stride[1] + pool.padding[1],
        ),
        dilation=dilation,
        source_shape=source_shape,
        layers=(pool.name, *stage.layers),
    )


def pool_after(stage: Stage, pool: AvgPool) -> Stage | None:
    """One stage for ``stage``, a convolution, followed by ``pool``; None where not exact.

    It is not where the pooling pads zeros, which the composed convolution would fill with values.
    """
    if stage.kind == "dense" or any(pool.padding):
        return None
    mixing, dilation = zip(
        *(
            _mix(
                stage.weight.shape[2 + axis],
                stage.dilation[axis],
                pool.kernel[axis],
                stage.stride[axis],
            )
            for axis in (0, 1)
        ),
        strict=True,
    )
    rows, columns = pool_map(pool, stage.shape)
    return replace(
        stage,
        weight=np.einsum("oiqr,qpj,rsk->oijk", stage.weight, *mixing, optimize=True) / pool.divisor,
        bias=np.einsum("chw,yh,xw->cyx", stage.bias, rows, columns, optimize=True),
        stride=_times(stage.stride, pool.stride),
        dilation=dilation,
        shape=pool.shape,
        layers=(*stage.layers, pool.name),
    )


def _mix(taps: int, tap_step: int, window: int, window_step: int) -> tuple[Floats, int]:
    """Taps of the composed kernel: 1 at ``(tap, place in the window, composed tap)``; dilation."""
    offsets = np.arange(taps)[:, None] * tap_step + np.arange(window) * window_step
    dilation = math.gcd(*offsets.ravel().tolist()) or 1
    composed = offsets // dilation
    return (composed[:, :, None] == np.arange(composed.max() + 1)).astype(np.float64), dilation


def _times(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] * other[0], one[1] * other[1]
