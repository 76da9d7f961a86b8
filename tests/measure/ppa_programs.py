"""The programs that the table of placed accelerators is about."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy.typing as npt
import platformdirs
import torch
from torch import nn

from augend.gen import convert
from augend.gen.datasets import DataSet, load
from augend.gen.program import Program
from augend.gen.training.pruning import Pruning
from augend.host.sources import images_of as images_of_program

from .peers import DESIGNS, Design, images_for_design, trained_network
from .rtl_long import RUNS
from .trained import calibration_images, trained

__all__ = ["PROGRAMS", "images_of", "program_named"]

_FEW, _MANY = 1000, 10_000
_CALIBRATION = 2000
_PRUNED = Pruning(kept=(0.18, 1.0), form="blocks", lanes=32, last=0.5, price=0.1)


@dataclass(frozen=True, kw_only=True)
class _Peer:
    """A peer's network on its data, and what of its training and conversion is ours.

    Parameters
    ----------
    design
        The network and its time steps.
    lanes, weight_bits
        Of the conversion. Weights are as wide as validation images need: those left out there are
        5,000 of the training set.
    pruning
        Of the training.
    options
        Of the conversion.
    """

    design: Design
    lanes: int
    weight_bits: int
    pruning: Pruning | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


_PEERS = {
    "256-10": _Peer(design=DESIGNS[0], lanes=8, weight_bits=5),
    "784-128-10, 16 lanes": _Peer(design=DESIGNS[1], lanes=16, weight_bits=4),
    "784-128-10, 128 lanes": _Peer(design=DESIGNS[1], lanes=128, weight_bits=4),
    "784-128-10 pruned, 32 lanes": _Peer(
        design=DESIGNS[1],
        lanes=32,
        weight_bits=4,
        pruning=_PRUNED,
        options={"sparse": True, "norm": "levels"},
    ),
}
_RECIPES: dict[str, tuple[str, dict]] = {
    "CNN": ("cnn", {"timesteps": 5, "weight_bits": 4}),
    "784-1200-1200-10, 1 bit": ("mlp", {"timesteps": 5, "weight_bits": 1}),
}


def _network(peer: _Peer, data: DataSet) -> nn.Module:
    """A peer's network, trained once and kept in the cache."""
    design, pruning = peer.design, peer.pruning
    name = f"peer-{design.name}"
    if pruning is not None:
        name += f"-{pruning.form}-{pruning.lanes}-{pruning.kept[0]}"
    path = Path(platformdirs.user_cache_dir("augend")) / "trained" / f"{name}.pt"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(trained_network(design, data, pruning), path)
    return torch.load(path, weights_only=False)


def _peer(peer: _Peer, _: Path | None) -> Program:
    """A peer's network, converted."""
    design = peer.design
    data = images_for_design(design, load("mnist", "train"))
    return convert(
        _network(peer, data),
        data.images[:_CALIBRATION],
        timesteps=design.timesteps,
        pixel_bits=design.bits,
        lanes=peer.lanes,
        weight_bits=peer.weight_bits,
        source=design.name,
        **peer.options,
    )


def _recipe(name: str, chosen: dict, _: Path | None) -> Program:
    """A network of one of the project's own recipes."""
    source = trained(name)
    return convert(source.module, calibration_images(source), lanes=16, source=name, **chosen)


PROGRAMS: dict[str, Callable[[Path | None], Program]] = {
    **{name: partial(_peer, peer) for name, peer in _PEERS.items()},
    **{name: partial(_recipe, *of) for name, of in _RECIPES.items()},
    "ResNet-20": RUNS["resnet20"].make,
}


def program_named(name: str, checkpoint: Path | None) -> Program:
    """The program of a row; that of ResNet-20 is of the weights in a file."""
    return PROGRAMS[name](checkpoint)


def images_of(name: str, program: Program) -> tuple[npt.NDArray, npt.NDArray]:
    """Test images as a program takes them, from the first on, and their classes."""
    data = load("cifar10" if name == "ResNet-20" else "mnist", "test")
    number = _MANY if name in _PEERS else _FEW
    if name == "ResNet-20":
        number = 20
    if name in _PEERS:
        images = images_for_design(_PEERS[name].design, data).images
    else:
        images = images_of_program(program, data)
    return images[:number], data.labels[:number]
