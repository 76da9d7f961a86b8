"""The networks that the tables are about, trained once and kept in the cache."""

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


def trained(recipe: str, data: str = "mnist") -> Source:
    """``augend train RECIPE --data DATA --seed 1``, from the cache where it is there."""
    path = (
        Path(platformdirs.user_cache_dir("augend")) / "trained" / f"{data}-{recipe}-seed{_SEED}.pt"
    )
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        train(recipe, data, seed=_SEED, output=path)
    return load_source(str(path))


def calibration_images(source: Source, data: str = "mnist"):
    """The first training images."""
    return images_for(source, load(data, "train"))[:CALIBRATION]
