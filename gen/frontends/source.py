"""What a person names on the command line to the module that it means."""

import importlib
import importlib.util
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from augend.gen.evaluate import evaluate
from augend.gen.frontends.torch_weights import fill, read_weights
from augend.gen.graph import ConversionError, Graph, Shape

__all__ = ["GraphModule", "Source", "front_end", "load_source"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """A module, the name it was asked for by, and what its file tells about it.

    ``metadata`` is empty for a Python file; for a file of ``augend train`` it is what training
    wrote. ``graph`` is set where the source is no module but float layers, as an ONNX model; the
    module then evaluates them.
    """

    name: str
    module: nn.Module
    metadata: dict[str, Any] = field(default_factory=dict)
    graph: Graph | None = None


class GraphModule(nn.Module):
    """Float layers as a module: scores ``(images, classes)`` of images."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.graph = graph

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Evaluate the layers in double precision."""
        if tuple(x.shape[1:]) != self.graph.input_shape:
            raise ValueError(f"images must have {self.graph.input_shape}, not {tuple(x.shape[1:])}")
        return torch.from_numpy(evaluate(self.graph, x.numpy()))


def load_source(source: str, shape: Shape | None = None) -> Source:
    """Module of ``file.py:attribute``, of a file written by ``augend train``, or an ONNX model.

    The attribute is a ``torch.nn.Module``, or a function without arguments, or a class, that
    returns one; the Python file is executed, as importing it would. A trained file is only read.
    ``file.py:attribute(weights.pt)`` fills the module with weights that ``torch.save`` or
    safetensors wrote; they are looked for from the working directory, then beside the Python file.

    Raises
    ------
    ConversionError
        No such file or attribute, or something that is no module.
    """
    named = re.fullmatch(r"(.*\.py):([^():]*)(?:\((.+)\))?", source)
    if named:
        path, attribute, weights = Path(named[1]), named[2], named[3]
        module = _from_python(path, attribute)
        if weights is not None:
            beside = path.parent / weights
            place = Path(weights) if Path(weights).is_file() or not beside.is_file() else beside
            fill(module, read_weights(place), place)
        return Source(name=source, module=module)
    if source.endswith(".py"):
        raise ConversionError(
            f"{source!r} names a Python file, but not what in it.",
            instead=f"Write {source}:attribute, where attribute is a module or a function that "
            f"returns one.",
        )
    if source.endswith(".onnx"):
        return _from_onnx(source, shape)
    if source.endswith((".pth", ".th", ".ckpt")):
        raise ConversionError(
            f"{source!r} holds weights, but not the network that they belong to.",
            instead=f"Write file.py:Network({source}), where Network of file.py makes the network.",
        )
    # Checkpoints are read by a package that not every front end needs.
    from augend.gen.training.checkpoint import CheckpointError, load_network

    try:
        module, metadata = load_network(Path(source))
    except CheckpointError as error:
        raise ConversionError(
            f"{source!r} is neither file.py:attribute nor a network trained by augend: {error}",
            instead=f"Weights need the network that they belong to: file.py:Network({source}).",
        ) from error
    return Source(name=source, module=module, metadata=dict(metadata))


def front_end(name: str, extra: str) -> Any:
    """Module of a front end whose package comes with one of Augend's extras.

    Raises
    ------
    ConversionError
        The package is not installed.
    """
    try:
        return importlib.import_module(f"augend.gen.frontends.{name}")
    except ModuleNotFoundError as error:
        raise ConversionError(
            f"This needs the package {error.name!r}, which is not installed.",
            instead=f"Install it with: pip install 'augend[{extra}]'.",
        ) from error


def _from_onnx(source: str, shape: Shape | None) -> Source:
    graph = front_end("onnx_graph", "onnx").graph_of(source, shape)
    return Source(name=source, module=GraphModule(graph), graph=graph)


def _from_python(path: Path, attribute: str) -> nn.Module:
    if not path.is_file():
        raise ConversionError(f"There is no Python file {path}.")
    if not attribute:
        raise ConversionError(
            f"{str(path)!r} is followed by a colon, but by no attribute.",
            instead=f"Write {path}:attribute.",
        )
    namespace = _executed(path)
    if not hasattr(namespace, attribute):
        modules = [key for key, value in vars(namespace).items() if isinstance(value, nn.Module)]
        known = f"It has the modules {', '.join(modules)}." if modules else None
        raise ConversionError(f"{path} has no attribute {attribute!r}.", instead=known)
    found = getattr(namespace, attribute)
    if not isinstance(found, nn.Module) and callable(found):
        try:
            found = found()
        except Exception as error:
            raise ConversionError(
                f"Calling {attribute}() of {path} fails: {type(error).__name__}: {error}"
            ) from error
    if not isinstance(found, nn.Module):
        raise ConversionError(
            f"{attribute!r} of {path} is a {type(found).__name__}.",
            instead="Name a torch.nn.Module, or a function without arguments that returns one.",
        )
    return found


def _executed(path: Path) -> Any:
    name = f"augend_source_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConversionError(f"{path} cannot be imported.")
    namespace = importlib.util.module_from_spec(spec)
    sys.modules[name] = namespace  # classes of the file find their own module there
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(namespace)
    except Exception as error:
        raise ConversionError(f"{path} fails when run: {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(str(path.resolve().parent))
    return namespace
