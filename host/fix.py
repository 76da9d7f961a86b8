"""``augend diagnose --fix``: search for the cheapest conversion that reaches an accuracy.

Conversions are tried on training images alone: some calibrate, others, held out, are classified.
Of those that reach the accuracy the one with fewest additions is kept, the test set is classified
once, and the program is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from rich.console import Console
from rich.table import Table

from augend.gen.conversion import convert
from augend.gen.datasets import DataSet, load, validation_split
from augend.gen.evaluate import evaluate
from augend.gen.graph import ConversionError, Graph
from augend.gen.program import Program
from augend.host.confidence import wilson
from augend.host.diagnose import network_of_program, progress_bar, training_images
from augend.host.errors import UsageError
from augend.host.fix_options import Choice, base_options, suggested
from augend.host.graph_source import FloatNetwork
from augend.host.sources import ann_accuracy, images_of
from augend.sim.golden import GoldenModel

__all__ = ["Found", "Trial", "classified", "fix_program", "search", "wanted"]

CALIBRATION = 500
"""Training images that calibrate in the search; the program that is written has twice as many."""
HELD_OUT = 2000
"""Training images that are classified in the search."""
MEMORY_WEIGHT = 0.01
"""Of two conversions whose additions differ by less than this share, the smaller is better."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One conversion, measured on held-out training images."""

    options: Mapping[str, Any]
    accuracy: float
    additions: float
    weight_bits: int

    def cost(self, widest: int) -> float:
        """Additions, and a little for memory, given the bits that the widest weights need."""
        return self.additions * (1 + MEMORY_WEIGHT * self.weight_bits / widest)


def fix_program(
    program: Program,
    source: str | None,
    data: str | None,
    accuracy: float,
    trials: int,
    seed: int,
    output: Path,
    console: Console,
) -> bool:
    """Search, report on the test set once, and write; whether the accuracy was reached.

    Parameters
    ----------
    program
        Where the search starts.
    source, data
        As for a diagnosis.
    accuracy
        Wanted on the test set. The search wants as much less than the float network on held-out
        images as that is less than the float network's on the test set, where the program knows
        it; for a network does better on images that it was trained on.
    trials
        Conversions to try.
    seed
        Of the split and the search.
    output
        File to write where the accuracy is reached.
    console
        For progress and the result.
    """
    if not 0 < accuracy <= 1:
        raise UsageError(f"--accuracy is a share above 0 and up to 1, not {accuracy!r}.")
    network = network_of_program(program, source)
    training = training_images(program, data)
    held_out = min(HELD_OUT, len(training) // 4)
    left, held = validation_split(training, held_out, seed)
    calibration = left.take(np.arange(min(CALIBRATION, len(left))))
    target = wanted(program, network, held, accuracy)
    with progress_bar(console) as progress:
        task = progress.add_task("searching", total=trials)
        found = search(
            program,
            network,
            calibration,
            held,
            target,
            trials,
            seed,
            progress=lambda: progress.advance(task),
        )
    console.print(_table(found, target, held_out))
    best = found.best
    if best is None:
        most = max(trial.accuracy for trial in found.trials)
        console.print(
            f"[red]No conversion of {len(found.trials)} reaches {100 * target:.2f} %; the best "
            f"has {100 * most:.2f} %.[/] Nothing is written: try more --trials, or less accuracy.",
            soft_wrap=True,
        )
        return False
    more = images_of(program, left.take(np.arange(min(2 * CALIBRATION, len(left)))))
    fixed = convert(network.origin, more, source=network.name, **best.options)
    baseline = program.metadata.get("ann")
    if baseline is not None:
        fixed = replace(fixed, metadata={**fixed.metadata, "ann": baseline})
    fixed.save(output)
    test = load(training.name, "test")
    correct, additions = classified(fixed, test)
    low, high = wilson(correct, len(test))
    console.print(
        f"Test set, once: {100 * correct / len(test):.2f} % ({100 * low:.2f} to {100 * high:.2f}) "
        f"with {additions:,.0f} additions an image. Wrote {output}.",
        soft_wrap=True,
    )
    return True


@dataclass(frozen=True, kw_only=True)
class Found:
    """All trials, and the best of those that reach the accuracy."""

    trials: tuple[Trial, ...]
    best: Trial | None


def search(
    program: Program,
    network: FloatNetwork,
    calibration: DataSet,
    held_out: DataSet,
    accuracy: float,
    trials: int,
    seed: int,
    *,
    progress: Any = lambda: None,
) -> Found:
    """Try conversions; the first is the program's own, converted again.

    Parameters
    ----------
    program, network
        Where the search starts, and the network that it came from.
    calibration, held_out
        Training images: to calibrate on, and to classify.
    accuracy, trials, seed
        As `fix_program` takes them.
    progress
        Is called after each trial.
    """
    base = base_options(program)
    widest = 8 * sum(projection.stored for projection in program.network.projections)
    images = images_of(program, calibration)
    done: list[Trial] = []

    def tried(trial: optuna.Trial) -> float:
        options = suggested(trial, program, base)
        try:
            made = convert(network.origin, images, **options)
        except ConversionError as error:  # a combination that makes no network
            trial.set_constraint("missing", 1.0)
            raise optuna.TrialPruned(str(error)) from error
        finally:
            progress()
        correct, additions = classified(made, held_out)
        share = correct / len(held_out)
        weights = sum(
            projection.stored * made.network.bits_of(projection)
            for projection in made.network.projections
        )
        done.append(
            Trial(options=options, accuracy=share, additions=additions, weight_bits=weights)
        )
        trial.set_constraint("missing", accuracy - share)
        return done[-1].cost(widest)

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True)
    study = optuna.create_study(sampler=sampler)
    study.enqueue_trial(Choice.of(program).as_parameters())
    study.optimize(tried, n_trials=trials)
    reached = [trial for trial in done if trial.accuracy >= accuracy]
    best = min(reached, key=lambda trial: trial.cost(widest)) if reached else None
    return Found(trials=tuple(done), best=best)


