"""Operators with several tensors of the network: sums of branches, and concatenation."""

from dataclasses import replace

import numpy as np

from augend.gen.frontends.onnx_builder import CHANNELS_LAST, Builder
from augend.gen.frontends.onnx_call import Call
from augend.gen.frontends.onnx_value import Value
from augend.gen.graph import Add, BatchNorm, Concat, ConversionError

__all__ = ["add", "concat"]


def add(build: Builder, call: Call, values: list[Value], gains: list[float]) -> Value:
    """Sum of tensors of one shape, each times its gain; the same tensor twice counts twice."""
    dims = {value.dims for value in values}
    if len(dims) > 1:
        raise call.refuse(
            f"it joins tensors of {' and '.join(str(x[1:]) for x in sorted(dims))} for each image.",
            "Add tensors of the same shape.",
        )
    values, axes = _in_one_order(build, call, values)
    total: dict[str, float] = {}
    for value, gain in zip(values, gains, strict=True):
        total[value.source] = total.get(value.source, 0.0) + gain
    name, shape = build.free(call.name), values[0].shape
    if len(total) == 1:
        ((source, gain),) = total.items()
        scale = np.full(shape[0], gain)
        build.put(
            BatchNorm(
                name=name, shape=shape, sources=(source,), scale=scale, shift=np.zeros(shape[0])
            )
        )
    else:
        build.put(Add(name=name, shape=shape, sources=tuple(total), gains=tuple(total.values())))
    result = replace(values[0], source=name, shared=False)
    return result if axes is None else result.at(result.places.transpose(np.argsort(axes)))


def concat(build: Builder, call: Call) -> Value:
    """Tensors one behind the other along the channels, or pieces of one layer along any axis."""
    axis = int(call.attribute("axis", 1))
    values = call.values()
    rank = len(values[0].dims)
    axis = axis % rank
    constants = [x for x in call.inputs if isinstance(x, np.ndarray)]
    if any(x.any() for x in constants):
        raise call.refuse("it joins constants that are not 0.", "Join outputs of layers.")
    if len({value.source for value in values}) == 1:
        pieces = [
            x.places if isinstance(x, Value) else np.full(x.shape, -1)
            for x in call.inputs
            if isinstance(x, (Value, np.ndarray))
        ]
        return values[0].at(np.concatenate(pieces, axis), mover=call.name)
    if constants:
        raise call.refuse("it joins several layers and zeros.", "Pad one of them with zeros first.")
    others = [i for i in range(1, rank) if i != axis]
    axes = (0, axis, *others)
    if axis == 0 or rank not in (2, 4):
        raise call.refuse(
            f"it joins along axis {axis} of {values[0].dims[1:]} for each image.",
            "Join channels.",
        )
    ordered = [
        (build.image if rank == 4 else build.vector)(call, x.at(x.places.transpose(axes)))
        for x in values
    ]
    if len({x.shape[1:] for x in ordered}) > 1:
        raise call.refuse(
            f"it joins {' and '.join(str(x.dims[1:]) for x in values)} for each image.",
            "Join images of the same rows and columns.",
        )
    channels = sum(x.shape[0] for x in ordered)
    result = build.put(
        Concat(
            name=build.free(call.name),
            shape=(channels, *ordered[0].shape[1:]),
            sources=tuple(x.source for x in ordered),
        )
    )
    return result.at(result.places.transpose(np.argsort(axes)))


def _in_one_order(
    build: Builder, call: Call, values: list[Value]
) -> tuple[list[Value], tuple[int, ...] | None]:
    """Whole layers of one shape whose elements correspond, and the transposition made for that."""
    first = values[0]
    same = all(
        x.complete and x.shape == first.shape and np.array_equal(x.places, first.places)
        for x in values
    )
    if same:
        return values, None
    problem: ConversionError | None = None
    for axes in ((0, 1, 2, 3), CHANNELS_LAST) if len(first.dims) == 4 else ():
        try:
            return [build.image(call, x.at(x.places.transpose(axes))) for x in values], axes
        except ConversionError as error:
            problem = problem or error
    if problem is not None and not first.is_vector:
        raise problem
    flat = [build.vector(call, x) for x in values]
    return [x.at(x.places.reshape(first.dims)) for x in flat], None
