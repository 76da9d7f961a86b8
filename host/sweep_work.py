"""The work of a sweep: a training and the conversions of what it gives, in any process.

Everything comes in and goes out by value, so that a worker needs no folder in common with us.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Literal

import torch

from augend.gen import convert
from augend.gen.datasets import DataSet, load, validation_split
from augend.gen.graph import ConversionError
from augend.gen.network import ContractError
from augend.gen.program import Program
from augend.gen.training import accuracy, load_network, train
from augend.gen.training.loop import VALIDATION_SEED, rounded_pixels
from augend.gen.training.recipe import Recipe
from augend.gen.training.recipe_file import recipe_for
from augend.host.curve_measure import last_point, points_of
from augend.host.sources import images_of
from augend.host.step_counts import StepCounts
from augend.host.sweep_spec import Point
from augend.host.sweep_table import Measured

__all__ = ["CALIBRATION", "Outcome", "Task", "begin_worker", "work"]

CALIBRATION = 2000
"""Training images that a conversion is calibrated on."""

_ALONE = Lock()
"""Seeds and the default type of PyTorch are a process's own: its threads take turns."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """Points of one training.

    Parameters
    ----------
    points
        All of the same data and training.
    network
        What that training gave, as a file's bytes; None where it is still to be trained.
    split
        Images to measure on: those that the training kept back, or the test set.
    reach
        As `augend.host.sweep_spec.SweepSpec` has it.
    """

    points: Sequence[Point]
    network: bytes | None
    split: Literal["validation", "test"]
    reach: float | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The trained network as a file's bytes, and what each point of a task gave."""

    network: bytes
    measured: Sequence[Measured]


def begin_worker(threads: int) -> None:
    """Leave the other processes their share of the machine."""
    torch.set_num_threads(threads)


def work(task: Task) -> Outcome:
    """Train where need be, convert, and measure."""
    with _ALONE:
        return _work(task)


def _work(task: Task) -> Outcome:
    begun = time.monotonic()
    first = task.points[0]
    recipe = recipe_of(first)
    with TemporaryDirectory(prefix="augend-") as folder:
        path = Path(folder) / "network.pt"
        if task.network is None:
            _train(recipe, first.data, int(first.train.get("seed", 1)), path)
        else:
            path.write_bytes(task.network)
        network, _ = load_network(path)
        kept = path.read_bytes()
    bits = recipe.pixel_bits
    parts = validation_split(load(first.data), recipe.validation, VALIDATION_SEED)
    training, images = (rounded_pixels(part, bits) for part in parts)
    if task.split == "test":
        images = rounded_pixels(load(first.data, "test"), bits)
    ann = accuracy(network, images)
    seconds = time.monotonic() - begun
    measured = []
    for point in task.points:
        begun = time.monotonic()
        options = {"pixel_bits": bits, **point.convert}
        try:
            program = convert(network, training.images[:CALIBRATION], **options)
            found = _measured(program, images, task.reach)
        except (ConversionError, ContractError) as error:  # such a combination makes no network
            found = Measured(error=str(error))
        seconds += time.monotonic() - begun
        measured.append(replace(found, ann=ann, seconds=round(seconds, 1)))
        seconds = 0.0
    return Outcome(network=kept, measured=measured)


def _train(recipe: Recipe, data: str, seed: int, path: Path) -> None:
    """Train, first the recipe that this one goes on from."""
    start = None
    if recipe.after:
        start = path.with_name(f"{recipe.after}.pt")
        _train(recipe_for(recipe.after, data), data, seed, start)
    train(recipe, data, seed=seed, start=start, output=path, quiet=True)


def recipe_of(point: Point) -> Recipe:
    """The recipe of a point, with what its axes change of it."""
    changes = {k: v for k, v in point.train.items() if k not in ("recipe", "seed")}
    return recipe_for(str(point.train["recipe"]), point.data, changes)


def _measured(program: Program, images: DataSet, reach: float | None) -> Measured:
    network = program.network
    found = Measured(
        stored_bits=sum(p.stored * network.bits_of(p) for p in network.projections),
        ann_macs=sum(program.ann_macs.values()),
    )
    # Steps are no points in time where populations run one after another, or images end early.
    if network.schedule == "phased" or network.exit_margin is not None:
        points, reach = [last_point(program, images, None)], None
    else:
        points = points_of(StepCounts.of(program, images_of(program, images)), images.labels)
    last = points[-1]
    found = replace(
        found,
        accuracy=last.accuracy,
        additions=last.operations,
        input_spikes=last.input_spikes,
        spikes=last.spikes,
    )
    reached = [point for point in points if reach is not None and point.accuracy >= reach]
    if not reached:
        return found
    return replace(
        found,
        additions_to_reach=reached[0].operations,
        input_spikes_to_reach=reached[0].input_spikes,
    )
