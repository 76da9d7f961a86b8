"""Lines and toggles of the RTL that random programs cover, file by file of ``hw``.

``python -m tests.measure.coverage [--cases 300] [--minutes 2] [--seed 1] [--output FOLDER]``

Counting makes the model slow: cases are drawn until there are so many, or so much processor time
was spent on them.
"""

import argparse
import re
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings

from augend.gen.place import place
from augend.gen.program import Program
from augend.host.driver import RtlAccelerator, connect
from augend.host.packets import make_packet
from augend.hw.configuration import AcceleratorConfig
from augend.hw.fit import FitError, check_fit
from augend.hw.identity import IDENTITY_LENGTH
from augend.hw.packet import Command
from augend.sim.verilated import build
from tests.fuzz.case import Case
from tests.fuzz.check import Watched, check, configuration
from tests.fuzz.drawn_cases import cases
from tests.measure.coverage_points import Point, read_points
from tests.measure.coverage_reasons import reason_of
from tests.measure.table import write_table
from tests.mutation.directed import directed
from tests.mutation.faults import attempted, broken, late, refused
from tests.sim.accelerators import as_images
from tests.sim.overlay_programs import KINDS, drawn_input

SHAPE = (2, 2, "block")
WATCHDOG_BITS = 12
"""So that what cannot end is soon given up."""

AT_ONCE = 10
BROKEN = ("deep 0", "flooded 1")
"""Programs that are spoiled, too."""


def measured_config() -> AcceleratorConfig:
    """All hardware there is, with a quick watchdog."""
    return replace(configuration(SHAPE), watchdog_bits=WATCHDOG_BITS)


def run_all(transport: Watched, number: int, minutes: float, first: int) -> int:
    """Every kind of program, random cases, damaged packets; returns how many cases."""
    lanes, cores, _ = SHAPE
    for make in KINDS.values():
        program = replace(make(), lanes=lanes, cores=cores)
        with connect(program, "rtl", config=transport.model.config, transport=transport) as rtl:
            rtl.infer(drawn_input(program))
        print(f"{program.hash[:12]}: run", flush=True)
    done = 0
    end = time.process_time() + 60 * minutes
    while done < number and time.process_time() < end:
        for case in _drawn(min(AT_ONCE, number - done), first + done):
            check(case, transport)
            done += 1
        print(f"{done} cases", flush=True)
    transport.stalls = None
    _run_directed(transport)
    rng = np.random.default_rng(first)
    for command in Command:
        packet = make_packet(command, 1, rng.integers(0, 1 << 32, 5, np.uint32))
        for at in range(len(packet)):
            damaged = packet.copy()
            damaged[at] ^= np.uint32(1 << int(rng.integers(32)))
            transport.model.run(damaged, 8, quiet_clocks=2000)
    for words in (refused(), late()):
        transport.model.run(words, 1 << 12, quiet_clocks=2000)
    return done


def _run_directed(transport: Watched) -> None:
    """What random cases hardly ever reach, and programs that wait for what never comes."""
    lanes, cores, _ = SHAPE
    config = transport.model.config
    for name, network, pixels, core_of in directed():
        placement = place(network, lanes=lanes, cores=cores, core_of=core_of)
        try:
            check_fit(config, placement)
        except FitError:
            continue
        program = Program(network=network, lanes=lanes, cores=cores)
        transport.model.reset()
        rtl = RtlAccelerator(program, placement, config, transport)
        rtl.infer(as_images(network, pixels))
        transport.quiet = 2 << config.watchdog_bits
        for changed in broken(placement) if name in BROKEN else ():
            rtl.placement = changed
            for _ in attempted(rtl._load, partial(rtl.infer, as_images(network, pixels))):
                number = rtl.conversation.sequence
                transport.exchange(make_packet(Command.HELLO, number), IDENTITY_LENGTH + 3)
                rtl.conversation.sequence = number + 1 & 0xFFFF
        transport.quiet = Watched.quiet
        print(f"{name}: run", flush=True)


