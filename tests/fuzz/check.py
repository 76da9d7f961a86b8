"""A case on the RTL: every result, event word and start as golden, timing and link model say."""

from functools import cache

import numpy as np

from augend.gen.place import place
from augend.gen.program import Program
from augend.host.driver import GoldenAccelerator, RtlAccelerator
from augend.host.packets import parse_answers
from augend.host.transport import InProcess
from augend.hw.configuration import AcceleratorConfig
from augend.hw.core import STALLS
from augend.hw.counters import QUANTITIES
from augend.hw.packet import Command
from augend.sim.link import LinkModel, Request
from tests.sim.accelerators import (
    COMPLETE,
    as_images,
    compare_events,
    compare_results,
    complete,
)

from .case import Case, Session

__all__ = ["SHAPES", "Watched", "check", "configuration", "hardware"]

SHAPES = (*COMPLETE, (1, 1, "block"), (16, 1, "distributed"), (4, 3, "distributed"))
"""Accelerators to run cases on: those that the tests have built come first."""

KINDS = {Command.WRITE: "write", Command.START: "start", Command.RUN: "run"}
MOST_EVENTS = 100_000
QUIET = 1 << 22


class Watched(InProcess):
    """A host that stalls, and sees every event; it soon finds that nothing more comes."""

    stalls = None
    quiet = QUIET

    def exchange(self, words, expect):
        self.sent = words
        self.seen = self.model.run(
            words, expect, stalls=self.stalls, most_events=MOST_EVENTS, quiet_clocks=self.quiet
        )
        self.clocks += self.seen.elapsed
        return self.seen.words

    def close(self):
        pass


def configuration(shape: tuple[int, int, str]) -> AcceleratorConfig:
    """All hardware there is."""
    return complete(*shape)


@cache
def hardware(shape: tuple[int, int, str]) -> Watched:
    """Built once a process."""
    return Watched(configuration(shape))


def check(case: Case, transport: Watched | None = None) -> int:
    """Run a case; returns how many images were compared.

    Parameters
    ----------
    case
        What to run.
    transport
        Where, if it is not on the hardware of its shape that all cases share.

    Raises
    ------
    AssertionError, FaultError, LinkError
        The RTL is not as the models say.
    """
    transport = transport or hardware(case.shape)
    transport.model.reset()
    transport.stalls = case.stalls
    for session in case.sessions:
        _check_session(session, case, transport)
    return sum(len(session.pixels) for session in case.sessions)


def _check_session(session: Session, case: Case, transport: Watched) -> None:
    lanes, cores, _ = case.shape
    config = configuration(case.shape)
    network = session.network
    program = Program(network=network, lanes=lanes, cores=cores)
    placement = place(network, lanes=lanes, cores=cores, core_of=session.core_of)
    images = as_images(network, session.pixels)
    expected, timing = GoldenAccelerator(program, placement, config).timed(images)
    with RtlAccelerator(program, placement, config, transport) as rtl:
        compare_results(rtl.infer(images), expected)
    assert len(transport.seen.events) < MOST_EVENTS
    compare_events(transport.seen, config, placement, session.pixels)
    if not case.stalls.refuse:
        assert transport.seen.starts.tolist() == _starts(transport, config, network, timing)


def _starts(transport, config, network, timing) -> list[int]:
    """Clocks in which the inferences of the last exchange start, by the link model."""
    link = LinkModel(
        classes=network.readout.size,
        counters=config.cores * (len(STALLS) + len(QUANTITIES) * config.populations),
    )
    packets = parse_answers(transport.sent)
    ends = np.cumsum([len(packet.payload) + 3 for packet in packets]) - 1
    busy, idle = iter(timing.cycles.tolist()), iter(timing.idle.tolist())
    return link.starts(
        [
            Request(
                kind=KINDS[packet.command],
                length=len(packet.payload),
                arrived=int(transport.seen.taken[end]),
                busy=next(busy) if packet.command == Command.RUN else 0,
                idle=next(idle) if packet.command == Command.RUN else 0,
            )
            for packet, end in zip(packets, ends, strict=True)
        ]
    )
