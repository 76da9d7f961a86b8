"""Packets as frames of bytes: COBS, and a zero at the end of each."""

from itertools import pairwise

import numpy as np
from cobs import cobs

from augend.host.packets import Words, parse_answers

__all__ = ["FrameReader", "frame_of", "packets_in"]

_LONGEST = 4 * (65535 + 3) * 255 // 254 + 2
"""Bytes of the longest packet's frame."""


def frame_of(packet: Words) -> bytes:
    """What goes over the wire for a packet: its words, least significant byte first, in COBS."""
    return cobs.encode(packet.astype("<u4").tobytes()) + b"\0"


def packets_in(words: Words) -> list[Words]:
    """Cut whole packets that follow each other into single ones."""
    begins = [0]
    while begins[-1] < len(words):
        begins.append(begins[-1] + 3 + int(words[begins[-1] + 1] & 0xFFFF))
    return [words[begin:end] for begin, end in pairwise(begins)]


class FrameReader:
    """Takes what comes from a wire, in pieces, and gives the packets that arrived whole.

    What is damaged is passed over up to the next zero. However much comes without one, no more is
    kept than the longest packet takes.
    """

    def __init__(self) -> None:
        self._begun = bytearray()
        self.damaged = 0
        """Frames that held no whole packet."""

    def feed(self, piece: bytes) -> list[Words]:
        """Packets that this piece completes."""
        *ended, rest = piece.split(b"\0")
        packets = []
        for part in ended:
            frame = bytes(self._begun) + part
            self._begun.clear()
            if frame:
                packet = _packet(frame)
                if packet is None:
                    self.damaged += 1
                else:
                    packets.append(packet)
        if len(self._begun) <= _LONGEST:
            self._begun += rest[: _LONGEST + 1]
        return packets

    def forget(self) -> None:
        """Begin anew, as after a disconnect."""
        self._begun.clear()


def _packet(frame: bytes) -> Words | None:
    """The packet that a frame is, if it is whole and alone in it."""
    try:
        content = cobs.decode(frame)
    except cobs.DecodeError:
        return None
    if len(content) % 4 or len(content) < 12:
        return None
    words = np.frombuffer(content, "<u4").astype(np.uint32)
    if int(words[1] & 0xFFFF) != len(words) - 3 or not parse_answers(words):
        return None
    return words
