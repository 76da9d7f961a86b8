import pytest
from typer.testing import CliRunner

from augend import zoo
from augend.gen.program import Program
from augend.host.command_line import app

LARGEST = 3 << 20


def run(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def test_every_program_that_is_told_of_is_there_and_is_the_measured_one():
    rows = {row["program"]: row for row in zoo.measured()}
    assert list(rows) == zoo.names() and "digits" in rows
    for name, row in rows.items():
        path = zoo.program_path(name)
        assert path.stat().st_size <= LARGEST
        program = Program.load(path)
        assert (program.hash, program.network.timesteps) == (row["hash"], row["T"])
        assert program.metadata["ann"]["data"] == row["data"]


def test_the_zoo_is_listed():
    result = run("zoo")
    assert result.exit_code == 0
    assert all(name in result.output for name in zoo.names())


def test_a_program_of_the_zoo_reaches_what_the_table_says():
    result = run("run", "zoo:digits")
    assert result.exit_code == 0, result.output
    row = next(row for row in zoo.measured() if row["program"] == "digits")
    assert row["accuracy"].split()[0] in result.output


@pytest.mark.parametrize("command", [["run"], ["info"], ["verilog", "-o", "folder"]])
def test_what_is_not_in_the_zoo_is_refused_with_what_is(command):
    result = run(*command, "zoo:giraffe")
    assert result.exit_code == 2
    assert "giraffe" in result.output and "digits" in result.output
