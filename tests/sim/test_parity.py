"""Parity: a bit that flips is named or changes nothing, and where none flips nothing changes."""

import re
from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest

from augend.host.driver import connect
from augend.host.packets import FaultError
from augend.hw.overlay import overlay_config

from .accelerators import compare_results
from .flipped import FlippingTransport, Memory, memories_of, model_with_memories
from .overlay_programs import KINDS, drawn_input, program

FLIPS = 16
RUNNING = {
    "instruction": ("residual", r"core_\d schedule"),
    "weight": ("dense", r"core_\d\.lanes\.weights.* rows"),
    "parameter": ("dense", r"core_\d\.lanes\.parameters.* rows"),
    "fan-out": ("convolution and pooling", r"core_\d\.fan_out\.(row|column|group|lane)\S* memory"),
    "target": ("pruned", r"core_\d\.fan_out\.targets\S* memory"),
    "potential": ("residual", r"core_\d\.lanes\.potentials\S* memory"),
    "history": ("winner takes all", r"core_\d\.lanes\.past\S* rows"),
    "inhibition": ("winner takes all", r"core_\d\.inhibition\S* rows"),
    "replay": ("inception", r"core_\d\.intake\.replay\S* words"),
    "queue": ("residual", r"queue\S* words"),
    "input": ("residual", r"encoder\.rows\S* rows"),
    "interval": ("hybrid", r"encoder\.intervals\S* rows"),
    "rate": ("rate", r"encoder\.rate\S* rows"),
    "readout": ("dense", r"readout\S* words"),
    "noise": ("softmax", r"readout\.draw\S* rows"),
}
"""By kind of memory: a program that reads it, and what its memories are called in the model."""
MORE = [
    *((kind, *one) for kind, one in RUNNING.items()),
    ("readout", "softmax", r"readout\S* spikes"),
    ("weight", "dense", r"weight_parity bits"),
    ("potential", "residual", r"potential_parity bits"),
    ("queue", "residual", r"queue_parity bits"),
]


@cache
def config():
    """The smallest accelerator that runs all kinds, with parity."""
    smallest = overlay_config([program(kind).place() for kind in KINDS])
    return replace(smallest, parity=1, watchdog_bits=10)


@pytest.fixture(scope="module")
def hardware():
    return FlippingTransport(model_with_memories(config()))


@cache
def expected(kind):
    """What golden and timing model say, which know nothing of parity."""
    with connect(program(kind), "golden", config=replace(config(), parity=0)) as golden:
        return golden.infer(drawn_input(program(kind)))


def connected(kind, hardware):
    return connect(program(kind), "rtl", config=config(), transport=hardware)


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_flip_nothing_changes(hardware, kind):
    with connected(kind, hardware) as rtl:
        compare_results(rtl.infer(drawn_input(program(kind))), expected(kind))


def flip(rng, memories, kind, flipped):
    """Flip a bit of a row that holds something, and note the memory; of short ones, in every row.

    Most rows of a queue hold words that were taken long ago, and few of inhibition are anyone's.
    """
    memory = memories[rng.integers(len(memories))]
    bit = int(rng.integers(memory.bits))
    rows = [row for row in range(memory.rows) if kind == "inhibition" or memory.holds(row)] or [0]
    every = kind in ("queue", "inhibition")
    for row in rows if every else [rows[rng.integers(len(rows))]]:
        memory.flip(row, bit)
    flipped.append(memory)


def check_flips(hardware, kind, name, pattern):
    """Each flip is named, or leaves the result right; after a reload everything is right."""
    images = drawn_input(program(name))
    right = expected(name)
    memories = [m for m in memories_of(hardware.model) if re.search(rf"{pattern}$", m.place)]
    if kind == "history":
        for memory in memories:
            memory.clear()  # so that what it holds is of this program
    rng = np.random.default_rng(3)
    named = 0
    with connected(name, hardware) as rtl:
        compare_results(rtl.infer(images), right)
        running = hardware.running
        assert len(running) == len(images)
        for _ in range(FLIPS):
            start, end = running[rng.integers(len(running))]
            if kind == "readout":  # which holds little until the last step, and is told then
                start, end = end - 8, end + 30
            flipped: list[Memory] = []
            happens = partial(flip, rng, memories, kind, flipped)
            hardware.then = int(rng.integers(start, end)), happens
            try:
                compare_results(rtl.infer(images), right)
            except FaultError as error:
                core = re.search(r"core_(\d)", flipped[0].place)
                whose = f" of core {core[1]}" if core else ""
                assert f"a row of the {kind} memory{whose} is not as it was written" in str(error)
                named += 1
                rtl._load()
                compare_results(rtl.infer(images), right)
            else:
                rtl._load()
    assert named, f"none of {FLIPS} flips was noticed"


@pytest.mark.parametrize(("kind", "name", "pattern"), MORE, ids=lambda value: None)
def test_a_flip_is_named_or_changes_nothing(hardware, kind, name, pattern):
    check_flips(hardware, kind, name, pattern)
