"""ResNet-20 that others trained, to 8, 6 and 4 bits without retraining, on CIFAR-10.

``python -m tests.measure.resnet20 CHECKPOINT [--output FOLDER]``

The checkpoint is resnet20-12fca82f.th of akamaster/pytorch_resnet_cifar10. Rows that the folder's
table has already are kept, so that a run that was broken off goes on: remove it to begin again.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from augend.gen import convert
from augend.gen.datasets import load
from augend.gen.options import input_scaling
from augend.host.sources import ann_accuracy
from tests.measure.measured import measured, program_row
from tests.measure.resnet_cifar10 import pretrained
from tests.measure.table import write_table

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CALIBRATION = {"phased": 2000, "synchronous": 300}
"""Training images; a synchronous calibration simulates every step."""
PHASED: dict[str, Any] = {"schedule": "phased"}
CASES: tuple[tuple[str, dict[str, Any], float | None], ...] = (
    ("phased", {**PHASED, "timesteps": 32}, 91.4),
    ("phased", {**PHASED, "timesteps": 16}, 91.1),
    ("phased", {**PHASED, "timesteps": 8}, 89.7),
    ("phased", {**PHASED, "timesteps": 16, "weight_bits": 6}, None),
    ("phased", {**PHASED, "timesteps": 16, "weight_bits": 4}, None),
    ("synchronous, signed", {"signed": True, "timesteps": 16}, 91.0),
)
MOST_LOST = {6: 0.3, 4: 2.5}
"""Points that fewer bits may lose on 8 bits at T = 16."""


def main() -> None:
    """Write ``resnet20.json`` and ``.md``; exit code 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--output", type=Path, default=Path("docs/tables"))
    options = parser.parse_args()
    module = pretrained(options.checkpoint)
    scaling = input_scaling((0.0, 1.0), MEAN, STD)
    test, train = load("cifar10", "test"), load("cifar10", "train")
    ann = 100 * ann_accuracy(module, scaling.scaled(test.images).astype("float32"), test.labels)
    calibration = scaling.scaled(train.images[: max(CALIBRATION.values())])
    path = options.output / "resnet20.json"
    rows = json.loads(path.read_text())["rows"] if path.exists() else []
    for name, chosen, least in CASES:
        bits, steps = chosen.get("weight_bits", 8), chosen["timesteps"]
        if _row(rows, name, steps, bits) is not None:
            continue
        images = calibration[: CALIBRATION[chosen.get("schedule", "synchronous")]]
        program = convert(module, images, mean=MEAN, std=STD, source="resnet20-12fca82f", **chosen)
        begun = time.process_time()
        found = measured(program, test)
        spent = time.process_time() - begun
        if least is None:
            reference = _row(rows, "phased", 16, 8)
            assert reference is not None
            least = float(reference["spiking"].split()[0]) - MOST_LOST[bits]
        row = {
            "schedule": name,
            "T": steps,
            "weight bits": bits,
            **program_row(program, found, ann),
            "target": f"{least:.2f} %",
            "reached": "yes" if found["accuracy"] >= least - 1e-9 else "no",
            "CPU seconds": f"{spent:.0f}",
        }
        rows.append(row)
        print(row, flush=True)
        write_table(
            options.output,
            "resnet20",
            "All 10,000 CIFAR-10 test images on the golden model; ResNet-20 of "
            "akamaster/pytorch_resnet_cifar10 (12fca82f), not retrained, calibrated on the first "
            f"{CALIBRATION['phased']:,} training images (300 where synchronous). Written by "
            "`make resnet20`.",
            [c for c in rows[0] if c != "program"],
            rows,
        )
    if any(row["reached"] == "no" for row in rows):
        raise SystemExit("a row misses its target")


def _row(rows: list[dict[str, Any]], name: str, steps: int, bits: int) -> dict[str, Any] | None:
    """Row of a case, where it has been measured."""
    key = (name, steps, bits)
    return next((r for r in rows if (r["schedule"], r["T"], r["weight bits"]) == key), None)


if __name__ == "__main__":
    main()
