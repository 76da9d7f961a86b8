"""Verilog of an accelerator."""

from amaranth.back import verilog

from augend.hw.accelerator import Accelerator
from augend.hw.configuration import AcceleratorConfig
from augend.hw.memory import FOR_VERILOG, memory_source

__all__ = ["TOP", "verilog_text"]

TOP = "augend_accelerator"
"""Name of the top module."""


def verilog_text(config: AcceleratorConfig) -> str:
    """The whole design as one Verilog text; the same configuration gives the same bytes."""
    design = verilog.convert(
        Accelerator(config),
        name=TOP,
        platform=FOR_VERILOG,
        emit_src=False,
        strip_internal_attrs=True,
    )
    return f"{design}\n{memory_source()}"
