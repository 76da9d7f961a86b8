"""The training loop: one seed, one recipe, one trained network with its measured accuracies."""

import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import nn
from torch.nn import functional
from torch.nn.utils import convert_conv2d_weight_memory_format

from augend.gen.datasets import DataSet, load, validation_split
from augend.gen.training.checkpoint import save_network
from augend.gen.training.networks import NETWORKS
from augend.gen.training.pruning import Pruner
from augend.gen.training.recipes import Recipe, RecipeError, recipe_for
from augend.gen.training.spike_levels import SpikeLevels

__all__ = ["TrainingResult", "accuracy", "fit", "rounded_pixels", "train"]

VALIDATION_SEED = 0
WARM_UP = 0.2
UNROUNDED = 0.1
EVALUATION_BATCH = 1000


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """A trained network.

    Parameters
    ----------
    module
        In evaluation mode, on the CPU.
    metadata
        What a checkpoint keeps: ``recipe``, ``data``, ``arguments`` (of the network's
        constructor), ``seed``, ``epochs``, ``parameters``, ``validation_accuracy`` and
        ``test_accuracy`` (from 0 to 1), ``seconds``, ``device``, ``versions``.
    """

    module: nn.Module
    metadata: dict[str, Any]


def train(
    recipe: str,
    data: str = "digits",
    *,
    epochs: int | None = None,
    seed: int = 1,
    output: Path | None = None,
    quiet: bool = False,
) -> TrainingResult:
    """Train the network of a recipe on a data set.

    The same seed gives the same weights, bit for bit, on the same machine with the same number
    of threads. A GPU is used when there is one.

    Parameters
    ----------
    recipe
        One of `augend.gen.training.recipes.NAMES`.
    data
        Name of a data set (`augend.gen.datasets.NAMES`).
    epochs
        Passes over the training images, instead of the recipe's own number.
    seed
        Of the first weights, the order of the images, their augmentation and the dropout.
    output
        Where to keep the network; nothing is written without it.
    quiet
        Draw no progress bar.

    Raises
    ------
    RecipeError, DataSetError
        When the recipe or the data set does not exist, or the data cannot be had.
    """
    chosen = recipe_for(recipe, data)
    epochs = chosen.epochs if epochs is None else epochs
    if epochs < 1:
        raise RecipeError(f"epochs is {epochs}; it must be 1 or more")
    bits = chosen.pixel_bits
    training, validation = (
        rounded_pixels(part, bits)
        for part in validation_split(load(data), chosen.validation, VALIDATION_SEED)
    )
    arguments = {"shape": training.shape, "classes": training.classes, **chosen.arguments}
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    begin = time.monotonic()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = NETWORKS[recipe](**arguments).to(device)
        fit(network, training, validation, chosen, epochs, quiet)
    network = network.cpu().eval()
    metadata: dict[str, Any] = {
        "recipe": recipe,
        "data": data,
        "arguments": arguments,
        "seed": seed,
        "epochs": epochs,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "validation_accuracy": accuracy(network, validation),
        "test_accuracy": accuracy(network, rounded_pixels(load(data, "test"), bits)),
        "seconds": round(time.monotonic() - begin, 1),
        "device": str(device),
        "versions": {name: version(name) for name in ("augend", "torch", "numpy")},
    }
    if output is not None:
        save_network(Path(output), network, metadata)
    return TrainingResult(module=network, metadata=metadata)


def rounded_pixels(dataset: DataSet, bits: int) -> DataSet:
    """Images with pixels of as many levels as ``bits`` can say; 8 bits leave them as they are."""
    if bits == 8:
        return dataset
    most = (1 << bits) - 1
    images = np.floor(np.asarray(dataset.images, np.float32) * most + 0.5) / most
    return replace(dataset, images=images.astype(np.float32))


@torch.no_grad()
def accuracy(network: nn.Module, dataset: DataSet) -> float:
    """Share of a data set's images that a network in evaluation mode gives the right class."""
    device = next(network.parameters()).device
    images = torch.from_numpy(dataset.images).split(EVALUATION_BATCH)
    classes = torch.cat([network(part.to(device)).argmax(dim=1).cpu() for part in images])
    return (classes == torch.from_numpy(dataset.labels)).double().mean().item()


def fit(
    network: nn.Module,
    training: DataSet,
    validation: DataSet,
    recipe: Recipe,
    epochs: int,
    quiet: bool = False,
) -> None:
    """Train with AdamW and a one-cycle learning rate (Smith 2018) on shuffled, augmented batches.

    Parameters
    ----------
    network
        Trained in place, where it is; in evaluation mode afterwards.
    training, validation
        Images to train on, and to show the accuracy of.
    recipe
        All numbers but those of the network itself.
    epochs
        Passes over the training images.
    quiet
        Draw no progress bar.
    """
    device = next(network.parameters()).device
    layout = torch.channels_last if recipe.bfloat16 else torch.contiguous_format
    convert_conv2d_weight_memory_format(network, layout)
    images = recipe.augmentation.pad(torch.from_numpy(training.images).to(device))
    labels = torch.from_numpy(training.labels).to(device)
    batch = min(recipe.batch, len(labels))
    steps = len(labels) // batch
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.learning_rate, total_steps=steps * epochs, pct_start=WARM_UP
    )
    pruner = None
    if recipe.pruning is not None:
        pruner = Pruner(network, recipe.pruning, steps * epochs)
    levels = SpikeLevels(network, recipe.spikes) if recipe.spikes else None
    step = 0
    with _progress(quiet) as progress:
        task = progress.add_task("", total=steps * epochs, epoch=0, loss="-", validation="-")
        for epoch in range(1, epochs + 1):
            network.train()
            total = torch.zeros((), device=device)
            order = torch.randperm(len(labels)).to(device)[: steps * batch]
            for chosen in order.split(batch):
                views = recipe.augmentation.view(images, chosen).contiguous(memory_format=layout)
                with torch.autocast(device.type, torch.bfloat16, enabled=recipe.bfloat16):
                    loss = functional.cross_entropy(
                        network(views), labels[chosen], label_smoothing=recipe.label_smoothing
                    )
                if pruner is not None:
                    loss = loss + pruner.cost()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                step += 1
                if pruner is not None:
                    pruner.after(step)
                if levels is not None:
                    levels.active = step >= UNROUNDED * steps * epochs
                total += loss.detach()
                progress.advance(task)
            network.eval()
            measured = "-" if quiet else f"{accuracy(network, validation):.2%}"
            progress.update(
                task, epoch=epoch, loss=f"{total.item() / steps:.4f}", validation=measured
            )
    for listener in (pruner, levels):
        if listener is not None:
            listener.remove()
    convert_conv2d_weight_memory_format(network, torch.contiguous_format)


def _progress(quiet: bool) -> Progress:
    """A bar on standard error with the epoch, its loss and its validation accuracy."""
    return Progress(
        TextColumn("epoch {task.fields[epoch]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]} validation {task.fields[validation]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=quiet,
    )
