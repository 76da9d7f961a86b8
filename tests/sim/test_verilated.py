"""The Verilated model: hosts that stall, and a harness that evaluates no more than has to be."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest

from augend.gen.place import place
from augend.gen.program import Program
from augend.host.driver import connect
from augend.hw.fit import smallest_config
from augend.sim import verilated
from augend.sim.verilated import Stalls
from augend.sim.verilation import BuildError, cached

from .accelerators import Kept, compare_results
from .test_timing import perceptron


@cache
def program():
    return Program(network=perceptron(3, hidden=8), lanes=1, cores=1)


@cache
def config():
    return smallest_config(place(program().network, lanes=1))


def events():
    return (np.random.default_rng(3).random((3, 3, 64)) < 0.2).astype(np.uint8)


class Stalling(Kept):
    """Remembers what was observed."""

    def __init__(self, stalls=None):
        super().__init__(config())
        self.stalls = stalls
        self.observed = []

    def exchange(self, words, expect):
        self.observed.append(self.model.run(words, expect, stalls=self.stalls, most_events=10_000))
        return self.observed[-1].words


def session(transport):
    """A program loaded, and three images."""
    with connect(program(), "golden", config=config()) as golden:
        expected = golden.infer(events())
    with connect(program(), "rtl", config=config(), transport=transport) as rtl:
        compare_results(rtl.infer(events()), expected)
    return transport.observed


def clocks_of(observed):
    return [
        value.tolist()
        for one in observed
        for value in (one.clocks, one.taken, one.starts, one.ends, one.events)
    ]


def test_stalls_follow_from_their_seed_and_change_no_result():
    stalls = Stalls(seed=5, pause=0.5, refuse=0.7)
    seen = [session(Stalling(one)) for one in (None, stalls, stalls, Stalls(seed=6, pause=0.5))]
    plain, first, second, other = map(clocks_of, seen)
    assert first == second
    assert len({str(clocks) for clocks in (plain, first, other)}) == 3
    taken = [seen[i][-1].taken for i in (0, 1)]
    assert np.all(np.diff(taken[0].astype(int)) >= 1)
    spread = (taken[1][-1] - taken[1][0]) / (taken[0][-1] - taken[0][0])
    assert spread > 1.2


@pytest.mark.parametrize("name", ["pause", "refuse"])
@pytest.mark.parametrize("value", [-0.1, 1.0])
def test_a_host_that_stalls_for_ever_is_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} must be from 0 to below 1, not {value}"):
        Stalls(**{name: value})


def test_a_folder_that_two_want_is_made_once(monkeypatch, tmp_path):
    monkeypatch.setenv("AUGEND_CACHE", str(tmp_path))
    made = []

    def make(work):
        made.append(work)
        time.sleep(0.2)
        (work / "file").touch()

    def want(_):
        return cached("models", "key", make)

    with ThreadPoolExecutor(3) as pool:
        folders = list(pool.map(want, range(3)))
    assert len(made) == 1 and set(folders) == {tmp_path / "models" / "key"}
    assert (folders[0] / "file").exists()


def test_a_folder_whose_making_fails_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("AUGEND_CACHE", str(tmp_path))

    def fails(work):
        raise BuildError("no compiler")

    with pytest.raises(BuildError):
        cached("models", "key", fails)
    assert [path.name for path in (tmp_path / "models").iterdir()] == [".key.lock"]


def test_what_is_not_evaluated_changes_nothing(monkeypatch, tmp_path):
    """Also with a Verilator whose parts cannot be called one by one."""
    stalls = Stalls(seed=1, pause=0.3, refuse=0.3)
    fast = clocks_of(session(Stalling(stalls)))
    link, tried = verilated.link, []

    def refuses(model, harness, defines):
        tried.append(defines)
        if "-DAUGEND_PHASES" in defines:
            raise BuildError("undefined reference")
        link(model, harness, defines)

    monkeypatch.setattr(verilated, "link", refuses)
    monkeypatch.setenv("AUGEND_CACHE", str(tmp_path))
    slow = clocks_of(session(Stalling(stalls)))
    assert len(tried) == 2
    assert slow == fast
