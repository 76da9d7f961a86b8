"""Sets of event recordings: files of five bytes an event, in every layout and wrapping."""

import hashlib
import io
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from augend.gen import event_set
from augend.gen.aer import AerError
from augend.gen.dataset_formats import FormatError
from augend.gen.dataset_recordings import decode_events, read_recording, recordings_in
from augend.gen.datasets import DataSetError, load
from augend.gen.event_set import load_events

REAL = Path(__file__).parents[3] / "shared/data/nmnist_small_1000train_100test.tar.xz"


def five_bytes(events):
    return b"".join(
        bytes([x, y, p << 7 | t >> 16, t >> 8 & 0xFF, t & 0xFF]) for x, y, t, p in events
    )


def random_events(seed, count=200, rows=34, columns=34, longest=300_000):
    random = np.random.default_rng(seed)
    times = np.sort(random.integers(0, longest, count))
    return [
        (int(random.integers(columns)), int(random.integers(rows)), int(t), int(random.integers(2)))
        for t in times
    ]


class TestFiles:
    def test_bytes(self):
        events = [(33, 0, 0, 1), (1, 33, 0x123456, 0), (2, 3, 0x7FFFFF, 1)]
        found = decode_events(np.frombuffer(five_bytes(events), np.uint8).reshape(-1, 5))
        assert list(zip(found.x, found.y, found.t, found.p, strict=True)) == events

    def test_clock_that_ran_over(self):
        data = five_bytes(
            [(1, 1, 10, 0), (0, 240, 0, 0), (2, 2, 5, 1), (0, 240, 0, 0), (3, 3, 5, 1)]
        )
        found = decode_events(np.frombuffer(data, np.uint8).reshape(-1, 5))
        assert found.t.tolist() == [10, 8192 + 5, 2 * 8192 + 5]
        assert found.x.tolist() == [1, 2, 3]

    def test_one_file(self, tmp_path):
        events = random_events(3)
        (tmp_path / "1.bs2").write_bytes(five_bytes(events))
        found = read_recording(tmp_path / "1.bs2")
        assert list(zip(found.x, found.y, found.t, found.p, strict=True)) == events
        (tmp_path / "1.bs2").write_bytes(five_bytes(events)[:-1])
        with pytest.raises(AerError, match="1.bs2 .* 999 bytes are no whole number of events"):
            read_recording(tmp_path / "1.bs2")
        with pytest.raises(AerError, match="2.bs2 cannot be read"):
            read_recording(tmp_path / "2.bs2")


def published(splits):
    """As N-MNIST is published: split to (label, events) to files by name."""
    return {
        f"{split.capitalize()}/{label}/{number:05}.bin": five_bytes(events)
        for split, items in splits.items()
        for number, (label, events) in enumerate(items)
    }


def with_lists(splits):
    """The same as numbered files beside lists."""
    files, number = {"small/parameters.yaml": b"t_start: 0\n"}, 0
    for split, items in splits.items():
        lines = ["#sample #class"]
        for label, events in items:
            number += 1
            files[f"small/{number}.bs2"] = five_bytes(events)
            lines.append(f"{number}\t{label}")
        files[f"small/{split}1K.txt"] = "\n".join(lines).encode()
    return files


def as_folder(files, place):
    for name, data in files.items():
        (place / "whole" / name).parent.mkdir(parents=True, exist_ok=True)
        (place / "whole" / name).write_bytes(data)
    return place / "whole"


