"""Mapping to cells, on a design of two blocks and a macro."""

import pytest

from augend.host.asic.design import AsicDesign
from augend.host.asic.folder import area_rows
from augend.host.asic.liberty import GENERIC, read_library
from augend.host.asic.synthesis import block_name, synthesise
from augend.hw.memory_wrapper import Wrapper, wrappers_text
from augend.hw.verilog import TOP
from augend.sim.verilation import BuildError

DESIGN = """
module augend_accelerator(input clk, input [3:0] a, output [3:0] q, output [7:0] row);
  wire [3:0] sum;
  \\augend_accelerator.adder$3  adder(.a(a), .b(q), .sum(sum));
  \\augend_accelerator.core_0  core(.clk(clk), .d(sum), .q(q));
  augend_ram_64x8_1r1w rows(.clk(clk), .read(a[0]), .read_address(6'd3), .read_data(row),
    .write(a[1]), .write_address({q, 2'b0}), .write_data({q, sum}));
endmodule
module \\augend_accelerator.adder$3 (input [3:0] a, input [3:0] b, output [3:0] sum);
  assign sum = a + b;
endmodule
module \\augend_accelerator.core_0 (input clk, input [3:0] d, output reg [3:0] q);
  wire [3:0] next;
  \\augend_accelerator.core_0.one.deep  inner(.d(d), .next(next));
  always @(posedge clk) q <= next;
endmodule
module \\augend_accelerator.core_0.one.deep (input [3:0] d, output [3:0] next);
  assign next = ~d;
endmodule
"""


def design(text=DESIGN):
    kind = Wrapper(words=64, bits=8, reads="any")
    used = {kind: ["rows"]}
    return AsicDesign(design=text, memories=wrappers_text([kind], 512), used=used, macro_bits=512)


def test_area_is_told_block_by_block():
    found = synthesise(design(), read_library(GENERIC))
    blocks = {block.name: block for block in found.blocks}
    assert set(blocks) == {"top", "adder", "core_0"}
    assert blocks["core_0"].flip_flops == 4
    assert blocks["core_0"].area == 4 * 24 + 4 * 2  # flip-flops, and an inverter for each
    assert blocks["top"].area == 0
    assert blocks["adder"].cells > 4
    assert found.area == sum(block.area for block in found.blocks)
    assert "augend_ram_64x8_1r1w" in found.verilog
    assert "module NAND2" in found.cells
    assert [row["block"] for row in area_rows(found)] == ["adder", "core_0", "top"]


def test_cells_that_are_missing_are_named(tmp_path):
    text = GENERIC.read_text()
    (tmp_path / "few.lib").write_text(
        text[: text.index("  cell (INV)")] + text[text.index("  cell (DFF)") :]
    )
    with pytest.raises(BuildError, match=r"(?s)could not map the design|has no cells for"):
        synthesise(design(), read_library(tmp_path / "few.lib"))


def test_blocks_are_called_as_in_the_design():
    assert block_name(f"{TOP}.core_0.lanes.sweep$194") == "core_0.lanes.sweep"
    assert block_name(TOP) == "top"
    assert block_name("augend_ram_4x72_1r1w") == "augend_ram_4x72_1r1w"
