"""The netlist of cells classifies, and what it switches agrees with what is counted."""

from dataclasses import replace

import numpy as np
from rich.console import Console

from augend.gen.datasets import load
from augend.gen.program import Program
from augend.host.asic.command import gate_activity
from augend.host.asic.liberty import GENERIC, read_library
from augend.host.zoo import program_file


def test_cells_compute_what_the_models_do_and_accesses_are_those_counted(tmp_path):
    program = replace(Program.load(program_file("zoo:digits")), lanes=4, work={})
    images = load("digits", "test").images[:2] * np.float32(0.25)
    # Every score, spike, counter and clock is compared with the models on the way.
    found, _ = gate_activity(program, read_library(GENERIC), images, tmp_path, Console())
    assert len(list(tmp_path.glob("image_*.saif"))) == 2
    memories = {memory.name: memory for memory in found.memories}
    words = np.sum(list(found.result.words.values()), axis=0)
    weights, potentials = memories["core_0.lanes.weights"], memories["core_0.lanes.potentials"]
    np.testing.assert_array_equal(weights.reads, words)
    assert (weights.writes == 0).all()
    assert (potentials.writes > words).all()  # additions, and sweeps
    lanes = found.toggles[:, found.groups.index("core_0.lanes.lane")]
    assert (lanes > found.result.total_operations).all()
    assert (found.toggles.sum(1) < found.clocks * found.cells.sum()).all()
