"""Verilator's coverage counts, as points in the rooms' files; instances of a component are one."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["FILES", "Point", "file_of", "read_points"]

FILES = {
    r"augend_accelerator": "accelerator.py",
    r"core_\d+": "core.py",
    r"controller": "controller.py",
    r"controller\.run": "run_control.py",
    r"controller\.tell": "reply.py",
    r"receiver|sender": "packet.py",
    r"router": "spike_router.py",
    r"encoder": "encoder.py",
    r"rate": "rate_encoder.py",
    r"lfsr": "lfsr.py",
    r"encoder\.intervals": "interval_encoder.py",
    r"readout": "readout.py",
    r"draw": "softmax_draw.py",
    r"walk": "score_walk.py",
    r"queue": "event_queue.py",
    r"replay": "replay.py",
    r"inhibition": "inhibition.py",
    r"counters": "counters.py",
    r"intake": "intake.py",
    r"quiet": "quiet.py",
    r"fan_out": "fan_out.py",
    r"fan_out\.targets": "target_words.py",
    r"lanes": "lanes.py",
    r"lane_\d+": "neuron.py",
    r"weight_operand": "weight_operand.py",
    r"history_\d+": "history.py",
    r"leader_\d+": "leader.py",
    r"scan": "window_scan.py",
    r"sweep": "sweep.py",
    r"potentials": "potential_memory.py",
    r"augend_loaded_memory|past|parameters|weights|rows|thresholds|table": "memory.py",
    r"fan_out\.(row|column|group|lane)|intervals\.intervals": "memory.py",
    r"crc|words": "Amaranth's own",
}
"""By the end of a Verilog module's name: the file of ``hw`` that it comes from."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """Something that can be covered, in one instance.

    Parameters
    ----------
    file
        Of ``hw``.
    kind
        ``line`` (a branch, or a block that has none) or ``toggle`` (an edge of a bit).
    what
        The branch in words, or the bit with its edge; the same for all instances.
    count
        How often.
    """

    file: str
    kind: str
    what: str
    count: int


def read_points(counts: Path, design: Path) -> Iterable[Point]:
    """Points of a ``coverage.dat`` of the Verilog text."""
    source = tuple(design.read_text().splitlines())
    for line in counts.read_text(errors="replace").splitlines():
        found = re.fullmatch(r"C '(.*)' (\d+)", line)
        if found is None:
            continue
        fields = dict(part.split("\x02", 1) for part in found[1].split("\x01") if "\x02" in part)
        page, _, module = fields["page"].partition("/")
        module = re.sub(r"\$\d+", "", module.replace("\\", ""))
        toggle = page == "v_toggle"
        place = int(fields["l"])
        what = fields["o"] if toggle else _branch(source, place, fields["o"])
        if toggle and re.search(r"(^|[.:])\$|\bclk\b", what):
            continue  # Yosys' own names, of which others have the values, and the clock
        if "dump_module" in what:
            continue  # with which Yosys begins every block, and which is never so
        yield Point(
            file=file_of(module),
            kind="toggle" if toggle else "line",
            what=what,
            count=int(found[2]),
        )


def file_of(module: str) -> str:
    """File of a module: the longest pattern that its name ends in."""
    module = re.sub(r"__p\w+$", "", module)  # as Verilator names one of several widths
    matches = [
        (len(match[0]), file)
        for pattern, file in FILES.items()
        if (match := re.search(rf"(?:^|\.)(?:{pattern})$", module))
    ]
    if not matches:
        raise ValueError(f"No file is known for the Verilog module {module!r}: add it to FILES")
    return max(matches)[1]


def _branch(source: tuple[str, ...], place: int, kind: str) -> str:
    """A branch by what it sets, and the condition's text, names of Yosys resolved once."""
    text = source[place - 1].strip()
    target = ""
    for number in range(place - 1, max(0, place - 2000), -1):
        if source[number].startswith("  always"):
            target = _target(source[number : number + 6])
            break
    return f"{target}: {kind} of `{_resolved(source, place, text)}`"


def _target(block: Sequence[str]) -> str:
    for line in block[1:]:
        found = re.match(r"\s*(\\?\S+) (?:\[[^]]*\] )?\s*<?= (.*);", line)
        if found:
            name, value = found[1].lstrip("\\"), found[2].strip().lstrip("\\")
            return value if name.startswith("$") else name
    return ""


def _resolved(source: tuple[str, ...], place: int, text: str) -> str:
    """Replace names of Yosys by what they are assigned in the same module."""
    begin = next(n for n in range(place - 1, -1, -1) if source[n].startswith("module "))
    assigned = _assigned(source, begin) if "\\$" in text else {}
    return re.sub(r"\\(\$\d+) ", lambda found: assigned.get(found[1], found[0]), text)


@cache
def _assigned(source: tuple[str, ...], begin: int) -> dict[str, str]:
    """What Yosys' own names of a module are assigned."""
    assigned = {}
    for line in source[begin:]:
        if found := re.match(r"  assign \\(\$\d+)\s+= (.*);", line):
            assigned[found[1]] = found[2]
        if line.startswith("endmodule"):
            break
    return assigned
