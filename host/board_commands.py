"""The commands ``augend build``, ``augend boards`` and ``augend flash``."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from augend.host.zoo import program_file

__all__ = ["add_board_commands", "boards", "build", "flash"]


def add_board_commands(app: typer.Typer) -> None:
    """Put the commands into the application."""
    for command in (build, boards, flash):
        app.command()(command)


def build(
    programs: Annotated[
        list[Path],
        typer.Argument(parser=program_file, help="A program (or zoo:NAME), or all it is to run."),
    ],
    board: Annotated[str, typer.Option(help="One that augend boards lists.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write.")],
    mhz: Annotated[float | None, typer.Option(help="Clock; the highest where left out.")] = None,
    baud: Annotated[int, typer.Option(help="Bits a second on the wires.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="Of the placer.")] = 1,
    configuration: Annotated[
        Path | None, typer.Option(help="configuration.json in place of the smallest.")
    ] = None,
    fit: Annotated[
        bool, typer.Option("--fit", help="Choose lanes, cores, memories: most images a second.")
    ] = False,
    data: Annotated[str | None, typer.Option(help="For --fit: data set to sample.")] = None,
    images: Annotated[int, typer.Option(help="For --fit: images whose clocks count.")] = 20,
) -> None:
    """Make the bitstream of a board, with Yosys and nextpnr from PyPI alone."""
    from augend.host.build import BuildOptions
    from augend.host.build import build as build_folder

    options = BuildOptions(
        baud=baud,
        megahertz=mhz,
        seed=seed,
        configuration=configuration,
        fit=fit,
        data=data,
        images=images,
    )
    build_folder(programs, board, output, options, Console())


def boards() -> None:
    """List the boards that augend build makes bitstreams for."""
    from augend.host.board_table import show_boards

    show_boards(Console())


def flash(folder: Annotated[Path, typer.Argument(help="Of augend build.")]) -> None:
    """Configure a board with openFPGALoader; print the command where that is not installed."""
    from augend.host.flash import flash_folder

    flash_folder(folder, Console())
