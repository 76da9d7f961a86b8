import re
from pathlib import Path

import pytest

from augend import hw
from augend.hw.verilog import verilog_text
from tests.fuzz.check import configuration
from tests.measure.coverage import SHAPE, merged, rows_of
from tests.measure.coverage_points import FILES, file_of, read_points
from tests.measure.coverage_reasons import REASONS

DESIGN = r"""
module \augend_accelerator.core_0.lanes.sweep$484 (clk);
  wire \$5 ;
  reg [1:0] left;
  assign \$5  = left == 2'h0;
  always @* begin
    \$9  = left;
    if (\$5 ) begin
      \$9  = 2'h3;
    end
  end
endmodule
"""


def entry(count, **fields):
    text = "".join(f"\x01{key}\x02{value}" for key, value in fields.items())
    return f"C '{text}' {count}"


def counts(tmp_path, *entries):
    (tmp_path / "design.v").write_text(DESIGN)
    (tmp_path / "counts.dat").write_text("# SystemC::Coverage-3\n" + "\n".join(entries) + "\n")
    return merged(read_points(tmp_path / "counts.dat", tmp_path / "design.v"))


def of(module, page="v_toggle", line=4, what="left[0]:0->1"):
    return {"page": f"{page}/\\augend_accelerator.{module}", "l": line, "o": what}


def test_a_branch_is_named_by_what_it_sets_and_its_condition(tmp_path):
    branch = of("core_0.lanes.sweep$484", "v_branch", 8, "if")
    found = counts(tmp_path, entry(7, **branch))
    assert found == {("sweep.py", "line"): {"left: if of `if (left == 2'h0) begin`": 7}}


def test_instances_are_covered_together_and_bits_are_listed_by_signal(tmp_path):
    found = counts(
        tmp_path,
        entry(0, **of("core_0.lanes.lane_0")),
        entry(3, **of("core_0.lanes.lane_1")),
        entry(0, **of("core_0.lanes.lane_0", what="sum[4]:0->1")),
        entry(0, **of("core_0.lanes.lane_0", what="sum[5]:1->0")),
        entry(9, **of("core_0.lanes.lane_0", what="$12[5]:1->0")),
    )
    row, last = rows_of(found)
    assert row["file"] == "neuron.py"
    assert (row["toggles"], row["toggles covered"]) == (3, "33.3 %")
    assert [one["what"] for one in row["uncovered toggles"]] == ["sum (2 bits)"]
    assert last["toggles"] == 3


def test_what_yosys_begins_a_block_with_is_no_line(tmp_path):
    text = DESIGN.replace(
        "$9  = left;", "if (\\$auto$verilog_backend.cc:2355:dump_module$5 ) begin end"
    )
    (tmp_path / "design.v").write_text(text)
    (tmp_path / "counts.dat").write_text(
        entry(0, **of("core_0.lanes.sweep$4", "v_branch", 7, "if"))
    )
    assert not list(read_points(tmp_path / "counts.dat", tmp_path / "design.v"))


def test_a_module_of_an_unknown_file_is_named(tmp_path):
    with pytest.raises(ValueError, match="'augend_accelerator.new': add it"):
        counts(tmp_path, entry(1, **of("new")))


def test_patterns_are_patterns():
    for pattern in [*FILES, *(one[2] for one in REASONS)]:
        re.compile(pattern)


def test_every_module_of_the_design_has_its_file():
    text = verilog_text(configuration(SHAPE))
    modules = {name.replace("\\", "") for name in re.findall(r"^module (\S+?)\s*\(", text, re.M)}
    files = {name: file_of(re.sub(r"\$\d+", "", name)) for name in modules}
    hardware = Path(hw.__file__).parent
    assert all(name == "Amaranth's own" or (hardware / name).is_file() for name in files.values())
    assert {"intake.py", "quiet.py", "target_words.py", "run_control.py"} <= set(files.values())
    assert file_of("augend_loaded_memory__pi1") == "memory.py"
