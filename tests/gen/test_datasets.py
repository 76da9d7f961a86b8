"""Data sets: the embedded one as it is, the fetched ones from small archives made here."""

import gzip
import io
import json
import pickle
import struct
import sys
import tarfile
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from augend.gen import dataset_sources
from augend.gen.dataset_cache import cache_folder, read_split, write_split
from augend.gen.dataset_catalogue import PUBLISHED, PublishedSet
from augend.gen.dataset_formats import (
    RawSplit,
    cifar10_from_binary,
    cifar10_from_png,
    idx_splits,
    mnist_from_arrays,
)
from augend.gen.dataset_sources import NpmPackage, PublicFiles, PythonPackage, Source, SourceError
from augend.gen.datasets import DataSetError, load, validation_split


def raw_splits(shape=(1, 28, 28), train=10, test=4, seed=0):
    random = np.random.default_rng(seed)
    return {
        split: RawSplit(
            images=random.integers(0, 256, (count, *shape), dtype=np.uint8),
            labels=random.integers(0, 10, count, dtype=np.uint8),
        )
        for split, count in (("train", train), ("test", test))
    }


def assert_same(found, wanted):
    assert {split: raw.sha256 for split, raw in found.items()} == {
        split: raw.sha256 for split, raw in wanted.items()
    }


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype=">u4").tobytes()
    return header + array.tobytes()


def idx_files(splits):
    files = {}
    for split, prefix in (("train", "train"), ("test", "t10k")):
        files[f"{prefix}-images-idx3-ubyte"] = idx(splits[split].images[:, 0])
        files[f"{prefix}-labels-idx1-ubyte"] = idx(splits[split].labels)
    return files


def tar_gz(files, folder="package"):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


class Python2Pickler(pickle._Pickler):
    """Writes bytes as Python 2 wrote its strings, as they are in the published file."""

    def save_bytes(self, value):
        self.write(pickle.BINSTRING + struct.pack("<i", len(value)) + value)
        self.memoize(value)

    dispatch = {**pickle._Pickler.dispatch, bytes: save_bytes}


@dataclass(frozen=True, kw_only=True)
class FakeSource(Source):
    """A source that answers with splits, or with a reason for not answering."""

    name: str
    answer: object
    files: tuple[str, ...] = ()
    decode: object = None

    @property
    def label(self):
        return self.name

    def contents(self, folder):
        raise NotImplementedError

    def fetch(self, folder):
        if isinstance(self.answer, str):
            raise SourceError(self.answer)
        return self.answer


@pytest.fixture
def publish(monkeypatch, tmp_path):
    """Put a small data set called ``mnist``, its sources faked, before an empty cache."""
    monkeypatch.setenv("AUGEND_DATA", str(tmp_path / "cache"))

    def put(splits, *sources):
        sums = {split: raw.sha256 for split, raw in splits.items()}
        entry = PublishedSet(classes=10, sha256=sums, sources=sources)
        monkeypatch.setitem(PUBLISHED, "mnist", entry)

    return put


class TestDigits:
    def test_shapes_and_range(self):
        train, test = load("digits"), load("digits", "test")
        assert train.images.shape == (1297, 1, 8, 8)
        assert test.images.shape == (500, 1, 8, 8)
        assert train.images.dtype == np.float32
        assert train.labels.dtype == np.int64
        assert (train.images.min(), train.images.max()) == (0.0, 1.0)
        assert train.shape == (1, 8, 8)
        assert train.classes == 10

    def test_split_is_stratified_and_disjoint(self):
        train, test = load("digits"), load("digits", "test")
        share = np.bincount(test.labels) / np.bincount(np.r_[train.labels, test.labels])
        assert np.all(np.abs(share - 500 / 1797) < 0.01)
        seen = {image.tobytes() for image in train.images}
        assert sum(image.tobytes() in seen for image in test.images) == 0

    def test_split_never_changes(self):
        np.testing.assert_array_equal(load("digits", "test").labels[:8], [4, 8, 8, 3, 9, 0, 6, 3])
        np.testing.assert_array_equal(load("digits").images, load("digits").images)


