"""Placing a program by the clocks that it is measured to take."""

from dataclasses import replace

import pytest

from augend.gen.place import assign_cores
from augend.gen.program import Program, ProgramError
from augend.host.driver import connect
from augend.host.placing import balanced
from augend.host.verify import verify

from .small_program import small_program, some_images
from .test_command_line import run


@pytest.fixture(scope="module")
def measured():
    return balanced(small_program(cores=2), "digits", 4)


def test_work_is_measured_in_clocks_of_every_population(measured):
    assert set(measured.work) == {p.name for p in measured.network.populations}
    assert all(clocks > 0 for clocks in measured.work.values())


def test_cores_are_balanced_by_work():
    network = small_program().network
    first, *rest = [p.name for p in network.populations]
    heavy = dict.fromkeys(rest, 1) | {first: 100}
    assert assign_cores(network, 2, heavy) == {first: 0} | dict.fromkeys(rest, 1)
    assert assign_cores(network, 1, heavy) == dict.fromkeys((first, *rest), 0)


def test_a_placed_program_survives_its_file_and_runs_as_the_models_say(measured, tmp_path):
    placed = replace(measured, work=dict.fromkeys(measured.work, 1))
    assert placed.hash != measured.hash != replace(measured, work={}).hash
    placed.save(tmp_path / "placed.augend")
    again = Program.load(tmp_path / "placed.augend")
    assert again.work == placed.work and again.hash == placed.hash
    assert again.place().core_of == placed.place().core_of
    with connect(again, "golden") as golden, connect(again, "rtl") as rtl:
        assert not verify(golden.infer(some_images()), rtl.infer(some_images())).different


def test_work_of_other_populations_is_refused():
    with pytest.raises(ProgramError, match="Work is a number of clocks for each of"):
        replace(small_program(), work={"nobody": 3})


def test_the_command_shows_cores_and_writes_what_it_placed(tmp_path):
    small_program().save(tmp_path / "small.augend")
    output = tmp_path / "placed.augend"
    code, text = run(
        *("place", tmp_path / "small.augend", "--data", "digits", "--limit", 3),
        *("--cores", 2, "-o", output),
    )
    assert code == 0, text
    assert "clocks an image expected, bottleneck core" in text
    placed = Program.load(output)
    assert placed.cores == 2 and placed.work


def test_lanes_that_are_no_power_of_two_are_refused_before_anything_is_measured(tmp_path):
    small_program().save(tmp_path / "small.augend")
    code, text = run("place", tmp_path / "small.augend", "--data", "digits", "--lanes", 3)
    assert code == 2 and "power of two" in text
