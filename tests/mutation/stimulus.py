"""What the fast tests do to an accelerator, as streams that can be played to a mutant."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from augend.gen.schedule import Consume, End
from augend.host.driver import GoldenAccelerator, RtlAccelerator
from augend.host.packets import FaultError, LinkError, Words, make_packet
from augend.host.verify import verify
from augend.hw.identity import IDENTITY_LENGTH
from augend.hw.packet import Command
from augend.sim.verilated import Observation
from tests.mutation.model import MutatedModel
from tests.mutation.programs import Given

__all__ = ["Fresh", "Play", "clocks_of", "differs", "faulty", "recorded", "spoiled"]

Fresh = Callable[[], MutatedModel]
"""Makes a model that nothing was played to yet."""

AFTER = 300
"""Clocks that are watched after the last answer: nothing more must come."""

QUIET = 40_000
"""Clocks without a word after which no answer comes any more: more than any inference takes."""

HUNG = 3_000
"""As many where something is wrong: the watchdog is faster."""

MOST_EVENTS = 60_000
SEEN = ("words", "clocks", "taken", "starts", "ends", "events")


@dataclass(frozen=True, kw_only=True, eq=False)
class Play:
    """A stream of words to send, when, how many to wait for and how long; what the design did."""

    words: Words
    arrivals: np.ndarray | None
    expect: int
    quiet: int
    reference: tuple[Observation, Observation]


class Recorder:
    """A transport that keeps what was sent, and what came back."""

    def __init__(self, model: MutatedModel, rng: np.random.Generator, quiet: int = QUIET) -> None:
        self.model = model
        self.quiet = quiet
        self.plays: list[Play] = []
        self.rng = rng

    def exchange(self, words: Words, expect: int) -> Words:
        """Send words, every other time with gaps between them."""
        arrivals = None
        if len(self.plays) % 2:
            gaps = self.rng.integers(1, 6, len(words)) * (self.rng.random(len(words)) < 0.2)
            arrivals = np.cumsum(gaps + 1).astype(np.uint64)
        self.plays.append(play(self.model, words, arrivals, expect, self.quiet))
        return np.concatenate([seen.words for seen in self.plays[-1].reference])

    def close(self) -> None:
        """Keep the model."""


def play(
    model: MutatedModel,
    words: Words,
    arrivals: np.ndarray | None,
    expect: int,
    quiet: int,
    most_clocks: int = 1 << 40,
) -> Play:
    """Send words until so many came back, or nothing happens; then watch for a while."""
    late = None if arrivals is None else arrivals + np.uint64(model.clock)
    seen = model.run(
        words,
        expect,
        arrivals=late,
        most_clocks=most_clocks,
        quiet_clocks=quiet,
        most_events=MOST_EVENTS,
    )
    after = model.run(words[:0], 64, most_clocks=AFTER, most_events=MOST_EVENTS)
    return Play(words=words, arrivals=arrivals, expect=expect, quiet=quiet, reference=(seen, after))


def recorded(fresh: Fresh, programs: list[Given], rng: np.random.Generator) -> list[list[Play]]:
    """Run every program's images, compare with golden and timing model, keep its streams.

    Raises
    ------
    AssertionError
        The design itself is not as the models say: there is nothing to measure tests by.
    """
    groups: list[list[Play]] = []
    for one in programs:
        recorder = Recorder(fresh(), rng)
        config = recorder.model.config
        with GoldenAccelerator(one.program, one.placement, config) as golden:
            expected = golden.infer(one.images)
        rtl = RtlAccelerator(one.program, one.placement, config, recorder)
        outcome = verify(expected, rtl.infer(one.images))
        assert not outcome.different, f"{one.name}: {outcome.first}"
        groups.append(recorder.plays)
    return groups


def faulty(fresh: Fresh, programs: list[Given], rng: np.random.Generator) -> list[list[Play]]:
    """Run programs that wait for what never comes, or for another population, or never end."""
    groups: list[list[Play]] = []
    for one in programs:
        for number, change in enumerate((_other_source, _other_port, _never_ends)):
            recorder = Recorder(fresh(), rng, HUNG)
            config = recorder.model.config
            rtl = RtlAccelerator(one.program, one.placement, config, recorder)
            for core in range(number % 2, config.cores):
                rtl.placement = _changed(one, core, change)
                for attempt in (rtl._load, lambda rtl=rtl, one=one: rtl.infer(one.images)):
                    try:
                        attempt()
                    except (FaultError, LinkError):
                        recorder.exchange(
                            make_packet(Command.HELLO, rtl.conversation.sequence),
                            IDENTITY_LENGTH + 3,
                        )
                        rtl.conversation.sequence = rtl.conversation.sequence + 1 & 0xFFFF
            groups.append(recorder.plays)
    return groups


def _changed(one: Given, core: int, change: Callable):
    cores = list(one.placement.cores)
    instructions = [change(each, cores[core].instructions) for each in cores[core].instructions]
    cores[core] = replace(cores[core], instructions=instructions)
    return replace(one.placement, cores=tuple(cores))


def _other_source(one, _):
    return replace(one, source=one.population) if isinstance(one, Consume) else one


def _other_port(one, _):
    return replace(one, port=(one.port + 1) % 3) if isinstance(one, Consume) else one


def _never_ends(one, instructions):
    consumes = [each for each in instructions if isinstance(each, Consume)]
    return consumes[0] if isinstance(one, End) and consumes else one


def spoiled(
    fresh: Fresh, groups: Sequence[list[Play]], rng: np.random.Generator
) -> list[list[Play]]:
    """Streams with damaged and lost words, wrong numbers, hashes and commands, and garbage."""
    streams = []
    for one in (play for group in groups for play in group):
        words = one.words[: 1 << 11]
        hit = rng.random(len(words)) < 0.01
        bits = np.uint32(1) << rng.integers(0, 32, len(words)).astype(np.uint32)
        words = np.where(hit, words ^ bits, words)[rng.random(len(words)) >= 0.003]
        streams.append(words.astype(np.uint32))
    wrong = [
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
    streams.append(
        np.concatenate([make_packet(c, n, payload) for n, (c, payload) in enumerate(wrong, 65530)])
    )
    late = [make_packet(Command.HELLO, 3), *(make_packet(Command.HELLO, n) for n in (9, 9, 4))]
    late += [make_packet(Command.START, n, (1, 1)) for n in (6, 5, 5, 7, 6, 4)]
    streams.append(np.concatenate(late))
    model = fresh()
    return [[play(model, words, None, 1 << 12, HUNG) for words in streams]]


def clocks_of(group: Sequence[Play]) -> int:
    """Clocks that a group takes to be played."""
    return sum(seen.elapsed for one in group for seen in one.reference)


def differs(fresh: Fresh, plays: Sequence[Play]) -> bool:
    """Whether a model does anything else than the design did, in any clock."""
    model = fresh()
    for one in plays:
        # Who is not done a clock later than the design differs, and would only be waited for.
        most = one.reference[0].elapsed + 1
        seen = play(model, one.words, one.arrivals, one.expect, one.quiet, most).reference
        for reference, its in zip(one.reference, seen, strict=True):
            for name in SEEN:
                if not np.array_equal(getattr(reference, name), getattr(its, name)):
                    model.close()
                    return True
    model.close()
    return False