def as_zip(files, place):
    with zipfile.ZipFile(place / "whole.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return place / "whole.zip"


def as_tar(files, place):
    with tarfile.open(place / "whole.tar.xz", "w:xz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return place / "whole.tar.xz"


SPLITS = {
    "train": [(0, random_events(10)), (0, random_events(11, 7)), (4, random_events(12))],
    "test": [(1, random_events(20)), (9, random_events(21, 30))],
}


class TestSets:
    @pytest.mark.parametrize("layout", [published, with_lists])
    @pytest.mark.parametrize("wrap", [as_folder, as_zip, as_tar])
    def test_every_layout_in_every_wrapping(self, layout, wrap, tmp_path):
        place = wrap(layout(SPLITS), tmp_path)
        for split, items in SPLITS.items():
            found = load_events(str(place), split)
            assert found.labels.tolist() == [label for label, _ in items]
            assert found.shape == (2, 34, 34)
            for one, (_, events) in zip(found, items, strict=True):
                assert list(zip(one.x, one.y, one.t, one.p, strict=True)) == events

    def test_the_folder_of_a_split_itself(self, tmp_path):
        place = as_folder(published(SPLITS), tmp_path) / "Test"
        assert load_events(str(place), "test").labels.tolist() == [1, 9]
        with pytest.raises(DataSetError, match="holds neither Train/<label>"):
            load_events(str(place), "train")

    def test_parts_and_bins(self, tmp_path):
        whole = load_events(str(as_zip(published(SPLITS), tmp_path)))
        part = whole.take(np.array([2, 0]))
        assert part.labels.tolist() == [4, 0]
        assert np.array_equal(part[0].t, whole[2].t)
        assert np.array_equal(part[1].t, whole[0].t)
        assert len(part) == len(list(part)) == 2
        assert np.array_equal(whole[-1].t, whole[2].t)
        with pytest.raises(IndexError):
            whole[3]
        bins = whole.binned(6, by="count", bits=3)
        assert np.array_equal(bins[[2, 0]], part.binned(6, by="count", bits=3))
        merged = whole.binned(6, by="count", bits=8, merge_polarity=True)
        assert merged.shape == (3, 6, 1, 34, 34)
        assert merged.sum() == 407
        assert whole.take(np.array([], int)).binned(6).shape == (0, 6, 2, 34, 34)

    def test_damage(self, tmp_path):
        files = with_lists(SPLITS)
        del files["small/2.bs2"]
        with pytest.raises(FormatError, match="lacks 1 recordings that small/train1K.txt lists"):
            recordings_in(as_zip(files, tmp_path), "train")
        files = with_lists(SPLITS) | {"small/train2.txt": b"1 1"}
        with pytest.raises(FormatError, match="several lists for train: small/train1K"):
            recordings_in(as_zip(files, tmp_path), "train")
        files = with_lists(SPLITS) | {"small/train1K.txt": b"1 1 1"}
        with pytest.raises(FormatError, match="a file's number and its label in each line"):
            recordings_in(as_zip(files, tmp_path), "train")
        files = with_lists(SPLITS) | {"small/3.bs2": b"1234"}
        with pytest.raises(DataSetError, match=r"3\.bs2: 4 bytes are no whole number"):
            load_events(str(as_zip(files, tmp_path)))
        files = with_lists(SPLITS) | {"small/train1K.txt": b"1 10"}
        with pytest.raises(DataSetError, match="must be 0 to 9, not 10 to 10"):
            load_events(str(as_zip(files, tmp_path)))
        whole = as_tar(with_lists(SPLITS), tmp_path).read_bytes()
        (tmp_path / "half.tar.xz").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(DataSetError, match=r"half\.tar\.xz"):
            load_events(str(tmp_path / "half.tar.xz"))
        (tmp_path / "no.zip").write_bytes(b"nothing")
        with pytest.raises(DataSetError, match=r"no\.zip is not a folder, a zip or a tar"):
            load_events(str(tmp_path / "no.zip"))

    def test_names(self):
        with pytest.raises(
            DataSetError, match="no set of recordings 'nmist': it is neither nmnist"
        ):
            load_events("nmist")
        with pytest.raises(DataSetError, match="no split 'validation'"):
            load_events("nmnist", "validation")
        with pytest.raises(DataSetError, match="nmnist holds recordings of an event sensor"):
            load("nmnist")


class TestPublished:
    @pytest.fixture
    def archive(self, monkeypatch, tmp_path):
        """The test split's archive, made here, its checksum put for the published one."""
        monkeypatch.setenv("AUGEND_DATA", str(tmp_path / "cache"))
        data = as_zip(published(SPLITS), tmp_path).read_bytes()
        md5 = hashlib.md5(data).hexdigest()
        entry = replace(event_set._NMNIST["test"], address="http://localhost:9/test.zip", md5=md5)
        monkeypatch.setitem(event_set._NMNIST, "test", entry)
        return data

    def test_fetched_once(self, archive, monkeypatch):
        calls = []

        def give(self, url, output_file, pooch):
            calls.append(url)
            Path(output_file).write_bytes(archive)

        monkeypatch.setattr(event_set.pooch.HTTPDownloader, "__call__", give)
        for _ in range(2):
            assert load_events("nmnist", "test").labels.tolist() == [1, 9]
        assert calls == ["http://localhost:9/test.zip"]

    def test_what_else_comes_is_refused(self, archive, monkeypatch):
        def forge(self, url, output_file, pooch):
            Path(output_file).write_bytes(archive + b"!")

        monkeypatch.setattr(event_set.pooch.HTTPDownloader, "__call__", forge)
        with pytest.raises(DataSetError, match=r"(MD5|hash)[\s\S]*copy test\.zip into that folder"):
            load_events("nmnist", "test")

    def test_no_network(self, archive):
        with pytest.raises(DataSetError, match=r"localhost[\s\S]*Connect to the network"):
            load_events("nmnist", "test")


@pytest.mark.skipif(not REAL.exists(), reason=f"needs the real recordings of {REAL.name}")
class TestRealRecordings:
    def test_counts_labels_and_times(self):
        train, test = (load_events(str(REAL), split) for split in ("train", "test"))
        assert (len(train), len(test)) == (1000, 100)
        assert test.labels[:4].tolist() == [7, 2, 1, 0]
        assert train.labels[:4].tolist() == [5, 0, 4, 1]
        assert np.bincount(train.labels).min() > 80
        assert np.diff(test.starts).min() > 1000
        for one in test:
            assert max(one.x.max(), one.y.max()) <= 33
            assert 290_000 < one.t.max() < 340_000
            assert 0.3 < one.p.mean() < 0.7

    def test_binned_both_ways(self):
        test = load_events(str(REAL), "test")
        events = np.diff(test.starts)
        by_count = test.binned(10, by="count", bits=8).sum((2, 3, 4), dtype=np.int64)
        assert np.array_equal(by_count.sum(1), events)
        assert (np.ptp(by_count, 1) <= 1).all()
        by_time = test.binned(30, duration_us=300_000, bits=8).sum((2, 3, 4), dtype=np.int64)
        assert (by_time.sum(1) <= events).all()
        # The three saccades of 100 ms: motion, and events, come and go with each.
        course = by_time.sum(0).reshape(3, 10)
        assert (course[:, 3:7].mean(1) > 2 * course[:, [0, 9]].mean(1)).all()
