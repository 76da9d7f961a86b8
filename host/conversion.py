"""Converting from the command line."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from augend.gen.conversion import convert
from augend.gen.datasets import load
from augend.gen.frontends.source import front_end, load_source
from augend.gen.options import input_scaling
from augend.gen.place import UnsupportedError
from augend.gen.program import Program
from augend.gen.spiking_form import takes_events
from augend.host.errors import UsageError
from augend.host.information import show_program
from augend.host.sources import data_for, images_for, with_baseline

__all__ = ["convert_nir", "convert_source", "numbers", "widths"]


def convert_source(
    source: str,
    data: str | None,
    output: Path,
    images: int,
    options: dict[str, Any],
    console: Console,
) -> None:
    """Convert a network, calibrated on the first training images, and write the program.

    Parameters
    ----------
    source
        ``file.py:attribute``, a file written by ``augend train``, or an ONNX model.
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
    if takes_events(found.module):
        program = convert(found.module, (), source=source, **options)
        baseline = {"data": name, "accuracy": found.metadata.get("test_accuracy", float("nan"))}
        kept = {**program.metadata, "ann": baseline}
        _written(replace(program, metadata=kept), output, console)
        return
    scaling = input_scaling(options["pixel_range"], options["mean"], options["std"])
    calibration = scaling.scaled(images_for(found, load(name, "train"))[:images])
    with console.status("converting"):
        network = found.module if found.graph is None else found.graph
        program = convert(network, calibration, source=source, **options)
        program = with_baseline(program, found, load(name, "test"))
    _written(program, output, console)


def convert_nir(source: str, output: Path, options: dict[str, Any], console: Console) -> None:
    """Import a spiking network from a NIR file and write the program.

    Parameters
    ----------
    source, output
        Files.
    options
        Of ``augend.gen.frontends.nir_import.import_nir``.
    console
        For the summary.
    """
    with console.status("converting"):
        program = front_end("nir_import", "nir").import_nir(source, **options)
    _written(program, output, console)


def _written(program: Program, output: Path, console: Console) -> None:
    """Write a program that the accelerator runs, or at least the golden model."""
    elsewhere = None
    try:
        program.place()
    except UnsupportedError as error:
        elsewhere = error
    program.save(output)
    show_program(program, console)
    if elsewhere is not None:
        console.print(f"[yellow]Runs on the golden model only.[/] {elsewhere}", soft_wrap=True)
    console.print(f"wrote {output}")


def numbers(option: str, text: str | None) -> list[float] | None:
    """Numbers of an option, as 0.5,0.5."""
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise UsageError(f"{option} takes numbers such as 0.5,0.5,0.5, not {text!r}.") from error


def widths(texts: list[str]) -> dict[str, int]:
    """Widths by population, of texts such as conv1=8."""
    found = {}
    for text in texts:
        name, equals, bits = text.rpartition("=")
        if not equals or not bits.isdigit():
            raise UsageError(f"--layer-bits takes NAME=BITS such as conv1=8, not {text!r}.")
        found[name] = int(bits)
    return found
