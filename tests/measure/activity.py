"""What digits switch on four lanes: cells, area, toggles an image and an addition, by block."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console

from augend.gen.datasets import load
from augend.gen.program import Program
from augend.host.asic.activity import GateActivity
from augend.host.asic.command import access_rows, activity_rows, gate_activity
from augend.host.asic.liberty import GENERIC, read_library
from augend.host.zoo import program_file

from .table import output_folder, write_table

LANES = 4
CONTRASTS = (1.0, 1.0, 1.0, 0.5, 0.5, 0.25)
"""Of the first test images one after another: pale ones have fewer additions."""


def measured(folder: Path) -> tuple[GateActivity, list[dict]]:
    program = replace(Program.load(program_file("zoo:digits")), lanes=LANES, work={})
    images = load("digits", "test").images[: len(CONTRASTS)]
    images = images * np.array(CONTRASTS, np.float32)[:, None, None, None]
    found, synthesis = gate_activity(
        program, read_library(GENERIC), images, folder, Console(stderr=True)
    )
    return found, activity_rows(found, synthesis)


def main() -> None:
    output = output_folder(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        found, rows = measured(Path(folder))
    additions, clocks = found.result.total_operations, found.clocks
    write_table(
        output,
        "activity",
        f"Toggles of zoo:digits on {LANES} lanes as cells: means of {len(CONTRASTS)} test images "
        f"({additions.min():,} to {additions.max():,} additions, {clocks.min():,} to "
        f"{clocks.max():,} clocks with the link; the last three paler), every image equal to the "
        f"models. Area is transistors. Fit: toggles = a * additions + b * clocks; missed: its "
        f"error (root mean square) as a share of the mean. No glitches, no wires, no clock tree; "
        f"the clock pins of {found.clock_pins.sum():,} flip-flops toggle twice a clock besides.",
        list(rows[0]),
        rows,
    )
    words = float(sum(found.result.words.values()).mean())
    accesses = access_rows(found)
    write_table(
        output,
        "accesses",
        f"Accesses of the macros of the same runs, an image, and toggles of their pins. The "
        f"operation counters count {words:,.1f} words of additions an image.",
        list(accesses[0]),
        accesses,
    )


if __name__ == "__main__":
    main()
