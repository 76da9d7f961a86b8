"""What each idea brings: the ladder of Rueckauer 2017, figure 2, on CIFAR-10, in integers.

``python -m tests.measure.ladder [--output FOLDER]``; with ``--long`` the paper's own rows at as
many steps as rate codes need, on some of the images: ``ladder_long``.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from augend.gen import convert
from augend.gen.datasets import load
from augend.host.sources import ann_accuracy, images_for
from tests.measure.measured import measured, program_row
from tests.measure.table import write_table
from tests.measure.trained import calibration_images, trained

STEPS = 32
LOSS = 0.1
DEFAULT = {
    "norm": "none",
    "reset": "zero",
    "encoding": "rate",
    "initial": "zero",
    "timesteps": STEPS,
}
PERCENTILE = {"norm": "percentile", "percentile": 99.9, "per_channel": False}
LADDER = (
    ("no normalisation, reset to zero, Poisson input", {}),
    ("+ data normalisation", {"norm": "data"}),
    ("+ reset by subtraction", {"reset": "subtract"}),
    ("+ analog input", {"encoding": "current"}),
    ("+ 99.9 percentile", PERCENTILE),
    ("+ half-threshold start", {"initial": "half"}),
    ("+ per-channel least squares, calibrated", {"norm": "mse"}),
    ("+ phased schedule", {"schedule": "phased"}),
    ("phased, fewer steps", {"timesteps": 16}),
    ("phased, fewer steps", {"timesteps": 8}),
)
LONG, LONG_IMAGES = 400, 500
PAPER = (83.50, 40.18, None, 16.40, 12.18)
"""Errors of the paper's text, section 3.2; the third is told as a difference."""


def main() -> None:
    """Write ``ladder.json`` and ``.md``; exit code 1 where the top loses more than 0.1 point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("docs/tables"))
    parser.add_argument("--last", type=int, default=len(LADDER), help="measure only so many rows")
    parser.add_argument("--long", action="store_true", help="the paper's rows at T = 400")
    options = parser.parse_args()
    source, test = trained("cifar-cnn", "cifar10"), load("cifar10", "test")
    if options.long:
        test = replace(test, images=test.images[:LONG_IMAGES], labels=test.labels[:LONG_IMAGES])
    ann = 100 * ann_accuracy(source.module, images_for(source, test), test.labels)
    calibration = calibration_images(source, "cifar10")
    settings: dict = DEFAULT | ({"timesteps": LONG} if options.long else {})
    rows, best = [], 0.0
    for place, (name, change) in enumerate(LADDER):
        settings |= change
        if place < len(LADDER) - options.last or (options.long and place >= len(PAPER)):
            continue
        program = convert(source.module, calibration, source="cifar-cnn", **settings)
        found = measured(program, test)
        best = max(best, found["accuracy"])
        paper = PAPER[place] if place < len(PAPER) else None
        rows.append(
            {
                "conversion": name,
                "T": program.network.timesteps,
                "error": f"{100 - found['accuracy']:.2f} %",
                "error in the paper": "" if paper is None else f"{paper:.2f} %",
                **program_row(program, found, ann),
            }
        )
        print(rows[-1], flush=True)
    which = f"The first {LONG_IMAGES}" if options.long else "All 10,000"
    write_table(
        options.output,
        "ladder_long" if options.long else "ladder",
        f"{which} CIFAR-10 test images on the golden model, 8-bit integers, the CNN of "
        f"`augend train cifar-cnn --data cifar10 --seed 1`, calibrated on 2,000 training images; "
        f"each row keeps what those above it brought. ANN error {100 - ann:.2f} % (paper "
        f"12.14 %). Written by `make ladder`.",
        [c for c in rows[0] if c != "program"],
        rows,
    )
    if ann - best > LOSS and not options.long:
        raise SystemExit(f"the best conversion is {ann - best:.2f} points below its ANN")


if __name__ == "__main__":
    main()
