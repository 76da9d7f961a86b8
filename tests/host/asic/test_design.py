"""Verilog with wrapped memories: complete, lint-clean, and the same design."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from augend.host.asic import folder
from augend.host.asic.design import asic_design
from augend.host.asic.simulation import build_text
from augend.host.driver import RtlAccelerator, connect
from augend.host.transport import InProcess
from augend.host.verify import verify
from augend.host.verilog_table import memory_sizes
from augend.hw.fit import smallest_config
from augend.hw.verilog import TOP
from augend.sim.verilation import verilator_root
from tests.host.small_program import small_program, some_images


@cache
def config():
    return smallest_config(small_program().place())


@cache
def design():
    return asic_design(config())


def test_every_memory_of_the_accelerator_is_in_the_table():
    rows = list(design().rows())
    sizes = memory_sizes(config())
    del sizes["route"]  # registers
    loaded = sum(depth * bits * count for depth, bits, count in sizes.values())
    banks = (config().input_banks - 1) * sizes["input"][0] * sizes["input"][1]
    packets = 32 * config().link_words
    scores = config().readout_words * config().score_lanes * config().potential_bits
    counters = 4 * config().counter_bits << config().population_bits
    expected = loaded + banks + packets + scores + counters
    assert sum(row["capacity_bits"] for row in rows) == expected
    places = [place for row in rows for place in row["used"]]
    assert len(places) == len(set(places))
    assert {"core_0.lanes.weights", "core_0.lanes.potentials", "receiver.buffer"} <= set(places)
    assert not any("$" in place for place in places)


def test_only_what_is_large_enough_is_a_macro():
    for row in design().rows():
        assert (row["as"] == "macro") == (row["words"] * row["bits"] >= 512)
    # No register and no memory says what it holds when power comes.
    assert "initial begin" not in design().design + design().memories
    assert "[-1:0]" not in design().design


def lint(where, design_text, *options):
    (where / "augend_accelerator.v").write_text(design_text)
    (where / "augend_memories.v").write_text(design().memories)
    waivers = Path(folder.__file__).with_name(folder.WAIVERS)
    shutil.copyfile(waivers, where / folder.WAIVERS)
    files = [folder.WAIVERS, "augend_accelerator.v", "augend_memories.v"]
    command = [verilator_root() / "bin" / "verilator", "--lint-only", "-Wall", "--top", TOP]
    return subprocess.run(
        [*command, *options, *files],
        cwd=where,
        env=os.environ | {"VERILATOR_ROOT": str(verilator_root())},
        capture_output=True,
        text=True,
    )


def test_verilator_has_nothing_to_say_but_what_is_waived(tmp_path):
    done = lint(tmp_path, design().design)
    assert (done.returncode, done.stderr) == (0, "")


def test_verilator_would_have_something_to_say(tmp_path):
    latch = "  reg held;\n  always @* if (rst) held = 1'b1;\nendmodule"
    done = lint(tmp_path, design().design.replace("endmodule", latch, 1))
    assert done.returncode and "LATCH" in done.stderr


def test_every_waiver_gives_its_reason():
    text = Path(folder.__file__).with_name(folder.WAIVERS).read_text()
    blocks = text.split("\n\n")[1:]
    assert sum(block.count("lint_off") for block in blocks) == 4
    assert all(block.startswith("//") for block in blocks)


@pytest.mark.parametrize("seed", [7])
def test_it_is_the_same_design_whatever_power_finds(seed):
    """With random bits in all registers and memories, and rows that collide read wrong."""
    text = design().design + design().memories
    library = build_text(config(), text, flags=["-DAUGEND_COLLIDE"], power_on=seed)
    program, images = small_program(), some_images(3)
    with connect(program) as golden:
        expected = golden.infer(images)
    transport = InProcess(config(), library=library)
    with RtlAccelerator(program, program.place(), config(), transport) as rtl:
        first = rtl.infer(images)
        # Only the operation counters, cleared when told, still tell in the first result what power
        # found in them.
        np.testing.assert_array_equal(first.scores, expected.scores)
        np.testing.assert_array_equal(first.cycles, expected.cycles)
        assert set(verify(expected, first).different) <= {0}
        again = verify(expected, rtl.infer(images))
    assert again.different == () and again.compared > 0
