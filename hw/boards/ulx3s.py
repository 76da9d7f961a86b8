"""ULX3S of Radiona: an ECP5 of 25 or 85 thousand LUTs, an FT231X as USB bridge."""

from typing import Any

from augend.hw.boards.board import Board

__all__ = ["ULX3S_25F", "ULX3S_85F"]


def _platform_25() -> Any:
    from amaranth_boards.ulx3s import ULX3S_25F_Platform

    return ULX3S_25F_Platform()


def _platform_85() -> Any:
    from amaranth_boards.ulx3s import ULX3S_85F_Platform

    return ULX3S_85F_Platform()


_SAME: dict[str, Any] = {
    "options": ("--package", "CABGA381", "--speed", "6"),
    "pll": "ecp5",
    "busy": ("led", 0),
    "error": ("led", 1),
    "packing": ("--compress",),
    "guess": 100.0,
    "flash": ("-b", "ulx3s"),
    "link": "its FT231X",
}
ULX3S_25F = Board(
    name="ulx3s-25f", title="ULX3S 25F", device="LFE5U-25F", platform=_platform_25, **_SAME
)
ULX3S_85F = Board(
    name="ulx3s-85f", title="ULX3S 85F", device="LFE5U-85F", platform=_platform_85, **_SAME
)
