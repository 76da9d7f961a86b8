"""Bytes over one wire each way: start bit, eight bits, stop bit (8N1), least significant first."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import ConfigurationError

__all__ = ["LEAST_DIVISOR", "UartReceiver", "UartTransmitter"]

LEAST_DIVISOR = 4
"""Fewest clocks a bit: with fewer, the middle of a bit is no clock away from its edges."""


def _checked(divisor: int) -> int:
    if divisor < LEAST_DIVISOR:
        raise ConfigurationError(
            f"A bit of the UART must take at least {LEAST_DIVISOR} clocks, not {divisor}: "
            f"lower the baud rate or raise the clock"
        )
    return divisor


class UartReceiver(wiring.Component):
    """Makes bytes of a wire, each sampled in the middle of its bits.

    A byte is there one clock after the middle of its stop bit, and stays until it is taken. The
    wire does not wait: a byte that is not taken before the next is complete stays, the next is
    lost.

    Members
    -------
    rx : In
        The wire, high at rest; any clock domain's.
    bytes : Out
        Stream of bytes.
    error : Out
        Strobe: a byte was lost, for its stop bit was low or the one before was not taken.

    Parameters
    ----------
    divisor
        Clocks a bit.
    """

    def __init__(self, divisor: int) -> None:
        self._divisor = _checked(divisor)
        super().__init__({"rx": In(1), "bytes": Out(stream.Signature(8)), "error": Out(1)})

    def elaborate(self, platform: object) -> Module:
        """Build the synchroniser, the bit timer and the shift register."""
        m = Module()
        line = Signal(init=1)
        m.submodules.synchroniser = FFSynchronizer(self.rx, line, init=1)
        timer = Signal(range(self._divisor))
        middle = Signal()
        shift = Signal(9, init=1 << 8)  # the one that moves down counts the bits
        m.d.comb += middle.eq(timer == 0)
        m.d.sync += timer.eq(timer - 1)
        with m.If(middle):
            m.d.sync += timer.eq(self._divisor - 1)
        with m.If(self.bytes.ready):
            m.d.sync += self.bytes.valid.eq(0)
        with m.FSM():
            with m.State("REST"):
                m.d.sync += [timer.eq(self._divisor // 2 - 1), shift.eq(1 << 8)]
                with m.If(~line):
                    m.next = "START"
            with m.State("START"):
                with m.If(middle):
                    m.next = "BITS"
                with m.If(line):  # too short for a start bit
                    m.next = "REST"
            with m.State("BITS"):
                with m.If(middle & ~shift[0]):
                    m.d.sync += shift.eq(Cat(shift[1:], line))
                with m.If(middle & shift[0]):
                    m.d.comb += self.error.eq(~line | (self.bytes.valid & ~self.bytes.ready))
                    with m.If(~self.error):
                        m.d.sync += [self.bytes.payload.eq(shift[1:]), self.bytes.valid.eq(1)]
                    m.next = "BREAK"
                    with m.If(line):
                        m.next = "REST"
            with m.State("BREAK"):
                with m.If(line):
                    m.next = "REST"
        return m


class UartTransmitter(wiring.Component):
    """Puts bytes on a wire, one after the other without a pause.

    Members
    -------
    bytes : In
        Stream of bytes; one is taken every 10 bits.
    tx : Out
        The wire, high at rest; out of a register.

    Parameters
    ----------
    divisor
        Clocks a bit.
    """

    def __init__(self, divisor: int) -> None:
        self._divisor = _checked(divisor)
        super().__init__({"bytes": In(stream.Signature(8)), "tx": Out(1)})

    def elaborate(self, platform: object) -> Module:
        """Build the bit timer and the shift register."""
        m = Module()
        timer = Signal(range(self._divisor))
        shift = Signal(9, init=0x1FF)
        left = Signal(range(11))  # bits, the one that is on the wire among them
        m.d.comb += [
            self.tx.eq(shift[0]),
            self.bytes.ready.eq((left == 0) | ((left == 1) & (timer == 0))),
        ]
        m.d.sync += timer.eq(timer - 1)
        with m.If(timer == 0):
            m.d.sync += [shift.eq(Cat(shift[1:], Const(1, 1))), timer.eq(self._divisor - 1)]
            with m.If(left != 0):
                m.d.sync += left.eq(left - 1)
        with m.If(self.bytes.valid & self.bytes.ready):
            m.d.sync += [
                shift.eq(Cat(Const(0, 1), self.bytes.payload)),
                left.eq(10),
                timer.eq(self._divisor - 1),
            ]
        return m
