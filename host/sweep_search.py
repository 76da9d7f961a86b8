"""Where a sweep takes its points from: the whole grid, or a search by Optuna."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from augend.host.sweep_spec import Axis, Point, SweepSpec
from augend.host.sweep_table import Measured, SweepTable

__all__ = ["GridSource", "SearchSource"]


class GridSource:
    """All points that a table lacks, those of one training together.

    Parameters
    ----------
    spec, table
        The sweep and what it has measured already.
    """

    def __init__(self, spec: SweepSpec, table: SweepTable) -> None:
        self._points = {point.name: point for point in spec.grid()}
        left: dict[str, list[Point]] = {}
        for name, point in self._points.items():
            if name not in table.rows:
                left.setdefault(point.network, []).append(point)
        self.done = len(self._points) - sum(map(len, left.values()))
        self._left = iter(left.values())

    def next(self) -> Sequence[Point]:
        """Points of a training; none when all were given."""
        return next(self._left, ())

    def point(self, name: str) -> Point | None:
        """The point of a row; None where this sweep does not have it."""
        return self._points.get(name)

    def tell(self, point: Point, measured: Measured) -> None:
        """Nothing depends on what a point gave."""


class SearchSource:
    """Points that a study asks for; it is kept in the folder and goes on where it was stopped.

    Parameters
    ----------
    spec, table
        The sweep and what it has measured already.
    folder
        For ``study.journal``.
    """

    def __init__(self, spec: SweepSpec, table: SweepTable, folder: Path) -> None:
        assert spec.search is not None
        self._spec, self._table = spec, table
        self._trials: dict[str, list[int]] = {}
        self._points: dict[str, Point] = {}
        folder.mkdir(parents=True, exist_ok=True)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._study = optuna.create_study(
            study_name="sweep",
            storage=JournalStorage(JournalFileBackend(str(folder / "study.journal"))),
            sampler=optuna.samplers.TPESampler(seed=spec.search.seed),
            directions=["maximize", "minimize"],
            load_if_exists=True,
        )
        for trial in self._study.get_trials(deepcopy=False):
            if trial.state == TrialState.RUNNING:  # it was asked for and then we were stopped
                self._study.tell(trial.number, state=TrialState.FAIL)
                self._study.enqueue_trial(trial.params)
            else:
                self._remember(trial)

    @property
    def done(self) -> int:
        """Trials that are finished."""
        states = (TrialState.COMPLETE, TrialState.PRUNED)
        return len(self._study.get_trials(deepcopy=False, states=states))

    @property
    def _asked_for(self) -> int:
        return sum(map(len, self._trials.values()))

    def next(self) -> Sequence[Point]:
        """A point that is not measured yet; none when there were trials enough."""
        assert self._spec.search is not None
        while self.done + self._asked_for < self._spec.search.trials:
            trial = self._study.ask()
            point = Point(
                data=self._spec.data,
                train={key: _ask(trial, key, axis) for key, axis in self._spec.train.items()},
                convert={key: _ask(trial, key, axis) for key, axis in self._spec.convert.items()},
            )
            self._points[point.name] = point
            self._trials.setdefault(point.name, []).append(trial.number)
            known = self._table.rows.get(point.name)
            if known is not None:
                self.tell(point, known)
            elif len(self._trials[point.name]) == 1:
                return [point]
        return ()

    def point(self, name: str) -> Point | None:
        """The point of a row; None where this sweep does not have it."""
        return self._points.get(name)

    def tell(self, point: Point, measured: Measured) -> None:
        """Let the study learn from a row."""
        for number in self._trials.pop(point.name, ()):
            if measured.accuracy is None or measured.additions is None:
                self._study.tell(number, state=TrialState.PRUNED)
            else:
                self._study.tell(number, [measured.accuracy, measured.additions])

    def _remember(self, trial: FrozenTrial) -> None:
        if set(trial.params) != {*self._spec.train, *self._spec.convert}:
            return
        point = Point(
            data=self._spec.data,
            train={key: _value(trial.params[key], a) for key, a in self._spec.train.items()},
            convert={key: _value(trial.params[key], a) for key, a in self._spec.convert.items()},
        )
        self._points[point.name] = point


def _ask(trial: optuna.Trial, key: str, axis: Axis) -> Any:
    if isinstance(axis, list):
        return _value(trial.suggest_categorical(key, range(len(axis))), axis)
    return trial.suggest_float(key, axis.low, axis.high, log=axis.log)


def _value(parameter: Any, axis: Axis) -> Any:
    """Of a list a study knows the places, because its values may be lists themselves."""
    return axis[parameter] if isinstance(axis, list) else parameter
