"""What the fast tests do to an accelerator, as streams that can be played to a mutant."""

from dataclasses import dataclass, fields

import numpy as np

from augend.gen.place import place
from augend.gen.program import Program
from augend.host.driver import GoldenAccelerator, RtlAccelerator
from augend.host.packets import Words, make_packet
from augend.host.verify import verify
from augend.hw.configuration import AcceleratorConfig
from augend.hw.fit import smallest_config
from augend.hw.packet import Command
from augend.sim.verilated import Observation
from tests.mutation.model import MutatedModel
from tests.regression.cases import Case

__all__ = ["Play", "config", "differs", "play", "recorded", "spoiled"]

LANES, CORES = 4, 2
CASES = (
    Case(network="convolutional", lanes=LANES, cores=CORES, images=4),
    Case(network="convolutional", lanes=LANES, cores=CORES, schedule="phased", density=1.0),
    Case(network="convolutional", lanes=LANES, cores=CORES, density=0.0, images=1, seed=3),
    Case(network="perceptron", lanes=LANES, cores=CORES, timesteps=5),
    Case(network="perceptron", lanes=LANES, cores=CORES, schedule="phased", seed=4, density=0.7),
    Case(network="recording", lanes=LANES, cores=CORES, timesteps=4),
    Case(network="recording", lanes=LANES, cores=CORES, schedule="phased", density=0.05),
)
QUIET = 20_000
MOST_EVENTS = 60_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Play:
    """A stream of words to send, when, and what the design itself did."""

    words: Words
    arrivals: np.ndarray | None
    reference: Observation


def config() -> AcceleratorConfig:
    """The smallest accelerator for all networks of the fast tests."""
    found = [smallest_config(place(case.build()[0], lanes=LANES, cores=CORES)) for case in CASES]
    values = {}
    for field in fields(AcceleratorConfig):
        every = [getattr(one, field.name) for one in found]
        values[field.name] = "block" if field.name == "potential_memory" else max(every)
    return AcceleratorConfig(**(values | {"link_words": 128}))


class Recorder:
    """A transport that keeps what was sent, and what came back."""

    def __init__(self, model: MutatedModel, rng: np.random.Generator) -> None:
        self.model = model
        self.plays: list[Play] = []
        self.rng = rng

    def exchange(self, words: Words, expect: int) -> Words:
        """Send words, every other time with gaps between them."""
        arrivals = None
        if len(self.plays) % 2:
            gaps = self.rng.integers(1, 6, len(words)) * (self.rng.random(len(words)) < 0.2)
            arrivals = np.cumsum(gaps + 1).astype(np.uint64)
        play_ = play(self.model, words, arrivals)
        self.plays.append(play_)
        return play_.reference.words

    def close(self) -> None:
        """Keep the model."""


def play(model: MutatedModel, words: Words, arrivals: np.ndarray | None) -> Play:
    """Send words until nothing has happened for long; clocks count from the first."""
    late = None if arrivals is None else arrivals + np.uint64(model.clock)
    seen = model.run(words, 1 << 12, arrivals=late, quiet_clocks=QUIET, most_events=MOST_EVENTS)
    return Play(words=words, arrivals=arrivals, reference=seen)


def recorded(model: MutatedModel, seed: int) -> list[Play]:
    """Run every network's images, compare with golden and timing model, keep the streams.

    Raises
    ------
    AssertionError
        The design itself is not as the models say: there is nothing to measure tests by.
    """
    rng = np.random.default_rng(seed)
    plays: list[Play] = []
    for case in CASES:
        network, pixels = case.build()
        program = Program(network=network, lanes=LANES, cores=CORES)
        images = pixels / ((1 << network.input.bits) - 1)
        recorder = Recorder(model, rng)
        placement = place(network, lanes=LANES, cores=CORES)
        with GoldenAccelerator(program, placement, model.config) as golden:
            expected = golden.infer(images)
        rtl = RtlAccelerator(program, placement, model.config, recorder)
        outcome = verify(expected, rtl.infer(images))
        assert not outcome.different, f"{case.name}: {outcome.first}"
        plays += recorder.plays
    return plays


def spoiled(model: MutatedModel, plays: list[Play], seed: int) -> list[Play]:
    """Streams with damaged and lost words, wrong numbers, hashes and commands, and garbage."""
    rng = np.random.default_rng(seed)
    result = []
    for one in plays:
        words = one.words[: 1 << 11]
        hit = rng.random(len(words)) < 0.01
        bits = np.uint32(1) << rng.integers(0, 32, len(words)).astype(np.uint32)
        words = np.where(hit, words ^ bits, words)[rng.random(len(words)) >= 0.003]
        result.append(play(model, words.astype(np.uint32), None))
    wrong = [
        make_packet(command, sequence, payload)
        for sequence, (command, payload) in enumerate(
            [
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
            ],
            start=65530,
        )
    ]
    result.append(play(model, np.concatenate(wrong), None))
    late = [make_packet(Command.HELLO, 3), *(make_packet(Command.HELLO, n) for n in (9, 9, 4))]
    late += [make_packet(Command.START, n, (1, 1)) for n in (6, 5, 5, 7, 6, 4)]
    result.append(play(model, np.concatenate(late), None))
    return result


def differs(model: MutatedModel, plays: list[Play]) -> bool:
    """Whether a model does anything else than the design did, in any clock."""
    for one in plays:
        seen = play(model, one.words, one.arrivals).reference
        for name in ("words", "clocks", "taken", "starts", "ends", "events"):
            mine, its = getattr(one.reference, name), getattr(seen, name)
            if mine.shape != its.shape or not np.array_equal(mine, its):
                return True
    return False
