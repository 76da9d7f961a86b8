"""Timing of the host link: when inferences start, given when the host's words arrived."""

from collections.abc import Sequence
from dataclasses import dataclass, field
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
    bank
        Of the input memory: that an inference reads, or that is written; None for other memories.
    """

    kind: Literal["write", "start", "run"]
    length: int
    arrived: int
    busy: int = 0
    idle: int = 0
    bank: int | None = None


@dataclass(kw_only=True)
class _Run:
    """An inference or initialisation, from its start until nothing more is owed.

    Parameters
    ----------
    over
        First clock after its answer's last word.
    sender_idle
        First clock in which the sender is idle then.
    owes
        Clocks in which an answer that has to wait for this one's was owed.
    """

    over: int
    sender_idle: int
    owes: list[int] = field(default_factory=list)

    def ends(self) -> tuple[int, int]:
        """First clock in which it is over, and in which the sender is idle, after all answers."""
        clock, idle, paid = self.over, self.sender_idle, 0
        while True:
            if sum(owe < clock for owe in self.owes) > paid:
                paid += 1
                begin = max(clock + 1, idle)
                clock, idle = begin + 1, begin + _ACKNOWLEDGE
            elif clock in self.owes:
                clock += 1
            else:
                return clock + 1, idle


@dataclass(frozen=True, kw_only=True)
class LinkModel:
    """Controller and packet units, whose answers the host takes at once.

    Parameters
    ----------
    classes
        Scores in an answer.
    counters
        Words of stalls and counters in an answer.
    banks
        Of the input memory.
    """

    classes: int
    counters: int
    banks: int = 1

    def starts(self, requests: Sequence[Request]) -> list[int]:
        """Clocks in which each ``start`` and ``run`` starts, in order."""
        result = []
        free = 0  # first clock in which the controller takes a head
        idle = 0  # first clock in which the sender is idle, but for what the run still sends
        run = _Run(over=-2, sender_idle=0)
        bank = 0  # that is read
        for request in requests:
            length = max(request.arrived + _OFFER, free) + 1  # clock in which this word is taken
            over, told = run.ends()
            if request.kind == "write":
                which = length + 1
                if self.banks == 1 or request.bank in (None, bank):
                    which = max(which, over)
                answer = which + request.length
                if answer < over:
                    run.owes.append(answer)
                    free = answer + 1
                    continue
                answer = max(answer, idle, told)
                free, idle = answer + 1, answer + _ACKNOWLEDGE
                continue
            start = max(length, over) + request.length + 1
            result.append(start)
            lasts = max(request.busy, 2)
            if request.kind == "run":
                lasts = max(lasts, request.idle + 1)
                bank = request.bank or 0
            answer = max(start + lasts + 1, idle, told)
            if request.kind == "start":
                run = _Run(over=answer + 1, sender_idle=answer + _ACKNOWLEDGE)
            else:
                # Head, length, number of classes; a score in three clocks; prediction, clocks and
                # steps, stalls and counters in one each.
                payload_end = answer + 6 + 3 * self.classes + self.counters
                run = _Run(over=payload_end + 1, sender_idle=payload_end + 2)
            free = start + 1
        return result
