"""Colorlight i5 v7.0 on its extension board: an ECP5 of 25 thousand LUTs.

``amaranth-boards`` does not have it. Its pins are those that the makers of the extension board
publish (https://github.com/wuxx/Colorlight-FPGA-Projects: clock P3, light U16) and that LiteX uses
(``litex_boards/platforms/colorlight_i5.py``: UART J17 and H18).
"""

from typing import Any

from augend.hw.boards.board import Board

__all__ = ["COLORLIGHT_I5"]


def _platform() -> Any:
    from amaranth.build import Attrs, Clock, Pins, Resource
    from amaranth.vendor import LatticeECP5Platform
    from amaranth_boards.resources import LEDResources, UARTResource

    low = Attrs(IO_TYPE="LVCMOS33")

    class ColorlightI5Platform(LatticeECP5Platform):
        device = "LFE5U-25F"
        package = "BG381"
        speed = "6"
        default_clk = "clk25"
        resources = [
            Resource("clk25", 0, Pins("P3", dir="i"), Clock(25e6), low),
            *LEDResources(pins="U16", invert=True, attrs=low),
            UARTResource(0, rx="H18", tx="J17", attrs=Attrs(IO_TYPE="LVCMOS33", PULLMODE="UP")),
        ]
        connectors = []

    return ColorlightI5Platform()


COLORLIGHT_I5 = Board(
    name="colorlight-i5",
    title="Colorlight i5",
    device="LFE5U-25F",
    platform=_platform,
    options=("--package", "CABGA381", "--speed", "6"),
    pll="ecp5",
    busy=("led", 0),  # its only light
    packing=("--compress",),
    guess=100.0,
    flash=("-b", "colorlight-i5"),
    serial="/dev/ttyACM0",
    link="the DAPLink of its extension board",
)
