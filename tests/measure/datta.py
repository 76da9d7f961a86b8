"""A single-spike network with hybrid input (Datta 2021): activity by layer, energy, RTL.

``python -m tests.measure.datta [--images 20] [--output FOLDER]``
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from augend.gen import Program, convert
from augend.gen.datasets import DataSet, load
from augend.gen.frontends.source import Source
from augend.host.driver import connect
from augend.host.energy import Energy, ann_energy, snn_energy
from augend.host.result import Result, joined
from augend.host.sources import images_of
from tests.measure.beside_rtl import beside_rtl
from tests.measure.table import settle
from tests.measure.trained import trained

CHUNK = 500
LANES = 16
RECIPE = "datta-mnist"
ANN = "datta-mnist-ann"


def golden(program: Program, test: DataSet) -> tuple[Result, Energy]:
    """Everything counted of the whole test set, and its energy."""
    images = images_of(program, test)
    with connect(program, "golden") as accelerator:
        parts = [
            accelerator.infer(images[first : first + CHUNK]) for first in range(0, len(test), CHUNK)
        ]
        result = joined(parts)
        assert accelerator.placement is not None and accelerator.config is not None
        return result, snn_energy(result, accelerator.placement, accelerator.config)


@torch.no_grad()
def decisions(source: Source, test: DataSet) -> np.ndarray:
    """Classes by the trained network in floats."""
    parts = torch.from_numpy(test.images).split(CHUNK)
    return torch.cat([source.module(part).argmax(1) for part in parts]).numpy()


def row(source: Source, test: DataSet, ann: float, bits: int, images: int) -> dict:
    """The trained network at a width of weights."""
    program = convert(source.module, (), weight_bits=bits, lanes=LANES, source=RECIPE)
    result, energy = golden(program, test)
    beside = ann_energy(program.ann_macs, source.metadata["parameters"], LANES)
    different = None
    if images:
        given = images_of(program, test.take(np.arange(images)))
        different = len(beside_rtl(program, given).different)
    activity = {
        p.name: f"{float(result.spikes[p.name].mean()) / p.size:.3f}"
        for p in program.network.hidden
    }
    same = float((result.predictions == decisions(source, test)).mean())
    accuracy = 100 * float((result.predictions == test.labels).mean())
    answer = {
        "network": RECIPE,
        "T": program.network.timesteps,
        "weight bits": bits,
        "ANN": f"{ann:.2f} %",
        "float": f"{100 * source.metadata['test_accuracy']:.2f} %",
        "integers": f"{accuracy:.2f} %",
        "same decision as float": f"{100 * same:.2f} %",
        "spikes a neuron": ", ".join(f"{name} {value}" for name, value in activity.items()),
        "million additions": f"{float(result.total_operations.mean()) / 1e6:.3f}",
        "million MACs of the ANN": f"{sum(program.ann_macs.values()) / 1e6:.3f}",
        "energy of the ANN / ours": f"{beside.arithmetic / energy.arithmetic:.1f}",
        "with memory": f"{beside.with_memory / energy.with_memory:.2f}",
        "epochs": source.metadata["epochs"],
        "seed": source.metadata["seed"],
        "RTL, images that differ": "not run" if different is None else f"{different} of {images}",
        "reached": "no" if different else "",
        "program": program.hash[:12],
    }
    print(answer, flush=True)
    return answer


def main() -> None:
    """Write ``datta.json`` and ``.md``; exit code 1 where the RTL differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("docs/tables"))
    parser.add_argument("--images", type=int, default=20, help="on RTL")
    options = parser.parse_args()
    test = load("mnist", "test")
    source = trained(RECIPE)
    ann = 100 * trained(ANN).metadata["test_accuracy"]
    rows = [row(source, test, ann, bits, options.images if bits == 8 else 0) for bits in (8, 4)]
    settle(
        options.output,
        "datta",
        "2a-12c3-2a-24c3-64-10, single-spike hidden neurons, hybrid input (Datta 2021), all 10,000 "
        "MNIST test images on the golden model: 4 epochs as an ANN, 8 on spikes; the ANN beside "
        "has 12. Energy: 45 nm, a multiply-accumulate 3.2 pJ, an addition 0.1 pJ, and with the "
        "memories' accesses. Written by `make datta`.",
        rows,
    )


if __name__ == "__main__":
    main()
