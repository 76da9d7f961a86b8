"""Neil 2016, table 1: what each way to train costs until the test set reaches 98 %.

``python -m tests.measure.neil [--output FOLDER] [--figures FOLDER]``

Every network becomes the integer spiking network twice: its weights as they were trained, a spike
standing for 1 (unnormalised), and balanced by the data-based normalisation of Diehl 2015. Pixels
are Poisson spikes; the output with the highest potential wins at any time. Curves that were
measured already are kept in the cache; a program with another hash is measured anew.
"""

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from safetensors.numpy import load_file, save_file

from augend.gen import convert
from augend.gen.calibrate import Norm
from augend.gen.datasets import DataSet, load, validation_split
from augend.gen.program import Program
from augend.gen.training.loop import VALIDATION_SEED
from augend.gen.training.recipe_file import recipe_for
from augend.host.sources import ann_accuracy
from augend.host.step_counts import StepCounts
from tests.measure.neil_figures import draw_boxes, draw_curves, draw_features
from tests.measure.table import write_table
from tests.measure.trained import trained

__all__ = ["Anytime", "anytime", "first_at"]

GOAL = 0.98
HERTZ = 250.0
STEPS = 40
CALIBRATION = 2000
ANN_OPERATIONS = 784 * 1200 + 1200 * 1200 + 1200 * 10
NORMS: dict[str, Norm] = {"unnormalised": "none", "normalised": "data"}


@dataclass(frozen=True, kw_only=True)
class Method:
    """A row of the paper's table 1: million operations and input spikes, as they are there.

    Parameters
    ----------
    title, recipe
        What the paper calls it, and our recipe.
    unnormalised, normalised
        The paper's least, None where the copy at hand has no number.
    """

    title: str
    recipe: str
    unnormalised: tuple[float, int] | None
    normalised: tuple[float, int] | None


METHODS = (
    Method(
        title="default",
        recipe="mlp",
        unnormalised=(3.43, 1753),
        normalised=None,
    ),
    Method(
        title="default, gradient descent",
        recipe="neil-default",
        unnormalised=(3.43, 1753),
        normalised=None,
    ),
    Method(title="sparse coding", recipe="neil-sparse", unnormalised=None, normalised=None),
    Method(
        title="activation cost",
        recipe="neil-activation-cost",
        unnormalised=(1.92, 952),
        normalised=(1.17, 602),
    ),
    Method(title="dropout", recipe="neil-dropout", unnormalised=None, normalised=None),
    Method(
        title="dropout learning schedule",
        recipe="neil-dropout-schedule",
        unnormalised=(1.79, 931),
        normalised=(1.04, 602),
    ),
    Method(
        title="stacked auto-encoder",
        recipe="neil-autoencoder",
        unnormalised=(1.17, 445),
        normalised=(1.25, 788),
    ),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Anytime:
    """Means of the images after each step, ``(steps,)``."""

    accuracy: np.ndarray
    operations: np.ndarray
    input_spikes: np.ndarray


def anytime(counts: StepCounts, labels: np.ndarray) -> Anytime:
    """Accuracy, additions and input spikes as they add up over time."""
    return Anytime(
        accuracy=(counts.scores.argmax(2) == labels[:, None]).mean(0),
        operations=counts.operations.cumsum(1).mean(0),
        input_spikes=counts.input_spikes.cumsum(1).mean(0),
    )


def first_at(curve: Anytime, goal: float) -> tuple[float, float] | None:
    """Additions and input spikes at the first step that reaches the goal; None where none does.

    Neil 2016, 2.3.
    """
    there = np.flatnonzero(curve.accuracy >= goal)
    if not len(there):
        return None
    return float(curve.operations[there[0]]), float(curve.input_spikes[there[0]])


def measured(
    recipe: str, norm: Norm, calibration: DataSet, test: DataSet
) -> tuple[Program, Anytime]:
    """A program of a recipe, and its curve on all test images."""
    program = convert(
        trained(recipe).module,
        calibration.images[:CALIBRATION],
        source=recipe,
        norm=norm,
        encoding="rate",
        input_hertz=HERTZ,
        initial="zero",
        timesteps=STEPS,
    )
    file = Path(platformdirs.user_cache_dir("augend")) / "curves" / f"{program.hash}.safetensors"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        curve = anytime(StepCounts.of(program, test.images), test.labels)
        save_file(asdict(curve), file)
    return program, Anytime(**load_file(file))


def main() -> None:
    """Write ``neil.json``, ``.md`` and the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("docs/tables"))
    parser.add_argument("--figures", type=Path, default=Path("docs/figures"))
    parser.add_argument("--only", nargs="*", help="recipes; all where left out, the default first")
    options = parser.parse_args()
    test = load("mnist", "test")
    methods = [m for m in METHODS if not options.only or m.recipe in options.only]
    rows: list[dict[str, Any]] = []
    curves: dict[tuple[str, str], Anytime] = {}
    for method in methods:
        source = trained(method.recipe)
        kept = recipe_for(method.recipe, "mnist").validation
        training, _ = validation_split(load("mnist"), kept, VALIDATION_SEED)
        row: dict[str, Any] = {
            "method": method.title,
            "recipe": method.recipe,
            "epochs": source.metadata["epochs"],
            "after": recipe_for(method.recipe, "mnist").after or "-",
            "ANN": f"{100 * ann_accuracy(source.module, test.images, test.labels):.2f} %",
        }
        for name, norm in NORMS.items():
            program, curve = measured(method.recipe, norm, training, test)
            curves[method.title, name] = curve
            found = first_at(curve, GOAL)
            paper = getattr(method, name)
            row |= {
                f"{name}: M additions": f"{found[0] / 1e6:.3f}" if found else "-",
                f"{name}: input spikes": f"{found[1]:.0f}" if found else "-",
                f"{name}: best": f"{100 * curve.accuracy.max():.2f} %",
                f"{name} program": program.hash,
                f"{name}: the paper's": f"{paper[0]} M, {paper[1]}" if paper else "-",
            }
        rows.append(row)
        print(row, flush=True)
    first = rows[0]
    for row in rows:
        row["below default"] = " and ".join(
            name for name in NORMS if _additions(row, name) < _additions(first, name)
        ) or ("-" if row is first else "no")
    write_table(
        options.output,
        "neil",
        f"784-1200-1200-10 trained by the methods of Neil 2016 (`augend train RECIPE --data mnist "
        f"--seed 1`, 55,000 images), 8-bit weights: additions an image, those of the input "
        f"included, and input spikes at the first step after which {100 * GOAL:.0f} % of all "
        f"10,000 MNIST test images are right, on the golden model; - where it is never; best: the "
        f"highest accuracy of any step. The default and what comes after it are trained by AdamW "
        f"with images moved by a pixel, the paper's gradient descent beside it. The ANN "
        f"takes {ANN_OPERATIONS / 1e6:.2f} M operations. Poisson input "
        f"of at most {HERTZ:.0f} Hz in steps of 1 ms, {STEPS} steps. Written by `make neil`.",
        [column for column in rows[0] if not column.endswith("program")],
        rows,
    )
    draw_boxes(options.figures / "neil_operations.svg", curves, GOAL, ANN_OPERATIONS)
    draw_curves(options.figures / "neil_curves.svg", curves, GOAL, ANN_OPERATIONS)
    draw_features(
        options.figures / "neil_features.png",
        {m.title: trained(m.recipe).module.get_submodule("linear1").weight for m in methods},
    )


def _additions(row: dict[str, Any], name: str) -> float:
    found = row[f"{name}: M additions"]
    return float("inf") if found == "-" else float(found)


if __name__ == "__main__":
    main()
