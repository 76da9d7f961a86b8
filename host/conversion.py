"""Converting from the command line."""

from pathlib import Path
from typing import Any

from rich.console import Console

from augend.gen.conversion import convert
from augend.gen.datasets import load
from augend.gen.frontends.source import load_source
from augend.gen.place import place
from augend.host.information import show_program
from augend.host.sources import data_for, images_for, with_baseline

__all__ = ["convert_source"]


def convert_source(
    source: str,
    data: str | None,
    output: Path,
    images: int,
    options: dict[str, Any],
    console: Console,
) -> None:
    """Convert a module, calibrated on the first training images, and write the program.

    Parameters
    ----------
    source
        ``file.py:attribute``, or a file written by ``augend train``.
    data
        Data set; the one that a trained network came from where None.
    output
        File to write.
    images
        Number of images to calibrate on.
    options
        Of ``augend.gen.convert``.
    console
        For the summary.
    """
    found = load_source(source)
    name = data_for(found, data)
    calibration = images_for(found, load(name, "train"))[:images]
    with console.status("converting"):
        program = convert(found.module, calibration, source=source, **options)
        place(program.network, lanes=program.lanes, cores=program.cores)
        program = with_baseline(program, found, load(name, "test"))
    program.save(output)
    show_program(program, console)
    console.print(f"wrote {output}")
