"""The table of a sweep: a row a point, kept as CSV, whole or not at all."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from augend.host.errors import UsageError
from augend.host.sweep_spec import Point
from augend.host.whole_file import write_whole

__all__ = ["MEASURED", "Measured", "SweepTable", "front"]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a point gives. Means of the validation images, which no training saw.

    Parameters
    ----------
    ann
        Accuracy of the float network.
    accuracy
        Of the integer network.
    additions, input_spikes, spikes
        An image, after all time steps; additions with those of the input.
    additions_to_reach, input_spikes_to_reach
        After the first step in which the wanted accuracy is reached; None where it never is.
    stored_bits
        All stored weights.
    ann_macs
        Multiply-accumulates of the float network an image.
    seconds
        Training and measuring.
    error
        Why there is no program, in the converter's words; else empty.
    test_accuracy, ann_test
        On the whole test set, of points on the front alone: it chooses nothing.
    """

    ann: float | None = None
    accuracy: float | None = None
    additions: float | None = None
    input_spikes: float | None = None
    spikes: float | None = None
    additions_to_reach: float | None = None
    input_spikes_to_reach: float | None = None
    stored_bits: int | None = None
    ann_macs: int | None = None
    seconds: float | None = None
    error: str = ""
    test_accuracy: float | None = None
    ann_test: float | None = None


MEASURED = tuple(each.name for each in fields(Measured))
_TEXTS = ("error",)
_WHOLE = ("stored_bits", "ann_macs")


@dataclass
class SweepTable:
    """All rows so far, in the order in which they were measured.

    Parameters
    ----------
    path
        ``results.csv``; read when it is there, written after every change.
    axes
        Columns of the point.
    """

    path: Path
    axes: Sequence[str]
    rows: dict[str, Measured] = field(default_factory=dict)
    _points: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.path.exists():
            return
        with self.path.open(newline="") as file:
            reader = csv.DictReader(file)
            found = tuple(reader.fieldnames or ())
            if found != self._columns:
                raise UsageError(
                    f"{self.path} has other columns ({', '.join(found)}) than this sweep "
                    f"({', '.join(self._columns)}): give another folder with -o."
                )
            for row in reader:
                self._points[row["id"]] = {axis: row[axis] for axis in self.axes}
                self.rows[row["id"]] = Measured(**{key: _read(key, row[key]) for key in MEASURED})

    @property
    def _columns(self) -> tuple[str, ...]:
        return ("id", *self.axes, *MEASURED)

    def add(self, point: Point, measured: Measured) -> None:
        """Put in a row, or in place of the one of the same point; write."""
        values = {**point.train, **point.convert}
        self._points[point.name] = {axis: str(values.get(axis, "")) for axis in self.axes}
        self.rows[point.name] = measured
        self._write()

    def point(self, name: str) -> Mapping[str, str]:
        """Values on all axes, as they were written."""
        return self._points[name]

    def _write(self) -> None:
        text = io.StringIO()
        writer = csv.DictWriter(text, self._columns, lineterminator="\n")
        writer.writeheader()
        for name, measured in self.rows.items():
            shown = {key: _shown(getattr(measured, key)) for key in MEASURED}
            writer.writerow({"id": name, **self._points[name], **shown})
        write_whole(self.path, text.getvalue())


def front(rows: Mapping[str, Measured]) -> list[str]:
    """Names of the rows that no other beats in both accuracy and additions, the cheapest first."""
    measured = [
        (row.additions, -row.accuracy, name)
        for name, row in rows.items()
        if row.additions is not None and row.accuracy is not None
    ]
    chosen: list[str] = []
    best = 1.0
    for _, missed, name in sorted(measured):
        if missed < best:
            best = missed
            chosen.append(name)
    return chosen


def _shown(value: Any) -> str:
    return "" if value is None else str(value)


def _read(key: str, text: str) -> Any:
    if key in _TEXTS:
        return text
    if text == "":
        return None
    return int(text) if key in _WHOLE else float(text)
