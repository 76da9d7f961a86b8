"""OrangeCrab r0.2: an ECP5 of 25 thousand LUTs; its UART is on the header, for an adapter."""

from typing import Any

from augend.hw.boards.board import Board

__all__ = ["ORANGECRAB"]


def _platform() -> Any:
    from amaranth.build import Attrs
    from amaranth_boards.orangecrab_r0_2 import OrangeCrabR0_2_25FPlatform
    from amaranth_boards.resources import UARTResource

    platform = OrangeCrabR0_2_25FPlatform()
    # Its USB goes straight to the FPGA: the UART is that of a Feather, pins 0 (RX) and 1 (TX).
    wires = UARTResource(
        0, rx="0", tx="1", conn=("io", 0), attrs=Attrs(IO_TYPE="LVCMOS33", PULLMODE="UP")
    )
    platform.add_resources([wires])
    return platform


ORANGECRAB = Board(
    name="orangecrab",
    title="OrangeCrab r0.2",
    device="LFE5U-25F",
    platform=_platform,
    options=("--package", "CSFBGA285", "--speed", "8"),
    pll="ecp5",
    busy=("rgb_led", 0, "g"),
    error=("rgb_led", 0, "r"),
    packing=("--compress", "--freq", "38.8"),
    guess=100.0,
    flash=("-b", "orangeCrab"),
    link="a USB to serial adapter of 3.3 V: its TX to pin 0, its RX to pin 1",
)
