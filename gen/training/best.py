"""The best epoch of a training, and whether it is worth to go on."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

__all__ = ["Best"]


class Best:
    """Keeps the weights of the epoch with the highest validation accuracy, the first of equals.

    Parameters
    ----------
    patience
        Epochs without a better one after which it is enough; 0 keeps nothing and never ends.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self._accuracy = -1.0
        self._since = 0
        self._weights: dict[str, torch.Tensor] = {}

    def enough(self, network: nn.Module, accuracy: float) -> bool:
        """Whether training can end after an epoch with this validation accuracy."""
        if not self._patience:
            return False
        self._since += 1
        if accuracy > self._accuracy:
            self._accuracy, self._since = accuracy, 0
            self._weights = {
                name: value.detach().clone() for name, value in network.state_dict().items()
            }
        return self._since >= self._patience

    def put_back(self, network: nn.Module) -> None:
        """Give the network the best weights, where any were kept."""
        if self._weights:
            network.load_state_dict(self._weights)

    def state(self) -> dict[str, Any]:
        """What `restore` takes."""
        return {"accuracy": self._accuracy, "since": self._since, "weights": self._weights}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what ``state`` gave."""
        self._accuracy, self._since = state["accuracy"], state["since"]
        self._weights = state["weights"]
