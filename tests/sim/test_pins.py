"""A serial port whose other end are the pins of a Verilated design."""

import numpy as np
import pytest

from augend.sim.pins import VerilatedPins, build_pins
from augend.sim.verilation import BuildError

DIVISOR = 5
ECHO = """
module echo #(parameter DIVISOR = 5) (input clk, input rx, input upset, output tx);
    // Every byte comes back, its lowest bit turned over where `upset` is high. They wait in two
    // memories, one that is read at once and one that is read in a clock.
    reg [7:0] few [0:15];
    reg [7:0] many [0:1023];
    reg [3:0] few_first = 0, few_last = 0;
    reg [9:0] first = 0, last = 0;
    reg [3:0] bit_in = 0, bit_out = 0;
    reg [15:0] wait_in = 0, wait_out = 0;
    reg [7:0] byte_in, byte_out;
    reg ready = 0;
    reg [9:0] frame = ~0;
    assign tx = frame[0];
    always @(posedge clk) begin
        if (bit_in == 0) begin
            if (!rx) begin bit_in <= 9; wait_in <= DIVISOR + DIVISOR / 2 - 1; end
        end else if (wait_in != 0) wait_in <= wait_in - 1;
        else begin
            wait_in <= DIVISOR - 1;
            bit_in <= bit_in - 1;
            if (bit_in != 1) byte_in <= {rx, byte_in[7:1]};
            else begin few[few_last] <= byte_in; few_last <= few_last + 1; end
        end
        if (few_first != few_last) begin
            many[last] <= few[few_first] ^ {7'b0, upset};
            few_first <= few_first + 1;
            last <= last + 1;
        end
        byte_out <= many[first];
        ready <= first != last;
        if (wait_out != 0) wait_out <= wait_out - 1;
        else if (bit_out != 0) begin
            frame <= {1'b1, frame[9:1]}; bit_out <= bit_out - 1; wait_out <= DIVISOR - 1;
        end else if (ready) begin
            frame <= {1'b1, byte_out, 1'b0}; first <= first + 1;
            bit_out <= 9; wait_out <= DIVISOR - 1;
        end
    end
endmodule
"""


def echo(divisor=DIVISOR, *, text=ECHO, quiet_clocks=10_000, **options):
    library = build_pins([text], top="echo", **options)
    return VerilatedPins(library, divisor=divisor, quiet_clocks=quiet_clocks)


def all_of(port, count):
    data = b""
    while len(data) < count and (more := port.read(count - len(data))):
        data += more
    return data


def random_bytes(count):
    return np.random.default_rng(4).integers(0, 256, count, np.uint8).tobytes()


def test_random_bytes_come_back_both_lines_busy_at_once():
    port = echo()
    data = random_bytes(3000)
    assert port.write(data) == len(data)
    assert all_of(port, len(data)) == data
    # one byte follows the other without a gap, and the last comes a byte after it went
    assert 10 * DIVISOR * len(data) < port.clocks < 10 * DIVISOR * (len(data) + 2)
    assert port.broken == 0
    port.close()


def test_what_came_during_a_flush_is_kept():
    port = echo()
    port.write(bytes(range(20)))
    assert port.in_waiting == port.clocks == 0
    port.flush()
    assert 0 <= port.clocks - 20 * 10 * DIVISOR <= 1
    assert port.in_waiting == 19
    assert port.read(100) == bytes(range(19))
    assert port.read(100) == bytes([19])


def test_a_line_that_is_quiet_gives_nothing():
    port = echo(quiet_clocks=123)
    assert port.read(5) == b""
    assert port.clocks == 123
    port.write(b"a")
    assert port.read(5) == b"a"


def test_a_wrong_divisor_is_seen():
    port = echo(2 * DIVISOR)
    data = random_bytes(100)
    port.write(data)
    assert all_of(port, len(data)) != data
    assert port.broken


def test_other_inputs_are_tied():
    port = echo(tied={"upset": 1})
    port.write(b"\x0f\xa4")
    assert all_of(port, 2) == b"\x0e\xa5"


def test_a_model_is_made_once(tmp_path, monkeypatch):
    library = build_pins([ECHO], top="echo")
    file = tmp_path / "echo.v"
    file.write_text(ECHO)
    monkeypatch.setattr("augend.sim.pins.verilate", None)
    assert build_pins([file], top="echo") == library


def test_a_name_that_verilator_changes_is_refused():
    with pytest.raises(ValueError, match=r"'host__x' cannot be the name of a pin here: letters"):
        build_pins([ECHO], top="echo", rx="host__x")


def test_verilog_that_is_none_is_refused():
    with pytest.raises(BuildError, match="verilator failed"):
        build_pins(["module echo (input clk;"], top="echo")


@pytest.mark.parametrize("divisor", [0, -1])
def test_a_bit_lasts_a_clock_at_least(divisor):
    with pytest.raises(ValueError, match=f"divisor must be at least 1, not {divisor}"):
        VerilatedPins(build_pins([ECHO], top="echo"), divisor=divisor)
