"""Cycle-accurate regression: cocotb on Verilator, several networks, random stalls on the link."""

import os
import sys
from functools import cache
from pathlib import Path

import pytest
from cocotb_tools.runner import get_runner

from augend.hw.verilog import TOP, verilog_text
from augend.sim.verilation import verilator_root

sys.path.insert(0, str(Path(__file__).parent))
from cases import Case

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")
BUILD = Path(__file__).parents[2] / "build" / "regression" / WORKER
"""A folder for each worker: one must not link a program that another is running."""

CASES = [
    Case(network="convolutional"),
    Case(network="convolutional", schedule="phased", stalls=0.0),
    Case(network="convolutional", density=0.0, stalls=0.8),
    Case(network="convolutional", density=1.0, seed=2),
    Case(network="perceptron", timesteps=5),
    Case(network="recording", timesteps=4),
    Case(network="recording", schedule="phased", density=0.05),
    Case(network="convolutional", lanes=16, cores=2, memory="distributed"),
    Case(network="convolutional", lanes=16, cores=2, memory="distributed", schedule="phased"),
    Case(network="perceptron", lanes=16, cores=2, memory="distributed", density=1.0),
    Case(network="recording", lanes=16, cores=2, memory="distributed", stalls=0.6),
    Case(network="convolutional", lanes=1, images=1, timesteps=2),
    Case(network="perceptron", lanes=1, images=2, schedule="phased"),
]


@cache
def runner_for(lanes, cores, memory):
    # Without precompiled headers: the wheel's makefile was made for another compiler's way of
    # naming them, and GCC at times finds its own invalid.
    os.environ["MAKEFLAGS"] = "VK_PCH_I_FAST= VK_PCH_I_SLOW="
    os.environ["VERILATOR_ROOT"] = str(verilator_root())
    os.environ["PATH"] = f"{verilator_root() / 'bin'}{os.pathsep}{os.environ['PATH']}"
    folder = BUILD / f"{lanes}x{cores}-{memory}"
    folder.mkdir(parents=True, exist_ok=True)
    design = folder / "design.v"
    text = verilog_text(Case(network="", lanes=lanes, cores=cores, memory=memory).config())
    if not design.exists() or design.read_text() != text:
        design.write_text(text)
    runner = get_runner("verilator")
    runner.build(
        sources=[design],
        hdl_toplevel=TOP,
        build_dir=folder,
        build_args=["-Wno-fatal", "-Wno-lint"],
        timescale=("1ns", "1ps"),
    )
    return runner


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_event_in_its_clock(case):
    runner = runner_for(case.lanes, case.cores, case.memory)
    results = runner.test(
        hdl_toplevel=TOP,
        test_module="bench",
        test_dir=Path(__file__).parent,
        build_dir=BUILD / f"{case.lanes}x{case.cores}-{case.memory}",
        extra_env=case.to_environment(),
        results_xml=str(BUILD / f"{case.name}.xml"),
    )
    text = Path(results).read_text()
    assert "<failure" not in text and "<error" not in text and "<testcase" in text, text[-2000:]
