"""The programs that the table of placed accelerators is about."""

from collections.abc import Callable
from pathlib import Path

import platformdirs
import torch

from augend.gen import convert
from augend.gen.datasets import load
from augend.gen.program import Program

from .peers import DESIGNS, Design, images_for_design, program_of, trained_network
from .trained import calibration_images, trained

__all__ = ["PROGRAMS"]


def _peer(design: Design) -> Program:
    """A peer's network, trained once and kept in the cache."""
    data = images_for_design(design, load("mnist", "train"))
    path = Path(platformdirs.user_cache_dir("augend")) / "trained" / f"peer-{design.name}.pt"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(trained_network(design, data), path)
    return program_of(design, torch.load(path, weights_only=False), data)


def _recipe(name: str, **chosen: object) -> Program:
    """A network of one of the project's own recipes."""
    source = trained(name)
    return convert(source.network, calibration_images(source), lanes=16, source=name, **chosen)


def _resnet20() -> Program:
    """ResNet-20 as others trained it."""
    from .resnet20 import converted  # reads their weights from a folder beside the repository

    return converted(timesteps=16, weight_bits=4)


PROGRAMS: dict[str, Callable[[], Program]] = {
    "256-10": lambda: _peer(DESIGNS[0]),
    "784-128-10, 128 lanes": lambda: _peer(DESIGNS[1]),
    "784-128-10, 16 lanes": lambda: _peer(DESIGNS[3]),
    "CNN": lambda: _recipe("cnn", timesteps=5, weight_bits=4),
    "784-1200-1200-10, 1 bit": lambda: _recipe("mlp", timesteps=5, weight_bits=1),
    "ResNet-20": _resnet20,
}
