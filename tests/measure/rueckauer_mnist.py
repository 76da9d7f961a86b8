"""The MNIST networks of Rueckauer 2017 with max-pooling and biases: error against operations.

``python -m tests.measure.rueckauer_mnist [--output FOLDER]``
"""

import numpy as np

from augend.gen import convert
from augend.gen.datasets import load
from augend.host.sources import ann_accuracy, images_for, images_of
from augend.sim.golden import GoldenModel
from tests.measure.measured import measured, program_row
from tests.measure.table import output_folder, settle
from tests.measure.trained import calibration_images, trained

CASES = (
    ("cnn7", {"schedule": "phased", "timesteps": 8}, (0.60, None)),
    ("cnn7", {"schedule": "synchronous", "timesteps": 16, "signed": True}, (0.60, None)),
    ("lenet", {"schedule": "phased", "timesteps": 2}, (2.07, 1.07)),
    ("lenet", {"schedule": "phased", "timesteps": 4}, (1.13, 1.47)),
    ("lenet", {"schedule": "phased", "timesteps": 8}, (None, None)),
)
"""Network, conversion, and the error (%) and millions of operations that it has to stay below."""


def main() -> None:
    """Write ``rueckauer_mnist.json`` and ``.md``; exit code 1 where a target is missed."""
    folder = output_folder(__doc__)
    test = load("mnist", "test")
    rows = []
    for recipe, chosen, (most_error, most_additions) in CASES:
        source = trained(recipe)
        ann = 100 * ann_accuracy(source.module, images_for(source, test), test.labels)
        program = convert(source.module, calibration_images(source), source=recipe, **chosen)
        found = measured(program, test)
        error = 100 - found["accuracy"]
        reached = (most_error is None or error <= most_error + 1e-9) and (
            most_additions is None or found["additions"] <= most_additions
        )
        target = "" if most_error is None else f"{most_error:.2f} %"
        target += "" if most_additions is None else f" at {most_additions:.2f} M"
        row = {
            "network": recipe,
            "schedule": program.network.schedule,
            "T": program.network.timesteps,
            "error": f"{error:.2f} %",
            **program_row(program, found, ann),
            "target": target,
            "reached": "" if not target else "yes" if reached else "no",
        }
        rows.append(row)
        print(row, flush=True)
    rows += anytime(test)
    settle(
        folder,
        "rueckauer_mnist",
        "All 10,000 MNIST test images on the golden model, 8-bit integers; networks of `augend "
        "train cnn7|lenet --data mnist --seed 1`, calibrated on 2,000 training images. Paper: 7 "
        "layers 0.56 %; LeNet 2.07 % at 1.07 and 1.13 % at 1.47 million operations. Written by "
        "`make rueckauer-mnist`.",
        rows,
    )


def anytime(test) -> list[dict]:
    """LeNet read after every step of one synchronous program."""
    source = trained("lenet")
    program = convert(source.module, calibration_images(source), timesteps=6, source="lenet")
    model = GoldenModel(program.network, record="steps")
    images = images_of(program, test)
    correct, spent = np.zeros(6), np.zeros(6)
    for first in range(0, len(test), 500):
        part = slice(first, first + 500)
        result = model.run(program.encode(images[part]))
        assert result.step_scores is not None
        correct += (result.step_scores.argmax(2) == test.labels[part, None]).sum(0)
        spent += np.sum(list(result.step_operations.values()), axis=0).cumsum(1).sum(0)
    ann = 100 * ann_accuracy(source.module, images_for(source, test), test.labels)
    rows = []
    for step in range(6):
        found = {
            "accuracy": 100 * correct[step] / len(test),
            "additions": spent[step] / len(test) / 1e6,
            "spikes": float("nan"),
        }
        rows.append(
            {
                "network": "lenet",
                "schedule": "synchronous, read early",
                "T": step + 1,
                "error": f"{100 - found['accuracy']:.2f} %",
                **program_row(program, found, ann),
                "target": "",
                "reached": "",
                "thousand spikes": "",
            }
        )
        print(rows[-1], flush=True)
    return rows


if __name__ == "__main__":
    main()
