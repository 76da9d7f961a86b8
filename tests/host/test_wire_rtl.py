"""The driver at the UART's pins of Verilated RTL, bit by bit."""

from functools import cache

import numpy as np
import pytest

from augend.gen.datasets import load
from augend.host.driver import GoldenAccelerator, RtlAccelerator
from augend.host.lying_port import Lies, LyingPort
from augend.host.model_port import ModelPort
from augend.host.packets import parse_answers
from augend.host.serial_link import SerialTransport
from augend.hw.fit import smallest_config
from augend.hw.packet import Command
from augend.hw.verilog import SERIAL_TOP, serial_verilog_text
from augend.sim.pins import VerilatedPins, build_pins

from .small_program import small_program

DIVISOR = 4


@cache
def placed():
    program = small_program()
    placement = program.place()
    return program, placement, smallest_config(placement)


@pytest.fixture
def pins():
    library = build_pins([serial_verilog_text(placed()[2], divisor=DIVISOR)], top=SERIAL_TOP)
    port = VerilatedPins(library, divisor=DIVISOR, quiet_clocks=50_000)
    yield port
    port.close()


class Recorded(SerialTransport):
    """Keeps every answer."""

    def exchange(self, words, expect):
        came = super().exchange(words, expect)
        self.answers = [*getattr(self, "answers", []), *parse_answers(came)]
        return came


def check_equal(result, expected):
    for key in ("predictions", "scores", "cycles"):
        np.testing.assert_array_equal(getattr(result, key), getattr(expected, key), key)
    for key in ("spikes", "operations", "words", "updates", "stalls"):
        for name, values in getattr(expected, key).items():
            np.testing.assert_array_equal(getattr(result, key)[name], values, f"{key} of {name}")


def test_digits_over_the_pins_are_what_golden_gives_and_what_the_model_port_answers(pins):
    images = load("digits", "test").images[:40]
    expected = GoldenAccelerator(*placed()).infer(images)
    modelled = ModelPort(*placed())
    modelled.prepare(images)
    spoken = []
    for port in (pins, modelled):
        transport = Recorded(port)
        transport.first_number = 1
        accelerator = RtlAccelerator(*placed(), transport)
        check_equal(accelerator.infer(images), expected)
        assert transport.timeouts == transport.damaged == 0
        spoken.append([(a.command, a.sequence, a.payload.tolist()) for a in transport.answers])
    assert spoken[0] == spoken[1]
    assert sum(command == Command.RESULT for command, *_ in spoken[0]) == len(images)
    assert pins.broken == 0


def test_a_lying_wire_at_the_pins_changes_no_result(pins):
    images = load("digits", "test").images[:30]
    lies = Lies(loss=0.03, corruption=0.03, duplication=0.03, reordering=0.02)
    lying = LyingPort(pins, lies, seed=8)
    accelerator = RtlAccelerator(*placed(), SerialTransport(lying))
    check_equal(accelerator.infer(images), GoldenAccelerator(*placed()).infer(images))
    assert all(lying.told[name] for name in ("loss", "corruption", "duplication", "reordering"))
