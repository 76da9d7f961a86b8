"""The table of what became of the mutants, and why those that live on do."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.measure.table import write_table
from tests.mutation.known import KILLED, LIVES, SAME
from tests.mutation.netlist import Mutant
from tests.mutation.programs import CORES, LANES
from tests.mutation.reasons import reason_of

__all__ = ["write_fates"]

_FATES = (KILLED, SAME, LIVES)


def write_fates(
    folder: Path, seed: int, mutants: Sequence[Mutant], fate: Callable[[int], str], drawn: int
) -> None:
    """Write ``mutation.json`` and ``.md``: a row a component, survivors below.

    ``drawn`` is the number of mutants there are, of which these were played so far.
    """
    tally: dict[str, Counter[str]] = defaultdict(Counter)
    for mutant in mutants:
        tally[mutant.kind][fate(mutant.number)] += 1
    rows = [
        {"component": name, "mutants": sum(of.values()), **{one: of[one] for one in _FATES}}
        for name, of in sorted(tally.items())
    ]
    columns = list(rows[0])
    rows.append({"component": "all", **{c: sum(row[c] for row in rows) for c in columns[1:]}})
    last = rows[-1]
    untried = "" if len(mutants) == drawn else " (to be tried once all are played)"
    different = last["mutants"] - last[SAME]
    write_table(
        folder,
        "mutation",
        f"{last['mutants']} of {drawn} mutants of the netlist of an accelerator of {LANES} lanes "
        f"and {CORES} cores, optimised and flattened (Yosys `mutate`, seed {seed}), each played "
        f"programs, images and damaged packets drawn as in the fast tests, programs that cannot "
        f"end, and resets: killed where any word, clock or event differs. The same as the design: "
        f"by induction over the state of the whole accelerator no output ever differs{untried}. "
        f"{last[KILLED]} of the {different} others are killed: "
        f"{100 * last[KILLED] / max(1, different):.1f} %. Written by `make mutate`.",
        columns,
        rows,
    )
    same = [f"* {m}" for m in mutants if fate(m.number) == SAME]
    alive = [f"* {m}: {reason_of(m)}" for m in mutants if fate(m.number) == LIVES]
    path = folder / "mutation.md"
    told = ["## Alive", "", *alive, "", "## The same as the design", "", *same]
    path.write_text("\n".join([path.read_text(), *told]) + "\n")
