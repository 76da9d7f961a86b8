"""Early exit by margin: accuracy against additions, input additions included.

``python -m tests.measure.early_exit [--output FOLDER]``

Time steps and margin are chosen on 5,000 training images that neither trained the network's last
choice nor calibrate it; the test set is measured once.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from augend.gen import convert
from augend.gen.datasets import load
from augend.gen.program import Program
from augend.host.exit_margin import early_exit, spread_margins
from augend.host.sources import ann_accuracy, images_for, images_of
from augend.sim.golden import GoldenModel
from tests.measure.measured import measured, program_row
from tests.measure.table import output_folder, settle
from tests.measure.trained import calibration_images, trained

HELD_OUT = slice(45000, 50000)
BUDGET = 0.98
"""Share of the allowed additions that held-out images may take."""
MARGINS = 60
TARGETS: dict[str, dict[str, Any]] = {
    "mlp": {"options": {"pixel_bits": 2}, "below": 0.1, "least": None, "additions": 0.37},
    "cnn": {"options": {"pool": "spike"}, "below": None, "least": 99.1, "additions": 0.65},
}


def chosen(recipe: str, goal: dict[str, Any]) -> Program:
    """Most accurate program and margin within the budget, on held-out training images."""
    source = trained(recipe)
    train = load("mnist", "train").take(np.arange(HELD_OUT.start, HELD_OUT.stop))
    best: tuple[int, Program] | None = None
    for timesteps in (3, 4, 5, 6, 8):
        program = convert(
            source.module,
            calibration_images(source),
            timesteps=timesteps,
            source=recipe,
            **goal["options"],
        )
        steps = GoldenModel(program.network, record="steps")
        result = steps.run(program.encode(images_of(program, train)))
        assert result.step_scores is not None
        spent = np.sum(list(result.step_operations.values()), axis=0)
        margins = spread_margins(result.step_scores, MARGINS)
        for found in early_exit(result.step_scores, spent, train.labels, margins):
            within = found.operations <= BUDGET * goal["additions"] * 1e6
            if within and (best is None or found.correct > best[0]):
                network = replace(program.network, exit_margin=found.margin)
                best = found.correct, replace(program, network=network)
                print(recipe, timesteps, found, flush=True)
    if best is None:
        raise SystemExit(f"no program of {recipe} keeps within {goal['additions']} M additions")
    return best[1]


def main() -> None:
    """Write ``early_exit.json`` and ``.md``; exit code 1 where a target is missed."""
    folder = output_folder(__doc__)
    test = load("mnist", "test")
    rows = []
    for recipe, goal in TARGETS.items():
        source = trained(recipe)
        ann = 100 * ann_accuracy(source.module, images_for(source, test), test.labels)
        program = chosen(recipe, goal)
        found = measured(program, test)
        least = goal["least"] or ann - goal["below"]
        reached = found["accuracy"] >= least - 1e-9 and found["additions"] <= goal["additions"]
        row = {
            "network": recipe,
            "T": program.network.timesteps,
            "mean steps": f"{found['steps']:.2f}",
            "margin": program.network.exit_margin,
            "weight bits": program.network.weight_bits,
            "pixel bits": program.network.input.bits,
            **program_row(program, found, ann),
            "target": f"{least:.2f} % at {goal['additions']} M",
            "reached": "yes" if reached else "no",
        }
        rows.append(row)
        print(row, flush=True)
    settle(
        folder,
        "early_exit",
        "All 10,000 MNIST test images on the golden model, no retraining; an inference ends when "
        "the best score leads the second by the margin. T and margin were chosen on 5,000 "
        "training images. Written by `make early-exit`.",
        rows,
    )


if __name__ == "__main__":
    main()
