"""What no host sends on purpose: programs that cannot end, refused requests, damaged streams."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from augend.gen.place import Placement
from augend.gen.schedule import Consume, End
from augend.host.packets import FaultError, LinkError, Words, make_packet
from augend.hw.packet import Command

__all__ = ["attempted", "broken", "damaged", "late", "refused"]


def broken(placement: Placement) -> Iterator[Placement]:
    """Placements that wait for another population, or at another port, or never end.

    On all cores, and on all but the first.
    """
    for number, change in enumerate((_other_source, _other_port, _never_ends)):
        for core in range(number % 2, len(placement.cores)):
            yield _changed(placement, core, change)


def attempted(*attempts: Callable[[], object]) -> Iterator[None]:
    """Do one after the other; yields after each that the accelerator refused."""
    for attempt in attempts:
        try:
            attempt()
        except (FaultError, LinkError):
            yield


def _changed(placement: Placement, core: int, change: Callable) -> Placement:
    cores = list(placement.cores)
    instructions = [change(each, cores[core].instructions) for each in cores[core].instructions]
    cores[core] = replace(cores[core], instructions=instructions)
    return replace(placement, cores=tuple(cores))


def _other_source(one, _):
    return replace(one, source=one.population) if isinstance(one, Consume) else one


def _other_port(one, _):
    return replace(one, port=(one.port + 1) % 3) if isinstance(one, Consume) else one


def _never_ends(one, instructions):
    consumes = [each for each in instructions if isinstance(each, Consume)]
    return consumes[0] if isinstance(one, End) and consumes else one


def damaged(words: Words, rng: np.random.Generator) -> Words:
    """Words of which some are flipped and some are lost."""
    hit = rng.random(len(words)) < 0.01
    bits = np.uint32(1) << rng.integers(0, 32, len(words)).astype(np.uint32)
    return np.where(hit, words ^ bits, words)[rng.random(len(words)) >= 0.003].astype(np.uint32)


def refused() -> Words:
    """Requests of wrong commands, lengths, hashes, memories and rows, one after the other."""
    wrong: Sequence[tuple[Command, tuple[int, ...]]] = [
        (Command.HELLO, ()),
        (Command.RUN, (1, 2)),
        (Command.RUN, (1, 2, 3)),
        (Command.RUN, ()),
        (Command.START, (7,)),
        (Command.START, (5, 6)),
        (Command.RUN, (5, 6)),
        (Command.RUN, (5, 7)),
        (Command.RUN, (4, 6)),
        (Command.WRITE, (0,)),
        (Command.WRITE, (7, 0)),
        (Command.RUN, (5, 6)),
        (Command.WRITE, (0, 0, 1, 2, 3, 4, 5)),
        (Command.RUN, (5, 6)),
        (Command.IDENTITY, (5, 6)),
        (Command.HELLO, ()),
    ]
    numbered = enumerate(wrong, 65530)
    return np.concatenate([make_packet(command, n, payload) for n, (command, payload) in numbered])


def late() -> Words:
    """Requests whose sequence numbers were passed, or are not due yet."""
    packets = [make_packet(Command.HELLO, 3), *(make_packet(Command.HELLO, n) for n in (9, 9, 4))]
    packets += [make_packet(Command.START, n, (1, 1)) for n in (6, 5, 5, 7, 6, 4)]
    return np.concatenate(packets)
