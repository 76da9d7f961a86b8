"""The float network that a person names, whatever it is written in."""

from dataclasses import dataclass

from torch import nn

from augend.gen.frontends.source import load_source
from augend.gen.graph import ConversionError, Graph, Shape

__all__ = ["FloatNetwork", "float_network"]


@dataclass(frozen=True, kw_only=True, eq=False)
class FloatNetwork:
    """A network of floats.

    ``origin`` is what `augend.gen.convert` is given: the module, or the graph where there is none.
    """

    name: str
    graph: Graph
    origin: nn.Module | Graph


def float_network(source: str, shape: Shape) -> FloatNetwork:
    """Network of a module, a trained file or an ONNX model that takes images of a shape.

    Raises
    ------
    ConversionError
        There is no such source, it is a spiking network already, or it cannot be read.
    """
    if source.endswith(".nir"):
        raise ConversionError(
            f"{source!r} holds a spiking network, which has no activations to compare with.",
            instead="Name the network of floats that it was made from.",
        )
    found = load_source(source, shape)
    if found.graph is not None:
        return FloatNetwork(name=source, graph=found.graph, origin=found.graph)
    from augend.gen.frontends.pytorch import graph_of

    return FloatNetwork(name=source, graph=graph_of(found.module, shape), origin=found.module)
