"""The input of an ONNX model: which of its axes are images, channels, rows and columns."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod

import numpy as np
import onnx
from onnx import TensorProto

from augend.gen.frontends.onnx_value import Places, Value, chosen
from augend.gen.graph import SOURCE, ConversionError, Shape

__all__ = ["Entrance", "entrance", "layouts"]

Sizes = tuple[int | None, ...]

WHOLE_NUMBERS: dict[int, str] = {
    TensorProto.UINT8: "8-bit pixels, 0 to 255",
    TensorProto.INT8: "8-bit pixels, -128 to 127",
    TensorProto.INT32: "whole numbers",
    TensorProto.INT64: "whole numbers",
}


@dataclass(frozen=True, kw_only=True)
class Entrance:
    """How a model declares its input.

    Parameters
    ----------
    name
        Of the tensor.
    sizes
        Of its axes for one image; None where the model leaves it open.
    images
        Number of images that the model was exported for, or None for any.
    stacked
        Whether the first axis of the tensor is that of the images.
    pixels
        What the images must hold, where that is not real numbers.
    """

    name: str
    sizes: Sizes
    images: int | None
    stacked: bool
    pixels: str | None

    def value(self, raw: Shape, order: Places) -> Value:
        """The input as places of an image, ``order`` being where each of its pixels is in it."""
        places = np.empty(order.size, np.int64)
        places[order.ravel()] = np.arange(order.size)
        dims = (1, *raw) if self.stacked else raw
        whole = Value(source=SOURCE, shape=order.shape, dims=dims)
        return whole.at(places.reshape(dims))

    def notes(self, raw: Shape, order: Places) -> list[str]:
        """What somebody who prepares images should know."""
        found = [] if self.pixels is None else [f"the model takes {self.pixels}, not scaled"]
        if raw != order.shape:
            found.append(f"the model takes each image as {raw}; it is given here as {order.shape}")
        return found


def entrance(model: onnx.ModelProto) -> Entrance:
    """The one input of a model that is no weight."""
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [info for info in model.graph.input if info.name not in weights]
    if not inputs:
        raise ConversionError("The model has no input.", instead="Export it with its input.")
    info = inputs[0]
    if not info.type.HasField("tensor_type"):
        raise ConversionError(
            "it is no tensor.", layer=info.name, kind="input", instead="Use one tensor of images."
        )
    tensor = info.type.tensor_type
    if tensor.elem_type in (TensorProto.STRING, TensorProto.BOOL):
        raise ConversionError(
            "it holds no numbers.", layer=info.name, kind="input", instead="Use images of numbers."
        )
    axes = [x.dim_value if x.dim_value > 0 else None for x in tensor.shape.dim]
    if len(axes) > 4:
        raise ConversionError(
            f"it has {len(axes)} axes.",
            layer=info.name,
            kind="input",
            instead="Use images of (C, H, W) or vectors of (N,).",
        )
    stacked = len(axes) in (0, 2, 4) or (len(axes) == 3 and axes[0] in (None, 1))
    return Entrance(
        name=info.name,
        sizes=tuple(axes[1:] if stacked else axes),
        images=(axes[0] if axes else None) if stacked else 1,
        stacked=stacked,
        pixels=WHOLE_NUMBERS.get(tensor.elem_type),
    )


def layouts(
    given: Entrance, shape: Shape | None, read_as: Callable[[Shape], Places | None]
) -> tuple[Shape, Places]:
    """Sizes of an image in the model, and where each pixel ``(C, H, W)`` or ``(N,)`` is in it.

    Parameters
    ----------
    given
        The model's input.
    shape
        Of one image, if the caller knows it.
    read_as
        Finds for sizes of the input the order in which the first operator on images reads it;
        None where there is no such operator.

    Raises
    ------
    ConversionError
        The sizes are not known, are not those of images, or are not the caller's.
    """
    if shape is None:
        raw = tuple(x for x in given.sizes if x is not None)
        if len(raw) < len(given.sizes) or not raw:
            raise ConversionError(
                f"its images have no fixed size: the model declares "
                f"{_written(given.sizes) if given.sizes else 'none'}.",
                layer=given.name,
                kind="input",
                instead="Give the shape of one image, e.g. 3,224,224.",
            )
        return raw, next(_orders(raw, None, read_as(raw)))
    if len(shape) not in (1, 3) or min(shape) < 1:
        raise ConversionError(f"Images must be (C, H, W) or (N,), not {tuple(shape)}.")
    for raw in _declared_as(shape, given.sizes):
        order = next(_orders(raw, shape, read_as(raw)), None)
        if order is not None:
            return raw, order
    raise ConversionError(
        f"its images are {_written(given.sizes)}, which cannot be {tuple(shape)}.",
        layer=given.name,
        kind="input",
        instead="Give images of the shape that the model was made for.",
    )


def _declared_as(shape: Shape, sizes: Sizes) -> Iterator[Shape]:
    """Sizes of the model's own that an image of ``shape`` can have."""
    candidates = [shape]
    if len(shape) == 3:
        candidates += [(*shape[1:], shape[0]), (prod(shape),)]
        candidates += [shape[1:]] if shape[0] == 1 else []
    for raw in candidates:
        fits = len(raw) == len(sizes) and all(
            x in (None, y) for x, y in zip(sizes, raw, strict=True)
        )
        if fits or (not sizes and raw == shape):
            yield raw


def _orders(raw: Shape, shape: Shape | None, read: Places | None) -> Iterator[Places]:
    """Orders of the pixels that agree with what the model reads, the best first."""
    plain = np.arange(prod(raw), dtype=np.int64)
    found: list[Places] = []
    if read is not None and read.size == plain.size:
        rows_first = (*read.shape[1:], read.shape[0])
        as_read = (plain.reshape(read.shape), plain.reshape(rows_first).transpose(2, 0, 1))
        found = [order for order in as_read if np.array_equal(order, read)][:1]
    if not found and len(raw) == 3:
        found = [plain.reshape(raw), plain.reshape(raw).transpose(2, 0, 1)]
        if read is not None:  # an order from which the model can choose what it reads
            found = [order for order in found if _chooses(order, read)] or found
        elif raw[2] in (1, 3, 4) and raw[0] not in (1, 3, 4):
            found = found[::-1]
    elif not found and len(raw) == 2:
        found = [plain.reshape(1, *raw)]
    elif not found and len(raw) == 1:
        found = [plain if shape is None else plain.reshape(shape)]
    for order in found:
        if shape is None or order.shape == tuple(shape):
            yield order


def _chooses(order: Places, read: Places) -> bool:
    places = np.empty(order.size, np.int64)
    places[order.ravel()] = np.arange(order.size)
    index = np.where(read < 0, -1, places[read])
    return chosen(index, (order.shape[0], order.shape[1], order.shape[2])) is not None


def _written(sizes: Sizes) -> str:
    return f"({', '.join('?' if x is None else str(x) for x in sizes)})"
