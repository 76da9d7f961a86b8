"""``zoo:NAME`` wherever a program is asked for, and the list of what there is."""

from pathlib import Path

import typer
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
    """Print the table of the zoo."""
    rows = zoo.measured()
    table = Table(title="augend run zoo:NAME", caption="measured on the whole test sets")
    columns = {
        "program": "left",
        "what": "left",
        "accuracy": "right",
        "as trained": "right",
        "T": "right",
        "weight bits": "right",
        "million additions": "right",
        "KiB": "right",
        "recipe": "left",
        "seed": "right",
    }
    for column, side in columns.items():
        table.add_column(
            column,
            justify="right" if side == "right" else "left",
            overflow="fold",
            no_wrap=column == "program",
        )
    for row in rows:
        table.add_row(*(str(row[column]) for column in columns))
    console.print(table)
