"""The committed table of placed accelerators is about the hardware as it is."""

import json
from pathlib import Path

import pytest

from tests.measure.ppa import ENGINES, resources, yosys_version

TABLE = Path(__file__).parents[2] / "docs/tables/ppa.json"


def test_a_small_engine_takes_what_the_table_says():
    name, engine = list(ENGINES.items())[-1]
    rows = {row["accelerator"]: row for row in json.loads(TABLE.read_text())["rows"]}
    row = rows[name]
    if row["Yosys"] != yosys_version():
        pytest.skip(f"the table was made with Yosys {row['Yosys']}, this is {yosys_version()}")
    assert repr(engine.config) == row["configuration"], "run `make ppa` again"
    used = resources(f"{name}, again", engine.config, engine.device)
    assert used == {kind: row[kind] for kind in used}, "run `make ppa` again"
