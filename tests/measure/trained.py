"""The two MNIST networks that the tables are about, trained once and kept in the cache."""

from pathlib import Path

import platformdirs

from augend.gen.datasets import load
from augend.gen.frontends.source import Source, load_source
from augend.gen.training import train
from augend.host.sources import images_for

__all__ = ["CALIBRATION", "RECIPES", "calibration_images", "trained"]

RECIPES = ("mlp", "cnn")
CALIBRATION = 2000
_SEED = 1


def trained(recipe: str) -> Source:
    """``augend train RECIPE --data mnist --seed 1``, from the cache where it is there."""
    path = (
        Path(platformdirs.user_cache_dir("augend")) / "trained" / f"mnist-{recipe}-seed{_SEED}.pt"
    )
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        train(recipe, "mnist", seed=_SEED, output=path)
    return load_source(str(path))


def calibration_images(source: Source):
    """The first training images."""
    return images_for(source, load("mnist", "train"))[:CALIBRATION]
