"""What is known of mutants, kept in a file: an interrupted run goes on where it was."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from tests.mutation.stimulus import Play

__all__ = ["KILLED", "LIVES", "SAME", "Known", "name_of"]

KILLED, SAME, LIVES = "killed", "the same as the design", "lives on"
"""What can become of a mutant."""


def name_of(group: Sequence[Play]) -> str:
    """A group's name, which follows from what is played."""
    known = hashlib.sha256()
    for one in group:
        known.update(one.words.tobytes())
        known.update(f"{one.arrivals} {one.expect} {one.quiet} {one.most} {one.reset}".encode())
    return known.hexdigest()[:16]


class Known:
    """Which group killed a mutant, which ones it lived through, and what is proved of it.

    Groups that are added later are played only to mutants that still live. Everything is forgotten
    when the netlist changes.

    Parameters
    ----------
    netlist
        Of all mutants; what is known is kept in a file beside it.
    groups
        Names of what is played now.
    """

    def __init__(self, netlist: Path, groups: Sequence[str]) -> None:
        self._key = hashlib.sha256(netlist.read_bytes()).hexdigest()
        self._file = netlist.with_name("known.json")
        self._groups = list(groups)
        self._killer: dict[int, str] = {}
        self._lived: dict[int, list[str]] = {}
        self._proved: dict[int, bool] = {}
        if self._file.exists():
            kept = json.loads(self._file.read_text())
            if kept["key"] == self._key:
                self._killer = {int(n): group for n, group in kept["killer"].items()}
                self._lived = {int(n): through for n, through in kept["lived"].items()}
                self._proved = {int(n): same for n, same in kept["proved"].items()}

    def left(self, number: int) -> list[int]:
        """Numbers of the groups that a mutant is still to be played."""
        if self._killer.get(number) in self._groups:
            return []
        lived = set(self._lived.get(number, ()))
        return [place for place, name in enumerate(self._groups) if name not in lived]

    def played(self, number: int, through: Sequence[int], killer: int | None) -> None:
        """Keep which groups a mutant lived through, and which one killed it."""
        lived = self._lived.setdefault(number, [])
        lived += [self._groups[place] for place in through]
        self._killer.pop(number, None)
        if killer is not None:
            self._killer[number] = self._groups[killer]
        self._write()

    def judged(self, number: int) -> bool:
        """Whether it was tried to prove that a mutant is the same as the design."""
        return number in self._proved

    def judge(self, number: int, same: bool) -> None:
        """Keep whether it is proved to be the same as the design."""
        self._proved[number] = same
        self._write()

    def fate(self, number: int) -> str:
        """What became of a mutant, as far as is known."""
        if self._killer.get(number) in self._groups:
            return KILLED
        return SAME if self._proved.get(number) else LIVES

    def _write(self) -> None:
        self._file.write_text(
            json.dumps(
                {
                    "key": self._key,
                    "killer": self._killer,
                    "lived": self._lived,
                    "proved": self._proved,
                }
            )
        )
