"""LUTs, block RAM and clock rate of placed accelerators.

``python -m tests.measure.ppa [--output FOLDER] [--seeds 3] [--only NAME ...]``
"""

import argparse
import json
from pathlib import Path
from statistics import median

from augend.hw.configuration import AcceleratorConfig

from .place_route import place, synthesise
from .table import write_table

_FOLDER = Path("build/ppa")
_CAPTION = (
    "Accelerators placed and routed with YoWASP's Yosys and nextpnr: the engine (encoder, router, "
    "cores with memories, readout, counters) alone, registers in place of the host link; and, "
    "where the row says so, with the host link on the same clock. LUT4 are sites: a carry cell of "
    "ECP5 takes two, 16 x 4 bits of distributed RAM take six. LUT4 and flip-flops leave out what "
    "stands in place of the link. Clock rates are nextpnr's, one for each seed. "
    "Written by `make ppa`."
)


def _shape(lanes: int, **chosen: object) -> AcceleratorConfig:
    """Memories of a dense or convolutional network of some thousand neurons on 4-bit weights."""
    usual = {
        "weight_bits": 4,
        "potential_bits": 16,
        "potential_memory": "block",
        "weight_words": 1024,
        "potential_words": 512,
        "parameter_words": 64,
        "row_entries": 64,
        "column_entries": 64,
        "group_entries": 64,
        "lane_entries": 64,
        "coordinate_bits": 6,
        "instructions": 64,
        "populations": 4,
        "queue_words": 60,
        "input_rows": 128,
        "readout_words": 2,
    }
    return AcceleratorConfig(lanes=lanes, **(usual | chosen))


_SMALL = {
    "potential_bits": 12,
    "pixel_bits": 4,
    "weight_words": 512,
    "potential_words": 32,
    "parameter_words": 16,
    "row_entries": 1,
    "column_entries": 1,
    "lane_entries": 8,
    "coordinate_bits": 5,
    "queue_words": 16,
    "input_rows": 32,
    "instructions": 16,
    "link_words": 128,
}
_SHALLOW = {"potential_memory": "distributed", "potential_words": 16, "parameter_words": 16}

ACCELERATORS = {
    "16 lanes": ("LFE5U-25F", _shape(16), False, 185),
    "16 lanes, with link": ("LFE5U-25F", _shape(16), True, None),
    "64 lanes": ("LFE5U-25F", _shape(64, **_SHALLOW), False, 165),
    "8 lanes": ("HX8K", _shape(8, **_SMALL), False, 120),
    "4 lanes": ("HX8K", _shape(4, **_SMALL), False, 120),
    "4 lanes, weights in SPRAM": ("UP5K", _shape(4, **_SMALL | {"weight_words": 16384}), False, 48),
}
"""For each: the device, the configuration, whether with the host link, and the clock aimed at."""


def measure(name: str, seeds: int) -> dict[str, object]:
    """A row of the table."""
    device, config, link, target = ACCELERATORS[name]
    folder = _FOLDER / "".join(c if c.isalnum() else "_" for c in name)
    parts = synthesise(config, device, folder, link=link)
    cells = sum(parts.values(), start=type(parts["engine"])()) if link else parts["engine"]
    ecp5 = device.startswith("LFE5")
    sites = cells["LUT4"] + (2 * cells["carry"] + 6 * cells["distributed RAM"] if ecp5 else 0)
    row: dict[str, object] = {
        "accelerator": name,
        "device": device,
        "host link": "on the same clock" if link else "left out",
        "LUT4": sites,
        "LUT4 a lane": round(sites / config.lanes),
        **{kind: cells[kind] for kind in ("FF", "carry", "BRAM", "DSP")},
    }
    try:
        found = [
            place(device, folder, seed=seed, megahertz=float(target or 150))
            for seed in range(1, seeds + 1)
        ]
    except RuntimeError as error:
        row |= {"MHz": "", "median MHz": _reason(str(error)), "slowest path": ""}
    else:
        rates = [one.megahertz for one in found]
        slowest = min(found, key=lambda one: one.megahertz).path
        row |= {
            "MHz": ", ".join(f"{rate:.0f}" for rate in rates),
            "median MHz": round(median(rates)),
            "slowest path": f"{_place(slowest[0][1])} to {_place(slowest[-1][1])}",
        }
    return row | {"aimed at": target or "", "configuration": repr(config)}


def _reason(said: str) -> str:
    """nextpnr's word for what does not fit."""
    found = [line for line in said.splitlines() if line.startswith("ERROR")]
    return f"does not fit ({found[0].removeprefix('ERROR: ')})" if found else "does not fit"


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
    options = parser.parse_args()
    for name in options.only:
        row = measure(name, options.seeds)
        print(row, flush=True)
        rows = _known(options.output) | {(name, row["device"]): row}
        order = [(name, device) for name, (device, *_) in ACCELERATORS.items()]
        shown = [column for column in row if column != "configuration"]
        kept = [rows[key] for key in order if key in rows]
        write_table(options.output, "ppa", _CAPTION, shown, kept)


def _known(folder: Path) -> dict[tuple[str, str], dict[str, object]]:
    """Rows of the table as it stands, by accelerator and device: the others are measured again."""
    path = folder / "ppa.json"
    rows = json.loads(path.read_text())["rows"] if path.exists() else []
    return {(row["accelerator"], row["device"]): row for row in rows}


if __name__ == "__main__":
    main()
