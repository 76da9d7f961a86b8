"""Training on event recordings: their steps take the place of an image's channels."""

import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from augend.gen.datasets import DataSet, validation_split
from augend.gen.event_set import EventSet, load_events
from augend.gen.training.checkpoint import save_network
from augend.gen.training.loop import VALIDATION_SEED, TrainingResult, accuracy, fit
from augend.gen.training.networks import NETWORKS
from augend.gen.training.recipe import RecipeError
from augend.gen.training.recipe_file import recipe_for

__all__ = ["stacked", "train_on_recordings"]


def stacked(recordings: EventSet, timesteps: int, binning: dict[str, Any]) -> DataSet:
    """Recordings, binned, as images of ``steps * polarities`` channels, steps first.

    What moves an image, as augmentation does, so moves all steps of a recording alike.

    Parameters
    ----------
    recordings
        As `augend.gen.event_set.load_events` gives them.
    timesteps
        T.
    binning
        Options of `augend.gen.event_set.EventSet.binned`.
    """
    binned = recordings.binned(timesteps, **binning)
    return DataSet(
        name=recordings.name,
        images=binned.reshape(len(binned), -1, *binned.shape[3:]).astype(np.float32),
        labels=recordings.labels,
        classes=recordings.classes,
    )


def train_on_recordings(
    recipe: str,
    place: str,
    *,
    seed: int = 1,
    output: Path | None = None,
    quiet: bool = False,
    test: bool = True,
) -> TrainingResult:
    """Train the network of a recipe on event recordings.

    The recipe's arguments hold ``timesteps`` and ``binning``.

    Parameters
    ----------
    recipe
        Name of a recipe for ``nmnist``, or path of a file of one's own.
    place
        ``nmnist``, or the path of recordings, as `augend.gen.event_set.load_events` takes it.
    seed, output, quiet
        As of `augend.gen.training.train`.
    test
        Measure on the test recordings when it is done.

    Raises
    ------
    RecipeError, DataSetError
        When the recipe is for images, or the recordings cannot be had.
    """
    chosen = recipe_for(recipe, "nmnist")
    if not {"timesteps", "binning"} <= set(chosen.arguments):
        raise RecipeError(f"{recipe} is not for recordings: it says no timesteps and binning")
    timesteps, binning = chosen.arguments["timesteps"], dict(chosen.arguments["binning"])
    recordings = load_events(place, "train")
    whole = stacked(recordings, timesteps, binning)
    training, validation = validation_split(whole, chosen.validation, VALIDATION_SEED)
    arguments = {"shape": recordings.shape, "classes": recordings.classes, **chosen.arguments}
    begin = time.monotonic()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = NETWORKS[chosen.network](**arguments)
        trained = fit(network, training, validation, chosen, chosen.epochs, quiet)
    network.eval()
    metadata: dict[str, Any] = {
        "recipe": chosen.name,
        "network": chosen.network,
        "data": place,
        "arguments": arguments,
        "seed": seed,
        "epochs": trained,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "validation_accuracy": accuracy(network, validation),
        "seconds": round(time.monotonic() - begin, 1),
        "versions": {name: version(name) for name in ("augend", "torch", "numpy")},
    }
    if test:
        held = stacked(load_events(place, "test"), timesteps, binning)
        metadata["test_accuracy"] = accuracy(network, held)
    if output is not None:
        save_network(Path(output), network, metadata)
    return TrainingResult(module=network, metadata=metadata)
