"""Few weight bits, no retraining: accuracy at T = 5 on all 10,000 MNIST test images.

``python -m tests.measure.low_bits [--output FOLDER]``
"""

from typing import Any

from augend.gen import convert
from augend.gen.datasets import load
from augend.host.sources import ann_accuracy, images_for
from tests.measure.measured import measured, program_row
from tests.measure.table import output_folder, settle
from tests.measure.trained import RECIPES, calibration_images, trained

TIMESTEPS = 5
CASES: tuple[tuple[str, dict[str, Any], dict[str, float]], ...] = (
    ("8 bits", {"weight_bits": 8}, {}),
    ("4 bits", {"weight_bits": 4}, {}),
    ("3 bits", {"weight_bits": 3}, {"mlp": 0.25, "cnn": 0.25}),
    ("2 bits", {"weight_bits": 2}, {}),
    ("2 bits, ternary", {"weight_bits": 2, "weights": "ternary"}, {"mlp": 1.1}),
    ("4 bits, powers of two", {"weight_bits": 4, "weights": "power_of_two"}, {}),
    ("1 bit, +1 and -1", {"weight_bits": 1}, {}),
)


def main() -> None:
    """Write ``low_bits.json`` and ``.md``; exit code 1 where a target is missed."""
    folder = output_folder(__doc__)
    test = load("mnist", "test")
    rows = []
    for recipe in RECIPES:
        source = trained(recipe)
        ann = 100 * ann_accuracy(source.module, images_for(source, test), test.labels)
        calibration = calibration_images(source)
        for name, chosen, allowed in CASES:
            program = convert(
                source.module, calibration, timesteps=TIMESTEPS, source=recipe, **chosen
            )
            found = measured(program, test)
            most = allowed.get(recipe)
            reached = most is None or ann - found["accuracy"] <= most + 1e-9
            row = {
                "network": recipe,
                "weights": name,
                "T": TIMESTEPS,
                **program_row(program, found, ann),
                "target": "" if most is None else f"{most:+.2f}",
                "reached": "" if most is None else "yes" if reached else "no",
            }
            rows.append(row)
            print(row, flush=True)
    settle(
        folder,
        "low_bits",
        "All 10,000 MNIST test images on the golden model, no retraining, synchronous, calibrated "
        "on the first 2,000 training images. Written by `make low-bits`.",
        rows,
    )


if __name__ == "__main__":
    main()
