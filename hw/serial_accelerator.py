"""An accelerator behind two wires: the packets of the host link as frames over a UART."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.framed_accelerator import FramedAccelerator
from augend.hw.uart import UartReceiver, UartTransmitter

__all__ = ["SerialAccelerator"]


class SerialAccelerator(wiring.Component):
    """The accelerator with a UART: each packet, both ways, is a COBS frame of its words' bytes.

    A word goes least significant byte first, and a zero byte ends each frame. The wire to here
    does not wait: the host keeps no more words unanswered than ``link_words`` (see
    ``docs/protocol.md``); what it sends beyond is lost, and answered as damaged.

    Members
    -------
    rx, tx : In, Out
        The wires from and to the host, high at rest.
    busy, error : Out
        For lamps: see ``FramedAccelerator``.

    Parameters
    ----------
    config
        Of the accelerator.
    divisor
        Clocks a bit on the wires, see ``augend.hw.uart``.
    """

    rx: In(1)
    tx: Out(1)
    busy: Out(1)
    error: Out(1)

    def __init__(self, config: AcceleratorConfig, *, divisor: int) -> None:
        self._config = config
        self._divisor = divisor
        super().__init__()

    def elaborate(self, platform: object) -> Module:
        """Put the UART before the stream of bytes."""
        m = Module()
        m.submodules.receiver = receiver = UartReceiver(self._divisor)
        m.submodules.framed = framed = FramedAccelerator(self._config)
        m.submodules.transmitter = transmitter = UartTransmitter(self._divisor)
        wiring.connect(m, receiver.bytes, framed.bytes)
        wiring.connect(m, framed.answers, transmitter.bytes)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            framed.damage.eq(receiver.error),
            self.tx.eq(transmitter.tx),
            self.busy.eq(framed.busy),
            self.error.eq(framed.error),
        ]
        return m
