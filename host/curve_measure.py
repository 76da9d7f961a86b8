"""Measuring a curve: one run of a test set through the golden model gives all of it."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from augend.gen.datasets import DataSet
from augend.gen.event_set import EventSet
from augend.gen.network import Ints
from augend.gen.program import Program
from augend.host.confidence import wilson
from augend.host.curve import Curve, CurveFile, ExitPoint, FirstOutput, Point
from augend.host.curve_plot import draw_curves
from augend.host.errors import UsageError
from augend.host.exit_margin import early_exit, spread_margins
from augend.host.figure_style import check_picture, save
from augend.host.report import write_json
from augend.host.sources import images_of, test_set
from augend.host.step_counts import StepCounts, summed
from augend.sim.golden import GoldenModel

__all__ = ["first_output", "last_point", "measure", "points_of", "write_curves"]

_CHUNK = 500
_MARGINS = 24


def measure(
    program: Program,
    name: str,
    *,
    data: str | None = None,
    limit: int | None = None,
    margins: Sequence[int] | None = None,
    console: Console | None = None,
) -> Curve:
    """Measure the curve of a program on a test set (Neil 2016, fig. 3; Rueckauer 2017, fig. 3-5).

    Parameters
    ----------
    program
        What to run.
    name
        For the legend.
    data
        Name of the data set; the one it was converted for where None.
    limit
        Only so many images.
    margins
        Exit margins to show; where None, up to 24 from one that ends nearly all images at once
        to one that ends none. They are points to draw and no choice: `augend.host.exit_margin.
        choose_margin` makes one, on training images.
    console
        For progress.
    """
    for margin in margins or ():
        if margin < 1:
            raise UsageError(f"An exit margin is at least 1, not {margin}.")
    baseline = program.metadata.get("ann") or {}
    test = test_set(program, data)
    if limit is not None:
        test = test.take(np.arange(min(limit, len(test))))
    network = program.network
    curve = Curve(
        name=name,
        program_hash=program.hash,
        data=test.name,
        images=len(test),
        timesteps=network.timesteps,
        schedule=network.schedule,
        decode=network.decode,
        encoding=network.input.encoding,
        points=(),
        ann_accuracy=baseline.get("accuracy") if baseline.get("data") == test.name else None,
        ann_macs=sum(program.ann_macs.values()) or None,
    )
    if network.schedule == "phased":
        return replace(curve, points=(last_point(program, test, console),))
    counts = StepCounts.of(program, images_of(program, test), console)
    if margins is None:
        margins = spread_margins(counts.scores, _MARGINS)
    exits = network.decode == "potential" and network.timesteps > 1
    return replace(
        curve,
        points=tuple(points_of(counts, test.labels)),
        early_exit=tuple(_exits(counts, test.labels, margins)) if exits else (),
        first_output=first_output(counts, test.labels),
    )


def _shares(correct: int, images: int) -> dict[str, float]:
    low, high = wilson(correct, images)
    return {"accuracy": correct / images, "low": low, "high": high}


def points_of(counts: StepCounts, labels: Ints) -> list[Point]:
    """A point after each step: accuracy, and means of what was spent; labels are (images,)."""
    correct = (counts.scores.argmax(2) == labels[:, None]).sum(0)
    spent = {
        key: getattr(counts, key).cumsum(1).mean(0)
        for key in ("operations", "input_spikes", "spikes")
    }
    return [
        Point(
            steps=step + 1,
            **_shares(int(correct[step]), len(labels)),
            **{key: float(values[step]) for key, values in spent.items()},
        )
        for step in range(len(correct))
    ]


def _exits(counts: StepCounts, labels: Ints, margins: Sequence[int]) -> list[ExitPoint]:
    return [
        ExitPoint(
            margin=found.margin,
            steps=found.steps,
            operations=found.operations,
            **_shares(found.correct, len(labels)),
        )
        for found in early_exit(counts.scores, counts.operations, labels, sorted(set(margins)))
    ]


def first_output(counts: StepCounts, labels: Ints) -> FirstOutput:
    """When images have their first output, and how often it is right; labels are (images,)."""
    images = np.arange(len(labels))
    answered, first = counts.reached[:, -1], counts.reached.argmax(1)
    right = (counts.scores[images, first].argmax(1) == labels) & answered
    return FirstOutput(
        unanswered=tuple((~counts.reached).mean(0).tolist()),
        mean_step=float(first[answered].mean() + 1) if answered.any() else None,
        **_shares(int(right.sum()), len(labels)),
    )


def last_point(program: Program, test: DataSet | EventSet, console: Console | None) -> Point:
    """The point after all steps, of images that may end early; progress goes to a console."""
    model = GoldenModel(program.network)
    images = images_of(program, test)
    correct, operations, inputs, spikes = 0, 0, 0, 0
    for start in track(
        range(0, len(test), _CHUNK),
        description="all steps",
        console=console,
        transient=True,
        disable=not console,
    ):
        golden = model.run(program.encode(images[start : start + _CHUNK]))
        correct += int((golden.predictions == test.labels[start : start + _CHUNK]).sum())
        operations += int(summed(golden.operations.values()).sum())
        inputs += int(golden.input_spikes.sum())
        spikes += int(summed(golden.spikes[p.name] for p in program.network.populations).sum())
    return Point(
        steps=program.network.timesteps,
        **_shares(correct, len(test)),
        operations=operations / len(test),
        input_spikes=inputs / len(test),
        spikes=spikes / len(test),
    )


def write_curves(
    paths: Sequence[Path],
    data: str | None,
    limit: int | None,
    margins: Sequence[int] | None,
    output: Path,
    picture: Path | None,
    console: Console,
) -> None:
    """Measure the curves of programs, write them as JSON, and draw them.

    Parameters
    ----------
    paths
        Programs.
    data, limit, margins
        As for `measure`.
    output, picture
        Files to write; no picture where None.
    console
        For progress and the result.
    """
    if picture is not None:
        check_picture(picture)
    curves = tuple(
        measure(Program.load(path), name, data=data, limit=limit, margins=margins, console=console)
        for path, name in zip(paths, _names(paths), strict=True)
    )
    write_json(output, asdict(CurveFile(curves=curves)))
    console.print(f"wrote {output}")
    if picture is not None:
        save(draw_curves(curves), picture)
        console.print(f"wrote {picture}")


def _names(paths: Sequence[Path]) -> list[str]:
    """Names for a legend: file names without ending, or whole paths where those are alike."""
    stems = [path.stem for path in paths]
    return [
        stem if stems.count(stem) == 1 else str(path)
        for path, stem in zip(paths, stems, strict=True)
    ]
