"""784-1200-1200-10 of weights -1 and +1: BinaryNet and BinaryConnect, trained as they run.

``python -m tests.measure.binary_mlp [--output FOLDER]``
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from augend.gen import convert
from augend.gen.datasets import load
from augend.gen.training.spike_activations import Sign
from tests.measure.table import output_folder, settle
from tests.measure.trained import calibration_images, trained
from tests.measure.trained_integers import COLUMNS, measured_row

LANES = 16
PIXEL_BITS = 2
LEAST = 98.4


@dataclass(frozen=True, kw_only=True)
class Case:
    """A row: what it is called, its recipe, and how it runs."""

    name: str
    recipe: str
    timesteps: int = 1
    spikes: Literal["bipolar", "unipolar"] = "bipolar"
    least: float | None = None


CASES = (
    Case(name="BinaryNet, Heaviside", recipe="binary-net", least=LEAST),
    Case(name="BinaryNet, sign: spikes of -1 and +1", recipe="binary-net-sign"),
    Case(name="BinaryNet, sign: silent for -1", recipe="binary-net-sign", spikes="unipolar"),
    Case(name="BinaryConnect, ReLU", recipe="binary-connect", timesteps=2),
)


def row_of(case: Case) -> dict[str, Any]:
    """Train a case's network, or take it from the cache, and measure its program."""
    source = trained(case.recipe)
    for layer in source.module.modules():
        if isinstance(layer, Sign):
            layer.spikes = case.spikes
    program = convert(
        source.module,
        calibration_images(source),
        weight_bits=1,
        pixel_bits=PIXEL_BITS,
        timesteps=case.timesteps,
        norm="none" if case.timesteps > 1 else "mse",
        lanes=LANES,
        source=case.recipe,
    )
    test, baseline = load("mnist", "test"), trained("mlp")
    return measured_row(source, program, test, baseline, name=case.name, least=case.least)


def write(folder: Path, rows: list[dict[str, Any]]) -> None:
    """Write the table; exit code 1 where a target is missed."""
    settle(
        folder,
        "binary_mlp",
        f"784-1200-1200-10 with weights of one bit, trained as they run by `augend train RECIPE "
        f"--data mnist`; all 10,000 MNIST test images on the golden model, {LANES} lanes, RTL on "
        f"the first images. ANN: recipe mlp, floats. Energy by the 45 nm table of "
        f"`host/energy.py`. Written by `make binary`.",
        rows,
        COLUMNS,
    )


def main() -> None:
    """Write ``binary_mlp.json`` and ``.md``."""
    folder = output_folder(__doc__)
    rows = []
    for case in CASES:
        rows.append(row_of(case))
        print(rows[-1], flush=True)
    write(folder, rows)


if __name__ == "__main__":
    main()
