"""ONNX model to a graph of float layers."""

from math import prod
from os import PathLike

import onnx

from augend.gen.frontends.onnx_builder import Builder, LayoutFound
from augend.gen.frontends.onnx_file import load
from augend.gen.frontends.onnx_layout import entrance, layouts
from augend.gen.frontends.onnx_value import Places, Value
from augend.gen.frontends.onnx_walk import Walk
from augend.gen.frontends.walk import Reading
from augend.gen.graph import SOURCE, Graph, Shape

__all__ = ["graph_of", "read"]

Model = str | PathLike[str] | onnx.ModelProto


def graph_of(source: Model, shape: Shape | None = None) -> Graph:
    """Float layers of a model; refuses by naming the first operator that cannot be read."""
    reading = read(source, shape)
    if reading.graph is None:
        raise reading.errors[0]
    return reading.graph


def read(source: Model, shape: Shape | None = None) -> Reading:
    """Read every operator of a model, from a file or in memory, that leads to its output.

    Each becomes a layer, is passed with a reason, or is refused. Constants, and what is computed
    of shapes, are no rows. Whatever order the model has its pixels in, e.g. (H, W, C), the graph
    takes images ``(C, H, W)``; its ``passed`` says so.

    Parameters
    ----------
    source
        Path of the file, or the model itself with its weights.
    shape
        Of one image, ``(C, H, W)`` or ``(N,)``; needed where the model leaves sizes open.

    Raises
    ------
    ConversionError
        The file is no whole ONNX model, or its input is no image of known size.
    """
    model = load(source)
    given = entrance(model)

    def read_as(raw: Shape) -> Places | None:
        dims = (1, *raw) if given.stacked else raw
        whole = Value(source=SOURCE, shape=(prod(raw),), dims=dims)
        scout = Walk(
            model=model,
            given=whole,
            input_name=given.name,
            images=given.images,
            build=Builder(scouting=True),
        )
        try:
            scout.run()
        except LayoutFound as found:
            return found.places
        return None

    raw, order = layouts(given, shape, read_as)
    walk = Walk(
        model=model,
        given=given.value(raw, order),
        input_name=given.name,
        images=given.images,
        notes=given.notes(raw, order),
    )
    return walk.run()
