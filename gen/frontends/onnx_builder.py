"""Layers out of operators: tensors of the model are brought into the order that layers have."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import prod

import numpy as np

from augend.gen.frontends.onnx_call import Call
from augend.gen.frontends.onnx_value import Places, Value, chosen
from augend.gen.graph import SOURCE, Flatten, Layer, Pick

__all__ = ["CHANNELS_LAST", "Builder", "LayoutFound"]

CHANNELS_LAST = (0, 3, 1, 2)
"""Transposition from (images, H, W, C) to (images, C, H, W)."""


class LayoutFound(Exception):
    """An operator on images is reached: it tells in which order the input's pixels come."""

    def __init__(self, places: Places) -> None:
        self.places = places
        super().__init__(f"the input is read as images of {places.shape}")


@dataclass(kw_only=True)
class Builder:
    """The layers so far.

    Parameters
    ----------
    scouting
        Nothing is put on the input; the first operator on images raises :class:`LayoutFound`.
    layers
        By name, each behind its sources.
    absorbed
        Operators that became part of another layer, with its name.
    """

    scouting: bool = False
    layers: dict[str, Layer] = field(default_factory=dict)
    absorbed: dict[str, str] = field(default_factory=dict)
    _ordered: dict[tuple[str, tuple[int, ...], bytes], str] = field(default_factory=dict)

    def free(self, name: str) -> str:
        """The name, numbered where another layer has it."""
        found, number = name, 1
        while found == SOURCE or found in self.layers:
            number += 1
            found = f"{name}#{number}"
        return found

    def put(self, layer: Layer) -> Value:
        """Output of a new layer, ``(1, *shape)``."""
        self.layers[layer.name] = layer
        return Value(source=layer.name, shape=layer.shape, dims=(1, *layer.shape))

    def image(self, call: Call, value: Value) -> Value:
        """The same ``(1, C, H, W)`` as the whole output of a layer of the shape ``(C, H, W)``."""
        if len(value.dims) != 4 or value.dims[0] != 1:
            raise call.refuse(
                f"its input has the shape {value.dims[1:]} for each image.",
                "Use operators on images of (C, H, W); 1-D and 3-D ones are not converted.",
            )
        if self.scouting and value.source == SOURCE:
            raise LayoutFound(value.places[0])
        found = self._as_image(call, value)
        if found is None:
            raise call.refuse(
                f"its input takes the values of {value.source!r}, of shape {value.shape}, in an "
                f"order that is no choice of channels, rows and columns.",
                "Leave out the Reshape or Transpose in front of it.",
            )
        return found

    def vector(self, call: Call, value: Value) -> Value:
        """The same ``(1, N)`` as the whole output of a layer of the shape ``(N,)``."""
        flat = self.flat(call, value)
        if flat.index is None:
            return flat
        places = tuple(int(place) for place in flat.index.ravel())
        return self._order(
            call,
            flat,
            lambda name: Pick(
                name=name, shape=(len(places),), sources=(flat.source,), channels=places
            ),
        )

    def flat(self, call: Call, value: Value) -> Value:
        """The same ``(1, N)``, in any order, of a layer whose shape is ``(M,)``."""
        if not value.is_vector:
            raise call.refuse(
                f"its input has the shape {value.dims[1:]} for each image.",
                "Use Flatten in front of it.",
            )
        source = value
        if len(value.shape) == 3:
            source = self._order(
                call,
                replace(value, dims=(1, prod(value.shape)), index=None),
                lambda name: Flatten(
                    name=name, shape=(prod(value.shape),), sources=(value.source,)
                ),
            )
        return replace(source, mover=value.mover).at(value.places.reshape(1, -1))

    def whole(self, call: Call, value: Value) -> Value:
        """The same, in any order, as the whole output of a layer."""
        if value.complete:
            return value
        if value.is_vector:
            return self.vector(call, value)
        if len(value.dims) == 4 and value.dims[0] == 1:
            for axes in ((0, 1, 2, 3), CHANNELS_LAST):
                found = self._as_image(call, value.at(value.places.transpose(axes)))
                if found is not None:
                    return found.at(found.places.transpose(np.argsort(axes)))
        raise call.refuse(
            f"its input takes some values of {value.source!r}, of shape {value.shape}, in the "
            f"shape {value.dims[1:]}.",
            "Leave out the Reshape, Transpose or Slice in front of it.",
        )

    def _as_image(self, call: Call, value: Value) -> Value | None:
        shape = value.dims[1:]
        if value.index is None and value.shape == shape:
            return value
        picks = chosen(value.places[0], value.shape) if len(value.shape) == 3 else None
        if picks is None:
            return None
        channels, rows, columns = picks
        return self._order(
            call,
            value,
            lambda name: Pick(
                name=name,
                shape=shape,
                sources=(value.source,),
                channels=channels,
                rows=rows,
                columns=columns,
            ),
        )

    def _order(self, call: Call, value: Value, layer_of: Callable[[str], Layer]) -> Value:
        """Output of the layer that brings a value in order; made once for every order."""
        order = b"" if value.index is None else value.index.tobytes()
        key = (value.source, value.dims, order)
        if key not in self._ordered:
            name = self.free(value.mover or f"{call.name}.order")
            self._ordered[key] = self.put(layer_of(name)).source
        layer = self.layers[self._ordered[key]]
        return Value(
            source=layer.name, shape=layer.shape, dims=(1, *layer.shape), shared=value.shared
        )
