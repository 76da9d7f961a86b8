"""What the fast tests do to an accelerator, as streams that can be played to a mutant."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from augend.host.driver import GoldenAccelerator, RtlAccelerator
from augend.host.packets import Words, make_packet
from augend.host.verify import verify
from augend.hw.fit import FitError, check_fit
from augend.hw.identity import IDENTITY_LENGTH
from augend.hw.packet import Command
from augend.sim.verilated import Observation
from tests.mutation.faults import attempted, broken, damaged, late, refused
from tests.mutation.model import MutatedModel
from tests.mutation.programs import Given

__all__ = ["Fresh", "Play", "clocks_of", "differs", "faulty", "interrupted", "recorded", "spoiled"]

Fresh = Callable[[], MutatedModel]
"""Makes a model that nothing was played to yet."""

AFTER = 300
"""Clocks that are watched after the last answer: nothing more must come."""

QUIET = 40_000
"""Clocks without a word after which no answer comes any more: more than any inference takes."""

HUNG = 3_000
"""As many where something is wrong: the watchdog is faster."""

LONG = 50
"""Clocks of a stream that is worth cutting off."""

MOST_EVENTS = 60_000
SEEN = ("words", "clocks", "taken", "starts", "ends", "events")


@dataclass(frozen=True, kw_only=True, eq=False)
class Play:
    """A stream of words to send, when, how many to wait for and how long; what the design did.

    Parameters
    ----------
    words, arrivals
        What is sent; the earliest clock of each, from the stream's begin.
    expect, quiet
        Words to wait for; clocks without one after which nothing more is waited for.
    most
        Clocks after which the stream is cut off; None for never.
    reset
        Whether the accelerator is reset before it.
    reference
        What the design did, and what it did after that.
    """

    words: Words
    arrivals: np.ndarray | None
    expect: int
    quiet: int
    most: int | None = None
    reset: bool = False
    reference: tuple[Observation, Observation]


class Recorder:
    """A transport that keeps what was sent, and what came back."""

    def __init__(self, model: MutatedModel, rng: np.random.Generator, quiet: int = QUIET) -> None:
        self.model = model
        self.quiet = quiet
        self.plays: list[Play] = []
        self.rng = rng
        self.reset = False
        """Whether to reset before the next words."""

    def exchange(self, words: Words, expect: int) -> Words:
        """Send words, every other time with gaps between them."""
        arrivals = None
        if len(self.plays) % 2:
            gaps = self.rng.integers(1, 6, len(words)) * (self.rng.random(len(words)) < 0.2)
            arrivals = np.cumsum(gaps + 1).astype(np.uint64)
        reset, self.reset = self.reset, False
        self.plays.append(play(self.model, words, arrivals, expect, self.quiet, reset=reset))
        return np.concatenate([seen.words for seen in self.plays[-1].reference])

    def close(self) -> None:
        """Keep the model."""


def play(
    model: MutatedModel,
    words: Words,
    arrivals: np.ndarray | None,
    expect: int,
    quiet: int,
    *,
    most: int | None = None,
    reset: bool = False,
    patience: int = 1 << 40,
) -> Play:
    """Send words until so many came back, or nothing happens; then watch for a while.

    Gives up after ``patience`` clocks, which are more than ``most``.
    """
    if reset:
        model.reset()
    late = None if arrivals is None else arrivals + np.uint64(model.clock)
    seen = model.run(
        words,
        expect,
        arrivals=late,
        most_clocks=patience if most is None else most,
        quiet_clocks=quiet,
        most_events=MOST_EVENTS,
    )
    after = model.run(words[:0], 64, most_clocks=AFTER, most_events=MOST_EVENTS)
    return Play(
        words=words,
        arrivals=arrivals,
        expect=expect,
        quiet=quiet,
        most=most,
        reset=reset,
        reference=(seen, after),
    )


def recorded(fresh: Fresh, programs: Sequence[Given]) -> list[list[Play]]:
    """Run every program's images, compare with golden and timing model, keep its streams.

    Raises
    ------
    AssertionError
        The design itself is not as the models say: there is nothing to measure tests by.
    """
    groups: list[list[Play]] = []
    for one in programs:
        recorder = Recorder(fresh(), _rng_of(one))
        _run_right(one, recorder)
        groups.append(recorder.plays)
    return groups


def _rng_of(one: Given) -> np.random.Generator:
    """What is random about a program, whatever other programs there are."""
    return np.random.default_rng(int(one.program.hash[:8], 16))


def _run_right(one: Given, recorder: Recorder) -> None:
    """Load a program and run its images, which must be as golden and timing model say.

    Before that, after a reset, an image is run whose counts are those of what was cut off, too:
    they are in memories.
    """
    config = recorder.model.config
    with GoldenAccelerator(one.program, one.placement, config) as golden:
        expected = golden.infer(one.images)
    reset = recorder.reset
    rtl = RtlAccelerator(one.program, one.placement, config, recorder)
    if reset:
        rtl.infer(one.images[:1])
    outcome = verify(expected, rtl.infer(one.images))
    assert not outcome.different, f"{one.name}: {outcome.first}"


def interrupted(fresh: Fresh, programs: Sequence[Given]) -> list[list[Play]]:
    """Reset in the middle of loading, of inferences and of answers; then run as from power-on.

    Raises
    ------
    AssertionError
        After a reset the design is not as the models say.
    """
    groups: list[list[Play]] = []
    for one in programs:
        recorder = Recorder(fresh(), _rng_of(one))
        _run_right(one, recorder)
        for whole in [each for each in recorder.plays if each.reference[0].elapsed > LONG]:
            most = int(recorder.rng.integers(LONG, whole.reference[0].elapsed))
            recorder.plays.append(
                play(recorder.model, whole.words, None, whole.expect, whole.quiet, most=most)
            )
            recorder.reset = True
            _run_right(one, recorder)
        groups.append(recorder.plays)
    return groups


def faulty(fresh: Fresh, programs: Sequence[Given]) -> list[list[Play]]:
    """Run programs that wait for what never comes, or for another population, or never end."""
    groups: list[list[Play]] = []
    for one in programs:
        recorder = Recorder(fresh(), _rng_of(one), HUNG)
        rtl = RtlAccelerator(one.program, one.placement, recorder.model.config, recorder)
        for placement in broken(one.placement):
            try:
                check_fit(recorder.model.config, placement)
            except FitError:  # counters would have to hold more
                continue
            rtl.placement = placement
            for _ in attempted(rtl._load, partial(rtl.infer, one.images)):
                number = rtl.conversation.sequence
                recorder.exchange(make_packet(Command.HELLO, number), IDENTITY_LENGTH + 3)
                rtl.conversation.sequence = number + 1 & 0xFFFF
        groups.append(recorder.plays)
    return groups


def spoiled(
    fresh: Fresh, groups: Sequence[list[Play]], rng: np.random.Generator
) -> list[list[Play]]:
    """Streams with damaged and lost words, wrong numbers, hashes and commands, and garbage."""
    streams = [damaged(one.words[: 1 << 11], rng) for group in groups for one in group]
    model = fresh()
    return [[play(model, words, None, 1 << 12, HUNG) for words in (*streams, refused(), late())]]


def clocks_of(group: Sequence[Play]) -> int:
    """Clocks that a group takes to be played."""
    return sum(seen.elapsed for one in group for seen in one.reference)


def differs(fresh: Fresh, plays: Sequence[Play]) -> bool:
    """Whether a model does anything else than the design did, in any clock."""
    model = fresh()
    for one in plays:
        # Who is not done a clock later than the design differs, and would only be waited for.
        seen = play(
            model,
            one.words,
            one.arrivals,
            one.expect,
            one.quiet,
            most=one.most,
            reset=one.reset,
            patience=one.reference[0].elapsed + 1,
        ).reference
        for reference, its in zip(one.reference, seen, strict=True):
            for name in SEEN:
                if not np.array_equal(getattr(reference, name), getattr(its, name)):
                    model.close()
                    return True
    model.close()
    return False
