"""``augend check``: whether a network can be converted, layer by layer."""

from rich.console import Console
from rich.table import Table

from augend.gen.diagnosis import check
from augend.gen.frontends.source import load_source
from augend.host.sources import shape_for

__all__ = ["show_verdict"]


def show_verdict(source: str, data: str | None, shape: str | None, console: Console) -> bool:
    """Print the verdict on every layer; whether all of them convert.

    Parameters
    ----------
    source
        ``file.py:attribute``, or a file written by ``augend train``.
    data, shape
        What the images are like; guessed where neither is given.
    console
        Where to print.
    """
    found = load_source(source)
    image = shape_for(found, data, shape)
    rows = check(found.module, image)
    table = Table(title=f"{source} on images of {image}")
    for column in ("layer", "kind", "output", "verdict", ""):
        table.add_column(column, overflow="fold")
    for row in rows:
        refused = row.error is not None
        table.add_row(
            row.name,
            row.kind,
            "" if row.shape is None else "x".join(map(str, row.shape)),
            f"[{'red' if refused else 'green'}]{row.verdict}[/]",
            str(row.error) if refused else row.note,
        )
    console.print(table)
    bad = sum(row.error is not None for row in rows)
    console.print(
        f"[red]{bad} of {len(rows)} layers stand in the way of conversion.[/]"
        if bad
        else f"[green]All {len(rows)} layers convert.[/]"
    )
    return not bad
