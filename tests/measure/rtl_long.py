"""Long runs of Verilated RTL against golden and timing model: MNIST whole, and ResNet-20.

``python -m tests.measure.rtl_long RUN... [--checkpoint FILE] [--output FOLDER] [--processes 2]``

The table is written after every part, with the images done so far; a run that was broken off goes
on behind them where hardware and program are the same. Remove its row to begin again.
"""

import argparse
import json
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from augend.gen import convert
from augend.gen.datasets import load
from augend.gen.options import input_scaling
from augend.gen.program import Program
from augend.host.driver import connect
from augend.host.sources import images_of
from augend.host.verify import verify
from augend.hw.verilog import verilog_text
from tests.measure.resnet20 import MEAN, STD
from tests.measure.resnet_cifar10 import pretrained
from tests.measure.table import write_table
from tests.measure.trained import calibration_images, trained

_PART = 50
CALIBRATION = 2000


@dataclass(frozen=True, kw_only=True)
class Run:
    """What is run: so many images of a data set, through a program that is made."""

    data: str
    images: int
    make: Callable[[Path | None], Program]


def _mnist(_: Path | None) -> Program:
    source = trained("cnn")
    images = calibration_images(source)
    return convert(source.module, images, timesteps=5, lanes=16, source="cnn")


def _resnet20(checkpoint: Path | None) -> Program:
    if checkpoint is None:
        raise SystemExit("resnet20 needs --checkpoint resnet20-12fca82f.th")
    images = input_scaling((0.0, 1.0), MEAN, STD).scaled(
        load("cifar10", "train").images[:CALIBRATION]
    )
    options = {"schedule": "phased", "timesteps": 8, "lanes": 16, "mean": MEAN, "std": STD}
    return convert(pretrained(checkpoint), images, source="resnet20-12fca82f", **options)


RUNS = {
    "cnn": Run(data="mnist", images=10_000, make=_mnist),
    "resnet20": Run(data="cifar10", images=500, make=_resnet20),
}


@cache
def _ready(file: Path, data: str):
    """Program, models and hardware, once a process."""
    program = Program.load(file)
    return program, connect(program, "golden"), connect(program, "rtl"), load(data, "test")


def _measure(file: Path, data: str, first: int, end: int) -> dict[str, float]:
    """Run some images on both, and compare everything."""
    begun = time.process_time()
    program, golden, rtl, test = _ready(file, data)
    part = test.take(np.arange(first, end))
    images = images_of(program, part)
    expected = golden.infer(images)
    clocks, before = rtl.transport.clocks, time.process_time()
    result = rtl.infer(images)
    now = time.process_time()
    outcome = verify(expected, result)
    return {
        "images": end - first,
        "compared": outcome.compared,
        "differences": len(outcome.different),
        "right": int((result.predictions == part.labels).sum()),
        "clocks": int(result.cycles.sum()),
        "additions": int(result.total_operations.sum()),
        "simulated": rtl.transport.clocks - clocks,
        "rtl": now - before,
        "all": now - begun,
    }


def _row(name: str, program: Program, sums: dict[str, float], design: str) -> dict:
    network, images = program.network, sums["images"]
    lanes = program.lanes * program.cores
    return {
        "network": name,
        "data": RUNS[name].data,
        "lanes": program.lanes,
        "T": network.timesteps,
        "schedule": network.schedule,
        "images": images,
        "values compared": f"{sums['compared']:,}",
        "differences": sums["differences"],
        "accuracy": f"{100 * sums['right'] / images:.2f} %",
        "clocks an image": f"{sums['clocks'] / images:,.0f}",
        "additions a clock and lane": f"{sums['additions'] / sums['clocks'] / lanes:.3f}",
        "million clocks a second": f"{sums['simulated'] / sums['rtl'] / 1e6:.2f}",
        "CPU minutes": f"{sums['all'] / 60:.1f}",
        "program": program.hash[:12],
        "design": design,
        "sums": sums,
    }


def _run(name: str, options: argparse.Namespace) -> dict:
    run = RUNS[name]
    program = run.make(options.checkpoint)
    path = options.output / "rtl_long.json"
    rows = json.loads(path.read_text())["rows"] if path.exists() else []
    rows = {row["network"]: row for row in rows}
    with TemporaryDirectory() as folder:
        file = Path(folder) / "program.augend"
        program.save(file)
        with connect(program, "rtl") as rtl:  # built once, before there are several processes
            design = sha256(verilog_text(rtl.config).encode()).hexdigest()[:12]
        known = rows.get(name, {})
        same = (known.get("program"), known.get("design")) == (program.hash[:12], design)
        sums = known["sums"] if same else {}
        parts = range(int(sums.get("images", 0)), min(run.images, options.images), _PART)
        measure = partial(_measure, file, run.data)
        ends = [min(first + _PART, run.images, options.images) for first in parts]
        with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
            for found in pool.map(measure, parts, ends):
                sums = {key: sums.get(key, 0) + value for key, value in found.items()}
                rows[name] = _row(name, program, sums, design)
                _write(options.output, list(rows.values()))
                print(rows[name], flush=True)
    return rows[name]


def _write(folder: Path, rows: list[dict]) -> None:
    hidden = ("program", "design", "sums")
    write_table(
        folder,
        "rtl_long",
        "Verilated RTL against golden and timing model, test images from the first on, 8-bit "
        "weights: predictions, scores, spikes, additions, words, updates, stalls and clocks of "
        "every image. CPU minutes are those of models, RTL and comparison; two processes share "
        "them. Written by `make rtl-long`.",
        [column for column in rows[0] if column not in hidden],
        rows,
    )


def main() -> None:
    """Write ``rtl_long.json`` and ``.md``; exit code 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", choices=list(RUNS))
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--images", type=int, default=1 << 30, help="at most so many")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--output", type=Path, default=Path("docs/tables"))
    options = parser.parse_args()
    rows = [_run(name, options) for name in options.runs]
    if any(row["differences"] for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
