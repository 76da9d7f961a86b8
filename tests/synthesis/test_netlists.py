"""Netlists as they are after synthesis, after routing and in the bitstream, at their UART pins."""

import json
import shutil

import numpy as np
import pytest

from augend.gen.datasets import load
from augend.sim.pins import VerilatedPins, build_pins
from tests.measure.bitstream_sim import DIVISOR, classify, shared_config
from tests.measure.flipped_table import flip_bit, tables
from tests.measure.netlist_stages import FPGA, bitstream_verilog, made, serial_design, stages
from tests.measure.small_digits import small_digits
from tests.sim.test_pins import ECHO

needs_icebox = pytest.mark.skipif(
    shutil.which("icebox_vlog") is None,
    reason="icebox_vlog is not here: apt-get install fpga-icestorm",
)
TOP = f"""
module {FPGA} (input clk, input rx, output tx, output busy, output error);
    assign busy = 0;
    assign error = 1;
    echo #(.DIVISOR({DIVISOR})) echo (.clk(clk), .rx(rx), .upset(1'b0), .tx(tx));
endmodule
"""
BYTES = np.random.default_rng(9).integers(0, 256, 400, np.uint8).tobytes()


def echoed(sources):
    port = VerilatedPins(build_pins(sources, top=FPGA), divisor=DIVISOR, quiet_clocks=5000)
    port.write(BYTES)
    came = b""
    while piece := port.read(len(BYTES)):
        came += piece
    port.close()
    return came


@pytest.mark.parametrize(
    ("device", "name"),
    [
        ("HX8K", "RTL"),
        ("HX8K", "mapped"),
        ("HX8K", "routed"),
        pytest.param("HX8K", "bitstream", marks=needs_icebox),
        ("LFE5U-25F", "mapped"),
        ("LFE5U-25F", "routed"),
    ],
)
def test_bytes_come_back_from_every_stage(device, name):
    """Through distributed and block RAM, carries, wide multiplexers and set flip-flops."""
    assert echoed(stages(made(ECHO + TOP, device), device)[name]().sources) == BYTES


@needs_icebox
def test_a_bit_of_a_table_turned_over_in_the_bitstream_is_noticed():
    folder = made(ECHO + TOP, "HX8K")
    bits = (folder / "unpacked.asc").read_text()
    (routed,) = json.loads((folder / "routed.json").read_text())["modules"].values()
    found = tables(routed)
    assert len(found) > 100
    wrong = [flip_bit(bits, table) for table in found.values()]  # all are where they should be
    number = next(i for i, name in enumerate(found) if name.startswith("echo.byte_in"))
    pairs = zip(bits.splitlines(), wrong[number].splitlines(), strict=True)
    assert sum(a != b for one, other in pairs for a, b in zip(one, other, strict=True)) == 1
    text = bitstream_verilog(wrong[number], folder / "pins.pcf")
    models = stages(folder, "HX8K")["bitstream"]().sources[1:]
    assert echoed([text, *models]) != BYTES


def test_a_mapped_accelerator_classifies_digits_through_its_pins():
    program = small_digits(4, timesteps=1, seed=3, epochs=2)
    config = shared_config([program])
    files = made(serial_design(config, divisor=DIVISOR), "HX8K", until="mapped")
    (row,) = classify(stages(files, "HX8K")["mapped"](), config, {"tiny": program}, images=4)
    assert row["differences"] == 0, row["first"]
    assert len(set(load("digits", "test").labels[:4].tolist())) > 1
