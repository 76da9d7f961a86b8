"""Packets of the host link, as arrays of 32-bit words."""

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from augend.hw.packet import MAGIC, Command, Fault
from augend.hw.parity import KINDS

__all__ = [
    "Answer",
    "FaultError",
    "LinkError",
    "Words",
    "make_packet",
    "missing_words",
    "parse_answers",
]

Words = npt.NDArray[np.uint32]

_COMMANDS = frozenset(command.value for command in Command)
_FAULTS = frozenset(fault.value for fault in Fault)


class LinkError(RuntimeError):
    """The accelerator did not answer as the protocol demands, also after repeating."""


class FaultError(RuntimeError):
    """The accelerator gave an inference up; the message says what it met and on which cores."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """A packet from the accelerator that arrived whole."""

    command: Command
    sequence: int
    payload: Words

    @property
    def fault(self) -> Fault:
        """Why it refused."""
        return Fault(int(self.payload[0]))

    @property
    def cause(self) -> int:
        """Fault that the last inference was given up for; 0 where none was."""
        return int(self.payload[2]) & 0xFF

    @property
    def waiting(self) -> list[int]:
        """Cores that were not idle when it gave up; of a damaged row, those that read it."""
        busy = int(self.payload[2]) >> 16
        return [core for core in range(16) if busy >> core & 1]

    @property
    def damaged(self) -> str:
        """Kind of memory that a damaged row lies in."""
        return KINDS[(int(self.payload[2]) >> 10 & 0x3F) - 1]


def make_packet(command: Command, sequence: int, payload: npt.ArrayLike = ()) -> Words:
    """Head, length, payload and CRC (see ``augend.hw.packet.Command``)."""
    payload = np.asarray(payload, np.uint32).reshape(-1)
    length = len(payload)
    head = MAGIC | command.value << 8 | (sequence & 0xFFFF) << 16
    body = np.concatenate([np.array([head, length | (~length & 0xFFFF) << 16], np.uint32), payload])
    return np.append(body, np.uint32(zlib.crc32(body.astype("<u4").tobytes())))


def parse_answers(words: Words) -> list[Answer]:
    """Packets in a stretch of the stream; what is damaged is passed over."""
    return _whole(words)[0]


def missing_words(words: Words) -> int:
    """How many words the packet still lacks that a stretch of the stream breaks off in.

    Only what follows the last whole packet can be one: inside it a payload or a CRC may well look
    like a head.
    """
    rest = words[_whole(words)[1] :]
    for at in (rest & 0xFF == MAGIC).nonzero()[0].tolist():
        size = int(rest[at + 1]) if at + 1 < len(rest) else 0xFFFF << 16
        length = size & 0xFFFF
        if size >> 16 == ~length & 0xFFFF and at + 3 + length > len(rest):
            return at + 3 + length - len(rest)
    return 0


def _whole(words: Words) -> tuple[list[Answer], int]:
    """Whole packets, and where the last of them ends."""
    answers = []
    at = ends = 0
    while at + 3 <= len(words):
        head, size = int(words[at]), int(words[at + 1])
        length = size & 0xFFFF
        end = at + 3 + length
        if head & 0xFF != MAGIC or size >> 16 != ~length & 0xFFFF or end > len(words):
            at += 1
            continue
        body = words[at : end - 1]
        if zlib.crc32(body.astype("<u4").tobytes()) != int(words[end - 1]):
            at += 1
            continue
        if _is_known(head >> 8 & 0xFF, body[2:]):
            command = Command(head >> 8 & 0xFF)
            answers.append(Answer(command=command, sequence=head >> 16, payload=body[2:]))
        at = ends = end
    return answers, ends


def _is_known(command: int, payload: Words) -> bool:
    """Whether it is a packet of this protocol, which whoever reads it can rely on."""
    if command not in _COMMANDS:
        return False
    return command != Command.REFUSED.value or (len(payload) == 3 and int(payload[0]) in _FAULTS)
