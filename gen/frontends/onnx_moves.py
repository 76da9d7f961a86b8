"""Operators that only move values: they are carried out on the places that a tensor holds."""

from collections.abc import Callable, Mapping
from math import prod

import numpy as np

from augend.gen.frontends.onnx_call import Call
from augend.gen.frontends.onnx_value import Places, Value

__all__ = ["MOVES", "move"]

Move = Callable[[Call, Places], list[Places]]


def move(call: Call) -> list[Value]:
    """Outputs of an operator of ``MOVES``: the same layer at other places."""
    value = call.value()
    moved = MOVES[call.node.op_type](call, value.places)
    return [value.at(places, mover=call.name) for places in moved]


def _transpose(call: Call, places: Places) -> list[Places]:
    return [places.transpose(call.attribute("perm", None))]


def _flatten(call: Call, places: Places) -> list[Places]:
    axis = call.attribute("axis", 1)
    axis = axis + places.ndim if axis < 0 else axis
    return [places.reshape(prod(places.shape[:axis]), -1)]


def _reshape(call: Call, places: Places) -> list[Places]:
    target = list(call.integers(1, "shape", ()))
    if call.images and target and target[0] == call.images:
        target[0] = 1  # the model names the number of images it was exported for
    if not call.attribute("allowzero", 0):
        target = [places.shape[i] if x == 0 else x for i, x in enumerate(target)]
    try:
        return [places.reshape(target)]
    except ValueError as error:
        raise call.refuse(
            f"it makes {target} of {places.size} values for each image.",
            "Export the network with the images that it is given, or give their shape.",
        ) from error


def _squeeze(call: Call, places: Places) -> list[Places]:
    axes = call.integers(1, "axes")
    if axes is None:
        first = 0 if call.images == 1 else 1  # the axis of the images is none of those
        axes = [axis for axis in range(first, places.ndim) if places.shape[axis] == 1]
    return [places.squeeze(tuple(axes))]


def _unsqueeze(call: Call, places: Places) -> list[Places]:
    return [np.expand_dims(places, tuple(call.integers(1, "axes")))]


def _identity(call: Call, places: Places) -> list[Places]:
    del call
    return [places]


def _dropout(call: Call, places: Places) -> list[Places]:
    call.remark("does nothing when the network is used")
    return [places]


def _slice(call: Call, places: Places) -> list[Places]:
    starts, ends = call.integers(1, "starts"), call.integers(2, "ends")
    axes = call.integers(3, "axes", list(range(len(starts))))
    steps = call.integers(4, "steps", [1] * len(starts))
    cut = [slice(None)] * places.ndim
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        cut[axis] = slice(start, end, step)
    return [_filled(call, places[tuple(cut)])]


def _split(call: Call, places: Places) -> list[Places]:
    axis, parts = call.attribute("axis", 0), len(call.node.output)
    sizes = call.integers(1, "split")
    if not sizes:
        each = -(-places.shape[axis] // parts)
        sizes = [each] * (parts - 1)
        sizes.append(places.shape[axis] - sum(sizes))
    return [_filled(call, x) for x in np.split(places, np.cumsum(sizes)[:-1], axis)]


def _gather(call: Call, places: Places) -> list[Places]:
    wanted = call.needed(1, "indices")
    return [_filled(call, np.take(places, wanted, call.attribute("axis", 0)))]


def _pad(call: Call, places: Places) -> list[Places]:
    mode = call.attribute("mode", "constant")
    if mode != "constant":
        raise call.refuse(f"it pads by {mode!r}.", "Use padding with zeros.")
    filler = call.attribute("value", None)
    if filler is None:
        given = call.constant(2, "constant_value")
        filler = 0.0 if given is None else np.ravel(given)[0]
    if filler:
        raise call.refuse(f"it pads with {filler:g}.", "Use padding with zeros.")
    pads = call.integers(1, "pads")
    axes = call.integers(3, "axes", list(range(places.ndim)))
    if len(pads) != 2 * len(axes):
        raise call.refuse(
            f"its {len(pads)} pads are not two for each of {len(axes)} axes.", "Export it again."
        )
    edges, cut = [(0, 0)] * places.ndim, [slice(None)] * places.ndim
    for place, axis in enumerate(axes):
        before, after = pads[place], pads[place + len(axes)]
        edges[axis] = (max(before, 0), max(after, 0))
        cut[axis] = slice(max(-before, 0), places.shape[axis] - max(-after, 0))
    padded = np.pad(places[tuple(cut)], edges, constant_values=-1)
    if padded.shape[0] != places.shape[0]:
        raise call.refuse("it pads the axis of the images.", "Pad rows, columns and channels only.")
    return [_filled(call, padded)]


def _expand(call: Call, places: Places) -> list[Places]:
    shape = np.broadcast_shapes(places.shape, tuple(call.needed(1, "shape").ravel().tolist()))
    if prod(shape) != places.size:
        raise call.refuse(
            f"it repeats values: {places.shape[1:]} for each image becomes {shape[1:]}.",
            "Leave it out.",
        )
    return [places.reshape(shape)]


def _filled(call: Call, places: Places) -> Places:
    if not places.size:
        raise call.refuse("nothing is left of its input.", "Take at least one value.")
    return places


MOVES: Mapping[str, Move] = {
    "Dropout": _dropout,
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": _gather,
    "Identity": _identity,
    "Pad": _pad,
    "Reshape": _reshape,
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
"""By operator type: places in, places of every output out."""
