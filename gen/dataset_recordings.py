"""How published sets of event recordings are laid out: N-MNIST's files, folders and archives."""

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from augend.gen.aer import AerError, Recording
from augend.gen.dataset_formats import FormatError

__all__ = ["EVENT_BYTES", "RawRecordings", "decode_events", "read_recording", "recordings_in"]

_UNREADABLE = (
    OSError,
    EOFError,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)

EVENT_BYTES = 5
OVERFLOW_ROW = 240
OVERFLOW_US = 1 << 13


@dataclass(frozen=True, kw_only=True, eq=False)
class RawRecordings:
    """One split as published: all events one after another, still in bytes.

    Parameters
    ----------
    events
        ``(events, 5)``, as `decode_events` reads them.
    starts
        First event of each recording, and the end of the last, ``(recordings + 1,)``.
    labels
        Class numbers, ``(recordings,)``.
    """

    events: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]


def decode_events(events: npt.NDArray[np.uint8]) -> Recording:
    """Read events of five bytes: x, y, then a bit of polarity and 23 of time in microseconds.

    The most significant byte of the time comes first. A y of 240 is no event: it says that the
    sensor's clock ran over, and that all times from there are 2**13 us later (as
    `tonic.io.read_mnist_file` reads it).

    Parameters
    ----------
    events
        ``(events, 5)``.
    """
    x, y, high, middle, low = events.T.astype(np.int64)
    overflow = y == OVERFLOW_ROW
    t = ((high & 0x7F) << 16 | middle << 8 | low) + OVERFLOW_US * np.cumsum(overflow)
    real = ~overflow
    return Recording(x=x[real], y=y[real], t=t[real], p=high[real] >> 7)


def read_recording(path: Path) -> Recording:
    """Read one ``.bin`` or ``.bs2`` file of N-MNIST or N-Caltech101.

    Raises
    ------
    AerError
        When the file cannot be read or is no such recording.
    """
    try:
        return decode_events(_five_bytes(path.read_bytes()))
    except (OSError, FormatError, AerError) as error:
        raise AerError(f"{path} cannot be read as a recording of events: {error}") from error


def recordings_in(place: Path, split: str) -> RawRecordings:
    """Read one split from a folder, a zip or a tar archive.

    Two layouts are known: ``Train/7/00031.bin`` and ``Test/...``, as N-MNIST is published, where
    the folder is the label; and ``31.bs2`` beside lists ``train*.txt`` and ``test*.txt``, whose
    lines are a file's number and its label.

    Raises
    ------
    FormatError
        When it holds neither, or a recording of the list is missing.
    """
    wanted: dict[str, bytes] = {}
    lists: dict[str, bytes] = {}
    try:
        for name, content in _members(place, split):
            (lists if name.endswith(".txt") else wanted)[name] = content
    except _UNREADABLE as error:
        raise FormatError(f"{place} cannot be read: {error}") from error
    if lists:
        return _listed(place, split, lists, wanted)
    labelled = sorted((name, content) for name, content in wanted.items() if name.endswith(".bin"))
    if not labelled:
        raise FormatError(
            f"{place} holds neither {split.capitalize()}/<label>/<number>.bin nor a list "
            f"{split}*.txt with <number>.bs2 beside it"
        )
    labels = [int(PurePosixPath(name).parent.name) for name, _ in labelled]
    return _joined(labelled, labels)


def _listed(
    place: Path, split: str, lists: Mapping[str, bytes], files: Mapping[str, bytes]
) -> RawRecordings:
    if len(lists) > 1:
        raise FormatError(f"{place} has several lists for {split}: {', '.join(sorted(lists))}")
    ((name, text),) = lists.items()
    try:
        numbers, labels = np.loadtxt(text.decode().splitlines(), np.int64, ndmin=2).T
    except ValueError as error:
        raise FormatError(
            f"{name} in {place} must have a file's number and its label in each line ({error})"
        ) from error
    by_number = {PurePosixPath(file).stem: content for file, content in files.items()}
    missing = [str(number) for number in numbers if str(number) not in by_number]
    if missing:
        raise FormatError(
            f"{place} lacks {len(missing)} recordings that {name} lists, first {missing[0]}.bs2"
        )
    named = [(f"{number}.bs2", by_number[str(number)]) for number in numbers]
    return _joined(named, labels.tolist())


def _members(place: Path, split: str) -> Iterator[tuple[str, bytes]]:
    """Names and contents of what a split may need, whatever they are kept in."""
    if place.is_dir():
        # With the folder's own name, which may be the split's.
        above = place.resolve().parent
        for path in sorted(place.resolve().rglob("*")):
            name = path.relative_to(above).as_posix()
            if path.is_file() and _is_wanted(name, split):
                yield name, path.read_bytes()
    elif zipfile.is_zipfile(place):
        with zipfile.ZipFile(place) as archive:
            for name in archive.namelist():
                if _is_wanted(name, split):
                    yield name, archive.read(name)
    elif place.is_file() and tarfile.is_tarfile(place):
        with tarfile.open(place) as archive:
            for member in archive:
                content = archive.extractfile(member) if _is_wanted(member.name, split) else None
                if content is not None:
                    yield member.name, content.read()
    else:
        raise FormatError(f"{place} is not a folder, a zip or a tar archive")


def _is_wanted(name: str, split: str) -> bool:
    path = PurePosixPath(name)
    if path.suffix == ".bin":
        label = path.parent
        return label.name.isdecimal() and label.parent.name.lower() == split
    if path.suffix == ".txt":
        return path.name.lower().startswith(split)
    return path.suffix == ".bs2"


def _joined(contents: Sequence[tuple[str, bytes]], labels: list[int]) -> RawRecordings:
    parts = []
    for name, content in contents:
        try:
            parts.append(_five_bytes(content))
        except FormatError as error:
            raise FormatError(f"{name}: {error}") from error
    return RawRecordings(
        events=np.concatenate(parts),
        starts=np.cumsum([0, *(len(part) for part in parts)], dtype=np.int64),
        labels=np.array(labels, np.int64),
    )


def _five_bytes(content: bytes) -> npt.NDArray[np.uint8]:
    if len(content) % EVENT_BYTES:
        raise FormatError(
            f"{len(content):,} bytes are no whole number of events of {EVENT_BYTES} bytes"
        )
    return np.frombuffer(content, np.uint8).reshape(-1, EVENT_BYTES)
