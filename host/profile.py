"""Where the clocks of an inference go: population by population, core by core."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from rich.console import Console
from rich.table import Table

from augend.gen.place import Placement
from augend.gen.program import Program
from augend.host.driver import GoldenAccelerator, connect
from augend.host.result import Result
from augend.host.sources import data_set, images_of
from augend.host.verify import Verification, verify
from augend.hw.fit import smallest_config
from augend.sim.timing import Timing

__all__ = ["Profile", "profile_file", "profile_program"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Profile:
    """Clocks and work of some images.

    Parameters
    ----------
    program, placement
        What ran, and where.
    result
        What was counted, by the golden and timing model or by the RTL.
    timing
        The timing model's answer, with spans.
    verification
        Of the RTL against the models, where it ran.
    """

    program: Program
    placement: Placement
    result: Result
    timing: Timing
    verification: Verification | None = None

    @property
    def clocks(self) -> float:
        """Mean clocks of an inference."""
        return float(self.timing.cycles.mean())

    @property
    def bottleneck(self) -> int:
        """The core that works longest."""
        return int(np.argmax([self.work(core) for core in range(len(self.placement.cores))]))

    def work(self, core: int) -> float:
        """Mean clocks in which a core works: neither waits nor is done."""
        spans = [s for s in self.timing.spans if s.core == core]
        held = self.result.stalls["held"][:, core].mean()
        return float(sum((s.end - s.work).mean() for s in spans) - held)

    def utilisation(self, operations: float, clocks: float) -> float:
        """Share of lanes x clocks that were additions of weights."""
        return operations / (clocks * self.placement.lanes) if clocks else 0.0


def profile_program(
    program: Program,
    data: str | None,
    limit: int,
    backend: Literal["golden", "rtl"] = "golden",
    *,
    split: Literal["train", "test"] = "test",
) -> Profile:
    """Profile a program on the first images of a split.

    Raises
    ------
    PlacementError, FitError
        It cannot run on hardware, whose clocks these are.
    """
    found = data_set(program, data, split)
    images = images_of(program, found.take(np.arange(min(limit, len(found)))))
    placement = program.place()
    config = smallest_config(placement)
    result, timing = GoldenAccelerator(program, placement, config).timed(images, spans=True)
    assert timing is not None
    verification = None
    if backend == "rtl":
        with connect(program, "rtl", config=config) as hardware:
            counted = hardware.infer(images)
        verification = verify(result, counted)
        result = counted
    return Profile(
        program=program,
        placement=placement,
        result=result,
        timing=timing,
        verification=verification,
    )


def profile_file(
    path: Path,
    data: str | None,
    limit: int,
    backend: Literal["golden", "rtl"],
    console: Console,
) -> Profile:
    """Show where a program's clocks go, and whether RTL and models agree."""
    profile = profile_program(Program.load(path), data, limit, backend)
    console.print(_populations(profile))
    console.print(_cores(profile))
    network = profile.program.network
    operations = float(profile.result.total_operations.mean())
    console.print(
        f"{profile.clocks:,.0f} clocks an image (T = {network.timesteps}), bottleneck core "
        f"{profile.bottleneck}; {profile.utilisation(operations, profile.clocks):.3f} of lanes x "
        f"clocks of one core are additions"
    )
    found = profile.verification
    if found is not None and found.different:
        console.print(f"RTL and models differ: {found.first}", style="red")
    elif found is not None:
        console.print(f"RTL and models agree in all {found.compared:,} values")
    return profile


def _populations(profile: Profile) -> Table:
    table = Table(
        title="means of an image; use: additions / (clocks x lanes)", title_justify="left"
    )
    for name in ("name", "core"):
        table.add_column(name)
    for name in ("clocks", "additions", "words", "updates", "spikes", "use"):
        table.add_column(name, justify="right", no_wrap=True)
    result = profile.result
    network = profile.program.network
    for emitter in (*network.populations, *network.gates):
        name = emitter.name
        clocks = float(profile.timing.clocks[name].mean())
        additions = float(result.operations[name].mean())
        counts = [additions, *(float(c[name].mean()) for c in (result.words, result.updates))]
        spikes = float(result.spikes[name].mean()) if name in result.spikes else 0.0
        table.add_row(
            name,
            str(profile.placement.core_of[name]),
            f"{clocks:,.0f}",
            *(f"{value:,.0f}" for value in (*counts, spikes)),
            f"{profile.utilisation(additions, clocks):.3f}",
        )
    return table


def _cores(profile: Profile) -> Table:
    table = Table(title="cores, clocks of an image", title_justify="left")
    table.add_column("core")
    for name in ("busy", "starved", "blocked", "held", "done", "additions a lane"):
        table.add_column(name, justify="right")
    stalls = {k: v.mean(0) for k, v in profile.result.stalls.items()}
    for core in range(len(profile.placement.cores)):
        work = profile.work(core)
        waits = [float(stalls[reason][core]) for reason in ("starved", "blocked", "held")]
        names = [n for n, c in profile.placement.core_of.items() if c == core]
        additions = sum(float(profile.result.operations[n].mean()) for n in names)
        table.add_row(
            str(core),
            f"{work:,.0f}",
            *(f"{value:,.0f}" for value in waits),
            f"{max(0.0, profile.clocks - work - sum(waits)):,.0f}",
            f"{additions / profile.placement.lanes:,.0f}",
        )
    return table
