"""Single-spike networks with hybrid input (Datta 2021): accuracy, activity by layer, energy, RTL.

``python -m tests.measure.datta [RECIPE...] [--output FOLDER]``; rows of other recipes are kept.
"""

import argparse
import copy
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from augend.gen import Program, convert
from augend.gen.datasets import DataSet, load
from augend.gen.frontends.source import Source
from augend.gen.training.datta_conversion import direct_activity, percentile_thresholds
from augend.gen.training.datta_networks import DattaVgg
from augend.host.driver import connect
from augend.host.energy import Energy, ann_energy, snn_energy
from augend.host.result import Result, joined
from augend.host.sources import images_of
from tests.measure.beside_rtl import beside_rtl
from tests.measure.table import settle
from tests.measure.trained import trained

CHUNK = 500
LANES = 16
LOOKED_AT = 512
"""Training images that thresholds are looked for with (Datta 2021, V-A)."""
COUNTED = 1500
"""Test images whose spikes are counted under direct encoding (Datta 2021, VI-A)."""
POINTS = 2.0
"""Most that the spiking network may lose to its ANN on CIFAR-10, in percent."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A trained network beside the ANN that it is compared with.

    Of ``images`` test images, or all, run as integers; of ``rtl`` as RTL too.
    """

    recipe: str
    ann: str
    data: str
    layers: str
    rtl: int
    images: int | None = None
    most_lost: float | None = None


CASES = (
    Case(
        recipe="datta-mnist",
        ann="datta-mnist-ann",
        data="mnist",
        layers="2a-12c3-2a-24c3-64-10",
        rtl=20,
    ),
    Case(
        recipe="datta-mnist-early",
        ann="datta-mnist-ann",
        data="mnist",
        layers="2a-12c3-2a-24c3-64-10",
        rtl=20,
    ),
    Case(
        recipe="datta-cifar",
        ann="datta-cifar-ann",
        data="cifar10",
        layers="24c3-2a-48c3-2a-96c3-2a-192-10",
        rtl=2,
        images=1500,
        most_lost=POINTS,
    ),
    Case(
        recipe="datta-cifar-long",
        ann="datta-cifar-ann",
        data="cifar10",
        layers="24c3-2a-48c3-2a-96c3-2a-192-10",
        rtl=2,
        images=1500,
        most_lost=POINTS,
    ),
)


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


def direct(ann: Source, data: str) -> list[float]:
    """Spikes a neuron of the ANN once it is converted, with pixels in every step."""
    network = copy.deepcopy(ann.module)
    assert isinstance(network, DattaVgg)
    looked_at = torch.from_numpy(load(data).images[:LOOKED_AT])
    percentile_thresholds(network, looked_at, 99.7, 0.4)
    counted = torch.from_numpy(load(data, "test").images[:COUNTED]).split(CHUNK)
    return np.mean([direct_activity(network, part) for part in counted], 0).tolist()


def epochs(source: Source, data: str) -> str:
    """Of the trained network, behind those of the networks that it went on from."""
    after, own = source.metadata.get("after"), str(source.metadata["epochs"])
    return f"{epochs(trained(after, data), data)} + {own}" if after else own


def rows_of(case: Case) -> list[dict]:
    """The trained network with weights of 8 and of 4 bits."""
    source, ann = trained(case.recipe, case.data), trained(case.ann, case.data)
    test = load(case.data, "test")
    test = test if case.images is None else test.take(np.arange(case.images))
    floats = decisions(source, test)
    beside = 100 * ann.metadata["test_accuracy"]
    under_direct = direct(ann, case.data)
    rows = []
    for bits in (8, 4):
        program = convert(source.module, (), weight_bits=bits, lanes=LANES, source=case.recipe)
        result, energy = golden(program, test)
        of_ann = ann_energy(program.ann_macs, source.metadata["parameters"], LANES)
        activity = [float(result.spikes[p.name].mean()) / p.size for p in program.network.hidden]
        count = case.rtl if bits == 8 else 0
        different = None
        if count:
            given = images_of(program, test.take(np.arange(count)))
            different = len(beside_rtl(program, given).different)
        accuracy = 100 * float((result.predictions == test.labels).mean())
        lost = beside - 100 * source.metadata["test_accuracy"]
        aimed = bits == 8 and case.most_lost is not None
        missed = different or (case.most_lost is not None and lost > case.most_lost)
        rows.append(
            {
                "network": case.recipe,
                "layers": case.layers,
                "data": case.data,
                "T": program.network.timesteps,
                "weight bits": bits,
                "ANN": f"{beside:.2f} %",
                "float": f"{100 * source.metadata['test_accuracy']:.2f} %",
                "lost to the ANN": f"{lost:.2f}",
                "float, of these": f"{100 * (floats == test.labels).mean():.2f} %",
                "integers": f"{accuracy:.2f} %",
                "images": len(test),
                "same decision as float": f"{100 * (result.predictions == floats).mean():.2f} %",
                "spikes a neuron": _by_layer(program, activity),
                "direct": _by_layer(program, under_direct),
                "million additions": f"{float(result.total_operations.mean()) / 1e6:.3f}",
                "million MACs of the ANN": f"{sum(program.ann_macs.values()) / 1e6:.3f}",
                "energy of the ANN / ours": f"{of_ann.arithmetic / energy.arithmetic:.1f}",
                "with memory": f"{of_ann.with_memory / energy.with_memory:.2f}",
                "epochs": epochs(source, case.data),
                "seed": source.metadata["seed"],
                "RTL, images that differ": f"{different} of {count}" if count else "not run",
                "target": f"ANN - {case.most_lost:g}" if aimed else "",
                "reached": ("no" if missed else "yes") if aimed or different else "",
                "program": program.hash[:12],
            }
        )
        print(rows[-1], flush=True)
    return rows


def _by_layer(program: Program, values: list[float]) -> str:
    names = [population.name for population in program.network.hidden]
    return ", ".join(f"{name} {value:.3f}" for name, value in zip(names, values, strict=True))


def main() -> None:
    """Write ``datta.json`` and ``.md``; exit code 1 where RTL differs or too much is lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [case.recipe for case in CASES]
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", help=", ".join(names))
    parser.add_argument("--output", type=Path, default=Path("docs/tables"))
    options = parser.parse_args()
    chosen = options.recipes or names
    path = options.output / "datta.json"
    kept = json.loads(path.read_text())["rows"] if path.exists() else []
    rows = []
    for case in CASES:
        old = [row for row in kept if row["network"] == case.recipe]
        rows += rows_of(case) if case.recipe in chosen else old
    settle(
        options.output,
        "datta",
        f"Single-spike hidden neurons with hybrid input (Datta 2021). Float: the trained network, "
        f"all 10,000 test images, and what it loses there to the ANN that it goes on from, whose "
        f"epochs come first (datta-mnist is an ANN in 4 of its 12 epochs; it alone learns from "
        f"steps behind a spike, as the paper does). Integers, spikes, additions and energy: golden "
        f"model, on the first images. Direct: spikes a neuron of the ANN converted as in V-A, with "
        f"pixels in every step and neurons that may spike in each, not trained further "
        f"({COUNTED:,} test images, as in VI-A). Energy: 45 nm, a multiply-accumulate 3.2 pJ, an "
        f"addition 0.1 pJ, and with the memories' accesses. Written by `make datta`.",
        rows,
    )


if __name__ == "__main__":
    main()
