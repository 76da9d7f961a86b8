"""Trained networks as files: tensors and a JSON description, nothing that could be executed."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import save_file
from torch import nn

from augend.gen.training.networks import NETWORKS

__all__ = ["CheckpointError", "load_network", "save_network"]

FORMAT = 1
KEY = "augend-network"


class CheckpointError(Exception):
    """A file that is not a usable trained network; the message says why and what to do."""


def save_network(path: Path, network: nn.Module, metadata: Mapping[str, Any]) -> None:
    """Write a network in safetensors format, beside its place first, then renamed into it.

    Parameters
    ----------
    path
        Where to; the folder is made when it is not there.
    network
        A network of `augend.gen.training.networks`.
    metadata
        At least ``recipe`` and ``arguments``, what constructs the network; ``network`` is its name
        where that is not the recipe's. All of it must be expressible in JSON.
    """
    for entry in ("recipe", "arguments"):
        if entry not in metadata:
            raise CheckpointError(f"a trained network cannot be kept without its {entry!r}")
    description = json.dumps({"format": FORMAT, **metadata}, sort_keys=True)
    tensors = {name: value.cpu().contiguous() for name, value in network.state_dict().items()}
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    os.close(handle)
    unfinished = Path(name)
    try:
        save_file(tensors, unfinished, metadata={KEY: description})
        unfinished.chmod(0o644)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def load_network(path: Path) -> tuple[nn.Module, dict[str, Any]]:
    """Read a network that `save_network` wrote.

    Returns
    -------
    tuple
        The network in evaluation mode, and its metadata.

    Raises
    ------
    CheckpointError
        When the file is missing, damaged, or of another origin.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(
            f"there is no trained network at {path}; train one with: augend train --output {path}"
        )
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = _description(path, file.metadata())
            names = list(file.keys())
            tensors = {name: file.get_tensor(name) for name in names}
    except (OSError, safetensors.SafetensorError) as error:
        raise CheckpointError(
            f"{path} is damaged or is not a network trained by augend ({error}). A file of "
            "torch.save is not read, because reading it can execute code: construct its module "
            "in Python and convert that."
        ) from error
    network = _construct(path, metadata)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise CheckpointError(
            f"the tensors in {path} do not fit the {metadata['recipe']} network it describes: "
            f"{' '.join(str(error).split())}"
        ) from error
    return network.eval(), metadata


def _description(path: Path, kept: Mapping[str, str] | None) -> dict[str, Any]:
    try:
        metadata = json.loads((kept or {})[KEY])
    except KeyError as error:
        raise CheckpointError(
            f"{path} holds tensors but no description by augend: it was written by another program"
        ) from error
    except json.JSONDecodeError as error:
        raise CheckpointError(f"the description in {path} is damaged: {error}") from error
    if not isinstance(metadata, dict) or metadata.pop("format", None) != FORMAT:
        raise CheckpointError(f"{path} is not of format {FORMAT}, the one that this augend reads")
    return metadata


def _construct(path: Path, metadata: Mapping[str, Any]) -> nn.Module:
    recipe, arguments = metadata.get("recipe"), metadata.get("arguments")
    recipe = metadata.get("network", recipe)
    if recipe not in NETWORKS or not isinstance(arguments, dict):
        raise CheckpointError(
            f"{path} describes a network {recipe!r}; this augend knows {', '.join(NETWORKS)}"
        )
    try:
        with torch.random.fork_rng(devices=[]):
            return NETWORKS[recipe](**arguments)
    except (TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(
            f"{path} describes a {recipe} that cannot be made: {error}"
        ) from error
