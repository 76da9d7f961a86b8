"""Linear maps between neurons: chains of convolutions, pools, scales and matrices as one."""

from dataclasses import dataclass, replace

import numpy as np

from augend.gen.frontends.nir_file import NirNode
from augend.gen.frontends.nir_graph import conv_padding, numbers, pair, refusal
from augend.gen.graph import Floats, Pair, Shape
from augend.gen.projection import Projection

__all__ = ["Map", "after", "identity", "map_of"]

MOST_WEIGHTS = 1 << 26
"""Largest matrix that a chain of layers is written out to."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Map:
    """``y = A x`` from ``source`` to ``target``, both ``(N,)`` or ``(C, H, W)``.

    Exactly one of three: ``scale`` (of the source's shape: elementwise), ``kernel``
    ``(C_out, C_in / groups, KH, KW)`` (a convolution), ``matrix`` ``(targets, sources)``.
    """

    source: Shape
    target: Shape
    scale: Floats | None = None
    kernel: Floats | None = None
    matrix: Floats | None = None
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1

    @property
    def weight(self) -> Floats:
        """Its numbers, as a projection keeps them: a kernel or a matrix."""
        if self.kernel is not None:
            return self.kernel
        assert self.matrix is not None
        return self.matrix

    def apply(self, values: Floats) -> Floats:
        """``A x`` of one ``x`` of the source's shape, e.g. of a bias."""
        if self.scale is not None:
            return (values * self.scale).reshape(self.target)
        if self.kernel is None:
            return (self.weight @ values.reshape(-1)).reshape(self.target)
        rows, columns = self._covers()
        split = values.reshape(self.groups, -1, *values.shape[1:])  # (groups, C / groups, H, W)
        kernel = self.kernel.reshape(self.groups, -1, *self.kernel.shape[1:])
        result = np.einsum("gockl,gchw,hyk,wxl->goyx", kernel, split, rows, columns, optimize=True)
        return result.reshape(self.target)

    def as_projection(self) -> "Map":
        """The same as a kernel or a matrix that a projection can hold."""
        if self.scale is not None:
            if len(self.source) == 3 and self.source == self.target and _per_channel(self.scale):
                kernel = self.scale[:, :1, :1].reshape(-1, 1, 1, 1)
                return replace(self, scale=None, kernel=kernel, groups=self.source[0])
            return self.as_matrix()
        return self

    def as_matrix(self) -> "Map":
        """The same written out as a matrix."""
        if self.matrix is not None:
            return self
        size = int(np.prod(self.source)) * int(np.prod(self.target))
        if size > MOST_WEIGHTS:
            raise ValueError(f"it would be a matrix of {size} weights")
        if self.scale is not None:
            matrix = np.diag(self.scale.reshape(-1))
        else:
            matrix = _compose_matrix(np.eye(int(np.prod(self.target))), self)
        return Map(source=self.source, target=self.target, matrix=matrix)

    def _covers(self) -> tuple[Floats, Floats]:
        """Which inputs each output reaches, by tap, ``(inputs, outputs, taps)`` of either axis."""
        assert self.kernel is not None
        link = Projection(
            source="",
            target="",
            kind="conv",
            weight=np.zeros((1, 1, *self.kernel.shape[2:]), np.int16),
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
        )
        rows, columns = (
            link.covers(axis, self.source[1 + axis], self.target[1 + axis]).astype(np.float64)
            for axis in (0, 1)
        )
        return rows, columns


def identity(shape: Shape) -> Map:
    """Map that changes nothing."""
    return Map(source=shape, target=shape, scale=np.ones(shape))


def map_of(name: str, node: NirNode, source: Shape, target: Shape) -> Map:
    """Linear part of a node; its bias is not in it."""
    if node.kind in ("Linear", "Affine"):
        return Map(source=source, target=target, matrix=numbers(name, node, "weight"))
    if node.kind == "Scale":
        scale = np.broadcast_to(numbers(name, node, "scale").reshape(-1), (int(np.prod(source)),))
        return Map(source=source, target=target, scale=scale.reshape(source).copy())
    if node.kind in ("Flatten", "Pass", "Delay", "Output"):
        return Map(source=source, target=target, scale=np.ones(source))
    if node.kind == "Conv2d":
        kernel = numbers(name, node, "weight")
        size = kernel.shape[2], kernel.shape[3]
        return Map(
            source=source,
            target=target,
            kernel=kernel,
            stride=pair(name, node, "stride"),
            padding=conv_padding(name, node, source, size)[0],
            dilation=pair(name, node, "dilation"),
            groups=int(numbers(name, node, "groups")),
        )
    if node.kind in ("SumPool2d", "AvgPool2d"):
        size = pair(name, node, "kernel_size")
        share = 1.0 if node.kind == "SumPool2d" else 1 / (size[0] * size[1])
        return Map(
            source=source,
            target=target,
            kernel=np.full((source[0], 1, *size), share),
            stride=pair(name, node, "stride"),
            padding=pair(name, node, "padding"),
            groups=source[0],
        )
    raise refusal(name, node, "it is no linear map.")


def after(second: Map, first: Map) -> Map:
    """``second`` after ``first``, as a convolution where that is exact, else as a matrix.

    Raises
    ------
    ValueError
        The result is no convolution and too large for a matrix.
    """
    if first.scale is not None and np.all(first.scale == 1) and first.source == first.target:
        return second
    if second.scale is not None:
        return _scaled(second, first)
    if first.scale is not None:
        scale = first.scale.reshape(second.source)
        if second.matrix is not None:
            matrix = second.matrix * scale.reshape(1, -1)
            return Map(source=first.source, target=second.target, matrix=matrix)
        if first.source == first.target and _per_channel(scale):
            kernel = second.weight
            each = scale[:, 0, 0].reshape(second.groups, -1)  # (groups, C_in / groups)
            each = np.repeat(each, kernel.shape[0] // second.groups, 0)
            return replace(second, kernel=kernel * each[:, :, None, None])
    if second.kernel is not None and first.kernel is not None:
        merged = _merged(second, first)
        if merged is not None:
            return merged
    matrix = _compose_matrix(second.as_matrix().weight, first)
    return Map(source=first.source, target=second.target, matrix=matrix)


def _scaled(second: Map, first: Map) -> Map:
    assert second.scale is not None
    scale = second.scale
    if len(second.target) != 3 and first.kernel is not None:
        first = first.as_matrix()  # a convolution leads to (C, H, W)
    if first.scale is not None:
        return replace(first, scale=first.scale * scale.reshape(first.source), target=second.target)
    if first.matrix is not None:
        return replace(first, matrix=first.matrix * scale.reshape(-1, 1), target=second.target)
    if _per_channel(scale.reshape(first.target)):
        each = scale.reshape(first.target)[:, 0, 0]
        return replace(first, kernel=first.weight * each[:, None, None, None], target=second.target)
    return _scaled(second, first.as_matrix())


def _per_channel(scale: Floats) -> bool:
    return scale.ndim == 3 and bool(np.all(scale == scale[:, :1, :1]))


def _compose_matrix(matrix: Floats, first: Map) -> Floats:
    """``matrix`` after ``first``, ``(targets, sources of first)``."""
    if first.scale is not None:
        return matrix * first.scale.reshape(1, -1)
    if first.matrix is not None:
        return matrix @ first.matrix
    if matrix.shape[0] * int(np.prod(first.source)) > MOST_WEIGHTS:
        raise ValueError(f"it would be a matrix of {matrix.shape[0]} x {first.source} weights")
    rows, columns = first._covers()
    kernel = first.weight.reshape(first.groups, -1, *first.weight.shape[1:])
    shape = len(matrix), first.groups, kernel.shape[1], rows.shape[1], columns.shape[1]
    result = np.einsum(
        "ngoyx,gockl,hyk,wxl->ngchw", matrix.reshape(shape), kernel, rows, columns, optimize=True
    )
    return result.reshape(len(matrix), -1)


def _merged(second: Map, first: Map) -> Map | None:
    """One convolution for two; None where zero padding between them, or groups, forbid it."""
    if len(first.target) != 3 or len(second.target) != 3:
        return None
    one, two = first.weight, second.weight
    if not all(_borders_agree(second, first, axis) for axis in (0, 1)):
        return None
    size = [
        (two.shape[2 + a] - 1) * second.dilation[a] * first.stride[a]
        + (one.shape[2 + a] - 1) * first.dilation[a]
        + 1
        for a in (0, 1)
    ]
    depthwise = one.shape[1] == 1 and first.groups == one.shape[0]
    if not depthwise and second.groups > 1:
        return None
    into = two.shape[1] if depthwise else first.source[0]
    kernel = np.zeros((two.shape[0], into, *size))
    full = one if depthwise else _ungrouped(one, first.groups)
    for y, x in np.ndindex(*two.shape[2:]):
        top = y * second.dilation[0] * first.stride[0]
        left = x * second.dilation[1] * first.stride[1]
        for v, u in np.ndindex(*one.shape[2:]):
            place = ..., top + v * first.dilation[0], left + u * first.dilation[1]
            if depthwise:
                each = full[:, 0, v, u].reshape(second.groups, -1)
                each = np.repeat(each, two.shape[0] // second.groups, 0)
                kernel[place] += two[:, :, y, x] * each
            else:
                kernel[place] += two[:, :, y, x] @ full[:, :, v, u]
    return Map(
        source=first.source,
        target=second.target,
        kernel=kernel,
        stride=(first.stride[0] * second.stride[0], first.stride[1] * second.stride[1]),
        padding=(
            first.padding[0] + first.stride[0] * second.padding[0],
            first.padding[1] + first.stride[1] * second.padding[1],
        ),
        groups=second.groups if depthwise else 1,
    )


def _ungrouped(kernel: Floats, groups: int) -> Floats:
    out, into = kernel.shape[0] // groups, kernel.shape[1]
    full = np.zeros((kernel.shape[0], into * groups, *kernel.shape[2:]))
    for g in range(groups):
        part = slice(g * out, (g + 1) * out)
        full[part, g * into : (g + 1) * into] = kernel[part]
    return full


def _borders_agree(second: Map, first: Map, axis: int) -> bool:
    """Whether what pads the second map would read nothing of the first map's source."""
    middle, size = first.target[1 + axis], first.source[1 + axis]
    outputs = np.arange(second.target[1 + axis]) * second.stride[axis] - second.padding[axis]
    taps = np.arange(second.weight.shape[2 + axis]) * second.dilation[axis]
    places = np.unique(outputs[:, None] + taps)
    outside = places[(places < 0) | (places >= middle)]
    reach = np.arange(first.weight.shape[2 + axis]) * first.dilation[axis]
    read = outside[:, None] * first.stride[axis] - first.padding[axis] + reach
    return not np.any((read >= 0) & (read < size))
