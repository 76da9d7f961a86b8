"""Share of lanes x clocks that are additions of weights, on whole networks.

``python -m tests.measure.utilisation [CHECKPOINT] [--output FOLDER]``

The checkpoint, resnet20-12fca82f.th of akamaster/pytorch_resnet_cifar10, adds the row of ResNet-20;
without it the row that the table has is kept.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from augend.gen import convert
from augend.gen.datasets import load
from augend.gen.program import Program
from augend.host.profile import profile_program
from augend.host.sources import images_for
from augend.sim.golden import GoldenModel
from tests.measure.rtl_long import RUNS
from tests.measure.table import settle
from tests.measure.trained import calibration_images, trained

LANES = 16
IMAGES = {"mnist": 200, "cifar10": 5}
"""Of the test set, whose clocks are counted."""
LEAST = {"cnn": 0.95, "mlp": 0.97, "ResNet-20": 0.85}
PIXEL_BITS = (8, 4)


def small_networks() -> Iterator[tuple[str, int, Program, np.ndarray]]:
    """The networks of Diehl 2015, T = 8, by width of a pixel, with all test images."""
    test = load("mnist", "test")
    for recipe in ("cnn", "mlp"):
        source = trained(recipe)
        for bits in PIXEL_BITS:
            program = convert(
                source.module,
                calibration_images(source),
                timesteps=8,
                pixel_bits=bits,
                lanes=LANES,
                source=recipe,
            )
            yield recipe, bits, program, images_for(source, test)


def row_of(name: str, bits: int, program: Program, data: str) -> dict[str, Any]:
    """Clocks and additions of the first test images."""
    found = profile_program(program, data, IMAGES[data])
    additions = found.result.total_operations
    share = float(additions.sum() / (found.timing.cycles.sum() * LANES))
    held = float(found.result.stalls["held"].mean(0).sum())
    return {
        "network": name,
        "T": program.network.timesteps,
        "pixel bits": bits,
        "images": IMAGES[data],
        "clocks": f"{found.clocks:,.0f}",
        "additions a lane": f"{additions.mean() / LANES:,.0f}",
        "held": f"{held:,.0f}",
        "utilisation": f"{share:.3f}",
        "target": f"{LEAST[name]:.2f}",
        "reached": "yes" if share >= LEAST[name] else "no",
    }


def main() -> None:
    """Write ``utilisation.json`` and ``.md``; exit code 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path, nargs="?")
    parser.add_argument("--output", type=Path, default=Path("docs/tables"))
    options = parser.parse_args()
    rows = []
    labels = load("mnist", "test").labels
    for name, bits, program, images in small_networks():
        predicted = GoldenModel(program.network).run(program.encode(images)).predictions
        row = row_of(name, bits, program, "mnist")
        row["spiking"] = f"{100 * float((predicted == labels).mean()):.2f} %"
        rows.append(row)
        print(row, flush=True)
    path = options.output / "utilisation.json"
    if options.checkpoint:
        row = row_of("ResNet-20", 8, RUNS["resnet20"].make(options.checkpoint), "cifar10")
        rows.append(row | {"spiking": ""})
    elif path.exists():
        kept = json.loads(path.read_text())["rows"]
        rows += [row for row in kept if row["network"] == "ResNet-20"]
    settle(
        options.output,
        "utilisation",
        f"Additions of weights / (clocks x {LANES} lanes) on one core, by the timing model, which "
        "equals the RTL; accuracy on all 10,000 test images, that of ResNet-20 in its own table. "
        "Held: clocks in which a word came back too soon. Written by `make utilisation`.",
        rows,
    )


if __name__ == "__main__":
    main()
