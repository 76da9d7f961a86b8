"""How the public image sets are laid out in their files, read without executing anything."""

import gzip
import hashlib
import io
import json
import pickle
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

__all__ = [
    "Decoder",
    "FormatError",
    "RawSplit",
    "RawSplits",
    "cifar10_from_binary",
    "cifar10_from_png",
    "idx_splits",
    "mnist_from_arrays",
]


class FormatError(ValueError):
    """A file that is not what its name says; the message tells what was found in it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RawSplit:
    """One split as published: bytes, before any scaling.

    Parameters
    ----------
    images
        Intensities 0 to 255, ``(images, C, H, W)``.
    labels
        Class numbers, ``(images,)``.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]

    @property
    def sha256(self) -> str:
        """Checksum of shapes and contents, the same whatever source the split came from."""
        digest = hashlib.sha256()
        for array in (self.images, self.labels):
            digest.update(str(array.shape).encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


RawSplits = dict[str, RawSplit]
"""Split name, ``train`` or ``test``, to its arrays."""

Decoder = Callable[[Mapping[str, bytes]], RawSplits]
"""From file name to contents, to the splits these files hold."""


def _idx(data: bytes) -> npt.NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, gzipped or plain."""
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    if len(data) < 4 or data[:3] != b"\x00\x00\x08":
        raise FormatError(f"not an IDX file of unsigned bytes: it begins with {data[:4]!r}")
    header = 4 + 4 * data[3]
    shape = tuple(np.frombuffer(data[4:header], dtype=">u4").astype(int).tolist())
    values = np.frombuffer(data, dtype=np.uint8, offset=min(header, len(data)))
    if values.size != np.prod(shape):
        raise FormatError(f"an IDX file of shape {shape} holds {values.size:,} bytes")
    return values.reshape(shape)


def idx_splits(files: Mapping[str, bytes]) -> RawSplits:
    """Read the four IDX files of MNIST and of the sets that took over its format."""
    by_stem = {name.removesuffix(".gz"): data for name, data in files.items()}
    return {
        split: RawSplit(
            images=_idx(by_stem[f"{prefix}-images-idx3-ubyte"])[:, None],
            labels=_idx(by_stem[f"{prefix}-labels-idx1-ubyte"]),
        )
        for split, prefix in (("train", "train"), ("test", "t10k"))
    }


class _ArraysOnly(pickle.Unpickler):
    """An unpickler that knows NumPy arrays and refuses every other name."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("numpy.core.multiarray", "_reconstruct"):
            # The name that NumPy 1 wrote; NumPy 2 keeps the function elsewhere.
            return np.empty(0).__reduce__()[0]
        if (module, name) in {("numpy", "ndarray"), ("numpy", "dtype")}:
            return getattr(np, name)
        raise FormatError(f"the pickle asks for {module}.{name}; only NumPy arrays are read")


def mnist_from_arrays(files: Mapping[str, bytes]) -> RawSplits:
    """Read ``mnist.pkl.gz``: flat images in 1/256 steps, the training set cut 50,000 + 10,000.

    The file is a pickle; every name in it other than NumPy's array and dtype is refused.
    """
    data = gzip.decompress(files["mnist.pkl.gz"])
    train, held_back, test = _ArraysOnly(io.BytesIO(data), encoding="latin1").load()

    def split(*parts: tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]) -> RawSplit:
        images = np.concatenate([np.rint(images * 256) for images, _ in parts])
        return RawSplit(
            images=images.astype(np.uint8).reshape(-1, 1, 28, 28),
            labels=np.concatenate([labels for _, labels in parts]).astype(np.uint8),
        )

    return {"train": split(train, held_back), "test": split(test)}


def cifar10_from_binary(files: Mapping[str, bytes]) -> RawSplits:
    """Read ``cifar-10-binary.tar.gz``: records of a label and 3 x 32 x 32 intensities."""

    def split(archive: tarfile.TarFile, *names: str) -> RawSplit:
        records = []
        for name in names:
            member = archive.extractfile(f"cifar-10-batches-bin/{name}.bin")
            if member is None:
                raise FormatError(f"the archive's {name}.bin is not a file")
            records.append(np.frombuffer(member.read(), dtype=np.uint8).reshape(-1, 3073))
        table = np.concatenate(records)
        return RawSplit(
            images=np.ascontiguousarray(table[:, 1:]).reshape(-1, 3, 32, 32),
            labels=np.ascontiguousarray(table[:, 0]),
        )

    with tarfile.open(fileobj=io.BytesIO(files["cifar-10-binary.tar.gz"])) as archive:
        train = split(archive, *(f"data_batch_{batch}" for batch in range(1, 6)))
        return {"train": train, "test": split(archive, "test_batch")}


def cifar10_from_png(files: Mapping[str, bytes]) -> RawSplits:
    """Read CIFAR-10 kept as PNG pictures, one image a row of 1,024 pixels, and JSON labels."""

    def split(labels: str, *pictures: str) -> RawSplit:
        rows = [np.asarray(Image.open(io.BytesIO(files[picture]))) for picture in pictures]
        images = np.concatenate(rows).reshape(-1, 32, 32, 3).transpose(0, 3, 1, 2)
        return RawSplit(
            images=np.ascontiguousarray(images),
            labels=np.array(json.loads(files[labels]), dtype=np.uint8),
        )

    batches = (f"data_batch_{batch}.png" for batch in range(1, 6))
    # "lables" is how the package spells it.
    return {
        "train": split("train_lables.json", *batches),
        "test": split("test_lables.json", "test_batch.png"),
    }