def wanted(program: Program, network: FloatNetwork, held: DataSet, accuracy: float) -> float:
    """Accuracy on held-out training images that stands for one on the test set."""
    baseline = program.metadata.get("ann")
    if baseline is None:
        return accuracy
    images = images_of(program, held).astype(np.float32)
    if isinstance(network.origin, Graph):
        own = float((evaluate(network.origin, images).argmax(1) == held.labels).mean())
    else:
        own = ann_accuracy(network.origin, images, held.labels)
    return min(own - (float(baseline["accuracy"]) - accuracy), 1.0)


def classified(program: Program, data: DataSet) -> tuple[int, float]:
    """Images classified as labelled, and mean additions an image."""
    result = GoldenModel(program.network).run(program.encode(images_of(program, data)))
    additions = sum(float(np.mean(tally)) for tally in result.operations.values())
    return int((result.predictions == data.labels).sum()), additions


def _table(found: Found, accuracy: float, held_out: int) -> Table:
    """The first trial, and all that nothing beats in both accuracy and additions."""
    table = Table(
        title=f"{len(found.trials)} conversions on {held_out} held-out training images",
        caption=f"those that no other beats in both; wanted {100 * accuracy:.2f} %",
    )
    table.add_column("accuracy %", justify="right")
    table.add_column("additions an image", justify="right")
    table.add_column("weights KiB", justify="right")
    table.add_column("options", overflow="fold")
    shown = [
        trial
        for trial in found.trials
        if not any(
            other.accuracy >= trial.accuracy
            and other.additions <= trial.additions
            and (other.accuracy, other.additions) != (trial.accuracy, trial.additions)
            for other in found.trials
        )
    ]
    rows = [("as it was", trial) for trial in found.trials[:1]]
    rows += [("", trial) for trial in sorted(shown, key=lambda trial: trial.additions)]
    for label, trial in rows:
        table.add_row(
            f"{100 * trial.accuracy:.2f}",
            f"{trial.additions:,.0f}",
            f"{trial.weight_bits / 8192:.1f}",
            label or Choice.described(trial.options),
            style="green" if not label and trial is found.best else None,
        )
    return table
