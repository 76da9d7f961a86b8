"""What a recipe adds to the training loop: small pieces with hooks that the loop calls."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

__all__ = ["Options", "Piece", "Run"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """What a piece may know of the training that it is a piece of.

    Parameters
    ----------
    steps, epochs
        Of the whole training.
    images
        The training images as they are, without augmentation, ``(images, C, H, W)``.
    """

    steps: int
    epochs: int
    images: torch.Tensor

    @property
    def epoch_steps(self) -> int:
        """Steps of one epoch."""
        return self.steps // self.epochs


class Piece:
    """A listener of the training loop; every hook does nothing unless a piece says otherwise.

    The loop calls ``begin`` once, and in each step ``before``, ``inputs``, ``cost`` and ``after``,
    all pieces in the order of the recipe. Random draws are PyTorch's, so that the seed repeats
    them. What a piece remembers from step to step is in ``state``, so that training can go on.
    """

    def begin(self) -> None:
        """Before the first step, but not again where an unfinished training goes on."""

    def begin_epoch(self, epoch: int) -> None:
        """Before an epoch, counted from 1."""

    def before(self, step: int) -> None:
        """Before a step, counted from 1."""

    def inputs(self, images: torch.Tensor) -> torch.Tensor:
        """What the network sees of a batch, after augmentation."""
        return images

    def cost(self) -> torch.Tensor | float:
        """What is added to the loss for the last forward pass."""
        return 0.0

    def after(self, step: int) -> None:
        """After the weights have changed in a step, counted from 1."""

    def settled(self) -> bool:
        """Whether the network is such as it will be used: only then an epoch can be the best."""
        return True

    def report(self) -> Mapping[str, str]:
        """What the progress bar shows after an epoch, by name."""
        return {}

    def state(self) -> dict[str, Any]:
        """What has to be kept to go on later: tensors, numbers, lists and dictionaries of them."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what ``state`` gave."""

    def remove(self) -> None:
        """Listen to the network no longer."""


@dataclass(frozen=True, kw_only=True)
class Options(ABC):
    """The numbers of a piece, as a recipe has them; checked when it is made."""

    @abstractmethod
    def start(self, network: nn.Module, run: Run) -> Piece:
        """The piece, listening to a network."""
