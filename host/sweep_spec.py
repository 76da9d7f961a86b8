"""What a sweep tries: a TOML file of axes, and the points that they span."""

import hashlib
import itertools
import json
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from augend.host.errors import UsageError

__all__ = ["Axis", "Point", "Range", "Search", "SweepSpec", "read_spec"]

Value = bool | int | float | str | list[float]
"""What an axis runs through."""


class Range(BaseModel):
    """An axis without steps, for a search."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    low: float
    high: float
    log: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> "Range":
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError("low must be below high, and above 0 where log is true")
        return self


Axis = Annotated[list[Value], Field(min_length=1)] | Range


class Search(BaseModel):
    """An Optuna search (TPE, two objectives: accuracy up, additions down) in place of the grid."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    trials: int = Field(ge=1)
    seed: int = 0


class SweepSpec(BaseModel):
    """A sweep.

    Parameters
    ----------
    data
        Data set that every recipe is trained on.
    train
        Axes of the training: ``recipe``, ``seed``, and keys of a recipe's file as they are written
        with dots (``optimizer.learning_rate``). A single value is an axis of one.
    convert
        Axes of the conversion: options of `augend.gen.convert`.
    reach
        Accuracy to which additions and input spikes are counted over time (Neil 2016, section 2.3).
    search
        Search where given; else the whole grid.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: str
    train: dict[str, Axis]
    convert: dict[str, Axis] = {}
    reach: float | None = Field(default=None, gt=0, le=1)
    search: Search | None = None

    @model_validator(mode="before")
    @classmethod
    def _axes(cls, given: Any) -> Any:
        """Single values become axes of one."""
        if not isinstance(given, dict):
            return given
        made = dict(given)
        for part in ("train", "convert"):
            if isinstance(made.get(part), dict):
                made[part] = {
                    key: axis if isinstance(axis, list | dict) else [axis]
                    for key, axis in _flat(made[part])
                }
        return made

    @model_validator(mode="after")
    def _complete(self) -> "SweepSpec":
        if "recipe" not in self.train:
            raise ValueError('[train] names no recipe: recipe = ["mlp"]')
        ranges = [k for k, axis in (self.train | self.convert).items() if isinstance(axis, Range)]
        if ranges and self.search is None:
            raise ValueError(
                f"{', '.join(ranges)}: a range has no grid; give a list, or a [search] with trials"
            )
        if set(self.train) & set(self.convert):
            raise ValueError("an axis is either of [train] or of [convert]")
        return self

    @property
    def size(self) -> int:
        """Points to be measured."""
        if self.search is not None:
            return self.search.trials
        axes = (*self.train.values(), *self.convert.values())
        return math.prod(len(axis) for axis in axes if isinstance(axis, list))

    def grid(self) -> Iterator["Point"]:
        """All points of the grid; those of one training one after another."""
        for train in _products(self.train):
            for convert in _products(self.convert):
                yield Point(data=self.data, train=train, convert=convert)


@dataclass(frozen=True, kw_only=True)
class Point:
    """A training and a conversion of what it gives."""

    data: str
    train: Mapping[str, Any]
    convert: Mapping[str, Any]

    @property
    def network(self) -> str:
        """Short hash of data and training, which names the trained network."""
        return _short([self.data, dict(self.train)])

    @property
    def name(self) -> str:
        """Short hash of all of it."""
        return _short([self.data, dict(self.train), dict(self.convert)])


def read_spec(path: Path) -> SweepSpec:
    """Read the file of a sweep; a `UsageError` says what is wrong with it."""
    try:
        content = tomllib.loads(path.read_text())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from error
    try:
        return SweepSpec.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UsageError(
            f"{path}, {place}: {first['msg'].removeprefix('Value error, ')}"
        ) from error


def _flat(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Keys of nested tables with dots between; a table of a range is a value."""
    for key, value in table.items():
        if isinstance(value, dict) and not {"low", "high"} <= set(value):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _products(axes: Mapping[str, Axis]) -> Iterator[dict[str, Any]]:
    values = [axis for axis in axes.values() if isinstance(axis, list)]
    for chosen in itertools.product(*values):
        yield dict(zip(axes, chosen, strict=True))


def _short(content: Any) -> str:
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
