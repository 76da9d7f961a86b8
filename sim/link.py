"""Timing of the host link: when inferences start, given when the host's words arrived."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["LinkModel", "Request"]

_OFFER = 2  # from a packet's last word until its head is offered to the controller
_ACKNOWLEDGE = 4  # from an acknowledgement's begin until the sender is idle again


@dataclass(frozen=True, kw_only=True)
class Request:
    """A packet from the host.

    Parameters
    ----------
    kind
        ``write``, ``start`` or ``run``.
    length
        Words of payload.
    arrived
        Clock in which its last word, the CRC, was taken.
    busy
        Clocks from the start that it causes until that is over: of an inference, its cycles; of an
        initialisation, until every core is idle again.
    idle
        Clocks from the start of an inference until every core is idle.
    """

    kind: Literal["write", "start", "run"]
    length: int
    arrived: int
    busy: int = 0
    idle: int = 0


@dataclass(frozen=True, kw_only=True)
class LinkModel:
    """Controller and packet units, whose answers the host takes at once.

    Parameters
    ----------
    classes
        Scores in an answer.
    counters
        Words of stalls and counters in an answer.
    """

    classes: int
    counters: int

    def starts(self, requests: Sequence[Request]) -> list[int]:
        """Clocks in which each ``start`` and ``run`` starts, in order."""
        result = []
        free = 0  # first clock in which the controller takes a head
        idle = 0  # first clock in which the sender is idle
        for request in requests:
            head = max(request.arrived + _OFFER, free)
            last = head + 1 + request.length  # its last word is taken
            if request.kind == "write":
                answer = max(last + 1, idle)
                free, idle = answer + 1, answer + _ACKNOWLEDGE
                continue
            start = last + 1
            result.append(start)
            over = max(request.busy, 2)
            if request.kind == "run":
                over = max(over, request.idle + 1)
            answer = max(start + over + 1, idle)
            if request.kind == "start":
                free, idle = answer + 1, answer + _ACKNOWLEDGE
            else:
                # Head, length, number of classes; a score in three clocks; prediction, clocks and
                # steps, stalls and counters in one each.
                payload_end = answer + 6 + 3 * self.classes + self.counters
                free, idle = payload_end + 1, payload_end + 2
        return result
