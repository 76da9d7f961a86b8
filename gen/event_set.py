"""Sets of event recordings by name or by place: from the cache, or fetched once."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pooch

from augend.gen.aer import BinBy, Recording, bin_recordings
from augend.gen.dataset_cache import cache_folder
from augend.gen.dataset_formats import FormatError
from augend.gen.dataset_recordings import decode_events, recordings_in
from augend.gen.dataset_sources import CONNECT_SECONDS, READ_SECONDS
from augend.gen.datasets import EVENT_NAMES, DataSetError, Split

__all__ = ["EventSet", "load_events"]


@dataclass(frozen=True, kw_only=True)
class _Archive:
    """One split of N-MNIST as published, at the address and with the MD5 that tonic has."""

    name: str
    address: str
    md5: str


_PUBLISHED_AT = "https://data.mendeley.com/public-files/datasets/468j46mzdv/files/"
_NMNIST = {
    "train": _Archive(
        name="train.zip",
        address=f"{_PUBLISHED_AT}39c25547-014b-4137-a934-9d29fa53c7a0/file_downloaded",
        md5="20959b8e626244a1b502305a9e6e2031",
    ),
    "test": _Archive(
        name="test.zip",
        address=f"{_PUBLISHED_AT}05a4d654-7e03-4c15-bdfa-9bb2bcbea494/file_downloaded",
        md5="69ca8762b2fe404d9b9bad1103e97832",
    ),
}
_SENSOR = (2, 34, 34)
_CLASSES = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class EventSet:
    """Labelled recordings of an event sensor, kept in their published five bytes an event.

    Parameters
    ----------
    name
        The name or place it was loaded by.
    events
        All events, one recording after another, ``(events, 5)``.
    starts
        First event of each recording, and the end of the last, ``(recordings + 1,)``.
    labels
        Class numbers from 0, ``(recordings,)``.
    shape
        Polarities, rows and columns of the sensor, ``(2, H, W)``.
    classes
        Number of classes.
    """

    name: str
    events: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    shape: tuple[int, int, int]
    classes: int

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Recording:
        """One recording."""
        place = range(len(self))[index]
        return decode_events(self.events[self.starts[place] : self.starts[place + 1]])

    def __iter__(self) -> Iterator[Recording]:
        return (self[index] for index in range(len(self)))

    def take(self, indices: npt.NDArray[np.integer]) -> "EventSet":
        """The recordings at these indices, in their order."""
        places = np.arange(len(self))[indices]
        parts = [self.events[self.starts[place] : self.starts[place + 1]] for place in places]
        return EventSet(
            name=self.name,
            events=np.concatenate([self.events[:0], *parts]),
            starts=np.cumsum([0, *(len(part) for part in parts)], dtype=np.int64),
            labels=self.labels[places],
            shape=self.shape,
            classes=self.classes,
        )

    def binned(
        self,
        timesteps: int,
        *,
        by: BinBy = "time",
        duration_us: int | None = None,
        bits: int = 1,
        merge_polarity: bool = False,
    ) -> npt.NDArray[np.uint8]:
        """All recordings as `augend.gen.aer.bin_events` bins one: ``(recordings, steps, C, H, W)``.

        That is ``timesteps * C * H * W`` bytes a recording: take as many at once as fit.
        """
        return bin_recordings(
            self,
            (1, *self.shape[1:]) if merge_polarity else self.shape,
            timesteps,
            by=by,
            duration_us=duration_us,
            bits=bits,
            merge_polarity=merge_polarity,
        )


def load_events(name: str, split: Split = "train") -> EventSet:
    """Load N-MNIST (Orchard 2015), or recordings of its kind from a place of one's own.

    The published archives come from the folder ``nmnist`` in the cache folder (``AUGEND_DATA``,
    or the user's cache), are fetched into it when they are not there, and must have the recorded
    checksum every time.

    Parameters
    ----------
    name
        ``nmnist``, or the path of a folder, zip or tar archive in one of the layouts of
        `augend.gen.dataset_recordings.recordings_in`.
    split
        ``train`` or ``test``.

    Raises
    ------
    DataSetError
        When there is no such set or place, it cannot be fetched, or it is not readable.
    """
    if split not in get_args(Split):
        raise DataSetError(f"there is no split {split!r}; the splits are train and test")
    if name in EVENT_NAMES:
        place = _published(name, _NMNIST[split])
    else:
        place = Path(name).expanduser()
        if not place.exists():
            raise DataSetError(
                f"there is no set of recordings {name!r}: it is neither {', '.join(EVENT_NAMES)} "
                "nor a folder or archive on this machine"
            )
    try:
        raw = recordings_in(place, split)
    except FormatError as error:
        raise DataSetError(f"no {split} recordings could be read: {error}") from error
    if raw.labels.min() < 0 or raw.labels.max() >= _CLASSES:
        raise DataSetError(
            f"labels of {place} must be 0 to {_CLASSES - 1}, not {raw.labels.min()} to "
            f"{raw.labels.max()}"
        )
    return EventSet(
        name=name,
        events=raw.events,
        starts=raw.starts,
        labels=raw.labels,
        shape=_SENSOR,
        classes=_CLASSES,
    )


def _published(name: str, archive: _Archive) -> Path:
    """The archive in the cache, with the right checksum, fetched if need be."""
    folder = cache_folder() / name
    # pooch names the arguments of its own protocol in two ways, which no type checker accepts.
    downloader: Any = pooch.HTTPDownloader(
        progressbar=sys.stderr.isatty(), timeout=(CONNECT_SECONDS, READ_SECONDS)
    )
    try:
        return Path(
            pooch.retrieve(
                archive.address,
                known_hash=f"md5:{archive.md5}",
                fname=archive.name,
                path=folder,
                downloader=downloader,
            )
        )
    except (OSError, ValueError) as error:
        reason = getattr(error.args[0], "reason", error) if error.args else error
        raise DataSetError(
            f"no good {archive.name} of {name} is in {folder}, and its publisher gave none:\n"
            f"  {archive.address}: {' '.join(str(reason).split())}\n"
            f"Connect to the network and try again, or copy {archive.name} into that folder from "
            f"a machine that has it (the environment variable AUGEND_DATA names another cache "
            f"folder). A folder or archive of recordings can be named in its place."
        ) from error
