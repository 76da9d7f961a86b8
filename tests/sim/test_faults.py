"""What a wrong program does to the hardware: a fault that says so, and the next one runs."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from augend.gen.place import place
from augend.gen.program import Program
from augend.gen.schedule import Consume, End
from augend.host.driver import connect
from augend.host.packets import FaultError, LinkError, make_packet, parse_answers
from augend.host.transport import InProcess
from augend.hw.fit import smallest_config
from augend.hw.identity import IDENTITY_LENGTH
from augend.hw.packet import Command, Fault

from .test_timing import perceptron

CORES = 2
QUEUE = 12
"""Event words a step: too few for all 16 words of the input."""


class Impatient(InProcess):
    """Soon finds that nothing more comes, and stays when a driver lets go of it."""

    def exchange(self, words, expect):
        observation = self.model.run(words, expect, quiet_clocks=10_000)
        self.clocks += observation.elapsed
        return observation.words

    def close(self):
        pass


@cache
def program():
    return Program(network=perceptron(3, hidden=24), lanes=4, cores=CORES)


def config():
    placement = place(program().network, lanes=4, cores=CORES)
    return replace(smallest_config(placement), watchdog_bits=10, queue_words=QUEUE)


@cache
def transport():
    return Impatient(config())


def events(density=0.3):
    rng = np.random.default_rng(3)
    return (rng.random((2, 3, 64)) < density).astype(np.uint8)


def connected(monkeypatch):
    """Driver of an accelerator whose queues are too small, which nobody notices."""
    monkeypatch.setattr("augend.hw.memory_image.check_fit", lambda *_: None)
    return connect(program(), "rtl", config=config(), transport=transport())


def load(rtl, change):
    """Load a program in which the instructions that read spikes are changed."""
    good = rtl.placement
    cores = tuple(
        replace(
            core,
            instructions=[
                change(one) if isinstance(one, Consume) else one for one in core.instructions
            ],
        )
        for core in good.cores
    )
    rtl.placement = replace(good, cores=cores)
    try:
        rtl._load()
    finally:
        rtl.placement = good


def check_it_runs_again(rtl):
    with connect(program(), "golden", config=config()) as golden:
        expected = golden.infer(events(0.02))
    rtl._load()
    result = rtl.infer(events(0.02))
    assert max(map(max, expected.spikes.values())) > 0
    for key in ("scores", "cycles"):
        np.testing.assert_array_equal(getattr(result, key), getattr(expected, key))
    for key in ("spikes", "operations", "words", "updates", "stalls"):
        for name, values in getattr(expected, key).items():
            np.testing.assert_array_equal(getattr(result, key)[name], values, f"{key} of {name}")


def test_cores_that_wait_for_what_never_comes_are_named(monkeypatch):
    with connected(monkeypatch) as rtl:
        load(rtl, lambda one: replace(one, port=2) if one.population == "second" else one)
        with pytest.raises(FaultError, match=r"nothing moved any more \(cores that wait: .*1\)"):
            rtl.infer(events(0.02))
        check_it_runs_again(rtl)


def test_a_step_of_another_population_is_noticed(monkeypatch):
    with connected(monkeypatch) as rtl:
        load(rtl, lambda one: replace(one, source="out"))
        with pytest.raises(FaultError, match="a step of another population than it waited for"):
            rtl.infer(events(0.02))
        check_it_runs_again(rtl)


def test_a_queue_that_is_too_small_loses_nothing_silently(monkeypatch):
    with connected(monkeypatch) as rtl:
        with pytest.raises(FaultError, match="more event words than its queue was made for"):
            rtl.infer(events(1.0))
        check_it_runs_again(rtl)


def test_an_initialisation_that_hangs_ends_too(monkeypatch):
    with connected(monkeypatch) as rtl:
        good = rtl.placement
        first = good.cores[1]
        instructions = list(first.instructions)
        end = next(i for i, one in enumerate(instructions) if isinstance(one, End))
        instructions[end] = next(one for one in instructions if isinstance(one, Consume))
        rtl.placement = replace(
            good, cores=(good.cores[0], replace(first, instructions=instructions))
        )
        with pytest.raises(FaultError, match=r"nothing moved any more \(cores that wait: 1\)"):
            rtl._load()
        rtl.placement = good
        check_it_runs_again(rtl)


def test_after_a_fault_the_program_has_to_be_started_again_and_the_status_tells_why(monkeypatch):
    with connected(monkeypatch) as rtl:
        load(rtl, lambda one: replace(one, source="out"))
        with pytest.raises(FaultError):
            rtl.infer(events(0.02))
        rtl.conversation.hello()
        with pytest.raises(LinkError, match="holds another program"):
            rtl.infer(events(0.02))
        words = transport().exchange(make_packet(Command.HELLO, 1), IDENTITY_LENGTH + 3)
        (identity,) = parse_answers(words)
        rtl.conversation.sequence = 2
        assert identity.payload[2:5].tolist() == [0, 0, Fault.TOKEN.value | 1 << 8]
        check_it_runs_again(rtl)
        (identity,) = parse_answers(
            transport().exchange(make_packet(Command.HELLO, 1), IDENTITY_LENGTH + 3)
        )
        assert identity.payload[4] == 0


def test_an_inference_that_is_asked_for_while_another_runs_waits(monkeypatch):
    with connected(monkeypatch) as rtl:
        rtl._load()
        rtl.infer(events(0.02)[:1])
        run = np.concatenate([np.zeros(1, np.uint32), rtl._hash])
        packets = [make_packet(Command.RUN, rtl.conversation.sequence + i, run) for i in range(5)]
        expect = 3 + rtl._answer_words(Command.RUN)
        answers = parse_answers(transport().exchange(np.concatenate(packets), 5 * expect))
        assert [answer.command for answer in answers] == 5 * [Command.RESULT]
        assert len({tuple(answer.payload.tolist()) for answer in answers}) == 1
        rtl.conversation.hello()
