"""``augend diagnose``: which layer of a converted network costs accuracy, and what to do."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from augend.gen.counterpart import counterpart
from augend.gen.datasets import NAMES, DataSet, load
from augend.gen.error_causes import CAUSES
from augend.gen.error_measure import measure
from augend.gen.graph import ConversionError, Graph
from augend.gen.layer_errors import LayerError, NetworkErrors
from augend.gen.program import Program
from augend.gen.remedies import Remedy, remedy
from augend.host.errors import UsageError
from augend.host.graph_source import FloatNetwork, float_network
from augend.host.sources import images_of
from augend.sim.golden import GoldenModel

__all__ = [
    "Diagnosis",
    "diagnose",
    "diagnose_file",
    "network_of_program",
    "progress_bar",
    "training_images",
]

SPIKES = 1 << 28
"""Spikes of all layers and steps that are kept at once."""
NEURONS = 1 << 24
"""Activations of all layers that are compared at once."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Diagnosis:
    """Errors of all layers, and what to do first."""

    program: Program
    data: str
    errors: NetworkErrors
    remedy: Remedy | None

    @property
    def guilty(self) -> LayerError | None:
        """The layer that costs most; None where nothing moves the scores."""
        return self.errors.guilty if self.remedy is not None else None

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        errors = self.errors
        guilty = self.guilty
        return {
            "program": self.program.hash,
            "data": self.data,
            "images": errors.images,
            "ann_correct": errors.correct,
            "same_answer": errors.agree,
            "layers": [_layer_dict(errors, layer) for layer in errors.layers],
            "guilty": None if guilty is None else guilty.name,
            "cause": None if guilty is None else guilty.own_cause,
            "remedy": None
            if self.remedy is None
            else {"text": self.remedy.text, "options": dict(self.remedy.options)},
        }

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.as_dict(), indent=2) + "\n")


def diagnose(
    program: Program,
    graph: Graph,
    images: npt.NDArray[np.floating],
    labels: npt.NDArray[np.integer],
    *,
    data: str = "",
    progress: Progress | None = None,
) -> Diagnosis:
    """Compare a program with the float network that it was made of, image by image.

    Parameters
    ----------
    program
        Converted with this version; an early exit is left out of the comparison.
    graph
        The float network.
    images, labels
        As the module takes them; their classes.
    data
        Name of the images.
    progress
        Shows how far it is.
    """
    pairing = counterpart(program, graph)
    whole = replace(program.network, exit_margin=None)
    golden = GoldenModel(whole, record="trains")

    def counts(pixels: npt.NDArray[np.uint8]) -> Mapping[str, npt.NDArray[np.integer]]:
        trains = golden.run(pixels).trains
        return {name: train.sum(1, dtype=np.int32) for name, train in trains.items()}

    neurons = sum(int(np.prod(step.shape)) for step in pairing.steps)
    chunk = max(min(SPIKES // (neurons * whole.timesteps), NEURONS // neurons, 250), 1)
    task = None if progress is None else progress.add_task("comparing", total=len(images))

    def advance(done: int) -> None:
        if progress is not None and task is not None:
            progress.advance(task, done)

    errors = measure(pairing, images, labels, counts, chunk=chunk, progress=advance)
    guilty = errors.guilty
    found = remedy(errors, program, guilty, guilty.own_cause) if guilty.whole_reach else None
    return Diagnosis(program=program, data=data, errors=errors, remedy=found)


def diagnose_file(
    program: Program, source: str | None, data: str | None, images: int, console: Console
) -> Diagnosis:
    """Diagnose a program on the last training images, which seldom calibrated it.

    Parameters
    ----------
    program
        What to diagnose.
    source
        The float network; the one that the program names where None.
    data
        Name of the data set; the one that the program was converted for where None.
    images
        How many.
    console
        For progress.
    """
    network = network_of_program(program, source)
    chosen = training_images(program, data)
    last = chosen.take(np.arange(max(len(chosen) - images, 0), len(chosen)))
    with progress_bar(console) as progress:
        return diagnose(
            program,
            network.graph,
            images_of(program, last),
            last.labels,
            data=last.name,
            progress=progress,
        )


def network_of_program(program: Program, source: str | None) -> FloatNetwork:
    """The float network that a program was converted from."""
    named = source or program.metadata.get("source")
    if named is None:
        raise UsageError("The program does not name the network that it came from: add --source.")
    try:
        return float_network(str(named), program.network.input.shape)
    except (ConversionError, OSError) as error:
        if source is not None:
            raise
        raise UsageError(
            f"The program came from {named!r}, which cannot be read any more: {error} Name the "
            f"network with --source."
        ) from error


def training_images(program: Program, data: str | None) -> DataSet:
    """Training images for a program."""
    chosen = data or (program.metadata.get("ann") or {}).get("data")
    if chosen is None:
        raise UsageError(
            f"The program does not say for which images it was made: add --data, one of "
            f"{', '.join(NAMES)}."
        )
    return load(str(chosen), "train")


def progress_bar(console: Console) -> Progress:
    """A bar with counts and the time that is left."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeRemainingColumn(), console=console, transient=True)


def _layer_dict(errors: NetworkErrors, layer: LayerError) -> dict[str, Any]:
    return {
        "name": layer.name,
        "correlation": layer.correlation,
        "error": layer.rms,
        "causes": {cause: layer.cause_rms(cause) for cause in CAUSES},
        "cause_shares": {cause: layer.share(cause) for cause in CAUSES},
        "rate_1": layer.saturated,
        "above_scale": layer.clipped,
        "moves_scores": errors.reach(layer),
        "moves_scores_by": {cause: errors.reach(layer, cause) for cause in CAUSES[1:]},
        "score_error_shares": {cause: errors.reach_share(layer, cause) for cause in CAUSES[1:]},
        "correct": layer.correct,
    }
