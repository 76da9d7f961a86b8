"""iCEBreaker of 1BitSquared: an iCE40 UP5K with single-port RAM, an FT2232H as USB bridge."""

from typing import Any

from augend.hw.boards.board import Board

__all__ = ["ICEBREAKER"]


def _platform() -> Any:
    from amaranth_boards.icebreaker import ICEBreakerPlatform

    return ICEBreakerPlatform()


ICEBREAKER = Board(
    name="icebreaker",
    title="iCEBreaker",
    device="UP5K",
    platform=_platform,
    options=("--package", "sg48"),
    pll="ice40 pad",  # pin 35 is the PLL's own input
    busy=("led_g", 0),
    error=("led_r", 0),
    guess=24.0,
    flash=("-b", "ice40_generic"),
    serial="/dev/ttyUSB1",
    link="the second channel of its FT2232H",
)
