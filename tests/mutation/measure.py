"""How many mutants of the hardware the fast tests notice.

``python -m tests.mutation.measure [--count N] [--seed N] [--output FOLDER]``
"""

import argparse
import multiprocessing
import resource
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from tests.mutation.equivalence import Induction
from tests.mutation.extract import extracted
from tests.mutation.fates import write_fates
from tests.mutation.known import KILLED, LIVES, SAME, Known, name_of
from tests.mutation.model import MutatedModel, compiled
from tests.mutation.netlist import Mutant, mutated_netlist
from tests.mutation.programs import Given, common_config, given_programs
from tests.mutation.stimulus import (
    Fresh,
    Play,
    clocks_of,
    differs,
    faulty,
    interrupted,
    recorded,
    spoiled,
)

ENOUGH = 0.95
"""Share of the mutants that are not proved to be the same as the design."""

WATCHDOG_BITS = 10
FAULTY, INTERRUPTED, SPOILED = 30, 12, 8
"""Of so many programs one is spoiled; of so many, one is reset; of so many, the streams."""

PATIENCE = 300
"""Seconds of processor time until a mutant counts as hung, which the tests would notice too."""

_SAME, _DIFFERENT, _DIED = "same", "different", "died"

_groups: list[list[Play]] = []
"""What is played, each group to a fresh model."""


def main() -> None:
    """Write ``mutation.json`` and ``.md``; exit code 1 where too many mutants live on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=Path, default=Path("docs/tables"))
    options = parser.parse_args()
    programs = given_programs()
    hardware = common_config(programs, watchdog_bits=WATCHDOG_BITS)
    netlist, mutants = mutated_netlist(hardware, options.count, options.seed)
    design = partial(MutatedModel, hardware, compiled(netlist, hardware))
    _groups.extend(_played(design, programs, options.seed))
    if any(differs(design, group) for group in _groups):
        raise SystemExit("The design does not repeat itself: the tests tell nothing about mutants")
    print(f"{len(_groups)} groups of {sum(map(clocks_of, _groups)):,} clocks", flush=True)
    known = Known(netlist, [name_of(group) for group in _groups])
    order = _Order([clocks_of(group) for group in _groups])

    def played(mutant: Mutant) -> tuple[Mutant, list[int], int | None]:
        return mutant, *_killer(partial(design, mutant.number), order, known.left(mutant.number))

    with ThreadPoolExecutor(options.workers) as pool:
        for mutant, through, killer in pool.map(played, _of(mutants, known.left)):
            known.played(mutant.number, through, killer)
            print(f"{mutant.number}: {mutant}: {known.fate(mutant.number)}", flush=True)
            done = [m for m in mutants if not known.left(m.number)]
            write_fates(options.output, options.seed, done, known.fate, len(mutants))
    alive = [m for m in mutants if known.fate(m.number) == LIVES and not known.judged(m.number)]
    if alive:
        induction = Induction(*extracted(mutants))
        for mutant in alive:
            known.judge(mutant.number, induction.same(mutant.number))
            print(f"{mutant.number}: {mutant}: {known.fate(mutant.number)}", flush=True)
    write_fates(options.output, options.seed, mutants, known.fate, len(mutants))
    counted = Counter(known.fate(m.number) for m in mutants)
    different = len(mutants) - counted[SAME]
    print(f"{counted[KILLED]} of {different} mutants that differ are killed, {len(mutants)} in all")
    if counted[KILLED] < ENOUGH * different:
        raise SystemExit(f"fewer than {ENOUGH:.0%} of the mutants are killed")


def _played(design: Fresh, programs: list[Given], seed: int) -> list[list[Play]]:
    """Everything that a mutant is played."""
    groups = recorded(design, programs)
    few = groups[::SPOILED]
    groups += interrupted(design, programs[::INTERRUPTED])
    groups += faulty(design, programs[::FAULTY])
    return groups + spoiled(design, few, np.random.default_rng(seed))


def _of(mutants: list[Mutant], left: Callable[[int], list[int]]) -> list[Mutant]:
    """Mutants that something is still to be played to."""
    return [mutant for mutant in mutants if left(mutant.number)]


class _Order:
    """In which order groups are played: first those that kill most mutants a clock."""

    def __init__(self, clocks: list[int]) -> None:
        self._clocks = np.array(clocks, float)
        self._played = np.full(len(clocks), 2.0)
        self._kills = np.ones(len(clocks))

    def now(self) -> list[int]:
        """Numbers of the groups."""
        return np.argsort(-self._kills / self._played / self._clocks, kind="stable").tolist()

    def learn(self, played: list[int], killer: int | None) -> None:
        """Take in which groups a mutant was played, and which of them killed it."""
        self._played[played] += 1
        if killer is not None:
            self._kills[killer] += 1


def _killer(fresh: Fresh, order: _Order, left: list[int]) -> tuple[list[int], int | None]:
    """Play groups to a mutant in a process of its own, which it may take down.

    Returns those that it lived through, and the one that it did not.
    """
    numbers = [number for number in order.now() if number in set(left)]
    ours, its = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_judge, args=(fresh, numbers, its))
    process.start()
    its.close()
    begun: list[int] = []
    said: int | str = ""
    try:
        while not isinstance(said := ours.recv(), str):
            begun.append(said)
    except EOFError:  # it ended without a word: stopped by the simulation, or by its time
        said = _DIED
    process.join()
    ours.close()
    if not begun:
        raise RuntimeError(f"The process of a mutant ended before it was played anything: {said}")
    killer = begun.pop() if said != _SAME else None
    order.learn([*begun, *([] if killer is None else [killer])], killer)
    return begun, killer


def _judge(fresh: Fresh, numbers: list[int], tell: Connection) -> None:
    """Say the number of each group before it is played, and in the end what was seen."""
    resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
    for number in numbers:
        tell.send(number)
        if differs(fresh, _groups[number]):
            tell.send(_DIFFERENT)
            return
    tell.send(_SAME)


if __name__ == "__main__":
    main()
