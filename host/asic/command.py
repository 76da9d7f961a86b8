"""``augend activity``: a netlist of cells that classifies, and a table of what it switched."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console

from augend.gen.program import Program
from augend.host.asic.activity import GateActivity, fit, measure_activity
from augend.host.asic.design import MACRO_BITS, asic_design
from augend.host.asic.folder import show_rows, write_rows
from augend.host.asic.liberty import GENERIC, Library, read_library
from augend.host.asic.synthesis import Synthesis, synthesise
from augend.host.sources import images_of, test_set
from augend.hw.fit import smallest_config

__all__ = [
    "ActivityOptions",
    "access_rows",
    "activity_caption",
    "activity_rows",
    "gate_activity",
    "write_activity",
]

_TOTAL = "all"


@dataclass(frozen=True, kw_only=True)
class ActivityOptions:
    """What `write_activity` is asked for.

    Parameters
    ----------
    data, limit
        Data set, the program's own where None, and how many of its test images.
    lanes
        Lanes of the accelerator; those of the program where None.
    liberty
        Cells to map to; those of ``GENERIC`` where None.
    macro_bits
        Size from which on a memory is to be a macro.
    femtojoules
        Energy of a toggle; what the liberty file gives where None.
    """

    data: str | None = None
    limit: int = 4
    lanes: int | None = None
    liberty: Path | None = None
    macro_bits: int = MACRO_BITS
    femtojoules: float | None = None


def write_activity(file: Path, folder: Path, options: ActivityOptions, console: Console) -> None:
    """Write netlist, a SAIF file for each image, and tables of toggles into a folder.

    ``netlist.v``, ``cells.v``, ``image_N.saif``, ``activity.json`` and ``.md`` by block,
    ``accesses.json`` and ``.md`` by memory.
    """
    library = read_library(options.liberty or GENERIC)
    program = Program.load(file)
    if options.lanes is not None:
        program = replace(program, lanes=options.lanes, work={})
    test = test_set(program, options.data)
    images = images_of(program, test.take(np.arange(min(options.limit, len(test)))))
    folder.mkdir(parents=True, exist_ok=True)
    found, synthesis = gate_activity(
        program, library, images, folder, console, macro_bits=options.macro_bits
    )
    (folder / "netlist.v").write_text(synthesis.verilog)
    (folder / "cells.v").write_text(synthesis.cells)
    caption = activity_caption(found, library)
    rows = activity_rows(found, options.femtojoules)
    write_rows(folder / "activity", caption, rows)
    show_rows(caption, rows, console)
    caption = "Macros: accesses and toggles of pins (address, data, enables), an image."
    write_rows(folder / "accesses", caption, access_rows(found))
    show_rows(caption, access_rows(found), console)
    console.print(f"wrote {folder}/netlist.v and {len(images)} SAIF files")


def gate_activity(
    program: Program,
    library: Library,
    images: npt.NDArray,
    folder: Path,
    console: Console,
    *,
    macro_bits: int = MACRO_BITS,
) -> tuple[GateActivity, Synthesis]:
    """Toggles of the smallest accelerator for a program, and the netlist that they are of."""
    config = smallest_config(program.place())
    with console.status("writing Verilog") as status:
        design = asic_design(config, macro_bits=macro_bits)
        status.update("synthesis to cells")
        synthesis = synthesise(design, library)
        found = measure_activity(
            program, config, design, synthesis, library, images, folder, status.update
        )
    return found, synthesis


def activity_caption(found: GateActivity, library: Library) -> str:
    """What the table of toggles is of."""
    additions = found.result.total_operations
    clocks = found.clocks
    return (
        f"Toggles by block, means of {len(additions)} images of {additions.min():,} to "
        f"{additions.max():,} additions and {clocks.min():,} to {clocks.max():,} clocks with the "
        f"link; netlist equal to the models in every image. Area in the "
        f"unit of {library.file.name}. Fit: toggles = a * additions + b * clocks; missed: its "
        f"error (root mean square) as a share of the mean; a below zero: it switches less where "
        f"there is an addition. No glitches, no wires, no clock tree; the clock pins of "
        f"{found.clock_pins.sum():,} flip-flops toggle twice a clock besides."
    )


def activity_rows(found: GateActivity, femtojoules: float | None = None) -> list[dict[str, Any]]:
    """A row for each block, the busiest first, and one for all.

    Energy is in it where a toggle's is given, or the library says what pins take.
    """
    additions = found.result.total_operations
    energy = None if found.joules is None else found.joules * 1e12
    if femtojoules is not None:
        energy = found.toggles * femtojoules * 1e-3

    def row(name: str, groups: npt.NDArray) -> dict[str, Any]:
        toggles = found.toggles[:, groups].sum(1)
        line = fit(toggles, additions, found.clocks)
        shown = {
            "block": name,
            "cells": int(found.cells[groups].sum()),
            "area": round(float(found.area[groups].sum()), 3),
            "toggles an image": round(float(toggles.mean())),
            "of flip-flops": round(float(found.flip_flops[:, groups].sum(1).mean())),
            "a: toggles an addition": round(line.addition, 3),
            "b: toggles a clock": round(line.clock, 3),
            "missed": f"{line.residual:.2%}",
        }
        if energy is not None:
            pj = energy[:, groups].sum(1)
            slope = fit(pj, additions, found.clocks)
            shown["pJ an image"] = round(float(pj.mean()), 3)
            shown["fJ an addition"] = round(slope.addition * 1e3, 3)
        return shown

    order = np.argsort(-found.toggles.mean(0), kind="stable")
    rows = [row(found.groups[i], np.array([i])) for i in order]
    return [*rows, row(_TOTAL, order)]


def access_rows(found: GateActivity) -> list[dict[str, Any]]:
    """A row for each macro, the one with the most toggles first."""
    order = sorted(found.memories, key=lambda memory: (-memory.toggles.mean(), memory.name))
    return [
        {
            "memory": memory.name,
            "module": memory.module,
            "reads": round(float(memory.reads.mean()), 1),
            "writes": round(float(memory.writes.mean()), 1),
            "toggles of pins": round(float(memory.toggles.mean())),
        }
        for memory in order
    ]
