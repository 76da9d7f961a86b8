"""Which images belong to a module, and how well it does on them as it was trained."""

from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from augend.gen.datasets import EVENT_NAMES, NAMES, DataSet, load
from augend.gen.event_set import EventSet, load_events
from augend.gen.frontends.source import Source
from augend.gen.graph import Conv, Linear
from augend.gen.network import Shape
from augend.gen.program import Program
from augend.host.errors import UsageError

__all__ = [
    "ann_accuracy",
    "data_for",
    "data_set",
    "images_for",
    "images_of",
    "shape_for",
    "test_set",
    "with_baseline",
]

_SHAPES: tuple[Shape, ...] = ((1, 28, 28), (3, 32, 32), (1, 8, 8), (784,), (3072,), (64,))


def data_for(source: Source, name: str | None) -> str:
    """Name of the data set: the one asked for, or the one that a trained network came from."""
    chosen = name or source.metadata.get("data")
    if chosen is None:
        raise UsageError(
            f"{source.name} does not say which images it was trained on: add --data, one of "
            f"{', '.join(NAMES)}."
        )
    return str(chosen)


def _accepts(module: nn.Module, shape: Shape) -> bool:
    training = module.training
    module.eval()
    try:
        with torch.no_grad():
            module(torch.zeros(1, *shape))
    except (RuntimeError, ValueError, IndexError, TypeError):
        return False
    finally:
        module.train(training)
    return True


def shape_for(source: Source, data: str | None, shape: str | None) -> Shape:
    """Shape of one image that a module takes: as said, as of its data, or the first that works."""
    if shape is not None:
        try:
            return tuple(int(n) for n in shape.split(","))
        except ValueError as error:
            raise UsageError(f"--shape takes numbers such as 1,28,28, not {shape!r}.") from error
    chosen = data or source.metadata.get("data")
    if chosen is not None:
        return images_for(source, load(str(chosen), "test").take(np.arange(1))).shape[1:]
    for candidate in _SHAPES:
        if _accepts(source.module, candidate):
            return candidate
    raise UsageError(
        f"{source.name} takes images of none of the usual shapes {', '.join(map(str, _SHAPES))}: "
        f"add --shape, for example --shape 3,64,64."
    )


def images_for(source: Source, data: DataSet) -> npt.NDArray[np.float32]:
    """Images as the module takes them: as they are, or flattened."""
    for shape in (data.shape, (int(np.prod(data.shape)),)):
        if _accepts(source.module, shape):
            return data.images.reshape(len(data), *shape)
    return data.images  # conversion says what is wrong with them


def test_set(program: Program, name: str | None) -> DataSet | EventSet:
    """Test images, or recordings, for a program: as asked for, or those it was converted for."""
    return data_set(program, name, "test")


def data_set(
    program: Program, name: str | None, split: Literal["train", "test"]
) -> DataSet | EventSet:
    """Images, or recordings, for a program: as asked for, or those it was converted for."""
    baseline = program.metadata.get("ann") or {}
    chosen = name or baseline.get("data")
    if chosen is None:
        raise UsageError(
            "The program does not say for which images it was made: add --data, one of "
            f"{', '.join((*NAMES, *EVENT_NAMES))}, or the path of a set of recordings."
        )
    if program.network.input.encoding == "events":
        return load_events(chosen, split)
    return load(chosen, split)


def images_of(program: Program, data: DataSet | EventSet) -> npt.NDArray:
    """Images as a program takes them; recordings binned as its metadata say.

    ``metadata["binning"]`` holds options of `augend.gen.aer.bin_events`.
    """
    entry = program.network.input
    if isinstance(data, EventSet):
        binning = program.metadata.get("binning", {})
        merge = {"merge_polarity": True} if entry.shape[0] == 1 else {}
        return data.binned(program.network.timesteps, bits=entry.bits, **{**merge, **binning})
    if int(np.prod(entry.shape)) != int(np.prod(data.shape)):
        raise UsageError(
            f"The program takes images of shape {entry.shape}; those of {data.name} have "
            f"{data.shape}. Give the data set it was converted for with --data."
        )
    if program.network.input.encoding == "events":
        raise UsageError(
            f"The program takes events, and {data.name} has images. Give recordings with --data."
        )
    return program.scaling.scaled(data.images.reshape(len(data), *entry.shape))


def ann_accuracy(module: nn.Module, images: npt.NDArray, labels: npt.NDArray) -> float:
    """Share of images that a module classifies as labelled."""
    training = module.training
    module.eval()
    with torch.no_grad():
        correct = sum(
            int((module(torch.from_numpy(images[i : i + 500])).argmax(1).numpy()
                 == labels[i : i + 500]).sum())
            for i in range(0, len(images), 500)
        )  # fmt: skip
    module.train(training)
    return correct / len(images)


def with_baseline(program: Program, source: Source, data: DataSet) -> Program:
    """Record in a program how the network it came from does on a test set."""
    baseline = {
        "data": data.name,
        "accuracy": ann_accuracy(
            source.module,
            program.scaling.scaled(images_for(source, data)).astype(np.float32),
            data.labels,
        ),
        "parameters": _parameters(source),
    }
    return replace(program, metadata={**program.metadata, "ann": baseline})


def _parameters(source: Source) -> int:
    if source.graph is None:
        return sum(parameter.numel() for parameter in source.module.parameters())
    return sum(
        layer.weight.size + layer.bias.size
        for layer in source.graph.layers
        if isinstance(layer, (Conv, Linear))
    )
