"""How many mutants of the hardware the fast tests notice.

``python -m tests.mutation.measure [--count N] [--seed N] [--output FOLDER]``
"""

import argparse
import hashlib
import json
import multiprocessing
import resource
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from augend.hw.configuration import AcceleratorConfig
from tests.measure.table import write_table
from tests.mutation.equivalence import equivalent
from tests.mutation.model import MutatedModel, compiled
from tests.mutation.netlist import Mutant, mutated_netlist
from tests.mutation.programs import CORES, LANES, common_config, given_programs
from tests.mutation.stimulus import Play, differs, faulty, recorded, spoiled

KILLED = 0.95
WATCHDOG_BITS = 10
FAULTY, SPOILED = 30, 12
"""Of so many programs, or streams, one is spoiled."""

PATIENCE = 300
"""Seconds of processor time until a mutant counts as hung, which the tests would notice too."""

_plays: list[Play] = []


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
    library = compiled(netlist, hardware)
    model = MutatedModel(hardware, library)
    rng = np.random.default_rng(options.seed)
    _plays.extend(recorded(model, programs, rng))
    _plays.extend(faulty(model, programs[::FAULTY], rng))
    _plays.extend(spoiled(model, _plays[::SPOILED], rng))
    if differs(MutatedModel(hardware, library), _plays):
        raise SystemExit("The design does not repeat itself: the tests tell nothing about mutants")
    known = _Fates(netlist, _plays)
    left = [m for m in mutants if m.number not in known.fates]
    with ThreadPoolExecutor(options.workers) as pool:
        found = pool.map(lambda m: _survives(hardware, library, m), left)
        for mutant, survives in zip(left, found, strict=True):
            known.add(mutant, _fate(mutant, survives))
    fates = known.fates
    alive = [m for m in mutants if fates[m.number] != "killed"]
    _write(options.output, options, mutants, fates, alive)
    different = len(mutants) - sum(fates[m.number] != "lives on" for m in alive)
    killed = len(mutants) - len(alive)
    print(f"{killed} of {different} mutants that differ are killed, {len(mutants)} in all")
    if killed < KILLED * different:
        raise SystemExit(f"fewer than {KILLED:.0%} of the mutants are killed")


class _Fates:
    """What became of each mutant, kept in a file: an interrupted run goes on where it was."""

    def __init__(self, netlist: Path, plays: list[Play]) -> None:
        known = hashlib.sha256(netlist.read_bytes())
        for one in plays:
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


def _fate(mutant: Mutant, survives: bool) -> str:
    if not survives:
        return "killed"
    return "the same as the design" if equivalent(mutant) else "lives on"


def _survives(hardware: AcceleratorConfig, library: Path, mutant: Mutant) -> bool:
    """Play everything to a mutant in a process of its own, which it may take down."""
    process = multiprocessing.get_context("fork").Process(
        target=_judge, args=(hardware, library, mutant.number)
    )
    process.start()
    process.join()
    return process.exitcode == 0


def _judge(hardware: AcceleratorConfig, library: Path, number: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
    raise SystemExit(int(differs(MutatedModel(hardware, library, number), _plays)))


def _write(
    folder: Path,
    options: argparse.Namespace,
    mutants: list[Mutant],
    fates: dict[int, str],
    alive: list[Mutant],
) -> None:
    tally: dict[str, Counter[str]] = defaultdict(Counter)
    for mutant in mutants:
        tally[mutant.kind][fates[mutant.number]] += 1
    columns = ["component", "mutants", "killed", "the same as the design", "lives on"]
    rows = [
        {
            "component": name,
            "mutants": sum(fate.values()),
            **{c: fate[c] for c in columns[2:]},
        }
        for name, fate in sorted(tally.items())
    ]
    totals = {c: sum(row[c] for row in rows) for c in columns[1:]}
    rows.append({"component": "all", **totals})
    listed = "".join(f"\n* {m} ({fates[m.number]})" for m in alive)
    write_table(
        folder,
        "mutation",
        f"{len(mutants)} mutants of the netlist of an accelerator of {LANES} lanes and "
        f"{CORES} cores (Yosys `mutate`, seed {options.seed}), each played the fast "
        f"tests' programs, images and damaged packets: killed where any word, clock or event "
        f"differs. The same as the design: no difference is reachable, by induction over the "
        f"component's state. Written by `make mutate`. Survivors:{listed}",
        columns,
        rows,
    )


if __name__ == "__main__":
    main()
