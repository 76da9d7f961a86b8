"""The papers' figures beside ours: ``docs/results.toml`` and the tables make ``docs/results.md``.

``python -m tests.measure.results [--check]``
"""

import argparse
import json
import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["page"]

DOCS = Path(__file__).resolve().parents[2] / "docs"
HEAD = """# Results beside the papers'

Each row is a headline figure of a paper and what `augend` reaches, in integers, on whole test sets
unless it says otherwise; an ANN is the float network of the same size that was trained beside it or
that ours was converted from. Ours are filled in from `docs/tables/`, which the command writes.
Written by `make tables` from `docs/results.toml`.

| paper | what | theirs | ours | command | remark |
|---|---|---|---|---|---|
"""


def page(docs: Path) -> str:
    """The page; a ValueError where a row of ``results.toml`` does not name one row of a table."""
    rows = tomllib.loads((docs / "results.toml").read_text("utf-8"))["row"]
    return HEAD + "".join(_line(row, docs / "tables") for row in rows)


def _line(row: Mapping[str, Any], tables: Path) -> str:
    ours, note = row["ours"], row.get("note", "")
    if "table" in row:
        content = json.loads((tables / f"{row['table']}.json").read_text("utf-8"))
        where = row["where"]
        found = [
            each
            for each in content["rows"]
            if all(str(each.get(key)) == str(value) for key, value in where.items())
        ]
        if len(found) != 1:
            raise ValueError(f"{row['table']} has {len(found)} rows where {where}, not one")
        ours, note = _filled(ours, found[0]), _filled(note, found[0])
    command = f"`{row['command']}`" if "command" in row else ""
    cells = (row["paper"], row["what"], row["theirs"], ours, command, note)
    return f"| {' | '.join(cells)} |\n"


def _filled(text: str, row: Mapping[str, Any]) -> str:
    """Columns in braces become the row's values."""
    return re.sub(r"\{([^}]+)\}", lambda named: str(row[named[1]]), text)


def main() -> None:
    """Write the page, or say that it would change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if stale")
    check = parser.parse_args().check
    path = DOCS / "results.md"
    text = page(DOCS)
    if path.is_file() and path.read_text("utf-8") == text:
        return
    if check:
        sys.exit(f"{path} is stale: run make tables")
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


if __name__ == "__main__":
    main()
