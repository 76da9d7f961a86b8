"""How each network is trained on each data set; no number was chosen on test images."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from augend.gen.training.augmentation import Augmentation
from augend.gen.training.networks import NETWORKS
from augend.gen.training.pruning import Pruning

__all__ = ["NAMES", "Recipe", "RecipeError", "recipe_for"]

NAMES = tuple(NETWORKS)


class RecipeError(ValueError):
    """A recipe that does not exist or whose numbers make no sense."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The numbers of one training run.

    Parameters
    ----------
    network
        Name of the network, one of `NAMES`.
    arguments
        What its constructor takes beside the image shape and the number of classes.
    epochs
        Passes over the training images.
    batch
        Images a step.
    learning_rate
        The highest of the one-cycle schedule.
    weight_decay
        Of AdamW: it keeps weights, and so the range that is quantised later, small.
    augmentation
        What is done to each training image anew in every epoch.
    label_smoothing
        Share of the target that is spread evenly over all classes.
    bfloat16
        Multiply in bfloat16 with the channels last in memory; weights and results stay float32.
        On a CPU with AVX-512 BF16 an epoch of convolutions takes less than half the time.
    validation
        Training images kept back to measure on; the test images serve only the last measurement.
    pixel_bits
        Images are rounded to pixels of this width, as hardware will take them; 8 leaves them.
    pruning
        Which weights are taken out on the way, if any.
    spikes
        Activations are rounded to at most so many spikes after a tenth of the training steps; 0
        leaves them as they are.
    """

    network: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    epochs: int
    batch: int = 128
    learning_rate: float
    weight_decay: float = 1e-2
    augmentation: Augmentation = field(default_factory=Augmentation)
    label_smoothing: float = 0.0
    bfloat16: bool = False
    validation: int = 5000
    pixel_bits: int = 8
    pruning: Pruning | None = None
    spikes: int = 0

    def __post_init__(self) -> None:
        if self.network not in NETWORKS:
            raise RecipeError(
                f"there is no network {self.network!r}; the networks are {', '.join(NAMES)}"
            )
        for name, lowest in (("epochs", 1), ("batch", 1), ("validation", 1)):
            value = getattr(self, name)
            if value < lowest:
                raise RecipeError(f"{name} is {value}; it must be {lowest} or more")
        if self.learning_rate <= 0 or self.weight_decay < 0:
            raise RecipeError(
                f"learning rate {self.learning_rate} must be above 0, weight decay "
                f"{self.weight_decay} not below 0"
            )
        if self.spikes < 0:
            raise RecipeError(f"spikes is {self.spikes}; it must be 0 or more")
        if not 1 <= self.pixel_bits <= 8:
            raise RecipeError(f"pixel_bits is {self.pixel_bits}; it must be 1 to 8")
        if not 0 <= self.label_smoothing < 1:
            raise RecipeError(
                f"label_smoothing is {self.label_smoothing}; it must be from 0 to below 1"
            )


_DIEHL = {
    "mlp": Recipe(
        network="mlp",
        arguments={"hidden": (1200, 1200), "input_dropout": 0.1, "dropout": 0.3},
        epochs=12,
        learning_rate=1e-3,
        augmentation=Augmentation(shift=1),
    ),
    "cnn": Recipe(
        network="cnn",
        arguments={"dropout": 0.3},
        epochs=8,
        learning_rate=3e-3,
        augmentation=Augmentation(shift=1),
    ),
}

_MNIST = {
    **_DIEHL,
    "lenet": Recipe(
        network="lenet",
        epochs=15,
        learning_rate=4e-3,
        augmentation=Augmentation(shift=1, rotation=10, scaling=0.1),
    ),
    "cnn7": Recipe(
        network="cnn7",
        arguments={"map_dropout": 0.1, "dropout": 0.3},
        epochs=20,
        learning_rate=4e-3,
        augmentation=Augmentation(shift=2, rotation=10, scaling=0.1),
    ),
    "pruned-mlp": Recipe(
        network="pruned-mlp",
        epochs=24,
        batch=512,
        learning_rate=3e-3,
        augmentation=Augmentation(shift=1),
        bfloat16=True,
        pixel_bits=1,
        pruning=Pruning(kept=(0.05, 0.04, 1.0), form="blocks", last=0.5, price=0.2),
        spikes=1,
    ),
}

_CIFAR = {
    **_DIEHL,
    "cifar-cnn": Recipe(
        network="cifar-cnn",
        arguments={"map_dropout": 0.1, "dropout": 0.4},
        epochs=60,
        learning_rate=4e-3,
        weight_decay=5e-2,
        augmentation=Augmentation(shift=4, mirror=True),
        label_smoothing=0.05,
        bfloat16=True,
    ),
}

_DIGITS = {
    "mlp": Recipe(
        network="mlp",
        arguments={"hidden": (128, 128), "input_dropout": 0.1, "dropout": 0.2},
        epochs=60,
        batch=32,
        learning_rate=3e-3,
        validation=197,
    ),
    "cnn": Recipe(
        network="cnn",
        arguments={"channels": (16, 64), "kernels": (3, 3), "pool": (1, 2), "dropout": 0.3},
        epochs=40,
        batch=32,
        learning_rate=5e-3,
        validation=197,
    ),
}

_BY_DATA = {"digits": _DIGITS, "cifar10": _CIFAR}


def recipe_for(name: str, data: str) -> Recipe:
    """The recipe of this name for this data set.

    Raises
    ------
    RecipeError
        When there is no such recipe.
    """
    recipes = _BY_DATA.get(data, _MNIST)
    if name not in recipes:
        raise RecipeError(
            f"there is no recipe {name!r} for {data}; the recipes are {', '.join(recipes)}"
        )
    return recipes[name]
