"""``augend place``: puts a program on lanes and cores, balanced by the clocks that it measures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from augend.gen.program import Program
from augend.host.profile import Profile, profile_program
from augend.hw.fit import smallest_config

__all__ = ["balanced", "place_file"]


def balanced(program: Program, data: str | None, limit: int) -> Program:
    """Program whose cores are balanced by the clocks of each population on training images.

    A population's clocks are those that it takes on one core of as many lanes, waits left out;
    gates count with the population that they are on.

    Parameters
    ----------
    program
        With the lanes and cores that it is to have.
    data
        Data set; the one that the program was converted for where None.
    limit
        Number of images to take the mean of.
    """
    network = program.network
    alone = profile_program(replace(program, cores=1, work={}), data, limit, split="train")
    work = {p.name: 0.0 for p in network.populations}
    for name, clocks in alone.timing.clocks.items():
        work[network.root_of(name)] += float(clocks.mean())
    return replace(program, work={name: round(clocks) for name, clocks in work.items()})


def place_file(
    path: Path,
    data: str | None,
    limit: int,
    lanes: int | None,
    cores: int | None,
    output: Path | None,
    console: Console,
) -> Profile:
    """Place a program anew, show where everything lies, and what an image is expected to cost.

    Parameters
    ----------
    path
        The program.
    data, limit
        Data set and number of training images to measure on.
    lanes, cores
        Those of the program where None.
    output
        File to write the placed program to, if any.
    console
        For the tables.
    """
    program = Program.load(path)
    wanted = replace(program, lanes=lanes or program.lanes, cores=cores or program.cores, work={})
    wanted.place()  # refuses before anything is measured
    with console.status("measuring"):
        placed = balanced(wanted, data, limit)
        found = profile_program(placed, data, limit, split="train")
    console.print(_populations(found))
    console.print(_cores(found))
    console.print(
        f"{found.clocks:,.0f} clocks an image expected, bottleneck core {found.bottleneck}"
        + _gain(found, wanted, data, limit)
    )
    if output is not None:
        placed.save(output)
        console.print(f"wrote {output}")
    return found


def _gain(found: Profile, estimated: Program, data: str | None, limit: int) -> str:
    """What the placement by synapses alone would take, where it is another one."""
    if estimated.place().core_of == found.placement.core_of:
        return ""
    other = profile_program(estimated, data, limit, split="train")
    return f"; balanced by synapses it would take {other.clocks:,.0f}"


def _populations(found: Profile) -> Table:
    table = Table(title="populations; clocks are means of an image", title_justify="left")
    for name in ("name", "core"):
        table.add_column(name)
    for name in ("neurons", "words", "weight words", "clocks"):
        table.add_column(name, justify="right", no_wrap=True)
    placement = found.placement
    network = placement.network
    for one in (*network.populations, *network.gates):
        weights = sum(
            len(tables.weight)
            for projection, tables in zip(network.projections, placement.tables, strict=True)
            if projection.target == one.name
        )
        layout = placement.layouts[one.name]
        clocks = float(found.timing.clocks[one.name].mean())
        values = (int(np.prod(one.shape)), layout.words, weights)
        table.add_row(
            one.name,
            str(placement.core_of[one.name]),
            *(f"{value:,}" for value in values),
            f"{clocks:,.0f}",
        )
    return table


def _cores(found: Profile) -> Table:
    table = Table(title="cores", title_justify="left")
    table.add_column("core")
    for name in ("weight kbit", "potential kbit", "instructions", "busy clocks", "share"):
        table.add_column(name, justify="right")
    config = smallest_config(found.placement)
    for core, held in enumerate(found.placement.cores):
        weights = len(held.weight) * config.lanes * config.weight_bits / 1000
        potentials = held.potential_words * config.lanes * config.potential_bits / 1000
        busy = found.work(core)
        table.add_row(
            str(core),
            f"{weights:,.1f}",
            f"{potentials:,.1f}",
            str(len(held.instructions)),
            f"{busy:,.0f}",
            f"{busy / found.clocks:.2f}",
        )
    return table
