"""Linear maps one after the other as one: exact, or None where there is no such map."""

import math
from dataclasses import replace

import numpy as np

from augend.gen.graph import AvgPool, Conv, Floats, Shape
from augend.gen.link import Link, Pooled, affine_places
from augend.gen.term import Term, coverage

__all__ = [
    "conv_over_link",
    "conv_over_pooled",
    "handed_on",
    "linear_over_link",
    "linear_over_pooled",
    "linear_over_term",
    "pool_after",
    "pool_map",
    "pooled_terms",
]

MOST_RUNS = 8
"""Pieces in which a link may be handed on; more become one convolution that mixes channels."""


def conv_over_link(conv: Conv, link: Link) -> list[Term] | None:
    """Terms of a convolution of a link, one for each run of channels where it has groups."""
    placed = _placed(conv, link)
    if placed is None:
        return None
    if conv.groups == 1:
        return _mixing(placed, conv.weight, link)
    size = conv.weight.shape[1]  # source channels of a group
    outputs = conv.weight.shape[0] // conv.groups
    runs = _runs(link)
    if len(runs) > MOST_RUNS or any((a % size or b % size) for a, b in runs):
        return _mixing(placed, _ungrouped(conv), link)
    terms = []
    for first, last in runs:
        rows = slice(first // size * outputs, last // size * outputs)
        gain = link.gain[first:last].reshape(-1, size).repeat(outputs, 0)
        start = int(link.channels[first])
        terms.append(
            replace(
                placed,
                weight=conv.weight[rows] * gain[:, :, None, None],
                groups=(last - first) // size,
                source_channels=_range(start, start + last - first, link.source_shape[0]),
                target_channels=_range(rows.start, rows.stop, conv.shape[0]),
            )
        )
    return terms


def handed_on(link: Link) -> list[Term] | None:
    """Terms that hand a link on: one weight a neuron."""
    channels, height, width = link.shape
    identity = Conv(
        name="identity",
        shape=(channels, height, width),
        weight=np.ones((channels, 1, 1, 1)),
        bias=np.zeros(channels),
        groups=channels,
    )
    terms = conv_over_link(identity, link)
    return None if terms is None else [replace(term, handed_on=True) for term in terms]


def linear_over_link(weight: Floats, link: Link) -> list[Term]:
    """Dense term of weights ``(N, C H W)`` over a link; none where nothing arrives."""
    used = np.flatnonzero(link.used)
    if not len(used):
        return []
    first, last = int(link.channels[used].min()), int(link.channels[used].max()) + 1
    part = weight.reshape(-1, *link.shape)[:, used] * link.gain[used][:, None, None]
    for axis, places in ((2, link.rows), (3, link.columns)):
        if not np.array_equal(places, np.arange(link.source_shape[axis - 1])):
            part = np.tensordot(part, _selection(places, link.source_shape[axis - 1]), (axis, 0))
            part = np.moveaxis(part, -1, axis)
    spread = np.zeros((len(part), last - first, *link.source_shape[1:]))
    np.add.at(spread.swapaxes(0, 1), link.channels[used] - first, part.swapaxes(0, 1))
    return [
        Term(
            source=link.source,
            kind="dense",
            weight=spread.reshape(len(part), -1),
            source_shape=link.source_shape,
            shape=(len(part), 1, 1),
            source_channels=_range(first, last, link.source_shape[0]),
        )
    ]


def linear_over_pooled(weight: Floats, pooled: Pooled) -> list[Term]:
    """Dense term of weights ``(N, C H W)`` over a pooling."""
    rows, columns = pool_map(pooled.pool, pooled.link.shape)
    wide = weight.reshape(-1, *pooled.pool.shape)
    wide = np.einsum("ochw,hY,wX->ocYX", wide, rows, columns, optimize=True)
    return linear_over_link(wide.reshape(len(wide), -1), pooled.link)


def linear_over_term(weight: Floats, term: Term) -> Term:
    """Dense term of weights ``(N, C H W)`` over another term."""
    first, last = term.target_range
    chosen = weight.reshape(-1, *term.shape)[:, first:last]
    if term.kind == "dense":
        merged = chosen.reshape(len(weight), -1) @ term.weight
    else:
        inputs, outputs = term.weight.shape[1], (last - first) // term.groups
        kernel = term.weight.reshape(term.groups, outputs, inputs, *term.weight.shape[2:])
        grouped = chosen.reshape(len(weight), term.groups, outputs, *term.shape[1:])
        merged = np.einsum(
            "ngohw,goikl,yhk,xwl->ngiyx",
            *(grouped, kernel, term.covers(0), term.covers(1)),
            optimize=True,
        ).reshape(len(weight), -1)
    return replace(
        term,
        kind="dense",
        weight=merged,
        shape=(len(weight), 1, 1),
        stride=(1, 1),
        padding=(0, 0),
        dilation=(1, 1),
        groups=1,
        target_channels=None,
        handed_on=False,
    )


def conv_over_pooled(conv: Conv, pooled: Pooled) -> list[Term] | None:
    """Terms of a convolution of a pooling."""
    composed = pool_before(conv, pooled.pool, pooled.link.shape)
    return None if composed is None else conv_over_link(composed, pooled.link)


def pooled_terms(pooled: Pooled) -> list[Term] | None:
    """Terms of the pooling alone."""
    pool = pooled.pool
    return conv_over_link(
        Conv(
            name=pool.name,
            shape=pool.shape,
            weight=np.full((pool.shape[0], 1, *pool.kernel), 1 / pool.divisor),
            bias=np.zeros(pool.shape[0]),
            stride=pool.stride,
            padding=pool.padding,
            groups=pool.shape[0],
        ),
        pooled.link,
    )


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


def pool_before(conv: Conv, pool: AvgPool, source_shape: Shape) -> Conv | None:
    """One convolution for ``pool`` followed by a convolution; None where that is not exact.

    It is not where zeros that the convolution pads would become pooled values: the windows just
    outside must hold no input.
    """
    for axis in (0, 1):
        step, window = pool.stride[axis], pool.kernel[axis]
        last = (conv.shape[1 + axis] - 1) * conv.stride[axis] - conv.padding[axis]
        last += (conv.weight.shape[2 + axis] - 1) * conv.dilation[axis]
        pooled, size = pool.shape[1 + axis], source_shape[1 + axis]
        if conv.padding[axis] and window - 1 - step - pool.padding[axis] >= 0:
            return None
        if last >= pooled and pooled * step - pool.padding[axis] < size:
            return None
    steps = [s * d for s, d in zip(pool.stride, conv.dilation, strict=True)]
    mixing, dilation = zip(
        *(_mix(conv.weight.shape[2 + axis], steps[axis], pool.kernel[axis], 1) for axis in (0, 1)),
        strict=True,
    )
    weight = np.einsum("oiqr,qpj,rsk->oijk", conv.weight, *mixing, optimize=True) / pool.divisor
    return replace(
        conv,
        weight=weight,
        stride=_times(conv.stride, pool.stride),
        padding=(
            conv.padding[0] * pool.stride[0] + pool.padding[0],
            conv.padding[1] * pool.stride[1] + pool.padding[1],
        ),
        dilation=dilation,
    )


def pool_after(term: Term, pool: AvgPool) -> Term | None:
    """One term for a convolution followed by ``pool``; None where not exact.

    It is not where the pooling pads zeros, which the composed convolution would fill with values.
    """
    if term.kind == "dense" or any(pool.padding):
        return None
    mixing, dilation = zip(
        *(
            _mix(
                term.weight.shape[2 + axis],
                term.dilation[axis],
                pool.kernel[axis],
                term.stride[axis],
            )
            for axis in (0, 1)
        ),
        strict=True,
    )
    return replace(
        term,
        weight=np.einsum("oiqr,qpj,rsk->oijk", term.weight, *mixing, optimize=True) / pool.divisor,
        stride=_times(term.stride, pool.stride),
        dilation=dilation,
        shape=pool.shape,
        handed_on=False,
    )


def _mix(taps: int, tap_step: int, window: int, window_step: int) -> tuple[Floats, int]:
    """Taps of the composed kernel: 1 at ``(tap, place in the window, composed tap)``; dilation."""
    offsets = np.arange(taps)[:, None] * tap_step + np.arange(window) * window_step
    dilation = math.gcd(*offsets.ravel().tolist()) or 1
    composed = offsets // dilation
    return (composed[:, :, None] == np.arange(composed.max() + 1)).astype(np.float64), dilation


def _times(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] * other[0], one[1] * other[1]


def _placed(conv: Conv, link: Link) -> Term | None:
    """Term without weights that reads a link where the convolution reads the tensor."""
    stride, padding, dilation = [], [], []
    for axis, places in ((0, link.rows), (1, link.columns)):
        size, outputs, taps = link.source_shape[1 + axis], conv.shape[1 + axis], conv.weight.shape
        affine = affine_places(places, size)
        if affine is None:
            return None
        start, step = affine
        stride.append(conv.stride[axis] * step)
        dilation.append(conv.dilation[axis] * step)
        padding.append(conv.padding[axis] * step - start)
        wanted = coverage(
            size=len(places),
            outputs=outputs,
            taps=taps[2 + axis],
            stride=conv.stride[axis],
            padding=conv.padding[axis],
            dilation=conv.dilation[axis],
        )
        wanted = np.tensordot(_selection(places, size), wanted, (0, 0))
        found = coverage(
            size=size,
            outputs=outputs,
            taps=taps[2 + axis],
            stride=stride[axis],
            padding=padding[axis],
            dilation=dilation[axis],
        )
        if not np.array_equal(wanted, found):
            return None
    return Term(
        source=link.source,
        kind="conv",
        weight=conv.weight,
        source_shape=link.source_shape,
        shape=conv.shape,
        stride=(stride[0], stride[1]),
        padding=(padding[0], padding[1]),
        dilation=(dilation[0], dilation[1]),
    )


def _mixing(placed: Term, weight: Floats, link: Link) -> list[Term]:
    """Terms, one or none, of ungrouped weights ``(C_out, C, KH, KW)`` over a link's channels."""
    used = np.flatnonzero(link.used)
    if not len(used):
        return []
    first, last = int(link.channels[used].min()), int(link.channels[used].max()) + 1
    spread = np.zeros((len(weight), last - first, *weight.shape[2:]))
    part = weight[:, used] * link.gain[used][:, None, None]
    np.add.at(spread.swapaxes(0, 1), link.channels[used] - first, part.swapaxes(0, 1))
    channels = _range(first, last, link.source_shape[0])
    return [replace(placed, weight=spread, source_channels=channels)]


def _ungrouped(conv: Conv) -> Floats:
    """Weights of a grouped convolution as those of one without groups."""
    outputs, inputs = conv.weight.shape[0] // conv.groups, conv.weight.shape[1]
    whole = np.zeros((conv.weight.shape[0], inputs * conv.groups, *conv.weight.shape[2:]))
    for group in range(conv.groups):
        rows = slice(group * outputs, (group + 1) * outputs)
        whole[rows, group * inputs : (group + 1) * inputs] = conv.weight[rows]
    return whole


def _runs(link: Link) -> list[tuple[int, int]]:
    """Runs ``(first, past the last)`` of channels that take consecutive source channels."""
    runs: list[tuple[int, int]] = []
    for channel in np.flatnonzero(link.used).tolist():
        follows = (
            bool(runs)
            and runs[-1][1] == channel
            and link.channels[channel] == link.channels[channel - 1] + 1
        )
        runs[-1:] = (
            [(runs[-1][0], channel + 1)] if follows else [*runs[-1:], (channel, channel + 1)]
        )
    return runs


def _selection(places: np.ndarray, size: int) -> Floats:
    """``(places, size)``: 1 where a place is that of the source."""
    return (places[:, None] == np.arange(size)).astype(np.float64)


def _range(first: int, last: int, size: int) -> tuple[int, int] | None:
    return None if (first, last) == (0, size) else (first, last)