def _drawn(number: int, first: int) -> list[Case]:
    """Random cases, always the same of a seed."""
    drawn: list[Case] = []

    @seed(first)
    @settings(
        max_examples=number,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases(SHAPE))
    def draw(case: Case) -> None:
        drawn.append(case)

    draw()
    return drawn


def merged(points: Iterable[Point]) -> dict[tuple[str, str], dict[str, int]]:
    """Counts by file and kind, then by what; those of all instances together."""
    counts = defaultdict(lambda: defaultdict(int))
    for point in points:
        counts[point.file, point.kind][point.what] += point.count
    return counts


def rows_of(counts: dict[tuple[str, str], dict[str, int]]) -> list[dict]:
    """A row a file, and one for all."""
    rows = []
    total = {"line": [0, 0], "toggle": [0, 0]}
    for file in sorted({file for file, _ in counts}):
        row = {"file": file}
        for kind in ("line", "toggle"):
            found = counts.get((file, kind), {})
            covered = sum(count > 0 for count in found.values())
            total[kind][0] += covered
            total[kind][1] += len(found)
            row |= _columns(kind, covered, len(found))
            row[f"uncovered {kind}s"] = _uncovered(file, kind, found)
        rows.append(row)
    last = {"file": "all"}
    for kind, (covered, number) in total.items():
        last |= _columns(kind, covered, number) | {f"uncovered {kind}s": []}
    return [*rows, last]


def _columns(kind: str, covered: int, number: int) -> dict:
    share = f"{100 * covered / number:.1f} %" if number else "-"
    return {f"{kind}s": number, f"{kind}s covered": share}


def _uncovered(file: str, kind: str, counts: dict[str, int]) -> list[dict[str, str]]:
    """What no instance covers, each with its reason; bits of a signal together."""
    bare = [what for what, count in counts.items() if not count]
    if kind == "toggle":
        bits = defaultdict(set)
        for what in bare:
            found = re.match(r"(.*?)((?:\[\d+\])*)(?::[01]->[01])?$", what)
            bits[found[1]].add(found[2])
        bare = [
            f"{name} ({len(where)} bits)" if where != {""} else name for name, where in bits.items()
        ]
    return [{"what": what, "reason": reason_of(file, kind, what)} for what in sorted(bare)]


def write(folder: Path, rows: list[dict], caption: str) -> None:
    """Write the table; below it, in Markdown, what is not covered, and why."""
    columns = ["file", "lines", "lines covered", "toggles", "toggles covered"]
    write_table(folder, "coverage", caption, columns, rows)
    text = ["", "## Not covered", ""]
    for row in rows:
        for kind in ("line", "toggle"):
            reasons = defaultdict(list)
            for entry in row[f"uncovered {kind}s"]:
                reasons[entry["reason"]].append(entry["what"].replace("|", "\\|"))
            for reason, what in sorted(reasons.items()):
                shown = what if kind == "line" else [", ".join(what)]
                text.append(f"- `{row['file']}`, {kind}s, {len(what)}: {reason}")
                text += [f"  - {one}" for one in shown]
    path = folder / "coverage.md"
    path.write_text(path.read_text() + "\n".join(text) + "\n")


def main() -> None:
    """Write ``coverage.json`` and ``.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("docs/tables"))
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    config = measured_config()
    transport = Watched(config, coverage=True)
    done = run_all(transport, options.cases, options.minutes, options.seed)
    with TemporaryDirectory() as folder:
        counts = Path(folder) / "coverage.dat"
        transport.model.write_coverage(counts)
        rows = rows_of(
            merged(read_points(counts, build(config, coverage=True).with_name("design.v")))
        )
    lanes, cores, memory = SHAPE
    caption = (
        f"What {len(KINDS)} kinds of programs, {done} random cases of the fuzzer, networks "
        f"directed at what those do not reach, programs that cannot end, damaged and refused "
        f"packets cover of an accelerator of all hardware, {lanes} lanes, {cores} cores, {memory} "
        f"RAM: branches of the Verilog text, and edges of bits; all instances of a component "
        f"together. Written by `make coverage`."
    )
    write(options.output, rows, caption)


if __name__ == "__main__":
    main()
