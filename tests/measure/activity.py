"""What digits switch on four lanes: cells, area, toggles an image and an addition, by block."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console

from augend.gen.datasets import load
from augend.gen.program import Program
from augend.host.asic.command import (
    access_rows,
    activity_caption,
    activity_rows,
    gate_activity,
)
from augend.host.asic.liberty import GENERIC, read_library
from augend.host.zoo import program_file

from .table import output_folder, write_table

LANES = 4
CONTRASTS = (1.0, 1.0, 1.0, 1.0, 0.75, 0.75, 0.5, 0.5, 0.25, 0.25)
"""Of the first test images one after another: pale ones have fewer additions."""


def main() -> None:
    output = output_folder(__doc__)
    program = replace(Program.load(program_file("zoo:digits")), lanes=LANES, work={})
    images = load("digits", "test").images[: len(CONTRASTS)]
    images = images * np.array(CONTRASTS, np.float32)[:, None, None, None]
    library = read_library(GENERIC)
    with tempfile.TemporaryDirectory() as folder:
        found, _ = gate_activity(program, library, images, Path(folder), Console(stderr=True))
    rows = activity_rows(found)
    write_table(
        output,
        "activity",
        f"zoo:digits on {LANES} lanes, the first test images, some of them paler. "
        + activity_caption(found, library),
        list(rows[0]),
        rows,
    )
    words = float(np.sum(list(found.result.words.values()), axis=0).mean())
    accesses = access_rows(found)
    write_table(
        output,
        "accesses",
        f"Accesses of the macros of the same runs, an image, and toggles of their pins. The "
        f"operation counters tell {words:,.1f} words of additions an image.",
        list(accesses[0]),
        accesses,
    )


if __name__ == "__main__":
    main()
