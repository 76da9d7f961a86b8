"""A training that is not finished: all of its state in one file, to go on after a stop."""

import os
import pickle
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from augend.gen.training.checkpoint import CheckpointError

__all__ = ["Unfinished", "random_state", "restore_random_state"]


class Unfinished:
    """The file of an unfinished training, beside the network that it is to become.

    It holds tensors and plain values only, and is read as such: nothing in it is executed.

    Parameters
    ----------
    output
        Where the trained network goes; the file's name is this and ``.unfinished``.
    identity
        What the training is: another one with the same output does not go on with it.
    """

    def __init__(self, output: Path, identity: str) -> None:
        self.path = output.with_name(f"{output.name}.unfinished")
        self._identity = identity

    def write(self, state: Mapping[str, Any]) -> None:
        """Keep a state, written beside its place first, then renamed into it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}-")
        os.close(handle)
        part = Path(name)
        try:
            torch.save({"identity": self._identity, **state}, part)
            part.replace(self.path)
        finally:
            part.unlink(missing_ok=True)

    def read(self, device: torch.device) -> dict[str, Any] | None:
        """The state that was kept last, its tensors on a device; None where there is none.

        Raises
        ------
        CheckpointError
            When the file is damaged, or is of another training.
        """
        if not self.path.exists():
            return None
        try:
            state = torch.load(self.path, map_location=device, weights_only=True)
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
            raise CheckpointError(
                f"{self.path} is damaged; delete it and train from the beginning"
            ) from error
        if not isinstance(state, dict) or state.pop("identity", None) != self._identity:
            raise CheckpointError(
                f"{self.path} is of another training: its recipe, data, seed or number of epochs "
                f"differ; give those, delete the file, or leave --resume out"
            )
        return state

    def remove(self) -> None:
        """The training is finished."""
        self.path.unlink(missing_ok=True)


def random_state() -> dict[str, Any]:
    """Where PyTorch's random numbers are, on the CPU and on every GPU."""
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state(), "gpus": gpus}


def restore_random_state(state: Mapping[str, Any]) -> None:
    """Take back what `random_state` gave."""
    torch.set_rng_state(state["cpu"].cpu())
    if state["gpus"]:
        torch.cuda.set_rng_state_all([gpu.cpu() for gpu in state["gpus"]])
