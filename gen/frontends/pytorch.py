"""PyTorch module and input shape to a chain of float layers, by symbolic tracing."""

import copy

from torch import fx, nn

from augend.gen.frontends.walk import Reading, Row, Walk
from augend.gen.graph import ConversionError, Graph, Shape

__all__ = ["Reading", "Row", "evaluation_copy", "graph_of", "read"]


def evaluation_copy(module: nn.Module) -> nn.Module:
    """Copy of the module in evaluation mode and double precision; the module stays as it is."""
    if not isinstance(module, nn.Module):
        raise ConversionError(f"A torch.nn.Module is needed, not {type(module).__name__}.")
    try:
        return copy.deepcopy(module).cpu().double().eval()
    except (RuntimeError, TypeError, ValueError, NotImplementedError) as error:
        raise ConversionError(f"The module cannot be copied: {error}") from error


def graph_of(module: nn.Module, shape: Shape) -> Graph:
    """Chain of float layers of a module; refuses by naming the first layer that cannot be read."""
    reading = read(module, shape)
    if reading.graph is None:
        raise reading.errors[0]
    return reading.graph


def read(module: nn.Module, shape: Shape) -> Reading:
    """Read every operation of a module that is given images of ``shape``.

    Each node of the traced graph becomes a layer, is passed with a reason, or is refused; the
    module itself is not touched.
    """
    root = evaluation_copy(module)
    if len(shape) not in (1, 3) or min(shape) < 1:
        raise ConversionError(f"Images must be (C, H, W) or (N,), not {tuple(shape)}.")
    if fx.Tracer().is_leaf_module(root, ""):
        root = nn.Sequential(root)
    tracer = fx.Tracer()
    tracer.record_stack_traces = True
    try:
        graph = tracer.trace(root)
    except ConversionError:
        raise
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        raise ConversionError(
            f"The forward method of {type(module).__name__} cannot be traced ({reason}).",
            instead="Use a forward method without branches or loops that depend on the data.",
        ) from error
    walk = Walk(root=root, input_shape=tuple(shape))
    for node in graph.nodes:
        walk.visit(node)
    return walk.reading()
