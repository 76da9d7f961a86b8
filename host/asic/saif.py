"""Switching activity of a simulation, as Verilator writes it (SAIF 2.0, IEEE 1801 annex)."""

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Activity", "read_saif"]

_LINE = re.compile(
    r"\(INSTANCE (?P<scope>\S+)|(?P<close>^\s*\)\s*$)|\(DURATION (?P<duration>\d+)\)|\(NET\s*$|"
    r"\((?P<net>[^\s()]+) \(T0 \d+\) \(T1 (?P<high>\d+)\).*\(TC (?P<toggles>\d+)\)"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Activity:
    """What every bit did while a file was open.

    Parameters
    ----------
    duration
        In the unit of time of the file.
    toggles, high
        For the path of a scope, then a net's name and which bit of it: times it changed, and how
        long it was 1.
    """

    duration: int
    toggles: dict[tuple[str, ...], dict[tuple[str, int], int]]
    high: dict[tuple[str, ...], dict[tuple[str, int], int]]


def read_saif(file: Path) -> Activity:
    """Read a file that Verilator wrote.

    Verilator takes every bit for 0 before it begins: one that begins as 1 has a toggle more.
    """
    path: tuple[str, ...] = ()
    nets: list[bool] = []  # of every group that is open, whether it is one of nets
    duration = 0
    toggles: dict[tuple[str, ...], dict[tuple[str, int], int]] = {}
    high: dict[tuple[str, ...], dict[tuple[str, int], int]] = {}
    with file.open() as lines:
        for line in lines:
            found = _LINE.search(line)
            if found is None:
                continue
            if name := found["net"]:
                base, _, index = name.partition("\\[")
                key = base, int(index.rstrip("\\]") or 0)
                toggles[path][key] = int(found["toggles"])
                high[path][key] = int(found["high"])
            elif found["scope"]:
                path, nets = (*path, found["scope"]), [*nets, False]
                toggles.setdefault(path, {})
                high.setdefault(path, {})
            elif found["duration"]:
                duration = int(found["duration"])
            elif found["close"] is None:
                nets.append(True)
            elif nets and not nets.pop():
                path = path[:-1]
    return Activity(duration=duration, toggles=toggles, high=high)
