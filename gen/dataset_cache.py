"""The folder that keeps decoded data sets: one checked file a split, written in one go."""

import os
import tempfile
from pathlib import Path

import platformdirs
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from augend.gen.dataset_formats import RawSplit

__all__ = ["CacheDamage", "cache_folder", "read_split", "write_split"]


class CacheDamage(Exception):
    """A cached file that does not hold what it should; the message says how that shows."""


def cache_folder() -> Path:
    """The folder named by the environment variable ``AUGEND_DATA``, or the user's cache."""
    named = os.environ.get("AUGEND_DATA")
    return Path(named) if named else Path(platformdirs.user_cache_dir("augend")) / "data"


def read_split(path: Path, sha256: str) -> RawSplit:
    """Read one split and check it.

    Raises
    ------
    CacheDamage
        When the file is no such file, or its arrays do not have the checksum.
    """
    try:
        arrays = load_file(path)
        split = RawSplit(images=arrays["images"], labels=arrays["labels"])
    except (OSError, SafetensorError, KeyError) as error:
        raise CacheDamage(f"it cannot be read ({' '.join(str(error).split())})") from error
    if split.sha256 != sha256:
        raise CacheDamage(f"its arrays have sha256 {split.sha256}, not {sha256}")
    return split


def write_split(path: Path, split: RawSplit) -> None:
    """Write one split beside its place and rename it into it: readers see all of it or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    os.close(handle)
    unfinished = Path(name)
    try:
        save_file({"images": split.images, "labels": split.labels}, unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
