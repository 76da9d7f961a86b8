"""Every board: its pins, constraints, and the Verilog that goes into it."""

import re

import pytest

from augend.host.toolchain.devices import DEVICES
from augend.hw.boards import BOARDS, BoardError, board_named
from augend.hw.boards.constraints import constraints
from augend.hw.boards.pins import pins_of
from augend.hw.boards.pll import fastest
from augend.hw.boards.top import ACCELERATOR, BOARD_TOP, board_verilog
from augend.hw.configuration import AcceleratorConfig

pytest.importorskip("amaranth_boards")


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
def test_every_port_has_a_pin_of_its_own(board):
    pins = pins_of(board)
    ports = [pin.port for pin in pins]
    assert ports[:3] == ["clk", "rx", "tx"]
    assert "busy" in ports
    assert len({pin.site for pin in pins}) == len(pins)
    assert pins[0].megahertz in (12, 25, 27, 48)
    assert board.device in DEVICES
    assert fastest(board.pll, pins[0].megahertz, board.guess).megahertz > 0.9 * board.guess


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("icebreaker", ["set_io clk 35", "set_frequency clk 12", "set_io -pullup yes rx 6"]),
        ("hx8k", ["set_io clk J3", "set_io -pullup yes tx B12", "set_io busy C3"]),
        ("ulx3s-85f", ['LOCATE COMP "rx" SITE "M1";', 'FREQUENCY PORT "clk" 25 MHZ;']),
        ("orangecrab", ['LOCATE COMP "rx" SITE "N17";', 'LOCATE COMP "tx" SITE "M18";']),
        ("colorlight-i5", ['LOCATE COMP "tx" SITE "J17";', 'LOCATE COMP "clk" SITE "P3";']),
        ("tang-nano-9k", ['IO_LOC "clk" 52;', 'IO_PORT "rx" PULL_MODE=UP;']),
    ],
)
def test_constraints_are_of_the_boards_documentation(name, lines):
    board = BOARDS[name]
    text = constraints(DEVICES[board.device].family.name, pins_of(board))
    assert set(lines) <= set(text.splitlines())


def test_lights_that_are_low_when_on_are_inverted():
    pins = {pin.port: pin for pin in pins_of(BOARDS["icebreaker"])}
    assert pins["busy"].inverted and not pins["tx"].inverted


def test_a_board_that_there_is_not_lists_those_there_are():
    with pytest.raises(BoardError, match="no board 'foo'; choose one of icebreaker, .*ulx3s-85f"):
        board_named("foo")


def test_clock_and_uart_are_outside_the_accelerator_and_nothing_else_changes():
    board = BOARDS["hx8k"]
    pins = pins_of(board)
    config = AcceleratorConfig(lanes=1, weight_words=64, potential_words=8, queue_words=8)

    def modules(setting, divisor):
        text = board_verilog(config, pins, setting, divisor=divisor)
        bodies = re.findall(r"^module .*?^endmodule", text, re.M | re.S)
        return {body.split()[1].lstrip("\\").split("(")[0]: body for body in bodies}

    one = modules(fastest(board.pll, 12, 48), 48)
    two = modules(fastest(board.pll, 12, 60), 60)
    other = {name for name in one if one[name] != two[name]}
    assert other and ACCELERATOR in one
    assert not any(name.startswith(ACCELERATOR) for name in other)
    assert "SB_PLL40_CORE" in one[BOARD_TOP]
    assert "SB_PLL40_CORE" not in modules(None, 12)[BOARD_TOP]
