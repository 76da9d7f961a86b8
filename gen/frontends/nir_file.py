"""NIR files, read and written with h5py alone: what the file says, nothing inferred, nothing lost.

The reader of the ``nir`` package takes the height of a kernel for its width, forgets the stride
where padding is ``same``, and multiplies no channels by groups; here shapes are inferred later,
from what is read (`augend.gen.frontends.nir_graph`).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from augend.gen.graph import ConversionError

__all__ = ["NirFile", "NirNode", "read_nir_file", "write_nir_file"]

NIR_VERSION = "1.0.8"
"""Release of the NIR format that written files name."""
INSTALL = "Install it with: pip install 'augend[nir]'"


@dataclass(frozen=True, kw_only=True, eq=False)
class NirNode:
    """One node: its kind, e.g. ``Conv2d``, its values, and its metadata.

    Values are arrays as they lie in the file, text as ``str``. A node of kind ``NIRGraph`` holds
    ``nodes``, by name, and ``edges``, pairs of names.
    """

    kind: str
    values: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    nodes: Mapping[str, "NirNode"] = field(default_factory=dict)
    edges: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class NirFile:
    """A file's outermost graph and the release of NIR that wrote it, where it says so."""

    graph: NirNode
    version: str | None = None


def read_nir_file(path: str | os.PathLike[str]) -> NirFile:
    """Read a NIR file.

    Raises
    ------
    ConversionError
        There is no such file, h5py is missing, or the file holds no NIR graph.
    """
    h5py = _h5py()
    path = Path(path)
    if not path.is_file():
        raise ConversionError(f"There is no file {path}.", instead="Name a NIR file (.nir).")
    try:
        with h5py.File(path, "r") as file:
            version = _text(file["version"][()]) if "version" in file else None
            graph = _node(file["node"], "the graph")
    except (OSError, KeyError, RuntimeError) as error:
        raise ConversionError(
            f"{path} is no NIR file, or it is damaged ({error}).",
            instead="Write it again with nir.write.",
        ) from error
    if graph.kind != "NIRGraph":
        graph = NirNode(kind="NIRGraph", nodes={"node": graph})
    return NirFile(graph=graph, version=version)


def write_nir_file(path: str | os.PathLike[str], graph: NirNode) -> None:
    """Write a graph so that any reader of NIR can read it: in one piece, or not at all."""
    h5py = _h5py()
    path = Path(path)
    if not path.parent.is_dir():
        raise ConversionError(f"There is no folder {path.parent} to write {path.name} into.")
    unfinished = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        with h5py.File(unfinished, "w") as file:
            file.create_dataset("version", data=NIR_VERSION, dtype=h5py.string_dtype())
            _write(file.create_group("node"), graph, h5py.string_dtype())
        unfinished.replace(path)
    except OSError as error:
        raise ConversionError(f"{path} cannot be written ({error}).") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _h5py() -> Any:
    try:
        import h5py
    except ImportError as error:
        raise ConversionError("NIR files need h5py.", instead=INSTALL) from error
    return h5py


def _node(group: Any, where: str) -> NirNode:
    if not hasattr(group, "keys") or "type" not in group:
        raise ConversionError(f"{where} of the NIR file has no type.")
    kind = _text(group["type"][()])
    metadata = _tree(group["metadata"]) if "metadata" in group else {}
    if kind != "NIRGraph":
        left = {k: _value(group[k]) for k in group if k not in ("type", "metadata")}
        return NirNode(kind=kind, values=left, metadata=metadata)
    nodes = {name: _node(group["nodes"][name], f"Node {name!r}") for name in group["nodes"]}
    edges = group["edges"][()] if "edges" in group else []
    pairs = tuple((_text(source), _text(target)) for source, target in edges)
    return NirNode(kind=kind, metadata=metadata, nodes=nodes, edges=pairs)


def _tree(group: Any) -> dict[str, Any]:
    return {key: _value(group[key]) for key in group}


def _value(item: Any) -> Any:
    if hasattr(item, "keys"):
        return _tree(item)
    value = item[()]
    return _text(value) if isinstance(value, (bytes, str)) else np.asarray(value)


def _text(value: Any) -> str:
    return value.decode("utf8") if isinstance(value, bytes) else str(value)


def _write(group: Any, node: NirNode, text: Any) -> None:
    group.create_dataset("type", data=node.kind, dtype=text)
    _write_tree(group, node.values, text)
    if node.metadata:
        _write_tree(group.create_group("metadata"), node.metadata, text)
    if node.kind == "NIRGraph":
        nodes = group.create_group("nodes")
        for name, inner in node.nodes.items():
            _write(nodes.create_group(name), inner, text)
        pairs = np.array(node.edges, dtype=object).reshape(-1, 2)
        group.create_dataset("edges", data=pairs, dtype=text)


def _write_tree(group: Any, values: Mapping[str, Any], text: Any) -> None:
    for key, value in values.items():
        if isinstance(value, Mapping):
            _write_tree(group.create_group(key), value, text)
        elif isinstance(value, str):
            group.create_dataset(key, data=value, dtype=text)
        elif isinstance(value, np.ndarray) and value.ndim:
            group.create_dataset(key, data=value, compression="gzip")
        else:
            group.create_dataset(key, data=value)
