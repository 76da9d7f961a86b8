"""The table of designs and their cells, after the tests; kept when all of them were looked at."""

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from .no_multiplier import DESIGNS, SYNTHESISED

TABLES = Path(__file__).resolve().parents[2] / "docs" / "tables"


def pytest_terminal_summary(terminalreporter):
    rows = []
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            found = dict(getattr(report, "user_properties", []))
            if "flow" in found:
                rows.append(found | {"result": outcome})
    rows.sort(key=lambda row: (row["flow"] == "operators", row["flow"], row["design"]))
    if not rows:
        return
    heads = ["design", "flow", "multipliers", "cells", "result"]
    lines = [
        [
            row["design"],
            row["flow"],
            str(row["forbidden"]),
            ", ".join(f"{n:,} {cell}" for cell, n in row["cells"].items() if n),
            row["result"],
        ]
        for row in rows
    ]
    table = Table(*heads)
    for line in lines:
        table.add_row(*line)
    Console(width=150).print(table)
    if len(rows) == len(DESIGNS) + 2 * len(SYNTHESISED):
        TABLES.mkdir(parents=True, exist_ok=True)
        text = [heads, ["---"] * len(heads), *lines]
        (TABLES / "no_multiplier.md").write_text(
            "".join(f"| {' | '.join(line)} |\n" for line in text)
        )
        (TABLES / "no_multiplier.json").write_text(json.dumps(rows, indent=1) + "\n")
