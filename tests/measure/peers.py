"""The peers' own networks on their own data: accuracy and clocks of ours beside theirs.

``python -m tests.measure.peers [--output FOLDER]``
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from augend.gen import convert
from augend.gen.datasets import DataSet, load
from augend.gen.place import place
from augend.gen.program import Program
from augend.host.driver import connect
from augend.host.verify import verify
from augend.hw.configuration import AcceleratorConfig
from augend.hw.fit import smallest_config
from augend.sim.golden import GoldenModel
from augend.sim.timing import TimingModel
from tests.measure.table import write_table

__all__ = ["DESIGNS", "Design", "program_of"]

SEED = 1
VALIDATION = 5000
CALIBRATION = 2000
CHUNK = 1000
RTL_IMAGES = 100


@dataclass(frozen=True, kw_only=True)
class Design:
    """A network of a peer, what the peer reaches with it, and how we make it.

    Parameters
    ----------
    name, peer
        Sizes of the layers; whose it is.
    side, hidden, bits
        Pixels along an edge, hidden neurons, and width of a pixel, which training sees too.
    timesteps, lanes
        Of the conversion.
    accuracy, clocks
        The peer's, in percent and clocks an image.
    most_clocks, least_accuracy
        What ours is to stay below and to reach.
    """

    name: str
    peer: str
    side: int
    hidden: tuple[int, ...]
    bits: int
    timesteps: int
    lanes: int
    accuracy: float
    clocks: int
    most_clocks: int
    least_accuracy: float
    epochs: int = 20


_SPIKER = {
    "name": "784-128-10",
    "peer": "Spiker+",
    "side": 28,
    "hidden": (128,),
    "bits": 1,
    "accuracy": 91.0,
    "clocks": 14_580,
    "least_accuracy": 97.5,
}
DESIGNS = (
    Design(
        name="16x16-10",
        peer="tinyODIN",
        side=16,
        hidden=(),
        bits=2,
        timesteps=8,
        lanes=16,
        accuracy=90.7,
        clocks=5_276,
        most_clocks=300,
        least_accuracy=90.7,
    ),
    Design(**_SPIKER, timesteps=2, lanes=128, most_clocks=320),
    Design(**_SPIKER, timesteps=4, lanes=128, most_clocks=320),
    Design(**_SPIKER, timesteps=1, lanes=16, most_clocks=1_200),
)


def images_for_design(design: Design, data: DataSet) -> DataSet:
    """Images of the design's size, of as many grey levels as its pixels have."""
    images = torch.from_numpy(np.asarray(data.images, np.float32))
    if design.side != images.shape[2]:
        images = functional.interpolate(images, size=(design.side, design.side), mode="area")
    most = (1 << design.bits) - 1
    return replace(data, images=((images * most).round() / most).numpy())


def trained_network(design: Design, train: DataSet) -> nn.Module:
    """A network of ReLUs, trained on all but the last training images."""
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    sizes = (design.side**2, *design.hidden, 10)
    layers: list[nn.Module] = [nn.Flatten()]
    for place_, (inside, outside) in enumerate(zip(sizes, sizes[1:], strict=False)):
        layers += [nn.ReLU(), nn.Dropout(0.1)] if place_ else []
        layers.append(nn.Linear(inside, outside))
    network = nn.Sequential(*layers)
    images, labels = torch.from_numpy(train.images), torch.from_numpy(train.labels).long()
    kept = len(images) - VALIDATION
    batches = -(-kept // 128)
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=1e-2)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=design.epochs * batches)
    for _ in range(design.epochs):
        for chosen in torch.randperm(kept).split(128):
            # The whole batch moves by up to a pixel where there is a hidden layer to use it.
            shift = rng.integers(-1, 2, 2).tolist() if design.hidden else [0, 0]
            moved = torch.roll(images[chosen], shift, (2, 3))
            loss = functional.cross_entropy(network(moved), labels[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            pace.step()
    return network.eval()


def program_of(design: Design, network: nn.Module, train: DataSet) -> Program:
    """The converted network."""
    return convert(
        network,
        train.images[:CALIBRATION],
        timesteps=design.timesteps,
        lanes=design.lanes,
        pixel_bits=design.bits,
        source=design.name,
    )


def clocks_of(program: Program, config: AcceleratorConfig, images: np.ndarray) -> np.ndarray:
    """Clocks of every image, by the timing model."""
    placement = place(program.network, lanes=program.lanes)
    model = TimingModel(
        placement, queue_steps=config.queue_steps, potential_memory=config.potential_memory
    )
    golden = GoldenModel(program.network, record="trains")
    clocks = []
    for first in range(0, len(images), CHUNK):
        pixels = program.encode(images[first : first + CHUNK])
        clocks.append(model.run(pixels, golden.run(pixels).trains).cycles)
    return np.concatenate(clocks)


def main() -> None:
    """Write ``peers.json`` and ``.md``; exit code 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("docs/tables"))
    options = parser.parse_args()
    rows, missed = [], []
    networks: dict[str, nn.Module] = {}
    for design in DESIGNS:
        train = images_for_design(design, load("mnist", "train"))
        test = images_for_design(design, load("mnist", "test"))
        if design.name not in networks:
            networks[design.name] = trained_network(design, train)
        network = networks[design.name]
        with torch.no_grad():
            ann = network(torch.from_numpy(test.images)).argmax(1).numpy() == test.labels
        program = program_of(design, network, train)
        config = smallest_config(place(program.network, lanes=program.lanes))
        golden = GoldenModel(program.network).run(program.encode(test.images))
        accuracy = 100 * float((golden.predictions == test.labels).mean())
        clocks = clocks_of(program, config, test.images)
        first = test.images[:RTL_IMAGES]
        with connect(program, "golden") as models, connect(program, "rtl") as rtl:
            outcome = verify(models.infer(first), rtl.infer(first))
        reached = (
            accuracy >= design.least_accuracy
            and clocks.mean() <= design.most_clocks
            and not outcome.different
        )
        rows.append(
            {
                "network": design.name,
                "T": design.timesteps,
                "lanes": design.lanes,
                "pixel bits": design.bits,
                "ANN": f"{100 * float(ann.mean()):.2f} %",
                "spiking": f"{accuracy:.2f} %",
                "clocks an image": f"{clocks.mean():,.0f}",
                "worst clocks": f"{int(clocks.max()):,}",
                "additions": f"{np.sum(list(golden.operations.values()), axis=0).mean():,.0f}",
                "peer": design.peer,
                "its accuracy": f"{design.accuracy:.1f} %",
                "its clocks": f"{design.clocks:,}",
                "RTL differs": f"{len(outcome.different)} of {outcome.images}",
                "target": f"<= {design.most_clocks:,} clocks, >= {design.least_accuracy} %",
                "reached": "yes" if reached else "no",
            }
        )
        print(rows[-1], flush=True)
        missed += [] if reached else [design.name]
    write_table(
        options.output,
        "peers",
        f"The networks of two peers on their data, MNIST, trained here (seed {SEED}, "
        f"{DESIGNS[0].epochs} epochs on 55,000 images, pixels of the width that the hardware "
        f"takes), 8-bit weights; accuracy and clocks of all 10,000 test images, RTL against models "
        f"on the first {RTL_IMAGES}. The peers' figures were measured with their own code "
        f"(DESIGN, section 8). Written by `make peers`.",
        list(rows[0]),
        rows,
    )
    if missed:
        raise SystemExit(f"targets missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
