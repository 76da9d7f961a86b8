"""The programs that the table of placed accelerators is about."""

from collections.abc import Callable
from pathlib import Path

import numpy.typing as npt
import platformdirs
import torch

from augend.gen import convert
from augend.gen.datasets import load
from augend.gen.program import Program
from augend.host.sources import images_for

from .peers import DESIGNS, Design, images_for_design, program_of, trained_network
from .trained import calibration_images, trained

__all__ = ["PROGRAMS", "images_of"]

_PEERS = {
    "256-10": DESIGNS[0],
    "784-128-10, 128 lanes": DESIGNS[1],
    "784-128-10, 16 lanes": DESIGNS[3],
}
_RECIPES: dict[str, tuple[str, dict]] = {
    "CNN": ("cnn", {"timesteps": 5, "weight_bits": 4}),
    "784-1200-1200-10, 1 bit": ("mlp", {"timesteps": 5, "weight_bits": 1}),
}


def _peer(design: Design) -> Program:
    """A peer's network, trained once and kept in the cache."""
    data = images_for_design(design, load("mnist", "train"))
    path = Path(platformdirs.user_cache_dir("augend")) / "trained" / f"peer-{design.name}.pt"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(trained_network(design, data), path)
    return program_of(design, torch.load(path, weights_only=False), data)


def _recipe(name: str, chosen: dict) -> Program:
    """A network of one of the project's own recipes."""
    source = trained(name)
    return convert(source.module, calibration_images(source), lanes=16, source=name, **chosen)


PROGRAMS: dict[str, Callable[[], Program]] = {
    **{name: lambda design=design: _peer(design) for name, design in _PEERS.items()},
    **{name: lambda of=of: _recipe(*of) for name, of in _RECIPES.items()},
}


def images_of(name: str, number: int) -> tuple[npt.NDArray, npt.NDArray]:
    """The first test images as a program takes them, and their classes."""
    data = load("mnist", "test")
    if name in _PEERS:
        images = images_for_design(_PEERS[name], data).images
    else:
        images = images_for(trained(_RECIPES[name][0]), data)
    return images[:number], data.labels[:number]
