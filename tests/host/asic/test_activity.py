"""Toggles beside operations: the line through them, and the tables."""

import json
from pathlib import Path

import numpy as np
import pytest

from augend.host.asic.activity import GateActivity, MemoryAccesses, fit, group_name
from augend.host.asic.command import access_rows, activity_rows
from augend.host.result import Result
from augend.hw.verilog import TOP

ADDITIONS = np.array([100, 200, 400])
CLOCKS = np.array([1000, 1100, 1250])


def test_a_line_without_noise_is_found():
    line = fit(7 * ADDITIONS + 3 * CLOCKS, ADDITIONS, CLOCKS)
    assert line.addition == pytest.approx(7)
    assert line.clock == pytest.approx(3)
    assert line.residual == pytest.approx(0, abs=1e-9)


def test_what_is_no_line_is_missed():
    line = fit([10.0, 1000.0, 10.0], ADDITIONS, CLOCKS)
    assert line.residual > 0.5


def test_nothing_that_toggles_has_no_slope():
    line = fit([0, 0, 0], ADDITIONS, CLOCKS)
    assert (line.addition, line.clock, line.residual) == (0, 0, 0)


def test_lanes_are_one_group():
    assert group_name((TOP, "core_0", "lanes", "lane_3")) == "core_0.lanes.lane"
    assert group_name((TOP, "core_1", "lanes", "sweep$4")) == "core_1.lanes.sweep"
    assert group_name((TOP, "core_0", "fan_out", "lane$103.memory")) == "core_0.fan_out.lane"
    assert group_name((TOP,)) == "top"


def found():
    lanes = 5 * ADDITIONS + CLOCKS
    memory = MemoryAccesses(
        name="core_0.lanes.weights",
        module="augend_ram_64x8_1r1w",
        reads=np.array([1, 2, 3]),
        writes=np.zeros(3, int),
        toggles=np.array([10, 20, 60]),
    )
    zeros = np.zeros(3, np.int64)
    result = Result(
        predictions=zeros,
        scores=np.zeros((3, 2), np.int64),
        spikes={},
        operations={"p": ADDITIONS},
        updates={},
        exit_step=zeros,
    )
    return GateActivity(
        groups=["top", "core_0.lanes.lane"],
        cells=np.array([1, 20]),
        area=np.array([2.0, 60.0]),
        toggles=np.stack([CLOCKS, lanes], axis=1),
        flip_flops=np.stack([zeros, CLOCKS], axis=1),
        joules=None,
        clock_pins=np.array([0, 8]),
        clocks=CLOCKS,
        result=result,
        memories=[memory],
    )


def test_blocks_come_with_what_an_addition_and_a_clock_switch():
    rows = activity_rows(found())
    assert [row["block"] for row in rows] == ["core_0.lanes.lane", "top", "all"]
    assert [row["cells"] for row in rows] == [20, 1, 21]
    assert [row["area"] for row in rows] == [60.0, 2.0, 62.0]
    assert [row["a: toggles an addition"] for row in rows] == pytest.approx([5, 0, 5])
    assert [row["b: toggles a clock"] for row in rows] == pytest.approx([1, 1, 2])
    assert "pJ an image" not in rows[0]


def test_energy_is_told_where_a_toggle_has_one():
    rows = activity_rows(found(), femtojoules=2.0)
    assert rows[0]["fJ an addition"] == pytest.approx(10)
    assert rows[1]["pJ an image"] == pytest.approx(CLOCKS.mean() * 2e-3, abs=1e-3)


def test_accesses_are_means_of_an_image():
    (row,) = access_rows(found())
    assert (row["reads"], row["writes"], row["toggles of pins"]) == (2.0, 0.0, 30)


def test_the_committed_table_adds_up():
    file = Path(__file__).parents[3] / "docs" / "tables" / "activity.json"
    rows = json.loads(file.read_text())["rows"]
    *blocks, total = rows
    assert total["block"] == "all"
    assert sum(row["toggles an image"] for row in blocks) == pytest.approx(
        total["toggles an image"], abs=len(blocks)
    )
    assert sum(row["cells"] for row in blocks) == total["cells"]
