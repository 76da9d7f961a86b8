"""784-1200-1200-10 on MNIST with as few additions as can be, single weights and whole words.

``python -m tests.measure.sparse_mlp [--output FOLDER]``

Where words have one lane, hardware leaves out single weights, and executes no addition of a 0.
Rows that the folder's table has already are kept: remove it to begin again.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from augend.gen import convert
from augend.gen.datasets import DataSet, load, validation_split
from augend.gen.program import Program
from augend.gen.training import accuracy
from augend.gen.training.loop import VALIDATION_SEED, rounded_pixels
from augend.gen.training.recipe_file import recipe_for
from augend.host.driver import GoldenAccelerator, connect
from augend.host.energy import ann_energy, memory_energy, snn_energy
from augend.host.result import Result, joined
from augend.host.verify import verify
from tests.measure.table import output_folder, settle
from tests.measure.trained import trained

__all__ = ["DESIGNS", "Design", "index_reads", "program_of", "read_pixels"]

CALIBRATION = 5000
CHUNK = 1000
RTL_IMAGES = 50
WEIGHT_BITS = 4


@dataclass(frozen=True, kw_only=True)
class Design:
    """A network, the words that it is stored in, and what it is to reach.

    Parameters
    ----------
    recipe
        What trained it.
    lanes
        Weights in a word; a word is left out where all of them are 0.
    most, least
        Additions an image that the hardware may execute, and accuracy in percent.
    """

    recipe: str
    lanes: int
    most: int
    least: float


DESIGNS = (
    Design(recipe="sparse-mlp", lanes=1, most=12_000, least=98.0),
    Design(recipe="sparse-mlp-exact", lanes=1, most=26_000, least=98.5),
    Design(recipe="pruned-mlp", lanes=16, most=26_000, least=98.5),
    Design(recipe="masked-mlp-priced", lanes=16, most=130_000, least=98.0),
)


def program_of(design: Design, training: DataSet) -> Program:
    """The program: 4-bit weights, 1-bit pixels, one time step; words of 0 are left out."""
    return convert(
        trained(design.recipe).module,
        training.images[:CALIBRATION],
        timesteps=1,
        weight_bits=WEIGHT_BITS,
        pixel_bits=1,
        norm="levels",
        lanes=design.lanes,
        sparse=True,
        source=design.recipe,
    )


def read_pixels(program: Program) -> int:
    """Pixels that have any weight left."""
    first = program.network.projections[0]
    return int(np.count_nonzero(np.any(first.weight != 0, axis=0)))


def index_reads(program: Program, result: Result, pixels: np.ndarray) -> np.ndarray:
    """Reads of indices an image: where a spike's words begin, and which word each of them is for.

    Parameters
    ----------
    program
        What ran.
    result
        What came of it.
    pixels
        As they went in, ``(images, ...)``.
    """
    words = np.sum([result.words[p.name] for p in program.network.populations], axis=0)
    spikes = np.sum([result.spikes[p.name] for p in program.network.hidden], axis=0)
    return words + spikes + np.count_nonzero(pixels.reshape(len(pixels), -1), axis=1)


def row_of(design: Design, program: Program, parts: dict[str, DataSet]) -> dict[str, Any]:
    """What a design reaches on all test images, and whether hardware agrees on the first."""
    test = parts["test"]
    first = test.images[:RTL_IMAGES]
    with connect(program, "golden") as models, connect(program, "rtl") as rtl:
        assert isinstance(models, GoldenAccelerator)
        assert models.placement is not None and models.config is not None
        result = joined([models.infer(p) for p in np.split(test.images, len(test) // CHUNK)])
        held = models.infer(parts["validation"].images)
        outcome = verify(models.infer(first), rtl.infer(first))
        energy = snn_energy(result, models.placement, models.config)
    assert result.cycles is not None
    reads = float(index_reads(program, result, program.encode(test.images)).mean())
    (core,) = models.placement.cores
    place = max(1, (models.placement.layouts["linear1"].words - 1).bit_length())
    indices = memory_energy(reads, place, len(core.target) * place)
    source = trained(design.recipe)
    parameters = sum(parameter.numel() for parameter in source.module.parameters())
    ann = ann_energy(program.ann_macs, parameters, program.lanes)
    spiking = 100 * float((result.predictions == test.labels).mean())
    additions = float(result.total_operations.mean())
    weights = [projection.weight for projection in program.network.projections]
    left = sum(np.count_nonzero(w) for w in weights) / sum(w.size for w in weights)
    reached = spiking >= design.least and additions <= design.most and not outcome.different
    return {
        "recipe": design.recipe,
        "epochs": source.metadata["epochs"],
        "lanes": design.lanes,
        "weights left": f"{100 * left:.1f} %",
        "pixels read": read_pixels(program),
        "validation": f"{100 * (held.predictions == parts['validation'].labels).mean():.2f} %",
        "float network": f"{100 * accuracy(source.module, test):.2f} %",
        "spiking": f"{spiking:.2f} %",
        "additions": f"{additions:,.0f}",
        "index reads": f"{reads:,.0f}",
        "clocks": f"{result.cycles.mean():,.0f}",
        "most clocks": f"{int(result.cycles.max()):,}",
        "nJ of additions": f"{energy.arithmetic / 1e3:.2f}",
        "nJ with memory": f"{(energy.with_memory + indices) / 1e3:.1f}",
        "nJ of the ANN": f"{ann.arithmetic / 1e3:,.0f} / {ann.with_memory / 1e3:,.0f}",
        "RTL differs": f"{len(outcome.different)} of {outcome.images}",
        "target": f">= {design.least} % at <= {design.most:,}",
        "reached": "yes" if reached else "no",
        "program": program.hash,
    }


def main() -> None:
    """Write ``sparse_mlp.json`` and ``.md``; exit code 1 where a target is missed."""
    folder = output_folder(__doc__)
    kept = recipe_for(DESIGNS[0].recipe, "mnist").validation
    training, validation = validation_split(load("mnist"), kept, VALIDATION_SEED)
    parts = {"training": training, "validation": validation, "test": load("mnist", "test")}
    parts = {name: rounded_pixels(part, 1) for name, part in parts.items()}
    path = folder / "sparse_mlp.json"
    found = json.loads(path.read_text())["rows"] if path.exists() else []
    known = {row["program"]: row for row in found}
    rows: list[dict[str, Any]] = []
    for design in DESIGNS:
        program = program_of(design, parts["training"])
        rows.append(known.get(program.hash) or row_of(design, program, parts))
        print(rows[-1], flush=True)
    settle(
        folder,
        "sparse_mlp",
        f"784-1200-1200-10 on MNIST (`augend train RECIPE --data mnist --seed 1`, 55,000 images), "
        f"{WEIGHT_BITS}-bit weights, pixels of 1 bit, T = 1: all 10,000 test images on the golden "
        f"and timing model, RTL against them on the first {RTL_IMAGES}. Additions are those that "
        f"the hardware executes, of every weight in a word that is not all 0; with one lane a word "
        f"is a weight. Index reads: where the words of each spike begin, and which neurons each "
        f"word is for. Energy by the 45 nm table; that of the ANN is of arithmetic / with memory, "
        f"32 bits. Written by `make sparse-mlp`.",
        rows,
    )


if __name__ == "__main__":
    main()
