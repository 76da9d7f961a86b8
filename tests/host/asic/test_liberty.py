"""Liberty files: what is read of them, and what is refused."""

import pytest

from augend.host.asic.liberty import GENERIC, read_library
from augend.host.errors import UsageError

REAL = """
/* as vendors write them */
library (tiny) {
  capacitive_load_unit (1, ff);
  nom_voltage : 1.2;
  operating_conditions (slow) { voltage : 1.0; }
  cell ("ND2") {
    area : 3.5 ;
    pin(A) { direction : "input"; capacitance : 1.5;
      timing () { values ("0.1, 0.2", \\
                          "0.3, 0.4"); } }
    pin(B) { direction : input; capacitance : 2; }
    pin(Y) { direction : output; function : "!(A & B)"; }
  }
  cell (FF) { area : 10;
    ff (IQ, IQN) { clocked_on : "CK"; next_state : "D"; }
    pin (CK) { direction : input; clock : true; capacitance : 1; }
    pin (D) { direction : input; capacitance : 1; }
    pin (Q) { direction : output; function : "IQ"; }
  }
}
"""


def library(tmp_path, text):
    file = tmp_path / "cells.lib"
    file.write_text(text)
    return read_library(file)


def test_areas_pins_and_farads_are_read(tmp_path):
    found = library(tmp_path, REAL)
    assert (found.name, found.volts, found.has_energy) == ("tiny", 1.2, True)
    assert found.cells["ND2"].area == 3.5
    assert found.cells["ND2"].capacitance == pytest.approx({"A": 1.5e-15, "B": 2e-15})
    assert found.cells["ND2"].outputs == ("Y",)
    assert not found.cells["ND2"].flip_flop
    assert found.cells["FF"].flip_flop


def test_own_cells_are_of_no_process():
    found = read_library(GENERIC)
    assert not found.has_energy
    assert found.cells["NAND2"].area == 4
    assert [name for name, cell in found.cells.items() if cell.flip_flop] == ["DFF"]


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"no liberty file .*none\.lib: give the path"):
        read_library(tmp_path / "none.lib")


def test_another_kind_of_file_is_refused(tmp_path):
    with pytest.raises(UsageError, match="is no liberty file of text"):
        library(tmp_path, "module nand (input a); endmodule")


def test_a_library_without_a_flip_flop_is_refused(tmp_path):
    with pytest.raises(UsageError, match="has no flip-flop .* among its 1 cells"):
        library(tmp_path, REAL[: REAL.index("  cell (FF)")] + "}")
