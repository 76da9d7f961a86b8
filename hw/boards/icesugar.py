"""iCESugar of Muse Lab: an iCE40 UP5K, its USB bridge a small microcontroller."""

from typing import Any

from augend.hw.boards.board import Board

__all__ = ["ICESUGAR"]


def _platform() -> Any:
    from amaranth_boards.icesugar import ICESugarPlatform

    return ICESugarPlatform()


ICESUGAR = Board(
    name="icesugar",
    title="iCESugar",
    device="UP5K",
    platform=_platform,
    options=("--package", "sg48"),
    pll="ice40 pad",  # pin 35 is the PLL's own input
    busy=("led_g", 0),
    error=("led_r", 0),
    guess=24.0,
    flash=("-b", "ice40_generic"),
    serial="/dev/ttyACM0",
    link="its iCELink debugger",
)
