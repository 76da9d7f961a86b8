"""Byte streams to an accelerator: a serial device, a TCP connection."""

import socket
from typing import Protocol

import serial

from augend.host.packets import LinkError

__all__ = ["Port", "SocketPort", "open_port", "serial_port"]

BAUD = 1_000_000
"""Where none is named."""

_READ_SECONDS = 0.02
_CONNECT_SECONDS = 5.0


class Port(Protocol):
    """What a pyserial port does, as far as is needed here.

    A port with an attribute ``timeout`` waits so many seconds in a ``read`` before it returns
    nothing; of one without, a ``read`` that returns nothing means that nothing more will come.
    """

    def write(self, data: bytes, /) -> int | None:
        """Send bytes."""
        ...

    def read(self, size: int = 1, /) -> bytes:
        """At most so many bytes, as soon as there are any; none where none came."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class SocketPort:
    """A TCP connection as a port."""

    timeout = _READ_SECONDS

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=_CONNECT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def write(self, data: bytes) -> int:
        """Send bytes."""
        self._socket.settimeout(_CONNECT_SECONDS)
        self._socket.sendall(data)
        return len(data)

    def read(self, size: int = 1) -> bytes:
        """At most so many bytes, as soon as there are any.

        Raises
        ------
        ConnectionError
            The other end has closed the connection.
        """
        self._socket.settimeout(self.timeout)
        try:
            came = self._socket.recv(max(size, 4096))
        except TimeoutError:
            return b""
        if not came:
            raise ConnectionResetError("the other end closed the connection")
        return came

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


def serial_port(device: str, baud: int = BAUD) -> serial.Serial:
    """A serial device, 8N1."""
    return serial.Serial(device, baud, timeout=_READ_SECONDS, write_timeout=_CONNECT_SECONDS)


def open_port(address: str) -> Port:
    """Open ``serial:DEVICE``, ``serial:DEVICE@BAUD`` or ``socket:HOST:PORT``.

    Raises
    ------
    LinkError
        It cannot be opened; the message says why.
    ValueError
        It is no such address.
    """
    kind, _, rest = address.partition(":")
    try:
        if kind == "serial" and rest:
            device, _, baud = rest.partition("@")
            if not baud or baud.isdecimal():
                return serial_port(device, int(baud or BAUD))
        if kind == "socket":
            host, _, port = rest.rpartition(":")
            if host and port.isdecimal():
                return SocketPort(host, int(port))
    except OSError as error:
        raise LinkError(
            f"{address} cannot be opened ({error}): check that it is plugged in or running, that "
            f"the name is right and that you may use it"
        ) from error
    raise ValueError(
        f"An accelerator is reached as serial:DEVICE, serial:DEVICE@BAUD or socket:HOST:PORT, "
        f"not {address!r}"
    )
