"""The host link over a byte stream: frames, a window, time-outs and reconnection."""

import logging
import random
import time
from collections import deque
from collections.abc import Callable

import numpy as np

from augend.host.frames import FrameReader, frame_of, packets_in
from augend.host.packets import Answer, LinkError, Words, parse_answers
from augend.host.ports import Port
from augend.hw.identity import IDENTITY_LENGTH, Identity
from augend.hw.packet import Command, Fault

__all__ = ["SerialTransport"]

_LOG = logging.getLogger(__name__)
_SMALLEST_BUFFER = 16
_KEPT_FREE = 2
"""Words of the packet buffer for a ``HELLO`` that asks what has gone wrong."""
_BABBLE = 1 << 20
"""Bytes without a packet among them after which nobody is taken to answer."""
_LONGEST_PATIENCE = 60.0
_REOPEN_SECONDS = 0.1


class SerialTransport:
    """An accelerator behind a port; not for several threads at once.

    The wire to an accelerator does not wait. So no more words are under way unanswered than its
    packet buffer holds, which its answer to ``HELLO`` tells; as long as that is so, the wire is
    kept full. An exchange ends early where sending on is in vain: after a refusal, after a
    time-out, after a disconnect. The driver then asks who is there, and repeats what is missing.

    Parameters
    ----------
    port
        pyserial's ``Serial`` or anything like it, see ``Port``.
    timeout
        Seconds without a whole answer after which one is taken to be lost. It is more where
        answers have taken long, and doubles from vain attempt to vain attempt. A port without
        ``timeout`` tells itself that nothing comes.
    reopen
        Opens the port again after a disconnect.
    reconnect_seconds
        How long that is tried.
    """

    def __init__(
        self,
        port: Port,
        *,
        timeout: float = 1.0,
        reopen: Callable[[], Port] | None = None,
        reconnect_seconds: float = 10.0,
    ) -> None:
        self.port = port
        self.first_number = random.SystemRandom().randrange(1, 1 << 15)
        """To number packets from: what a host before may have left on the wire has others."""
        self.buffer = _SMALLEST_BUFFER
        """Words that the accelerator's packet buffer holds, as far as is known."""
        self.bytes_sent = 0
        self.bytes_received = 0
        self.timeouts = 0
        self.reconnections = 0
        self._timeout = timeout
        self._patience = timeout
        self._reopen = reopen
        self._reconnect_seconds = reconnect_seconds
        self._reader = FrameReader()

    @property
    def damaged(self) -> int:
        """Frames that came damaged."""
        return self._reader.damaged

    def exchange(self, words: Words, expect: int) -> Words:
        """Send packets; return the answers that came whole, a refusal as the last at the latest.

        Without packets, wait for ``expect`` words of what is still on its way.

        Raises
        ------
        LinkError
            The port was lost and could not be opened again.
        """
        work = _Exchange(packets_in(words), expect)
        try:
            self._carry_out(work)
        except OSError as error:
            self._reconnect(error)
        return np.concatenate([np.zeros(0, np.uint32), *work.came])

    def close(self) -> None:
        """Let go of the port."""
        self.port.close()

    def _carry_out(self, work: "_Exchange") -> None:
        heard = time.monotonic()
        silence = 0
        longest = 0.0
        while True:
            while frame := work.next_frame(self.buffer):
                self.port.write(frame)
                self.bytes_sent += len(frame)
            if work.over:
                self._patience = max(self._timeout, 8 * longest)
                return
            piece = self.port.read(getattr(self.port, "in_waiting", 0) or 1)
            self.bytes_received += len(piece)
            packets = self._reader.feed(piece)
            now = time.monotonic()
            if packets:
                longest = max(longest, now - heard)
                heard, silence = now, 0
                for packet in packets:
                    self._note(work.take(packet))
                continue
            silence += len(piece)
            timed = getattr(self.port, "timeout", None) is not None
            if now - heard > self._patience if timed else not piece or silence > _BABBLE:
                self.timeouts += 1
                if not work.asks:
                    self._patience = min(2 * self._patience, _LONGEST_PATIENCE)
                _LOG.info("no answer to %d packets", work.waiting)
                return

    def _note(self, answer: Answer) -> None:
        """Learn from an identity how large the buffer is."""
        if answer.command == Command.IDENTITY and len(answer.payload) == IDENTITY_LENGTH:
            self.buffer = Identity.read(answer.payload.tolist()).link_words

    def _reconnect(self, error: OSError) -> None:
        self.port.close()
        self._reader.forget()
        until = time.monotonic() + self._reconnect_seconds
        while self._reopen is not None and time.monotonic() < until:
            try:
                self.port = self._reopen()
            except (OSError, LinkError):
                time.sleep(_REOPEN_SECONDS)
                continue
            self.reconnections += 1
            _LOG.warning("the port was lost (%s), and opened again", error)
            return
        again = f", and could not be opened again for {self._reconnect_seconds:g} s"
        raise LinkError(
            f"The port to the accelerator was lost ({error}){again if self._reopen else ''}"
        ) from error


class _Exchange:
    """Packets on their way, and what was answered.

    An answer to one says that those before it have been answered, or carried out with the answer
    lost: the accelerator takes them in order.
    """

    def __init__(self, packets: list[Words], expect: int) -> None:
        self._left = deque(packets)
        self._under_way: deque[tuple[int, int]] = deque()  # number, words in the packet buffer
        self._expect = expect
        self._sends = bool(packets)
        self._refused = False
        self.asks = any(_command(packet) == Command.HELLO for packet in packets)
        """Whether the accelerator is asked who it is, and refusals are of packets before."""
        self.came: list[Words] = []

    @property
    def waiting(self) -> int:
        """Packets without an answer."""
        return len(self._under_way) + len(self._left)

    @property
    def over(self) -> bool:
        """Nothing more is to be waited for."""
        if not self._sends:
            return sum(map(len, self.came)) >= self._expect
        return self._refused or not self.waiting

    def next_frame(self, buffer: int) -> bytes | None:
        """The next packet's frame, where the accelerator has room for it."""
        if self._refused or not self._left:
            return None
        size = len(self._left[0]) - 1  # the CRC is not kept
        if self._under_way:
            room = buffer - _KEPT_FREE - sum(words for _, words in self._under_way)
            if size > room:
                return None
        packet = self._left.popleft()
        self._under_way.append((int(packet[0]) >> 16, size))
        return frame_of(packet)

    def take(self, packet: Words) -> Answer:
        """Note an answer."""
        self.came.append(packet)
        (answer,) = parse_answers(packet)
        if answer.command == Command.REFUSED:
            self._refused = not self.asks and not _is_late(answer)
        numbers = [number for number, _ in self._under_way]
        if answer.sequence in numbers:
            for _ in range(numbers.index(answer.sequence) + 1):
                self._under_way.popleft()
        return answer


def _command(packet: Words) -> Command:
    return Command(int(packet[0]) >> 8 & 0xFF)


def _is_late(answer: Answer) -> bool:
    """Whether it refuses what had been carried out before, and came once more."""
    behind = (int(answer.payload[1]) - answer.sequence) & 0xFFFF
    return answer.fault == Fault.SEQUENCE and behind < 1 << 15
