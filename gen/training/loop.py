"""The training loop: one seed, one recipe, one trained network with its measured accuracies."""

import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils import convert_conv2d_weight_memory_format

from augend.gen.datasets import DataSet, load, validation_split
from augend.gen.training.best import Best
from augend.gen.training.checkpoint import CheckpointError, load_network, save_network
from augend.gen.training.networks import NETWORKS
from augend.gen.training.piece import Run
from augend.gen.training.recipe import Recipe, RecipeError
from augend.gen.training.recipe_file import recipe_for
from augend.gen.training.training_bar import TrainingBar
from augend.gen.training.unfinished import Unfinished, random_state, restore_random_state

__all__ = ["TrainingResult", "accuracy", "fit", "rounded_pixels", "train"]

VALIDATION_SEED = 0
EVALUATION_BATCH = 1000


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """A trained network.

    Parameters
    ----------
    module
        In evaluation mode, on the CPU.
    metadata
        What a checkpoint keeps: ``recipe``, ``network``, ``data``, ``after``, ``arguments`` (of the
        network's constructor), ``seed``, ``epochs`` (that were trained), ``parameters``,
        ``validation_accuracy`` and ``test_accuracy`` (from 0 to 1), ``seconds``, ``device``,
        ``versions``.
    """

    module: nn.Module
    metadata: dict[str, Any]


def train(
    recipe: str | Recipe,
    data: str = "digits",
    *,
    epochs: int | None = None,
    seed: int = 1,
    start: Path | None = None,
    output: Path | None = None,
    resume: bool = False,
    quiet: bool = False,
) -> TrainingResult:
    """Train the network of a recipe on a data set.

    The same seed gives the same weights, bit for bit, on the same machine with the same number
    of threads, also when training was stopped and resumed. A GPU is used when there is one.

    Parameters
    ----------
    recipe
        Name of a recipe (`augend.gen.training.recipe_file.recipe_names`), path of a TOML file of
        one's own, or a recipe.
    data
        Name of a data set (`augend.gen.datasets.NAMES`).
    epochs
        Passes over the training images, instead of the recipe's own number.
    seed
        Of the first weights, the order of the images, their augmentation and the dropout.
    start
        A trained network with the same tensors to go on from, instead of first weights. A recipe
        that is for after another one needs it.
    output
        Where to keep the network; nothing is written without it. After every epoch all that is
        needed to go on is kept beside it.
    resume
        Go on with an unfinished training of this output, where there is one.
    quiet
        Draw no progress bar.

    Raises
    ------
    RecipeError, DataSetError, CheckpointError
        When the recipe or the data set does not exist, or the data cannot be had; when the
        unfinished training is of another recipe, data set, seed or number of epochs.
    """
    chosen = recipe if isinstance(recipe, Recipe) else recipe_for(recipe, data)
    epochs = chosen.epochs if epochs is None else epochs
    if epochs < 1:
        raise RecipeError(f"epochs is {epochs}; it must be 1 or more")
    if resume and output is None:
        raise RecipeError("only a training with an output can be resumed")
    if chosen.after and start is None:
        raise RecipeError(
            f"{chosen.name} goes on from a network that was trained by {chosen.after}; train that "
            f"first, and give its file with --start"
        )
    bits = chosen.pixel_bits
    training, validation = (
        rounded_pixels(part, bits)
        for part in validation_split(load(data), chosen.validation, VALIDATION_SEED)
    )
    arguments = {"shape": training.shape, "classes": training.classes, **chosen.arguments}
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    unfinished = None
    if output is not None:
        unfinished = Unfinished(Path(output), repr((chosen, data, epochs, seed, start)))
        if not resume:
            unfinished.remove()
    begin = time.monotonic()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = NETWORKS[chosen.network](**arguments).to(device)
        if start is not None:
            _go_on_from(network, Path(start))
        trained = fit(network, training, validation, chosen, epochs, quiet, unfinished)
    network = network.cpu().eval()
    metadata: dict[str, Any] = {
        "recipe": chosen.name,
        "network": chosen.network,
        "data": data,
        "arguments": arguments,
        "after": chosen.after,
        "seed": seed,
        "epochs": trained,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "validation_accuracy": accuracy(network, validation),
        "test_accuracy": accuracy(network, rounded_pixels(load(data, "test"), bits)),
        "seconds": round(time.monotonic() - begin, 1),
        "device": str(device),
        "versions": {name: version(name) for name in ("augend", "torch", "numpy")},
    }
    if output is not None:
        save_network(Path(output), network, metadata)
    if unfinished is not None:
        unfinished.remove()
    return TrainingResult(module=network, metadata=metadata)