class TestValidationSplit:
    def test_parts_make_the_whole(self):
        whole = load("digits")
        train, validation = validation_split(whole, 200, seed=3)
        assert (len(train), len(validation)) == (1097, 200)
        together = np.concatenate([train.images, validation.images]).sum(axis=0)
        np.testing.assert_allclose(together, whole.images.sum(axis=0), rtol=1e-4)

    def test_seed_decides(self):
        whole = load("digits")
        first, again, other = (validation_split(whole, 200, seed)[1].images for seed in (3, 3, 4))
        np.testing.assert_array_equal(first, again)
        assert not np.array_equal(first, other)

    def test_too_many(self):
        with pytest.raises(DataSetError, match=r"1290 of the 1,297 images of digits cannot be"):
            validation_split(load("digits"), 1290, seed=0)


class TestFormats:
    @pytest.mark.parametrize("pack", [bytes, gzip.compress])
    def test_idx(self, pack):
        splits = raw_splits()
        suffix = ".gz" if pack is gzip.compress else ""
        files = {f"{name}{suffix}": pack(data) for name, data in idx_files(splits).items()}
        assert_same(idx_splits(files), splits)

    def test_idx_cut_short(self):
        files = idx_files(raw_splits())
        files["t10k-images-idx3-ubyte"] = files["t10k-images-idx3-ubyte"][:-1]
        with pytest.raises(ValueError, match=r"of shape \(4, 28, 28\) holds 3,135 bytes"):
            idx_splits(files)

    def test_arrays(self):
        splits = raw_splits(train=10)

        def part(raw, rows):
            images = raw.images.reshape(-1, 784)[rows].astype(np.float32) / 256
            return images, raw.labels[rows].astype(np.int64)

        parts = (
            part(splits["train"], slice(0, 7)),
            part(splits["train"], slice(7, None)),
            part(splits["test"], slice(None)),
        )
        stream = io.BytesIO()
        Python2Pickler(stream, protocol=2).dump(parts)
        # NumPy 1 wrote the published file, and names its functions so.
        data = stream.getvalue().replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
        assert_same(mnist_from_arrays({"mnist.pkl.gz": gzip.compress(data)}), splits)

    def test_arrays_with_code_in_them(self, tmp_path):
        class Attack:
            def __reduce__(self):
                return Path.touch, (tmp_path / "executed",)

        data = gzip.compress(pickle.dumps(Attack(), protocol=2))
        with pytest.raises(ValueError, match="only NumPy arrays are read"):
            mnist_from_arrays({"mnist.pkl.gz": data})
        assert not (tmp_path / "executed").exists()

    def test_cifar10_binary(self):
        splits = raw_splits((3, 32, 32), train=10, test=2)
        table = {
            split: np.concatenate([raw.labels[:, None], raw.images.reshape(-1, 3072)], axis=1)
            for split, raw in splits.items()
        }
        files = {
            f"data_batch_{batch}.bin": table["train"][2 * batch - 2 : 2 * batch].tobytes()
            for batch in range(1, 6)
        }
        files["test_batch.bin"] = table["test"].tobytes()
        archive = tar_gz(files, "cifar-10-batches-bin")
        assert_same(cifar10_from_binary({"cifar-10-binary.tar.gz": archive}), splits)

    def test_cifar10_png(self):
        splits = raw_splits((3, 32, 32), train=10, test=2)

        def picture(images):
            stream = io.BytesIO()
            rows = images.transpose(0, 2, 3, 1).reshape(-1, 1024, 3)
            Image.fromarray(np.ascontiguousarray(rows)).save(stream, "PNG")
            return stream.getvalue()

        train = splits["train"].images
        files = {
            f"data_batch_{batch}.png": picture(train[2 * batch - 2 : 2 * batch])
            for batch in range(1, 6)
        }
        files["test_batch.png"] = picture(splits["test"].images)
        files["train_lables.json"] = json.dumps(splits["train"].labels.tolist()).encode()
        files["test_lables.json"] = json.dumps(splits["test"].labels.tolist()).encode()
        assert_same(cifar10_from_png(files), splits)

    def test_checksum_sees_one_bit_and_the_shape(self):
        raw = raw_splits()["test"]
        images = raw.images.copy()
        images[3, 0, 27, 27] ^= 1
        assert replace(raw, images=images).sha256 != raw.sha256
        assert replace(raw, images=raw.images.reshape(4, 1, 14, 56)).sha256 != raw.sha256


