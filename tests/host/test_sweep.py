import csv
from pathlib import Path

import pytest
from distributed import LocalCluster
from rich.console import Console

from augend.host.errors import UsageError
from augend.host.sweep import run_sweep
from augend.host.sweep_table import Measured, front

GRID = """
data = "digits"
reach = 0.3

[train]
recipe = "mlp"
epochs = 2
seed = [1, 2]

[convert]
timesteps = [1, 4]
weight_bits = [3, 9]
"""
QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def swept(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sweep")
    (folder / "sweep.toml").write_text(GRID)
    run_sweep(folder / "sweep.toml", folder / "grid", 1, None, QUIET)
    return folder


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_sweep_measures_every_point_and_says_why_one_makes_no_program(swept):
    rows = rows_of(swept / "grid")
    assert len(rows) == 8 and len(list((swept / "grid" / "networks").iterdir())) == 2
    good = [row for row in rows if row["stored_bits"] and not row["error"]]
    assert len(good) == 4 and all(0.2 < float(row["accuracy"]) <= 1 for row in good)
    assert all("1 to 8, not 9" in row["error"] for row in rows if row not in good)
    later = {row["seed"]: float(row["additions"]) for row in good if row["timesteps"] == "4"}
    sooner = {row["seed"]: float(row["additions"]) for row in good if row["timesteps"] == "1"}
    assert all(sooner[seed] < later[seed] for seed in later)
    assert all(
        float(row["additions_to_reach"]) <= float(row["additions"])
        for row in good
        if row["additions_to_reach"]
    )


def test_the_test_set_is_measured_on_the_front_alone(swept):
    rows = {row["id"]: row for row in rows_of(swept / "grid")}
    read = {
        name: Measured(
            accuracy=float(row["accuracy"]) if row["accuracy"] else None,
            additions=float(row["additions"]) if row["additions"] else None,
        )
        for name, row in rows.items()
    }
    tested = {name for name, row in rows.items() if row["test_accuracy"]}
    assert tested == set(front(read)) and tested != set(rows)


def test_a_sweep_goes_on_where_it_was_stopped(swept):
    folder = swept / "grid"
    table = folder / "results.csv"
    whole = table.read_text()
    lines = whole.splitlines(keepends=True)
    gone = next(n for n, line in enumerate(lines[1:], 1) if ",1,4,3," in line)
    table.write_text("".join(lines[:gone] + lines[gone + 1 :]))
    before = {path: path.stat().st_mtime_ns for path in (folder / "networks").iterdir()}
    run_sweep(swept / "sweep.toml", folder, 1, None, QUIET)
    assert {path: path.stat().st_mtime_ns for path in (folder / "networks").iterdir()} == before

    def without_seconds(text: str) -> list[dict[str, str]]:
        rows = list(csv.DictReader(text.splitlines()))
        return sorted(({**row, "seconds": ""} for row in rows), key=lambda row: row["id"])

    assert without_seconds(table.read_text()) == without_seconds(whole)


def test_a_folder_of_another_sweep_is_refused(swept, tmp_path):
    (tmp_path / "other.toml").write_text(GRID.replace("[convert]", "[convert]\nlanes = 8"))
    with pytest.raises(UsageError, match="other columns"):
        run_sweep(tmp_path / "other.toml", swept / "grid", 1, None, QUIET)


def test_a_cluster_of_two_workers_gives_what_a_process_gives(swept, tmp_path):
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        run_sweep(swept / "sweep.toml", tmp_path, 1, cluster.scheduler_address, QUIET)
    columns = ("id", "accuracy", "additions", "test_accuracy", "error")
    here, there = (
        sorted([row[c] for c in columns] for row in rows_of(folder))
        for folder in (swept / "grid", tmp_path)
    )
    assert here == there


def test_a_cluster_that_does_not_answer_is_said(swept, tmp_path, monkeypatch):
    monkeypatch.setattr("augend.host.sweep._CONNECT_SECONDS", 0.5)
    with pytest.raises(UsageError, match="No Dask scheduler answers at tcp://127.0.0.1:9"):
        run_sweep(swept / "sweep.toml", tmp_path, 1, "tcp://127.0.0.1:9", QUIET)


def test_a_search_asks_for_as_many_points_as_it_may_and_goes_on(tmp_path):
    text = GRID.split("[convert]")[0] + (
        "[convert]\ntimesteps = [1, 2, 3, 4]\nweight_bits = [2, 3, 4, 8]\n[search]\ntrials = "
    )
    spec = tmp_path / "search.toml"
    for trials in (2, 3):
        spec.write_text(text + str(trials))
        table = run_sweep(spec, tmp_path / "search", 1, None, QUIET)
        assert 1 <= len(table.rows) <= trials
    assert len(list((tmp_path / "search" / "networks").iterdir())) <= 2


def test_an_unknown_recipe_is_told_before_anything_is_trained(tmp_path):
    spec = tmp_path / "sweep.toml"
    spec.write_text(GRID.replace('"mlp"', '["mlp", "perceptron"]'))
    with pytest.raises(ValueError, match="no recipe 'perceptron'"):
        run_sweep(spec, tmp_path / "out", 1, None, QUIET)
    assert not (tmp_path / "out").exists()