def _go_on_from(network: nn.Module, start: Path) -> None:
    """Give a network the weights of a trained one."""
    found, metadata = load_network(start)
    try:
        network.load_state_dict(found.state_dict())
    except RuntimeError as error:
        raise CheckpointError(
            f"the {metadata['recipe']} network in {start} has other tensors than the one to train: "
            f"{' '.join(str(error).split())}"
        ) from error


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
    unfinished: Unfinished | None = None,
) -> int:
    """Train on shuffled, augmented batches, with the optimiser, loss and pieces of a recipe.

    Parameters
    ----------
    network
        Trained in place, where it is; in evaluation mode afterwards.
    training, validation
        Images to train on, and to measure the accuracy of every epoch on.
    recipe
        All numbers but those of the network itself.
    epochs
        Passes over the training images.
    quiet
        Draw no progress bar.
    unfinished
        Where the state after each epoch is kept, and taken from where there is one.

    Returns
    -------
    int
        Epochs that were trained; fewer than ``epochs`` where the recipe's patience ended.
    """
    device = next(network.parameters()).device
    layout = torch.channels_last if recipe.bfloat16 else torch.contiguous_format
    convert_conv2d_weight_memory_format(network, layout)
    plain = torch.from_numpy(training.images).to(device)
    images = recipe.augmentation.pad(plain)
    labels = torch.from_numpy(training.labels).to(device)
    batch = min(recipe.batch, len(labels))
    steps = len(labels) // batch
    optimizer, schedule = recipe.optimizer.start(network.parameters(), steps * epochs)
    run = Run(steps=steps * epochs, epochs=epochs, images=plain)
    pieces = [options.start(network, run) for options in recipe.pieces]
    best = Best(recipe.patience)
    parts = {"network": network, "optimizer": optimizer, "schedule": schedule}
    kept = None if unfinished is None else unfinished.read(device)
    step = epoch = 0
    enough = False
    if kept is None:
        for piece in pieces:
            piece.begin()
    else:
        for name, part in parts.items():
            part.load_state_dict(kept[name])
        for piece, state in zip(pieces, kept["pieces"], strict=True):
            piece.restore(state)
        best.restore(kept["best"])
        restore_random_state(kept["random"])
        step, epoch, enough = kept["step"], kept["epoch"], kept["enough"]
    with TrainingBar(steps * epochs, step, quiet) as bar:
        while epoch < epochs and not enough:
            epoch += 1
            network.train()
            total = torch.zeros((), device=device)
            order = torch.randperm(len(labels)).to(device)[: steps * batch]
            for piece in pieces:
                piece.begin_epoch(epoch)
            for chosen in order.split(batch):
                step += 1
                views = recipe.augmentation.view(images, chosen)
                for piece in pieces:
                    piece.before(step)
                    views = piece.inputs(views)
                views = views.contiguous(memory_format=layout)
                with torch.autocast(device.type, torch.bfloat16, enabled=recipe.bfloat16):
                    loss = recipe.loss(network(views), labels[chosen])
                for piece in pieces:
                    loss = loss + piece.cost()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                for piece in pieces:
                    piece.after(step)
                total += loss.detach()
                bar.stepped()
            network.eval()
            shown = {"loss": f"{total.item() / steps:.4f}"}
            if recipe.patience or not quiet:
                measured = _accuracy_aside(network, validation)
                shown["validation"] = f"{measured:.2%}"
                if all(piece.settled() for piece in pieces):
                    enough = best.enough(network, measured)
            for piece in pieces:
                shown |= piece.report()
            bar.measured(epoch, **shown)
            if unfinished is not None:
                unfinished.write(
                    {name: part.state_dict() for name, part in parts.items()}
                    | {"pieces": [piece.state() for piece in pieces], "best": best.state()}
                    | {"random": random_state(), "step": step, "epoch": epoch, "enough": enough}
                )
    for piece in pieces:
        piece.remove()
    best.put_back(network)
    network.eval()
    convert_conv2d_weight_memory_format(network, torch.contiguous_format)
    return epoch


def _accuracy_aside(network: nn.Module, dataset: DataSet) -> float:
    """Accuracy, whose random draws (of spiking inputs) do not change what training draws."""
    with torch.random.fork_rng():
        return accuracy(network, dataset)
