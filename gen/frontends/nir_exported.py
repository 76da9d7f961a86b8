"""What `nir_export` writes beside the nodes, and how a program is made of it again."""

import json
from typing import Any

import numpy as np

from augend.gen.contract import ContractError
from augend.gen.frontends.nir_file import NirNode
from augend.gen.graph import ConversionError
from augend.gen.program import Program

__all__ = ["ARRAYS", "DESCRIPTION", "exported_program"]

DESCRIPTION = "augend"
"""Metadata key of the graph under which the program's description stands, as JSON."""
ARRAYS = "augend_arrays"
"""Metadata key of a node under which the integers stand that NIR has no place for."""


def exported_program(graph: NirNode) -> Program | None:
    """Program that a graph was exported from; None where another tool wrote it.

    Raises
    ------
    ConversionError
        The metadata are there, and the nodes no longer agree with them.
    """
    if DESCRIPTION not in graph.metadata:
        return None
    changed = ConversionError(
        "The file was exported by Augend, and its nodes no longer agree with the metadata.",
        instead="Export it again, or remove the metadata of its graph and declare a producer.",
    )
    try:
        description = json.loads(graph.metadata[DESCRIPTION])
        arrays = _arrays(graph)
        for node in graph.nodes.values():
            arrays |= _arrays(node)
        program = Program.described(description, arrays)
    except (ContractError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise changed from error
    if program.hash != description["hash"]:
        raise changed
    return program


def _arrays(node: NirNode) -> dict[str, Any]:
    """Integers of a node: those of the metadata, and those that are its own values."""
    kept = node.metadata.get(ARRAYS, {})
    arrays = {key: np.asarray(value) for key, value in kept.items() if key != "own"}
    for key, entry in json.loads(kept.get("own", "{}")).items():
        value = np.asarray(node.values[entry["value"]])
        whole = np.rint(value * 2.0 ** -entry["shift"])
        arrays[key] = whole.astype(entry["type"]).reshape(entry["shape"])
    return arrays
