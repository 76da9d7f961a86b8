"""The three rules of spiking max-pools, beside each other and the ANN (Rueckauer 2017, 2.2.6).

``python -m tests.measure.max_pool_gates [--output FOLDER]``
"""

from typing import Any

from augend.gen import convert
from augend.gen.datasets import load
from augend.gen.gate import GateRule
from augend.host.sources import ann_accuracy, images_for
from tests.measure.measured import measured, program_row
from tests.measure.table import output_folder, settle
from tests.measure.trained import calibration_images, trained

RULES: dict[GateRule, str] = {
    "count": "most spikes so far",
    "rate": "greatest rate, estimated online",
    "any": "any spike",
}
CASES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("phased", {"schedule": "phased", "timesteps": 8}),
    ("synchronous", {"timesteps": 8}),
    ("synchronous", {"timesteps": 32}),
    ("synchronous, signed", {"timesteps": 16, "signed": True}),
)


def main() -> None:
    """Write ``max_pool_gates.json`` and ``.md``."""
    folder = output_folder(__doc__)
    source, test = trained("cnn7"), load("mnist", "test")
    ann = 100 * ann_accuracy(source.module, images_for(source, test), test.labels)
    calibration = calibration_images(source)
    rows = []
    for schedule, chosen in CASES:
        for rule, passes in RULES.items():
            program = convert(source.module, calibration, source="cnn7", gate=rule, **chosen)
            found = measured(program, test)
            row = {
                "schedule": schedule,
                "T": program.network.timesteps,
                "gate": f"`{rule}`: {passes}",
                **program_row(program, found, ann),
            }
            rows.append(row)
            print(row, flush=True)
    settle(
        folder,
        "max_pool_gates",
        "All 10,000 MNIST test images on the golden model, 8 bits; the 7-layer CNN with "
        "max-pooling of `augend train cnn7 --data mnist --seed 1`, converted for every rule anew "
        "and calibrated on 2,000 training images. Gates by `count` and `rate` spend an addition on "
        "every spike that comes in, `any` none. Written by `make max-pool-gates`.",
        rows,
    )


if __name__ == "__main__":
    main()
