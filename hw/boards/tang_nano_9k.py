"""Tang Nano 9K of Sipeed: a Gowin GW1NR-9C, a BL702 as USB bridge."""

from typing import Any

from augend.hw.boards.board import Board

__all__ = ["TANG_NANO_9K"]


def _platform() -> Any:
    from amaranth_boards.tang_nano_9k import TangNano9kPlatform

    return TangNano9kPlatform()


TANG_NANO_9K = Board(
    name="tang-nano-9k",
    title="Tang Nano 9K",
    device="GW1N-9C",
    platform=_platform,
    options=("--device", "GW1NR-LV9QN88PC6/I5"),
    pll="gowin",
    busy=("led", 0),
    error=("led", 1),
    packing=("--sspi_as_gpio", "--mspi_as_gpio"),
    guess=54.0,
    flash=("-b", "tangnano9k"),
    serial="/dev/ttyUSB1",
    link="the second channel of its BL702",
)