class TestLoad:
    def test_unknown_names(self):
        with pytest.raises(DataSetError) as error:
            load("minst")
        assert str(error.value) == (
            "there is no data set 'minst'; the names are digits, mnist, fashion-mnist, cifar10"
        )
        with pytest.raises(DataSetError, match="no split 'dev'; the splits are train and test"):
            load("digits", "dev")

    def test_second_source_serves_when_the_first_fails(self, publish, capsys):
        splits = raw_splits()
        publish(
            splits,
            FakeSource(name="far", answer="no route"),
            FakeSource(name="near", answer=splits),
        )
        dataset = load("mnist", "test")
        np.testing.assert_array_equal(
            dataset.images, splits["test"].images / np.float32(255), strict=True
        )
        np.testing.assert_array_equal(dataset.labels, splits["test"].labels)
        assert "from near" in " ".join(capsys.readouterr().err.split())

    def test_cache_serves_without_any_source(self, publish):
        splits = raw_splits()
        publish(splits, FakeSource(name="near", answer=splits))
        first = load("mnist")
        publish(splits)
        np.testing.assert_array_equal(load("mnist").images, first.images)
        assert {path.name for path in cache_folder().iterdir()} == {
            "mnist-train.safetensors",
            "mnist-test.safetensors",
        }

    def test_wrong_arrays_are_refused_and_not_kept(self, publish):
        publish(raw_splits(), FakeSource(name="forger", answer=raw_splits(seed=1)))
        with pytest.raises(DataSetError, match=r"forger: its train arrays have sha256 \w+, not"):
            load("mnist")
        assert not cache_folder().exists()

    def test_every_failure_is_told(self, publish):
        publish(
            raw_splits(),
            FakeSource(name="one", answer="no route"),
            FakeSource(name="two", answer="not found"),
        )
        with pytest.raises(DataSetError) as error:
            load("mnist")
        assert str(error.value) == (
            f"mnist is not in {cache_folder()}, and no source gave it:\n"
            "  one: no route\n"
            "  two: not found\n"
            "Connect to the network and try again, or copy mnist-train.safetensors and "
            "mnist-test.safetensors into that folder from a machine that has them (the "
            "environment variable AUGEND_DATA names another folder). The set digits needs no "
            "download."
        )

    @pytest.mark.parametrize("damage", ["cut", "bit"])
    def test_damaged_cache_is_fetched_again(self, publish, capsys, damage):
        splits = raw_splits()
        publish(splits, FakeSource(name="near", answer=splits))
        wanted = load("mnist").images
        path = cache_folder() / "mnist-train.safetensors"
        data = bytearray(path.read_bytes())
        if damage == "cut":
            del data[-100:]
        else:
            data[-1] ^= 1
        path.write_bytes(data)
        capsys.readouterr()
        np.testing.assert_array_equal(load("mnist").images, wanted)
        assert "is damaged" in " ".join(capsys.readouterr().err.split())
        assert path.read_bytes() != data

    def test_unwritable_cache(self, publish, monkeypatch, tmp_path):
        (tmp_path / "file").write_text("in the way")
        splits = raw_splits()
        publish(splits, FakeSource(name="near", answer=splits))
        monkeypatch.setenv("AUGEND_DATA", str(tmp_path / "file"))
        with pytest.raises(DataSetError, match="cannot be kept in .* AUGEND_DATA"):
            load("mnist")

    def test_interrupted_write_leaves_the_old_file(self, monkeypatch, tmp_path):
        old, new = raw_splits()["test"], raw_splits(seed=1)["test"]
        path = tmp_path / "set.safetensors"
        write_split(path, old)

        def interrupted(arrays, target):
            Path(target).write_bytes(b"half")
            raise KeyboardInterrupt

        monkeypatch.setattr("augend.gen.dataset_cache.save_file", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_split(path, new)
        assert read_split(path, old.sha256).sha256 == old.sha256
        assert [found.name for found in tmp_path.iterdir()] == [path.name]


class TestSources:
    def client(self, monkeypatch, archive, data, code=0, complaint=""):
        """Let a package client write an archive instead of asking its registry."""

        def run(command, cwd, **options):
            if not code:
                (Path(cwd) / archive).write_bytes(data)
            return dataset_sources.subprocess.CompletedProcess(command, code, b"", complaint)

        monkeypatch.setattr(dataset_sources.subprocess, "run", run)
        monkeypatch.setattr(dataset_sources.shutil, "which", lambda name: name)

    def npm(self, splits):
        return NpmPackage(package="some@1", files=tuple(idx_files(splits)), decode=idx_splits)

    def test_npm_archive(self, monkeypatch, tmp_path):
        splits = raw_splits()
        self.client(monkeypatch, "some-1.tgz", tar_gz(idx_files(splits)))
        assert_same(self.npm(splits).fetch(tmp_path), splits)

    def test_wheel(self, monkeypatch, tmp_path):
        splits = raw_splits()
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as wheel:
            for name, data in idx_files(splits).items():
                wheel.writestr(f"some/data/{name}", data)
        self.client(monkeypatch, "some-1-py3-none-any.whl", stream.getvalue())
        source = PythonPackage(package="some==1", files=tuple(idx_files(splits)), decode=idx_splits)
        assert_same(source.fetch(tmp_path), splits)
        assert source.command[0] == sys.executable

    def test_missing_file(self, monkeypatch, tmp_path):
        splits = raw_splits()
        files = idx_files(splits)
        del files["t10k-labels-idx1-ubyte"]
        self.client(monkeypatch, "some-1.tgz", tar_gz(files))
        with pytest.raises(SourceError, match="^it holds no t10k-labels-idx1-ubyte$"):
            self.npm(splits).fetch(tmp_path)

    def test_unreadable_file(self, monkeypatch, tmp_path):
        splits = raw_splits()
        files = idx_files(splits) | {"train-images-idx3-ubyte": b"<html>"}
        self.client(monkeypatch, "some-1.tgz", tar_gz(files))
        with pytest.raises(SourceError, match="^what came cannot be read: not an IDX file"):
            self.npm(splits).fetch(tmp_path)

    def test_damaged_archive(self, monkeypatch, tmp_path):
        splits = raw_splits()
        self.client(monkeypatch, "some-1.tgz", tar_gz(idx_files(splits))[:1000])
        with pytest.raises(SourceError, match="^its archive cannot be read: "):
            self.npm(splits).fetch(tmp_path)

    def test_client_that_fails(self, monkeypatch, tmp_path):
        self.client(monkeypatch, "", b"", code=1, complaint=b"warning\nnpm error 404\n")
        with pytest.raises(SourceError, match="^npm ended with 1: npm error 404$"):
            self.npm(raw_splits()).fetch(tmp_path)

    def test_client_that_is_not_there(self, monkeypatch, tmp_path):
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(SourceError, match="^the command npm is not on this machine$"):
            self.npm(raw_splits()).fetch(tmp_path)

    def test_public_files(self, monkeypatch, tmp_path):
        splits = raw_splits()
        files = idx_files(splits)
        for name, data in files.items():
            (tmp_path / name).write_bytes(data)
        md5 = tuple(dataset_sources.pooch.file_hash(tmp_path / name, "md5") for name in files)
        source = PublicFiles(
            address="https://example.org/", files=tuple(files), md5=md5, decode=idx_splits
        )
        # pooch takes files that are already there when their checksum is right.
        assert_same(source.fetch(tmp_path), splits)

        def forged(self, url, output_file, pooch):
            Path(output_file).write_bytes(b"something else")

        monkeypatch.setattr(dataset_sources.pooch.HTTPDownloader, "__call__", forged)
        (tmp_path / "empty").mkdir()
        with pytest.raises(SourceError, match=r"MD5|hash"):
            source.fetch(tmp_path / "empty")


@pytest.mark.parametrize(
    ("name", "split", "shape", "mean"),
    [
        ("mnist", "train", (60_000, 1, 28, 28), 0.1307),
        ("mnist", "test", (10_000, 1, 28, 28), 0.1325),
        ("fashion-mnist", "test", (10_000, 1, 28, 28), 0.2868),
        ("cifar10", "test", (10_000, 3, 32, 32), 0.4766),
    ],
)
def test_published_set_from_the_cache(name, split, shape, mean):
    path = cache_folder() / f"{name}-{split}.safetensors"
    if not path.exists():
        pytest.skip(f"{name} is not in {cache_folder()}, and tests download nothing")
    found = load(name, split)
    assert found.images.shape == shape
    assert np.bincount(found.labels).size == 10
    assert found.images.mean(dtype=np.float64) == pytest.approx(mean, abs=1e-4)
