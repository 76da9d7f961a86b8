"""The numbers of one training run; no number of a recipe was chosen on test images."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from augend.gen.training.augmentation import Augmentation
from augend.gen.training.losses import CrossEntropy, Loss
from augend.gen.training.networks import NETWORKS
from augend.gen.training.optimizer import Optimizer
from augend.gen.training.piece import Options

__all__ = ["Recipe", "RecipeError"]


class RecipeError(ValueError):
    """A recipe that does not exist or whose numbers make no sense."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained.

    Parameters
    ----------
    name
        What it is called; the network's name where it is empty.
    data
        Names of the data sets that it is for; empty for all.
    after
        Name of the recipe whose trained network it goes on from; empty where it starts anew.
    network
        Name of the network, one of `augend.gen.training.networks.NETWORKS`.
    arguments
        What its constructor takes beside the image shape and the number of classes.
    epochs
        Passes over the training images.
    batch
        Images a step.
    optimizer
        How weights follow their gradients.
    loss
        What is made small, beside the costs of the pieces.
    augmentation
        What is done to each training image anew in every epoch.
    bfloat16
        Multiply in bfloat16 with the channels last in memory; weights and results stay float32.
        On a CPU with AVX-512 BF16 an epoch of convolutions takes less than half the time.
    validation
        Training images kept back to measure on; the test images serve only the last measurement.
    patience
        Training ends after so many epochs without a better validation accuracy, and the weights
        of the best epoch are kept; 0: it goes on to the last epoch, whose weights are kept.
    pixel_bits
        Images are rounded to pixels of this width, as hardware will take them; 8 leaves them.
    pieces
        What is done beside, in this order.
    """

    name: str = ""
    data: tuple[str, ...] = ()
    after: str = ""
    network: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    epochs: int
    batch: int = 128
    optimizer: Optimizer
    loss: Loss = field(default_factory=CrossEntropy)
    augmentation: Augmentation = field(default_factory=Augmentation)
    bfloat16: bool = False
    validation: int = 5000
    patience: int = 0
    pixel_bits: int = 8
    pieces: tuple[Options, ...] = ()

    def __post_init__(self) -> None:
        if self.network not in NETWORKS:
            raise RecipeError(
                f"there is no network {self.network!r}; the networks are {', '.join(NETWORKS)}"
            )
        for name, lowest in (("epochs", 1), ("batch", 1), ("validation", 1), ("patience", 0)):
            value = getattr(self, name)
            if value < lowest:
                raise RecipeError(f"{name} is {value}; it must be {lowest} or more")
        if not 1 <= self.pixel_bits <= 8:
            raise RecipeError(f"pixel_bits is {self.pixel_bits}; it must be 1 to 8")
        if not self.name:
            object.__setattr__(self, "name", self.network)
