"""Constraints of place and route: pins, their electrical attributes, the oscillator's rate."""

from collections.abc import Sequence

from augend.hw.boards.pins import Pin

__all__ = ["OPTION", "SUFFIX", "constraints"]

SUFFIX = {"ice40": "pcf", "ecp5": "lpf", "gowin": "cst"}
"""Ending of the file by family."""

OPTION = {"ice40": ("--pcf",), "ecp5": ("--lpf",), "gowin": ("--vopt", "cst=")}
"""How place and route is told of it."""


def constraints(family: str, pins: Sequence[Pin]) -> str:
    """The text of a PCF, LPF or CST file."""
    return {"ice40": _pcf, "ecp5": _lpf, "gowin": _cst}[family](pins)


def _pcf(pins: Sequence[Pin]) -> str:
    lines = []
    for pin in pins:
        pull = " -pullup yes" if pin.attributes.get("PULLUP") == "1" else ""
        lines.append(f"set_io{pull} {pin.port} {pin.site}")
        if pin.megahertz:
            lines.append(f"set_frequency {pin.port} {pin.megahertz:g}")
    return "\n".join(lines) + "\n"


def _lpf(pins: Sequence[Pin]) -> str:
    lines = []
    for pin in pins:
        lines.append(f'LOCATE COMP "{pin.port}" SITE "{pin.site}";')
        attributes = "".join(f" {key}={value}" for key, value in pin.attributes.items())
        if attributes:
            lines.append(f'IOBUF PORT "{pin.port}"{attributes};')
        if pin.megahertz:
            lines.append(f'FREQUENCY PORT "{pin.port}" {pin.megahertz:g} MHZ;')
    return "\n".join(lines) + "\n"


def _cst(pins: Sequence[Pin]) -> str:
    lines = []
    for pin in pins:
        lines.append(f'IO_LOC "{pin.port}" {pin.site};')
        lines += [f'IO_PORT "{pin.port}" {key}={value};' for key, value in pin.attributes.items()]
    return "\n".join(lines) + "\n"
