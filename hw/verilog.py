"""Verilog of an accelerator."""

from amaranth.back import verilog
from amaranth.lib import wiring

from augend.hw.accelerator import Accelerator
from augend.hw.configuration import AcceleratorConfig
from augend.hw.memory import FOR_VERILOG, memory_source
from augend.hw.serial_accelerator import SerialAccelerator

__all__ = ["SERIAL_TOP", "TOP", "serial_verilog_text", "verilog_text"]

TOP = "augend_accelerator"
"""Name of the top module."""

SERIAL_TOP = "augend_serial"
"""Name of the top module with a UART."""


def verilog_text(config: AcceleratorConfig) -> str:
    """The whole design as one Verilog text; the same configuration gives the same bytes."""
    return _text(Accelerator(config), TOP)


def serial_verilog_text(config: AcceleratorConfig, *, divisor: int) -> str:
    """The same behind a UART of so many clocks a bit: see ``SerialAccelerator``."""
    return _text(SerialAccelerator(config, divisor=divisor), SERIAL_TOP)


def _text(top: wiring.Component, name: str) -> str:
    design = verilog.convert(
        top, name=name, platform=FOR_VERILOG, emit_src=False, strip_internal_attrs=True
    )
    return f"{design}\n{memory_source()}"
