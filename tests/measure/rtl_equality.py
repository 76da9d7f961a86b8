"""RTL against golden and timing model on MNIST test images, for every lane and core count.

``python -m tests.measure.rtl_equality [--images 1000] [--output FOLDER] [--all]``
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from augend.gen import convert
from augend.gen.datasets import load
from augend.host.driver import connect
from augend.host.result import joined
from augend.host.sources import images_of
from augend.host.verify import verify
from tests.measure.table import write_table
from tests.measure.trained import RECIPES, calibration_images, trained

_CHUNK = 50


def measure(job: tuple[str, int, int, int, int]) -> dict:
    """Run one network on one shape of accelerator, everything compared."""
    recipe, lanes, cores, timesteps, images = job
    source = trained(recipe)
    calibration = calibration_images(source)
    program = convert(
        source.module, calibration, timesteps=timesteps, lanes=lanes, cores=cores, source=recipe
    )
    test = load("mnist", "test").take(np.arange(images))
    pixels = images_of(program, test)
    with connect(program, "golden") as golden:
        expected = joined([golden.infer(pixels[i : i + _CHUNK]) for i in range(0, images, _CHUNK)])
    with connect(program, "rtl") as rtl:
        clocks = rtl.transport.clocks
        begin = time.process_time()
        result = joined([rtl.infer(pixels[i : i + _CHUNK]) for i in range(0, images, _CHUNK)])
        seconds = time.process_time() - begin
        clocks = rtl.transport.clocks - clocks
    outcome = verify(expected, result)
    utilisation = result.total_operations.sum() / (result.cycles.sum() * lanes * cores)
    return {
        "network": recipe,
        "lanes": lanes,
        "cores": cores,
        "T": timesteps,
        "images": images,
        "values compared": f"{outcome.compared:,}",
        "differences": len(outcome.different),
        "accuracy": f"{100 * float((result.predictions == test.labels).mean()):.2f} %",
        "clocks an image": f"{result.cycles.mean():,.0f}",
        "additions a clock and lane": f"{utilisation:.3f}",
        "million clocks a second": f"{clocks / seconds / 1e6:.2f}",
        "program": program.hash[:12],
    }


def main() -> None:
    """Write ``rtl_equality.json`` and ``.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("docs/tables"))
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--timesteps", type=int, default=1)
    parser.add_argument("--all", action="store_true", help="all 10,000 on 16 lanes too")
    options = parser.parse_args()
    jobs = [
        (recipe, lanes, cores, options.timesteps, options.images)
        for lanes in (16, 4, 1)
        for cores in (1, 2)
        for recipe in RECIPES
    ]
    if options.all:
        jobs += [(recipe, 16, 1, 2, 10_000) for recipe in RECIPES]
    rows = []
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for row in pool.map(measure, jobs):
            rows.append(row)
            print(row, flush=True)
            write_table(
                options.output,
                "rtl_equality",
                "Verilated RTL against golden and timing model, MNIST test images, 8-bit weights: "
                "predictions, scores, spikes, additions, words, updates, stalls and clocks of "
                "every image. Written by `make sim-full`.",
                [c for c in row if c != "program"],
                rows,
            )
    if any(row["differences"] for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
