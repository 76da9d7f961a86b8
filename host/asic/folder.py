"""``augend verilog --asic``: wrapped memories, waivers, and if asked for the area by block."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from augend.host.asic.design import MACRO_BITS, AsicDesign, asic_design
from augend.host.asic.liberty import Library
from augend.host.asic.synthesis import Synthesis, synthesise
from augend.host.report import write_json
from augend.hw.configuration import AcceleratorConfig
from augend.hw.memory_wrapper import MEMORIES_FILE
from augend.hw.verilog import TOP

__all__ = ["AsicOptions", "area_rows", "show_rows", "write_asic", "write_rows"]

WAIVERS = "waivers.vlt"
"""What Verilator's lint may pass over, each with its reason."""


@dataclass(frozen=True, kw_only=True)
class AsicOptions:
    """What `write_asic` is asked for.

    Parameters
    ----------
    macro_bits
        Size from which on a memory is to be a macro.
    library
        Cells to map the design to; None to leave it as it is.
    """

    macro_bits: int = MACRO_BITS
    library: Library | None = None


def write_asic(
    folder: Path, config: AcceleratorConfig, options: AsicOptions, console: Console
) -> None:
    """Write the design, its memories, and what a library makes of it, into a folder.

    ``augend_accelerator.v``, ``augend_memories.v``, ``waivers.vlt`` for Verilator, and
    ``memories.json`` and ``.md``; with a library ``netlist.v``, ``cells.v``, ``area.json`` and
    ``.md``.
    """
    design = asic_design(config, macro_bits=options.macro_bits)
    (folder / f"{TOP}.v").write_text(design.design)
    (folder / MEMORIES_FILE).write_text(design.memories)
    shutil.copyfile(Path(__file__).with_name(WAIVERS), folder / WAIVERS)
    rows = list(design.rows())
    caption = f"Memories; those of fewer than {options.macro_bits} bits are flip-flops."
    write_rows(folder / "memories", caption, rows)
    shown = ("module", "as", "instances", "used")
    show_rows(caption, [{name: row[name] for name in shown} for row in rows], console)
    if options.library is not None:
        with console.status("synthesis to cells"):
            synthesis = synthesise(design, options.library)
        _write_synthesis(folder, design, options.library, synthesis, console)


def _write_synthesis(
    folder: Path, design: AsicDesign, library: Library, synthesis: Synthesis, console: Console
) -> None:
    (folder / "netlist.v").write_text(synthesis.verilog)
    (folder / "cells.v").write_text(synthesis.cells)
    macros = sum(row["capacity_bits"] for row in design.rows() if row["as"] == "macro")
    caption = (
        f"Area in the unit of {library.file.name}: {synthesis.area:,.0f} of cells in all; beside "
        f"them {macros:,} bits of memory macros. A block is counted without the blocks in it."
    )
    rows = area_rows(synthesis)
    write_rows(folder / "area", caption, rows)
    show_rows(caption, rows, console)


def area_rows(synthesis: Synthesis) -> list[dict[str, Any]]:
    """A row for each block: cells, flip-flops and area of all its instances, and its share."""
    return [
        {
            "block": block.name,
            "instances": block.instances,
            "cells": block.cells * block.instances,
            "flip-flops": block.flip_flops * block.instances,
            "area": round(block.area * block.instances, 3),
            "share": f"{block.area * block.instances / synthesis.area:.1%}",
        }
        for block in synthesis.blocks
    ]


def write_rows(path: Path, caption: str, rows: Sequence[dict[str, Any]]) -> None:
    """Write a table as ``PATH.json`` and ``PATH.md``."""
    write_json(path.with_suffix(".json"), {"caption": caption, "rows": list(rows)})
    lines = ["| " + " | ".join(rows[0]) + " |", "|" + "---|" * len(rows[0])]
    lines += ["| " + " | ".join(map(_cell, row.values())) + " |" for row in rows]
    path.with_suffix(".md").write_text("\n".join([caption, "", *lines]) + "\n")


def show_rows(caption: str, rows: Sequence[dict[str, Any]], console: Console) -> None:
    """Print a table; numbers to the right."""
    table = Table(title=caption, title_justify="left")
    for name, value in rows[0].items():
        table.add_column(name, justify="right" if isinstance(value, int | float) else "left")
    for row in rows:
        table.add_row(*map(_cell, row.values()))
    console.print(table)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.6g}" if isinstance(value, float) else str(value)
