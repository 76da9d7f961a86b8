"""How many mutants of the hardware the fast tests notice.

``python -m tests.mutation.measure [--count N] [--seed N] [--output FOLDER]``
"""

import argparse
import hashlib
import json
import multiprocessing
import resource
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from tests.mutation.equivalence import equivalent
from tests.mutation.fates import write_fates
from tests.mutation.model import MutatedModel, compiled
from tests.mutation.netlist import Mutant, mutated_netlist
from tests.mutation.programs import common_config, given_programs
from tests.mutation.stimulus import (
    Fresh,
    Play,
    clocks_of,
    differs,
    faulty,
    recorded,
    spoiled,
)

KILLED = 0.95
WATCHDOG_BITS = 10
FAULTY, SPOILED = 30, 8
"""Of so many programs one is spoiled; of so many, the streams."""

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
    rng = np.random.default_rng(options.seed)
    _groups.extend(recorded(design, programs, rng))
    few = _groups[::SPOILED]
    _groups.extend(faulty(design, programs[::FAULTY], rng))
    _groups.extend(spoiled(design, few, rng))
    if any(differs(design, group) for group in _groups):
        raise SystemExit("The design does not repeat itself: the tests tell nothing about mutants")
    print(f"{len(_groups)} groups of {sum(map(clocks_of, _groups)):,} clocks", flush=True)
    known = _Fates(netlist, _groups)
    order = _Order([clocks_of(group) for group in _groups])

    def judged(mutant: Mutant) -> tuple[Mutant, str]:
        killer = _killer(partial(design, mutant.number), order)
        return mutant, "killed" if killer else _fate_of_survivor(mutant)

    left = [m for m in mutants if m.number not in known.fates]
    with ThreadPoolExecutor(options.workers) as pool:
        for mutant, fate in pool.map(judged, left):
            known.add(mutant, fate)
            done = [m for m in mutants if m.number in known.fates]
            write_fates(options.output, options.seed, done, known.fates)
    fates = Counter(known.fates[m.number] for m in mutants)
    different = len(mutants) - fates["the same as the design"]
    print(f"{fates['killed']} of {different} mutants that differ are killed, {len(mutants)} in all")
    if fates["killed"] < KILLED * different:
        raise SystemExit(f"fewer than {KILLED:.0%} of the mutants are killed")


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


class _Fates:
    """What became of each mutant, kept in a file: an interrupted run goes on where it was."""

    def __init__(self, netlist: Path, groups: list[list[Play]]) -> None:
        known = hashlib.sha256(netlist.read_bytes())
        for one in (play for group in groups for play in group):
            known.update(one.words.tobytes())
        self._key = known.hexdigest()
        self._file = netlist.with_name("fates.json")
        self.fates: dict[int, str] = {}
        if self._file.exists():
            kept = json.loads(self._file.read_text())
            if kept["key"] == self._key:
                self.fates = {int(number): fate for number, fate in kept["fates"].items()}

    def add(self, mutant: Mutant, fate: str) -> None:
        """Keep it and say it."""
        self.fates[mutant.number] = fate
        self._file.write_text(json.dumps({"key": self._key, "fates": self.fates}))
        print(f"{mutant.number}: {mutant}: {fate}", flush=True)


def _fate_of_survivor(mutant: Mutant) -> str:
    return "the same as the design" if equivalent(mutant) else "lives on"


def _killer(fresh: Fresh, order: _Order) -> bool:
    """Play everything to a mutant in a process of its own, which it may take down."""
    numbers = order.now()
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
    killed = said != _SAME
    order.learn(begun, begun[-1] if killed and begun else None)
    return killed


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
