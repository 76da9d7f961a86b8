"""A wire that lies: a port whose frames are lost, doubled, late, damaged, and that disconnects."""

from collections import deque
from dataclasses import dataclass, fields
from random import Random

from augend.host.ports import Port

__all__ = ["Lies", "LyingPort"]

_LATEST = 6
"""Most frames that a late one lets pass."""


@dataclass(frozen=True, kw_only=True)
class Lies:
    """How often a frame meets with what; each from 0 to 1.

    Parameters
    ----------
    loss
        It never arrives.
    corruption
        A bit of each of one to four of its bytes is flipped; so it may end early, or in the next.
    duplication
        It arrives twice.
    reordering
        It arrives after the next one.
    delay
        It arrives some frames later.
    disconnection
        The port is lost instead, with all that sets out after it.
    """

    loss: float = 0.0
    corruption: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    delay: float = 0.0
    disconnection: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 <= value <= 1:
                raise ValueError(f"{field.name} must be from 0 to 1, not {value!r}")


class LyingPort:
    """A port before another one, that lies both ways; the same seed lies in the same way.

    What is late goes on its way at the latest when nothing else comes.

    Parameters
    ----------
    port
        The one that tells the truth.
    lies
        How often.
    seed
        Of every random choice.
    """

    def __init__(self, port: Port, lies: Lies, seed: int = 0) -> None:
        self._port = port
        self._random = Random(seed)
        self.told = {field.name: 0 for field in fields(Lies)}
        """How often each lie has been told."""
        self.frames = 0
        """Frames that set out, either way."""
        self._out = _Direction(self, lies)
        self._in = _Direction(self, lies)
        self._came = bytearray()
        self._connected = True
        if hasattr(port, "timeout"):
            self.timeout = port.timeout  # type: ignore[attr-defined]

    def reopen(self) -> "LyingPort":
        """The same port again, after a disconnect."""
        self._connected = True
        for direction in (self._out, self._in):
            direction.forget()
        self._came.clear()
        return self

    def write(self, data: bytes) -> int:
        """Send bytes."""
        self._check()
        self._port.write(self._out.pass_on(data))
        self._check()
        return len(data)

    def read(self, size: int = 1) -> bytes:
        """At most so many bytes, as soon as there are any."""
        if not self._came:
            self._check()
            data = self._port.read(max(size, getattr(self._port, "in_waiting", 0)))
            if not data and self._out.late:
                self._port.write(self._out.release())
                data = self._port.read(size)
            self._came += self._in.pass_on(data) if data else self._in.release()
            if not self._came:
                self._check()
        came = bytes(self._came[: max(size, 4096)])
        del self._came[: len(came)]
        return came

    def close(self) -> None:
        """Let go of the port, but for a disconnect."""
        if self._connected:
            self._port.close()

    def lies(self, name: str, chance: float) -> bool:
        """Draw whether a lie is told now."""
        told = self._random.random() < chance
        self.told[name] += told
        return told

    @property
    def connected(self) -> bool:
        """Whether frames still pass; what had passed before can still be read."""
        return self._connected

    def disconnect(self) -> None:
        """Lose the port, and what is on its way."""
        self._connected = False

    def flipped(self, frame: bytes) -> bytes:
        """The frame with bits flipped."""
        result = bytearray(frame)
        for _ in range(self._random.randint(1, 4)):
            result[self._random.randrange(len(result))] ^= 1 << self._random.randrange(8)
        return bytes(result)

    def lateness(self) -> int:
        """Frames that a late one lets pass."""
        return self._random.randint(2, _LATEST)

    def _check(self) -> None:
        if not self._connected:
            raise ConnectionResetError("the wire was pulled out")


class _Direction:
    """One way of a lying port."""

    def __init__(self, port: LyingPort, lies: Lies) -> None:
        self._port = port
        self._lies = lies
        self._begun = bytearray()
        self.late: deque[list] = deque()  # frames still to let pass, frame

    def pass_on(self, data: bytes) -> bytes:
        """What becomes of bytes; those of a frame that has not ended wait."""
        self._begun += data
        *ended, rest = bytes(self._begun).split(b"\0")
        self._begun[:] = rest
        return b"".join(self._one(frame + b"\0") for frame in ended)

    def release(self) -> bytes:
        """All that is late."""
        frames = [frame for _, frame in self.late]
        self.late.clear()
        return b"".join(frames)

    def forget(self) -> None:
        """Lose everything."""
        self._begun.clear()
        self.late.clear()

    def _one(self, frame: bytes) -> bytes:
        port, lies = self._port, self._lies
        if not port.connected:
            return b""
        port.frames += 1
        if port.lies("disconnection", lies.disconnection):
            port.disconnect()
            return b""
        for one in self.late:
            one[0] -= 1
        due = b"".join(late for left, late in self.late if left <= 0)
        self.late = deque(one for one in self.late if one[0] > 0)
        if port.lies("loss", lies.loss):
            return due
        if port.lies("corruption", lies.corruption):
            frame = port.flipped(frame)
        if port.lies("duplication", lies.duplication):
            frame *= 2
        if port.lies("reordering", lies.reordering):
            self.late.append([1, frame])
            return due
        if port.lies("delay", lies.delay):
            self.late.append([port.lateness(), frame])
            return due
        return frame + due
