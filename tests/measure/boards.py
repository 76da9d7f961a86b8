"""Bitstreams of boards: what fits, clock rates by seed, images a second, how long a build takes.

``python -m tests.measure.boards [--output FOLDER] [--seeds 3] [--only BOARD=PROGRAM@LANES ...]
[--checkpoint FILE]``
"""

import argparse
import json
import resource
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import torch
from rich.console import Console
from torch import nn

from augend.gen import convert
from augend.gen.datasets import load
from augend.gen.program import Program
from augend.host.bitstream import place_again
from augend.host.build import BuildOptions, build
from augend.host.driver import connect
from augend.host.sources import images_of, test_set
from augend.host.toolchain.devices import DEVICES
from augend.host.toolchain.errors import DoesNotFitError
from augend.host.toolchain.synthesis import sites
from augend.host.verilog import read_configuration
from augend.host.zoo import program_file
from augend.hw.boards import board_named

from .rtl_long import RUNS
from .table import write_table

__all__ = ["PLAN", "measure"]

PLAN = (
    "hx8k=digits-mlp",
    "ulx3s-25f=zoo:digits",
    "ulx3s-85f=zoo:mnist-cnn",
    "ulx3s-85f=zoo:mnist-mlp-binary",
    "ulx3s-85f=zoo:cifar10-cnn",
    "ulx3s-85f=resnet20",
)
"""Board and program of each row, and lanes, where they are not the program's."""

SMALL = "digits-mlp"
"""64-32-10 of 4-bit weights on the digits, made here: the zoo's are too large for HX8K."""

RESNET = "resnet20"
"""Of a checkpoint that has to be given, else its row stays as it is."""

_FOLDER = Path("build/boards")
_IMAGES = 100
_CAPTION = (
    "Bitstreams by `augend build`, with Yosys, nextpnr and packers from PyPI: the clock that the "
    "board's PLL makes, and what the routing passes at with each seed (the first is the "
    "bitstream's). LUT4 after synthesis, as sites: a carry cell of ECP5 takes two, 16 x 4 bits of "
    "distributed RAM take six. Accuracy and clocks: of the first 100 test images, on golden and "
    "timing model; images a second: at the PLL's clock, the wires left out. CPU s: of all tools, "
    "from program to bitstream, on one thread. Written by `make boards-table`."
)
_COLUMNS = (
    "board",
    "device",
    "program",
    "lanes",
    "fits",
    "MHz",
    "passes at, by seed",
    "median",
    "LUT4",
    "of LUT4",
    "BRAM",
    "of BRAM",
    "SPRAM",
    "DSP",
    "accuracy",
    "clocks an image",
    "images a second",
    "CPU s",
    "wall s",
)


def measure(which: str, seeds: int, checkpoint: Path | None = None) -> dict[str, object]:
    """A row of the table, for one of ``PLAN``."""
    board_name, program_name = which.split("=", 1)
    program_name, _, lanes = program_name.partition("@")
    path = _file(program_name, checkpoint)
    program = Program.load(path)
    if lanes:
        program = replace(program, lanes=int(lanes), work={})
        path = _FOLDER / f"{lanes}-lanes" / path.name
        path.parent.mkdir(parents=True, exist_ok=True)
        program.save(path)
    board = board_named(board_name)
    device = DEVICES[board.device]
    folder = _FOLDER / f"{board.name}-{path.stem}"
    row: dict[str, object] = dict.fromkeys(_COLUMNS, "")
    row |= {
        "board": board.name,
        "device": board.device,
        "program": path.stem,
        "lanes": program.lanes,
        "hash": program.hash,
    }
    begin, cpu = time.monotonic(), _cpu()
    try:
        made = build([path], board.name, folder, BuildOptions(), Console())
    except DoesNotFitError as error:
        needs = ", ".join(f"{n:,} {kind} of {has:,}" for kind, (n, has) in error.short.items())
        return row | {"fits": f"no: {needs}"}
    row |= {"CPU s": round(_cpu() - cpu), "wall s": round(time.monotonic() - begin)}
    rates = [made.passes]
    rates += [place_again(board, folder, seed, made).megahertz for seed in range(2, seeds + 1)]
    config = read_configuration(folder / "configuration.json")
    sample = test_set(program, "digits" if program_name == SMALL else None)
    sample = sample.take(np.arange(_IMAGES))
    with connect(program, "golden", config=config) as models:
        result = models.infer(images_of(program, sample))
    cycles = result.cycles
    assert cycles is not None
    clocks = float(cycles.mean())
    return row | {
        "fits": "yes",
        "MHz": f"{made.megahertz:.2f}",
        "passes at, by seed": ", ".join(f"{rate:.1f}" for rate in rates),
        "median": f"{median(rates):.1f}",
        "LUT4": sites(device, made.cells),
        "of LUT4": device.has["LUT4"],
        "BRAM": made.cells["BRAM"],
        "of BRAM": device.has["BRAM"],
        "SPRAM": made.cells["SPRAM"] or "",
        "DSP": made.cells["DSP"],
        "accuracy": f"{100 * float((result.predictions == sample.labels).mean()):.0f} %",
        "clocks an image": f"{clocks:,.0f}",
        "images a second": f"{1e6 * made.megahertz / clocks:,.0f}",
    }


def _file(name: str, checkpoint: Path | None) -> Path:
    """File of a program; some are made here."""
    if name == SMALL:
        return _digits_mlp()
    if name != RESNET:
        return program_file(name)
    path = _FOLDER / f"{RESNET}.augend"
    path.parent.mkdir(parents=True, exist_ok=True)
    RUNS[RESNET].make(checkpoint).save(path)
    return path


def _digits_mlp() -> Path:
    """File of the small program, trained within a second."""
    data = load("digits", "train")
    images = torch.tensor(data.images, dtype=torch.float32)
    labels = torch.tensor(data.labels, dtype=torch.long)
    torch.manual_seed(1)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = torch.optim.Adam(network.parameters(), 0.01)
    for _ in range(200):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(images), labels).backward()
        optimizer.step()
    options = {"timesteps": 2, "weight_bits": 4, "pixel_bits": 4, "lanes": 2, "source": SMALL}
    path = _FOLDER / f"{SMALL}.augend"
    path.parent.mkdir(parents=True, exist_ok=True)
    convert(network, data.images, **options).save(path)
    return path


def _cpu() -> float:
    """Seconds of all tools that ended so far, and of this process."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF))
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> None:
    """Write ``boards.json`` and ``boards.md``; rows that are not measured again stay."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("docs/tables"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", metavar="BOARD=PROGRAM@LANES")
    parser.add_argument("--checkpoint", type=Path, help="resnet20-12fca82f.th, for ResNet-20")
    options = parser.parse_args()
    for which in options.only or PLAN:
        if which.endswith(RESNET) and options.checkpoint is None:
            continue
        row = measure(which, options.seeds, options.checkpoint)
        print(row, flush=True)
        known = _known(options.output)
        known[str(row["board"]), str(row["program"])] = row
        rows = [known[key] for key in sorted(known)]
        write_table(options.output, "boards", _CAPTION, _COLUMNS, rows)


def _known(folder: Path) -> dict[tuple[str, str], dict[str, object]]:
    path = folder / "boards.json"
    rows = json.loads(path.read_text())["rows"] if path.exists() else []
    return {(row["board"], row["program"]): row for row in rows}


if __name__ == "__main__":
    main()
