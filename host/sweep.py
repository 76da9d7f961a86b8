"""``augend sweep``: recipes, seeds, bits and time steps, tried on all processes there are."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from augend.host.errors import UsageError
from augend.host.figure_style import save
from augend.host.sweep_plot import draw_boxes, draw_front
from augend.host.sweep_search import GridSource, SearchSource
from augend.host.sweep_spec import Point, SweepSpec, read_spec
from augend.host.sweep_table import SweepTable, front
from augend.host.sweep_work import Outcome, Task, begin_worker, recipe_of, work
from augend.host.whole_file import write_whole

__all__ = ["run_sweep"]

_CONNECT_SECONDS = 10


def run_sweep(
    path: Path, output: Path, processes: int, cluster: str | None, console: Console
) -> SweepTable:
    """Run what is left of a sweep, measure its front on the test set, and draw it.

    Parameters
    ----------
    path
        The sweep's file, see `augend.host.sweep_spec.SweepSpec`.
    output
        Folder: ``results.csv``, the trained networks, pictures. What is there is not done again.
    processes
        Of this machine, where there is no cluster.
    cluster
        Address of a Dask scheduler, ``tcp://host:port``.
    console
        For progress and the result.
    """
    spec = read_spec(path)
    for recipe in _recipes(spec):
        recipe_of(recipe)  # a wrong name or key is told before anything is trained
    table = SweepTable(path=output / "results.csv", axes=(*spec.train, *spec.convert))
    source = GridSource(spec, table) if spec.search is None else SearchSource(spec, table, output)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        _executor(processes, cluster) as (executor, at_once),
        Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress,
    ):
        bar = progress.add_task("measured", total=spec.size, completed=source.done)
        running: dict[Future[Outcome], Task] = {}
        while True:
            while len(running) < at_once and (points := source.next()):
                task = _task(points, output, spec.reach)
                running[executor.submit(work, task)] = task
            if not running:
                break
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                task = running.pop(future)
                outcome = future.result()
                _keep(output, task.points[0], outcome.network)
                for point, measured in zip(task.points, outcome.measured, strict=True):
                    table.add(point, measured)
                    source.tell(point, measured)
                progress.advance(bar, len(task.points))
        chosen = [
            point
            for name in front(table.rows)
            if table.rows[name].test_accuracy is None and (point := source.point(name))
        ]
        bar = progress.add_task("front, on the test set", total=len(chosen))
        tasks = [replace(_task([point], output, None), split="test") for point in chosen]
        for point, outcome in zip(chosen, executor.map(work, tasks), strict=True):
            row, tested = table.rows[point.name], outcome.measured[0]
            table.add(point, replace(row, test_accuracy=tested.accuracy, ann_test=tested.ann))
            progress.advance(bar)
    save(draw_front(table), output / "front.svg")
    if spec.reach is not None:
        save(draw_boxes(table, spec.reach), output / "boxes.svg")
    console.print(_shown(table))
    console.print(f"{len(table.rows)} points in {table.path}, pictures beside it.")
    return table


def _recipes(spec: SweepSpec) -> Iterator[Point]:
    """A point for each value of each axis of the training, the others at their first."""
    first = {
        key: axis[0] if isinstance(axis, list) else axis.low for key, axis in spec.train.items()
    }
    for key, axis in spec.train.items():
        for value in axis if isinstance(axis, list) else (axis.low, axis.high):
            yield Point(data=spec.data, train={**first, key: value}, convert={})


@contextmanager
def _executor(processes: int, cluster: str | None) -> Iterator[tuple[Executor, int]]:
    """What runs tasks, and how many at once."""
    if cluster is None:
        threads = max(1, (os.cpu_count() or 1) // processes)
        # Not forked: torch's threads do not survive that.
        with ProcessPoolExecutor(
            processes, get_context("spawn"), initializer=begin_worker, initargs=(threads,)
        ) as pool:
            yield pool, processes
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError(
            "--cluster needs Dask, which is not installed: pip install 'augend[cluster]'"
        ) from error
    try:
        client: Any = Client(cluster, timeout=_CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"No Dask scheduler answers at {cluster} ({error}). Start one with 'dask scheduler' "
            f"and workers with 'dask worker {cluster}', in this environment."
        ) from error
    with client, client.get_executor(pure=False) as pool:
        yield pool, max(1, sum(client.nthreads().values()))


def _network_path(folder: Path, point: Point) -> Path:
    return folder / "networks" / f"{point.network}.pt"


def _task(points: Sequence[Point], folder: Path, reach: float | None) -> Task:
    path = _network_path(folder, points[0])
    network = path.read_bytes() if path.exists() else None
    return Task(points=points, network=network, split="validation", reach=reach)


def _keep(folder: Path, point: Point, network: bytes) -> None:
    """Keep a trained network, whole or not at all."""
    path = _network_path(folder, point)
    if not path.exists():
        write_whole(path, network)


def _shown(table: SweepTable) -> Table:
    """The front: chosen on validation images, then measured on the test set."""
    shown = Table(title="Not beaten in both accuracy and additions")
    varied = [a for a in table.axes if len({table.point(n)[a] for n in table.rows}) > 1]
    for name in varied or ["recipe"]:
        shown.add_column(name, overflow="fold")
    for name in ("additions", "validation %", "ANN %", "test %", "ANN, test %"):
        shown.add_column(name, justify="right", overflow="fold")
    for name in front(table.rows):
        row, point = table.rows[name], table.point(name)
        shown.add_row(
            *(point[axis] for axis in varied or ["recipe"]),
            f"{row.additions:,.0f}",
            *(
                "" if share is None else f"{100 * share:.2f}"
                for share in (row.accuracy, row.ann, row.test_accuracy, row.ann_test)
            ),
        )
    failed = sum(bool(row.error) for row in table.rows.values())
    if failed:
        shown.caption = f"{failed} points make no program; results.csv says why"
    return shown
