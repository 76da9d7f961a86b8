"""784-1200-1200-10 pruned: what two ways to store it cost, and the better one in hardware.

``python -m tests.measure.pruned [--output FOLDER] [--seeds 3] [--accelerator]``
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
import platformdirs
import torch
from torch import nn

from augend.gen import convert
from augend.gen.datasets import DataSet, load, validation_split
from augend.gen.program import Program
from augend.gen.training import accuracy, load_network, save_network
from augend.gen.training.loop import VALIDATION_SEED, fit, rounded_pixels
from augend.gen.training.networks import NETWORKS
from augend.gen.training.pruning import Form, Pruning
from augend.gen.training.recipe_file import recipe_for
from augend.host.driver import connect
from augend.host.result import joined
from augend.host.verify import verify
from augend.sim.golden import GoldenModel

from .exact_config import exact_config
from .place_route import place, synthesise
from .table import write_table

__all__ = ["entries", "storage"]

RECIPE = "pruned-mlp"
SEED = 1
WEIGHT_BITS = 3
LANES = 16
CALIBRATION = 5000
CHUNK = 1000
RTL_IMAGES = 100
DEVICE = "LFE5U-25F"
BLOCK_RAM = 56
RATE = 50_000
AIM = 150.0
"""MHz that nextpnr is told."""
FORMS: dict[Form, str] = {"blocks": "whole words", "banks": "lane-addressed"}


def network_of(form: Form, training: DataSet, validation: DataSet) -> nn.Module:
    """The network of the recipe, pruned in a form; trained once and kept in the cache."""
    folder = Path(platformdirs.user_cache_dir("augend")) / "trained"
    path = folder / f"{training.name}-{RECIPE}-{form}-seed{SEED}.pt"
    if not path.exists():
        recipe = recipe_for(RECIPE, training.name)
        pieces = [replace(p, form=form) if isinstance(p, Pruning) else p for p in recipe.pieces]
        recipe = replace(recipe, pieces=tuple(pieces))
        shape = {"shape": training.shape, "classes": training.classes}
        arguments = shape | dict(recipe.arguments)
        torch.manual_seed(SEED)
        network = NETWORKS[RECIPE](**arguments)
        fit(network, training, validation, recipe, recipe.epochs, quiet=True)
        save_network(path, network.eval(), {"recipe": RECIPE, "arguments": arguments})
    return load_network(path)[0]


def entries(weight: npt.NDArray[np.integer], form: Form, lanes: int) -> npt.NDArray[np.int64]:
    """Entries of each source neuron, a clock each when it spikes: ``(sources,)``.

    Parameters
    ----------
    weight
        ``(targets, sources)``; what is 0 was pruned.
    form
        ``blocks``: an entry is a word of weights in all lanes; else each lane has its own next one.
    lanes
        Weights in an entry.
    """
    targets, sources = weight.shape
    words = -(-targets // lanes)
    there = np.zeros((words * lanes, sources), bool)
    there[:targets] = weight != 0
    in_words = there.reshape(words, lanes, sources)
    return in_words.any(1).sum(0) if form == "blocks" else in_words.sum(0).max(0)


def storage(weight: npt.NDArray[np.integer], form: Form, lanes: int, bits: int) -> int:
    """Bits of memory: entries with their places, and for each source neuron its first and count."""
    number = entries(weight, form, lanes)
    place = (-(-weight.shape[0] // lanes) - 1).bit_length()
    each = lanes * bits + place if form == "blocks" else lanes * (bits + place)
    total = int(number.sum())
    return total * each + len(number) * (total.bit_length() + int(number.max()).bit_length())


def spikes_of(program: Program, images: npt.NDArray) -> Iterator[tuple[Any, list[npt.NDArray]]]:
    """Results chunk by chunk, with the number of spikes of each source neuron."""
    model = GoldenModel(program.network, record="trains")
    for part in np.split(images, len(images) // CHUNK):
        pixels = program.encode(part)
        result = model.run(pixels)
        trains = [result.trains[p.name].sum(1) for p in program.network.hidden]
        yield result, [s.reshape(len(part), -1).astype(np.int64) for s in (pixels, *trains)]


def form_row(form: Form, network: nn.Module, train: DataSet, test: DataSet, steps: int) -> dict:
    """What a form costs with so many time steps: entries that spikes visit, memory, accuracy."""
    program = convert(
        network,
        train.images[:CALIBRATION],
        timesteps=steps,
        weight_bits=WEIGHT_BITS,
        pixel_bits=1,
        norm="levels",
        lanes=LANES,
        source=RECIPE,
    )
    weights = [projection.weight for projection in program.network.projections]
    visited = [np.maximum(entries(weight, form, LANES), 1) for weight in weights]
    fan_out = [np.count_nonzero(weight, axis=0) for weight in weights]
    predictions: list[npt.NDArray] = []
    clocks = additions = 0
    for result, spikes in spikes_of(program, test.images):
        predictions.append(result.predictions)
        clocks += sum(int((s @ v).sum()) for s, v in zip(spikes, visited, strict=True))
        additions += sum(int((s @ f).sum()) for s, f in zip(spikes, fan_out, strict=True))
    right = (np.concatenate(predictions) == test.labels).mean()
    kept = sum(np.count_nonzero(w) for w in weights) / sum(w.size for w in weights)
    return {
        "form": FORMS[form],
        "T": steps,
        "weights left": f"{100 * kept:.1f} %",
        "ANN": f"{100 * accuracy(network, test):.2f} %",
        "spiking": f"{100 * right:.2f} %",
        "additions": f"{additions / len(test):,.0f}",
        "clocks of additions": f"{clocks / len(test):,.0f}",
        "additions a clock and lane": f"{additions / clocks / LANES:.2f}",
        "kbit": f"{sum(storage(w, form, LANES, WEIGHT_BITS) for w in weights) / 1024:.0f}",
        "program": program.hash,
    }


def accelerator_row(
    network: nn.Module, train: DataSet, test: DataSet, seeds: int
) -> dict[str, Any]:
    """The pruned network on an accelerator made for it: accuracy, clocks, block RAM, clock rate."""
    program = convert(
        network,
        train.images[:CALIBRATION],
        timesteps=1,
        weight_bits=WEIGHT_BITS,
        pixel_bits=1,
        norm="levels",
        lanes=LANES,
        sparse=True,
        source=RECIPE,
    )
    config = exact_config(program, potential_memory="block")
    with (
        connect(program, "golden", config=config) as models,
        connect(program, "rtl", config=config) as rtl,
    ):
        result = joined([models.infer(p) for p in np.split(test.images, len(test) // CHUNK)])
        first = test.images[:RTL_IMAGES]
        outcome = verify(models.infer(first), rtl.infer(first))
    assert result.cycles is not None
    folder = Path("build/pruned")
    cells = synthesise(config, DEVICE, folder, link=False)["engine"]
    rates = [
        place(DEVICE, folder, seed=seed, megahertz=AIM).megahertz for seed in range(1, seeds + 1)
    ]
    megahertz = median(rates)
    spiking = 100 * float((result.predictions == test.labels).mean())
    clocks = float(result.cycles.mean())
    stored = sum(projection.stored for projection in program.network.projections)
    dense = sum(projection.weight.size for projection in program.network.projections)
    rate = megahertz * 1e6 / clocks
    reached = {
        "98 %": spiking >= 98,
        "90 % pruned": stored <= 0.1 * dense,
        "block RAM": cells["BRAM"] <= BLOCK_RAM,
        "rate": rate >= RATE,
    }
    missed = [name for name, is_so in reached.items() if not is_so]
    return {
        "accelerator": f"{config.lanes} lanes, {WEIGHT_BITS}-bit weights, engine alone",
        "pruned": f"{100 * (1 - stored / dense):.1f} %",
        "spiking": f"{spiking:.2f} %",
        "additions": f"{result.total_operations.mean():,.0f}",
        "clocks an image": f"{clocks:,.0f}",
        "most clocks": f"{int(result.cycles.max()):,}",
        "block RAM": f"{cells['BRAM']} of {BLOCK_RAM}",
        "LUT4": cells["LUT4"] + 2 * cells["carry"] + 6 * cells["distributed RAM"],
        "MHz": ", ".join(f"{each:.0f}" for each in rates),
        "images a second": f"{rate:,.0f}",
        "RTL differs": f"{len(outcome.different)} of {outcome.images}",
        "target": f">= 98 %, >= 90 % pruned, block RAM of {DEVICE}, >= {RATE:,} a second",
        "reached": f"no: {', '.join(missed)}" if missed else "yes",
        "program": program.hash,
    }


def write_forms(
    folder: Path, networks: dict[Form, nn.Module], train: DataSet, test: DataSet
) -> None:
    """Write ``pruned.json`` and ``.md``: both forms, by time steps."""
    rows = []
    for form, network in networks.items():
        for steps in (1, 2, 3, 4):
            rows.append(form_row(form, network, train, test, steps))
            print(rows[-1], flush=True)
    write_table(
        folder,
        "pruned",
        f"784-1200-1200-10 trained and pruned by recipe {RECIPE} (seed {SEED}), the same shares in "
        f"each form; pixels of 1 bit, {WEIGHT_BITS}-bit weights, {LANES} lanes; all 10,000 MNIST "
        f"test images on the golden model. A clock is an entry that a spike visits: a word of "
        f"weights for one word of neurons, or a weight in each lane with the word that it is for. "
        f"Written by `make pruned`.",
        [column for column in rows[0] if column != "program"],
        rows,
    )


def main() -> None:
    """Write ``pruned.json``, ``pruned_accelerator.json`` and their ``.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("docs/tables"))
    parser.add_argument("--seeds", type=int, default=3, help="of placement")
    parser.add_argument("--accelerator", action="store_true", help="not both forms again")
    options = parser.parse_args()
    train, test = (rounded_pixels(load("mnist", split), 1) for split in ("train", "test"))
    recipe = recipe_for(RECIPE, "mnist")
    parts = validation_split(load("mnist"), recipe.validation, VALIDATION_SEED)
    training, validation = (rounded_pixels(part, recipe.pixel_bits) for part in parts)
    if not options.accelerator:
        networks = {form: network_of(form, training, validation) for form in FORMS}
        write_forms(options.output, networks, train, test)
    row = accelerator_row(network_of("blocks", training, validation), train, test, options.seeds)
    print(row, flush=True)
    write_table(
        options.output,
        "pruned_accelerator",
        f"The network pruned in whole words on the accelerator made for it, T = 1: accuracy and "
        f"clocks of all 10,000 MNIST test images (RTL against models on the first {RTL_IMAGES}), "
        f"placed on {DEVICE} without the host link, a clock rate for each seed of nextpnr; images "
        f"a second by the median. Written by `make pruned`.",
        [column for column in row if column != "program"],
        [row],
    )


if __name__ == "__main__":
    main()
