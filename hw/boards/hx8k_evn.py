"""iCE40 HX8K breakout board of Lattice (iCE40HX8K-B-EVN), an FT2232H as USB bridge."""

from typing import Any

from augend.hw.boards.board import Board

__all__ = ["HX8K_EVN"]


def _platform() -> Any:
    from amaranth_boards.ice40_hx8k_b_evn import ICE40HX8KBEVNPlatform

    return ICE40HX8KBEVNPlatform()


HX8K_EVN = Board(
    name="hx8k",
    title="iCE40 HX8K breakout board",
    device="HX8K",
    platform=_platform,
    options=("--package", "ct256"),
    pll="ice40 core",
    busy=("led", 0),
    error=("led", 1),
    guess=72.0,
    flash=("-b", "ice40_generic"),
    serial="/dev/ttyUSB1",
    link="the second channel of its FT2232H",
)
