"""Image sets by name: from the cache, or fetched once from whichever source answers."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from rich.console import Console
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from augend.gen.dataset_cache import CacheDamage, cache_folder, read_split, write_split
from augend.gen.dataset_catalogue import PUBLISHED
from augend.gen.dataset_formats import RawSplit
from augend.gen.dataset_sources import SourceError

__all__ = [
    "EVENT_NAMES",
    "NAMES",
    "DataSet",
    "DataSetError",
    "Split",
    "load",
    "validation_split",
]

Split = Literal["train", "test"]

DIGITS_TEST_IMAGES = 500
DIGITS_SPLIT_SEED = 0


class DataSetError(Exception):
    """A data set that cannot be had; the message says what was tried and what to do."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DataSet:
    """Labelled images.

    Parameters
    ----------
    name
        The name it was loaded by.
    images
        Intensities from 0 to 1, ``(images, C, H, W)``.
    labels
        Class numbers from 0, ``(images,)``.
    classes
        Number of classes.
    """

    name: str
    images: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    classes: int

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or len(self.images) != len(self.labels):
            raise ValueError(
                f"{self.name}: images of shape {self.images.shape} do not go with labels of "
                f"shape {self.labels.shape}; wanted (images, C, H, W) and (images,)"
            )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of one image, ``(C, H, W)``."""
        channels, height, width = self.images.shape[1:]
        return channels, height, width

    def take(self, indices: npt.NDArray[np.integer]) -> "DataSet":
        """The images at these indices, in their order."""
        return DataSet(
            name=self.name,
            images=self.images[indices],
            labels=self.labels[indices],
            classes=self.classes,
        )


NAMES = ("digits", *PUBLISHED)
"""Every name that `load` knows; the first is the default of the commands."""

EVENT_NAMES = ("nmnist",)
"""Sets of event recordings, which `augend.gen.event_set.load_events` loads."""


def load(name: str, split: Split = "train") -> DataSet:
    """Load a data set by name.

    Sets other than ``digits`` come from the cache folder (``AUGEND_DATA``, or the user's cache),
    and are fetched into it when they are not there. Whatever the source, the decoded arrays must
    have the recorded checksum.

    Parameters
    ----------
    name
        One of `NAMES`.
    split
        ``train`` or ``test``.

    Raises
    ------
    DataSetError
        When the name is unknown or no source gives the data.
    """
    if name in EVENT_NAMES:
        raise DataSetError(
            f"{name} holds recordings of an event sensor, not images; it goes with networks of "
            f"input encoding 'events' (augend.gen.event_set.load_events)"
        )
    if name not in NAMES:
        raise DataSetError(f"there is no data set {name!r}; the names are {', '.join(NAMES)}")
    if split not in get_args(Split):
        raise DataSetError(f"there is no split {split!r}; the splits are train and test")
    if name == "digits":
        return _digits(split)
    raw = _cached(name, split) or _fetched(name)[split]
    return DataSet(
        name=name,
        images=raw.images.astype(np.float32) / np.float32(255),
        labels=raw.labels.astype(np.int64),
        classes=PUBLISHED[name].classes,
    )


def validation_split(dataset: DataSet, images: int, seed: int) -> tuple[DataSet, DataSet]:
    """Keep back some images for validation, class by class in proportion.

    Returns
    -------
    tuple
        What is left to train on, and the ``images`` kept back.
    """
    if not dataset.classes <= images <= len(dataset) - dataset.classes:
        raise DataSetError(
            f"{images} of the {len(dataset):,} images of {dataset.name} cannot be kept back for "
            f"validation; each part needs {dataset.classes} or more"
        )
    train, validation = train_test_split(
        np.arange(len(dataset)), test_size=images, random_state=seed, stratify=dataset.labels
    )
    return dataset.take(np.asarray(train)), dataset.take(np.asarray(validation))


def _digits(split: Split) -> DataSet:
    """scikit-learn's embedded 8 x 8 digits, 1,297 to train on and 500 to test with."""
    images, labels = load_digits(return_X_y=True)
    whole = DataSet(
        name="digits",
        images=images.astype(np.float32).reshape(-1, 1, 8, 8) / np.float32(16),
        labels=labels.astype(np.int64),
        classes=10,
    )
    train, test = validation_split(whole, DIGITS_TEST_IMAGES, DIGITS_SPLIT_SEED)
    return train if split == "train" else test


def _cache_path(name: str, split: str) -> Path:
    return cache_folder() / f"{name}-{split}.safetensors"


def _cached(name: str, split: str) -> RawSplit | None:
    path = _cache_path(name, split)
    if not path.exists():
        return None
    try:
        return read_split(path, PUBLISHED[name].sha256[split])
    except CacheDamage as damage:
        Console(stderr=True).print(f"{path} is damaged: {damage}. Fetching {name} again.")
        return None


def _fetched(name: str) -> dict[str, RawSplit]:
    """Ask the sources in turn; put the first right answer into the cache."""
    console = Console(stderr=True)
    failures = []
    for source in PUBLISHED[name].sources:
        try:
            with (
                console.status(f"Fetching {name}: {source.label}"),
                tempfile.TemporaryDirectory(prefix="augend-") as folder,
            ):
                splits = source.fetch(Path(folder))
                _check(name, splits)
        except SourceError as error:
            failures.append(f"  {source.label}: {error}")
            continue
        for split, raw in splits.items():
            try:
                write_split(_cache_path(name, split), raw)
            except OSError as error:
                raise DataSetError(
                    f"{name} was fetched but cannot be kept in {cache_folder()} ({error}). Name "
                    "a folder that can be written in the environment variable AUGEND_DATA."
                ) from error
        console.print(f"{name} is in {cache_folder()}, from {source.label}.")
        return splits
    raise DataSetError(
        "\n".join(
            [
                f"{name} is not in {cache_folder()}, and no source gave it:",
                *failures,
                "Connect to the network and try again, or copy "
                + " and ".join(_cache_path(name, split).name for split in get_args(Split))
                + " into that folder from a machine that has them (the environment variable "
                "AUGEND_DATA names another folder). The set digits needs no download.",
            ]
        )
    )


def _check(name: str, splits: Mapping[str, RawSplit]) -> None:
    for split, sha256 in PUBLISHED[name].sha256.items():
        found = splits[split].sha256
        if found != sha256:
            raise SourceError(f"its {split} arrays have sha256 {found}, not {sha256}")
