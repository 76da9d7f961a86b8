"""What is configured into a board's FPGA: clock, accelerator behind a UART, lights."""

from collections.abc import Sequence

from amaranth.back import verilog
from amaranth.hdl import ClockDomain, Const, Elaboratable, Module, ResetSignal, Signal
from amaranth.lib.cdc import FFSynchronizer

from augend.hw.boards.pins import Pin
from augend.hw.boards.pll import PllSetting
from augend.hw.configuration import AcceleratorConfig
from augend.hw.memory import FOR_VERILOG, memory_source
from augend.hw.serial_accelerator import SerialAccelerator

__all__ = ["ACCELERATOR", "BOARD_TOP", "BoardTop", "board_verilog"]

BOARD_TOP = "augend_board"
"""Name of the top module."""

ACCELERATOR = f"{BOARD_TOP}.serial.framed"
"""Name of the module that depends neither on the clock rate nor on the UART's."""

_SETTLED = 8
"""Bits of the number of clocks that the PLL must have been locked for."""


class BoardTop(Elaboratable):
    """A serial accelerator, clocked by a PLL, on a board's pins.

    It is in reset until the PLL has been locked for a while. Without a PLL the oscillator clocks
    it, and nothing resets it: the configuration sets every register.

    Parameters
    ----------
    config
        Of the accelerator.
    pins
        Of the board.
    pll
        Makes the clock; the oscillator does where None.
    divisor
        Clocks a bit on the wires.
    """

    def __init__(
        self,
        config: AcceleratorConfig,
        pins: Sequence[Pin],
        pll: PllSetting | None,
        *,
        divisor: int,
    ) -> None:
        self._config = config
        self._pins = pins
        self._pll = pll
        self._divisor = divisor
        self.ports = {pin.port: Signal(name=pin.port) for pin in pins}

    def elaborate(self, platform: object) -> Module:
        """Connect clock, accelerator and pins."""
        m = Module()
        oscillator = self.ports["clk"]
        m.domains.sync = domain = ClockDomain(local=True, reset_less=self._pll is None)
        if self._pll is None:
            m.d.comb += domain.clk.eq(oscillator)
        else:
            locked = Signal()
            m.submodules.pll = self._pll.instance(oscillator, domain.clk, locked)
            m.domains.settle = settle = ClockDomain(local=True, reset_less=True)
            m.d.comb += settle.clk.eq(domain.clk)
            safe = Signal()
            m.submodules.locked = FFSynchronizer(locked, safe, o_domain="settle")
            waited = Signal(_SETTLED)
            ready = Signal()
            m.d.settle += ready.eq(waited.all())
            with m.If(~safe):
                m.d.settle += waited.eq(0)
            with m.Elif(~waited.all()):
                m.d.settle += waited.eq(waited + 1)
            m.d.comb += ResetSignal().eq(~ready)
        m.submodules.serial = serial = SerialAccelerator(self._config, divisor=self._divisor)
        outputs = {"tx": serial.tx, "busy": serial.busy, "error": serial.error}
        for pin in self._pins:
            port = self.ports[pin.port]
            if pin.port == "rx":
                m.d.comb += serial.rx.eq(port ^ pin.inverted)
            elif pin.port in outputs:
                m.d.comb += port.eq(outputs[pin.port] ^ pin.inverted)
            elif pin.held is not None:
                m.d.comb += port.eq(Const(pin.held, 1) ^ pin.inverted)
        return m


def board_verilog(
    config: AcceleratorConfig, pins: Sequence[Pin], pll: PllSetting | None, *, divisor: int
) -> str:
    """The whole design as one Verilog text, top ``augend_board``; same inputs, same bytes."""
    top = BoardTop(config, pins, pll, divisor=divisor)
    design = verilog.convert(
        top,
        name=BOARD_TOP,
        ports=list(top.ports.values()),
        platform=FOR_VERILOG,
        emit_src=False,
        strip_internal_attrs=True,
    )
    return f"{design}\n{memory_source()}"
