"""Weights that others saved, into a module: checkpoints of any device, and their prefixes."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load_file
from torch import nn

from augend.gen.graph import ConversionError

__all__ = ["fill", "read_weights"]

WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network", "weights", "ema")
"""Keys under which training scripts keep the weights, beside optimiser and epoch."""

PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.")
"""What DataParallel, torch.compile and training scripts put before every name."""

LISTED = 6
"""Names that an error lists of each sort."""


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """Weights by name, on the CPU, from a file of ``torch.save`` or safetensors.

    Nothing in the file is executed: it may hold tensors and plain values only.

    Raises
    ------
    ConversionError
        No such file, no weights in it, or objects that only their own code could read.
    """
    if not path.is_file():
        raise ConversionError(f"There are no weights at {path}.")
    if path.suffix == ".safetensors":
        try:
            return load_file(path, device="cpu")
        except (OSError, safetensors.SafetensorError) as error:
            raise ConversionError(f"{path} is damaged: {error}.") from error
    try:
        kept = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ConversionError(
            f"{path} holds Python objects besides tensors, or is no file of torch.save; reading "
            f"objects could execute code.",
            instead="Save the weights alone: torch.save(module.state_dict(), path).",
        ) from error
    except (RuntimeError, EOFError, OSError, KeyError, ValueError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        raise ConversionError(
            f"{path} is no file of torch.save, or it is damaged ({reason}).",
            instead="Save the weights again: torch.save(module.state_dict(), path).",
        ) from error
    weights = _unwrapped(kept)
    if weights is None:
        held = f"the keys {_some(map(str, kept))}" if isinstance(kept, Mapping) else type(kept)
        raise ConversionError(
            f"{path} holds no weights by name, but {held}.",
            instead="Save them as torch.save(module.state_dict(), path).",
        )
    return weights


def _unwrapped(kept: Any) -> dict[str, torch.Tensor] | None:
    if not isinstance(kept, Mapping):
        return None
    if kept and all(isinstance(value, torch.Tensor) for value in kept.values()):
        return {str(name): value for name, value in kept.items()}
    for wrapper in WRAPPERS:
        found = _unwrapped(kept.get(wrapper))
        if found is not None:
            return found
    return None


def fill(module: nn.Module, weights: Mapping[str, torch.Tensor], path: Path) -> None:
    """Put weights into a module; their names may have a prefix in common.

    Raises
    ------
    ConversionError
        Weights are missing, too many, or of other shapes; the error lists them.
    """
    wanted = module.state_dict()
    weights = _stripped(weights, set(wanted))
    # Older versions of PyTorch did not count batches, and nothing here reads the count.
    missing = [n for n in wanted if n not in weights and not n.endswith("num_batches_tracked")]
    surplus = [n for n in weights if n not in wanted]
    reshaped = [
        f"{n} {tuple(weights[n].shape)} instead of {tuple(wanted[n].shape)}"
        for n in wanted
        if n in weights and weights[n].shape != wanted[n].shape
    ]
    problems = [
        f"{text} {_some(names)}"
        for text, names in (
            ("it lacks", missing),
            ("it has besides", surplus),
            ("other shapes:", reshaped),
        )
        if names
    ]
    if problems:
        raise ConversionError(
            f"The weights in {path} do not fit {type(module).__name__}: {'; '.join(problems)}.",
            instead="Name the function or class that makes the network they were trained in.",
        )
    try:
        module.load_state_dict(dict(weights), strict=False)
    except (RuntimeError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise ConversionError(f"The weights in {path} cannot be used: {reason}.") from error


def _stripped(weights: Mapping[str, torch.Tensor], wanted: set[str]) -> dict[str, torch.Tensor]:
    """The same weights without prefixes that all names share and the module does not have."""
    names = dict(weights)
    while names and not wanted & set(names):
        prefix = next((p for p in PREFIXES if all(n.startswith(p) for n in names)), None)
        if prefix is None:
            break
        names = {name.removeprefix(prefix): value for name, value in names.items()}
    return names


def _some(names: Any) -> str:
    names = list(names)
    rest = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + rest
