"""What a person names on the command line to the module that it means."""

import importlib.util
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from augend.gen.graph import ConversionError

__all__ = ["Source", "load_source"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """A module, the name it was asked for by, and what its file tells about it.

    ``metadata`` is empty for a Python file; for a file of ``augend train`` it is what training
    wrote.
    """

    name: str
    module: nn.Module
    metadata: dict[str, Any] = field(default_factory=dict)


def load_source(source: str) -> Source:
    """Module of ``file.py:attribute``, or of a file written by ``augend train``.

    The attribute is a ``torch.nn.Module``, or a function without arguments, or a class, that
    returns one; the Python file is executed, as importing it would. A trained file is only read.

    Raises
    ------
    ConversionError
        No such file or attribute, or something that is no module.
    """
    path, separator, attribute = source.rpartition(":")
    if separator and path.endswith(".py"):
        return Source(name=source, module=_from_python(Path(path), attribute))
    if source.endswith(".py"):
        raise ConversionError(
            f"{source!r} names a Python file, but not what in it.",
            instead=f"Write {source}:attribute, where attribute is a module or a function that "
            f"returns one.",
        )
    # Checkpoints are read by a package that not every front end needs.
    from augend.gen.training.checkpoint import CheckpointError, load_network

    try:
        module, metadata = load_network(Path(source))
    except CheckpointError as error:
        raise ConversionError(
            f"{source!r} is neither file.py:attribute nor a network trained by augend: {error}"
        ) from error
    return Source(name=source, module=module, metadata=dict(metadata))


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
