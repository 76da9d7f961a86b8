"""The peers' own networks on their own data: accuracy and clocks of ours beside theirs.

``python -m tests.measure.peers [--output FOLDER]``
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from augend.gen import convert
from augend.gen.datasets import DataSet, load, validation_split
from augend.gen.program import Program
from augend.gen.training.augmentation import Augmentation
from augend.gen.training.diehl_networks import Mlp
from augend.gen.training.loop import VALIDATION_SEED, accuracy, fit
from augend.gen.training.optimizer import Optimizer
from augend.gen.training.pruning import Pruning
from augend.gen.training.recipe import Recipe
from augend.gen.training.spike_levels import Spikes
from augend.host.driver import connect
from augend.host.result import joined
from augend.host.verify import verify
from tests.measure.table import output_folder, settle

__all__ = ["DESIGNS", "Design", "images_for_design", "program_of", "trained_network"]

SEED = 1
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
    Design(**_SPIKER, timesteps=2, lanes=16, most_clocks=1_200),
)


def images_for_design(design: Design, data: DataSet) -> DataSet:
    """Images of the design's size, of as many grey levels as its pixels have."""
    images = torch.from_numpy(np.asarray(data.images, np.float32))
    if design.side != images.shape[2]:
        images = functional.interpolate(images, size=(design.side, design.side), mode="area")
    most = (1 << design.bits) - 1
    return replace(data, images=((images * most).round() / most).numpy())


def trained_network(design: Design, data: DataSet, pruning: Pruning | None = None) -> nn.Module:
    """A network of ReLUs, trained by the project's own loop.

    A pruned one is trained for longer, for as many spikes as there are time steps.
    """
    recipe = Recipe(
        network="mlp",
        epochs=design.epochs,
        optimizer=Optimizer(learning_rate=3e-3),
        # Where there is no hidden layer a moved image is of no use.
        augmentation=Augmentation(shift=1 if design.hidden else 0),
    )
    dropout = 0.1
    if pruning is not None:
        pieces = (pruning, Spikes(spikes=design.timesteps))
        recipe = replace(recipe, epochs=30, batch=256, pieces=pieces)
        dropout = 0.0
    training, validation = validation_split(data, recipe.validation, VALIDATION_SEED)
    torch.manual_seed(SEED)
    network = Mlp(shape=data.shape, classes=10, hidden=design.hidden, dropout=dropout)
    fit(network, training, validation, recipe, recipe.epochs, quiet=True)
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


def main() -> None:
    """Write ``peers.json`` and ``.md``; exit code 1 where a target is missed."""
    folder = output_folder(__doc__)
    networks: dict[str, nn.Module] = {}
    rows = []
    for design in DESIGNS:
        train = images_for_design(design, load("mnist", "train"))
        test = images_for_design(design, load("mnist", "test"))
        if design.name not in networks:
            networks[design.name] = trained_network(design, train)
        network = networks[design.name]
        program = program_of(design, network, train)
        first = test.images[:RTL_IMAGES]
        with connect(program, "golden") as models, connect(program, "rtl") as rtl:
            parts = np.split(test.images, len(test) // CHUNK)
            result = joined([models.infer(part) for part in parts])
            outcome = verify(models.infer(first), rtl.infer(first))
        assert result.cycles is not None
        spiking = 100 * float((result.predictions == test.labels).mean())
        clocks = float(result.cycles.mean())
        reached = (
            spiking >= design.least_accuracy
            and clocks <= design.most_clocks
            and not outcome.different
        )
        rows.append(
            {
                "network": design.name,
                "T": design.timesteps,
                "lanes": design.lanes,
                "pixel bits": design.bits,
                "ANN": f"{100 * accuracy(network, test):.2f} %",
                "spiking": f"{spiking:.2f} %",
                "clocks an image": f"{clocks:,.0f}",
                "worst clocks": f"{int(result.cycles.max()):,}",
                "additions": f"{result.total_operations.mean():,.0f}",
                "peer": design.peer,
                "its accuracy": f"{design.accuracy:.1f} %",
                "its clocks": f"{design.clocks:,}",
                "RTL differs": f"{len(outcome.different)} of {outcome.images}",
                "target": f"<= {design.most_clocks:,} clocks, >= {design.least_accuracy} %",
                "reached": "yes" if reached else "no",
                "program": program.hash,
            }
        )
        print(rows[-1], flush=True)
    settle(
        folder,
        "peers",
        f"The networks of two peers on their data, MNIST, trained here (seed {SEED}, "
        f"{DESIGNS[0].epochs} epochs on 55,000 images, pixels of the width that the hardware "
        f"takes), 8-bit weights; accuracy and clocks of all 10,000 test images, RTL against models "
        f"on the first {RTL_IMAGES}. The peers' figures were measured with their own code. Written "
        f"by `make peers`.",
        rows,
    )


if __name__ == "__main__":
    main()
