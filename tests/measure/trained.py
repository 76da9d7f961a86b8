"""The networks that the tables are about, trained once and kept in the cache."""

from pathlib import Path

import platformdirs

from augend.gen.datasets import load
from augend.gen.frontends.source import Source, load_source
from augend.gen.training import recipe_for, train
from augend.host.sources import images_for

__all__ = ["CALIBRATION", "RECIPES", "calibration_images", "trained", "trained_file"]

RECIPES = ("mlp", "cnn")
CALIBRATION = 2000
_SEED = 1


def trained_file(recipe: str, data: str = "mnist") -> Path:
    """What ``augend train RECIPE --data DATA --seed 1`` writes; kept in the cache.

    A recipe that goes on from another one's network has that as its ``--start``.
    """
    path = (
        Path(platformdirs.user_cache_dir("augend")) / "trained" / f"{data}-{recipe}-seed{_SEED}.pt"
    )
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        after = recipe_for(recipe, data).after
        start = trained_file(after, data) if after else None
        train(recipe, data, seed=_SEED, start=start, output=path, resume=True)
    return path


def trained(recipe: str, data: str = "mnist") -> Source:
    """The network of that file."""
    return load_source(str(trained_file(recipe, data)))


def calibration_images(source: Source, data: str = "mnist"):
    """The first training images."""
    return images_for(source, load(data, "train"))[:CALIBRATION]
