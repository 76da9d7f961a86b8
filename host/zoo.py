"""``zoo:NAME`` wherever a program is asked for, and the list of what there is."""

from pathlib import Path

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from augend import zoo

__all__ = ["program_file", "show_zoo"]

PREFIX = "zoo:"


def program_file(text: str) -> Path:
    """Path of a program that the command line names, or of one of the zoo."""
    if not text.startswith(PREFIX):
        return Path(text)
    name = text.removeprefix(PREFIX)
    if name not in zoo.names():
        raise typer.BadParameter(
            f"there is no {name!r} in the zoo; it has {', '.join(zoo.names())} (augend zoo)"
        )
    return zoo.program_path(name)


def show_zoo(console: Console) -> None:
    """Print the table of the zoo: two lines a program, so that it fits a narrow terminal."""
    table = Table(
        title="augend run zoo:NAME",
        caption="accuracy of the whole test set, additions of an image; made by augend train "
        "RECIPE and augend convert",
        box=box.SIMPLE,
    )
    table.add_column("program, recipe", overflow="fold")
    for heading in ("accuracy", "T", "bits", "additions", "KiB"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in zoo.measured():
        table.add_row(
            f"[bold]{row['program']}[/], {row['recipe']} (seed {row['seed']})\n{row['what']}",
            row["accuracy"],
            str(row["T"]),
            row["weight bits"],
            f"{1e6 * float(row['million additions']):,.0f}",
            row["KiB"],
        )
    console.print(table)
