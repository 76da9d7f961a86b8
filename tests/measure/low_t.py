"""28x28-12c5-2s-64c5-2s-10 trained as the integers and spikes of one time step that run.

``python -m tests.measure.low_t [--output FOLDER]``
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from augend.gen import convert
from augend.gen.datasets import load, validation_split
from augend.gen.training.loop import VALIDATION_SEED, rounded_pixels
from augend.gen.training.trimming import trimmed
from tests.measure.table import output_folder, settle
from tests.measure.trained import calibration_images, trained
from tests.measure.trained_integers import COLUMNS, measured_row

LANES = 16
VALIDATION = 5000


@dataclass(frozen=True, kw_only=True)
class Case:
    """A row: its recipe, widths, what it is to reach, and the additions it is trimmed to."""

    name: str
    recipe: str
    weight_bits: int
    pixel_bits: int
    least: float
    most: float | None = None
    trim: float | None = None


CASES = (
    Case(
        name="within a budget, thresholds trimmed",
        recipe="integer-cnn",
        weight_bits=4,
        pixel_bits=2,
        least=98.9,
        most=0.40,
        trim=0.39,
    ),
    Case(
        name="for accuracy",
        recipe="integer-cnn-accurate",
        weight_bits=4,
        pixel_bits=4,
        least=99.3,
    ),
    Case(
        name="for accuracy, longer",
        recipe="integer-cnn-long",
        weight_bits=4,
        pixel_bits=4,
        least=99.3,
    ),
)


def row_of(case: Case) -> dict[str, Any]:
    """Train a case's network, or take it from the cache, and measure its program."""
    source = trained(case.recipe)
    if case.trim is not None:
        _, validation = validation_split(load("mnist"), VALIDATION, VALIDATION_SEED)
        images = torch.from_numpy(rounded_pixels(validation, case.pixel_bits).images)
        assert isinstance(source.module, nn.Sequential)
        network = trimmed(source.module, images, pixel_bits=case.pixel_bits, millions=case.trim)
        source = replace(source, module=network)
    program = convert(
        source.module,
        calibration_images(source),
        weight_bits=case.weight_bits,
        pixel_bits=case.pixel_bits,
        timesteps=1,
        lanes=LANES,
        source=case.recipe,
    )
    return measured_row(
        source,
        program,
        load("mnist", "test"),
        trained("cnn"),
        name=case.name,
        least=case.least,
        most=case.most,
    )


def write(folder: Path, rows: list[dict[str, Any]]) -> None:
    """Write the table; exit code 1 where a target is missed."""
    settle(
        folder,
        "low_t",
        f"28x28-12c5-2s-64c5-2s-10 trained as integers and single spikes by `augend train RECIPE "
        f"--data mnist`; all 10,000 MNIST test images on the golden model, {LANES} lanes, RTL on "
        f"the first images. Thresholds are trimmed on the validation split, to 0.39 million "
        f"additions. Validation: of the network, on 5,000 training images; it does not tell "
        f"the rows for accuracy apart. ANN: recipe cnn, floats. Energy by the 45 nm table of "
        f"`host/energy.py`. Written by `make low-t`.",
        rows,
        COLUMNS,
    )


def main() -> None:
    """Write ``low_t.json`` and ``.md``."""
    folder = output_folder(__doc__)
    rows = []
    for case in CASES:
        rows.append(row_of(case))
        print(rows[-1], flush=True)
    write(folder, rows)


if __name__ == "__main__":
    main()
