"""``augend build --fit``: the lanes, cores and memories that classify most images a second."""

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich import box
from rich.console import Console
from rich.table import Table

from augend.gen.place import PlacementError
from augend.gen.program import Program
from augend.host.bitstream import board_pins
from augend.host.board_advice import advice, fits, rough_needs
from augend.host.board_config import VARIANTS, board_config
from augend.host.driver import connect
from augend.host.toolchain.block_ram import in_registers
from augend.host.toolchain.devices import DEVICES, DSP
from augend.host.toolchain.errors import DoesNotFitError
from augend.host.toolchain.synthesis import check_cells, logic_cells, synthesise_part
from augend.hw.boards.board import Board
from augend.hw.boards.top import ACCELERATOR, BOARD_TOP, board_verilog
from augend.hw.configuration import AcceleratorConfig

__all__ = ["Candidate", "candidates", "choose", "show_candidates"]

_LANES = tuple(1 << n for n in range(8))
_CORES = (1, 2)


@dataclass(kw_only=True)
class Candidate:
    """An accelerator that might be built, and what is known of it.

    Parameters
    ----------
    program
        Placed for its lanes and cores.
    variant
        Which of ``VARIANTS`` of memories and extras it has.
    config
        What would be built.
    needs
        Block RAMs, single-port RAMs and, roughly, logic cells.
    fits
        Whether that is there.
    clocks
        Of an image, by the timing model; None where it was not asked.
    cells
        After synthesis, where there was one.
    verdict
        What became of it.
    """

    program: Program
    variant: str
    config: AcceleratorConfig
    needs: dict[str, int]
    fits: bool
    clocks: float | None = None
    cells: Counter | None = None
    verdict: str = ""


def candidates(program: Program, device: str) -> list[Candidate]:
    """For each number of lanes and cores, the first variant that should fit, or the smallest."""
    target = DEVICES[device]
    found = []
    for cores in _CORES:
        for lanes in _LANES:
            placed = replace(program, lanes=lanes, cores=cores, work={})
            try:
                placement = placed.place()
            except PlacementError:
                continue
            for variant in VARIANTS:
                config = board_config([placement], target, variant)
                needs = rough_needs(target, config)
                one = Candidate(
                    program=placed,
                    variant=variant,
                    config=config,
                    needs=needs,
                    fits=fits(target, needs),
                )
                if one.fits:
                    break
            found.append(one)
    return found


def choose(
    program: Program,
    board: Board,
    images: npt.NDArray[np.integer],
    say: Callable[[str], None],
    console: Console,
) -> Candidate:
    """The accelerator that takes the fewest clocks of those that fit a board after synthesis.

    They are synthesised in this order; where one is too large, only smaller ones after it.

    Parameters
    ----------
    program
        What it is to run.
    board
        Where.
    images
        Sample, as the program takes them, whose clocks are counted.
    say
        Told of each stage.
    console
        For the table of all that was tried.

    Raises
    ------
    DoesNotFitError
        None fits.
    """
    device = DEVICES[board.device]
    say("placing on lanes and cores")
    found = candidates(program, board.device)
    say("counting clocks")
    for one in found:
        if one.fits:
            with connect(one.program, "golden", config=one.config) as model:
                cycles = model.infer(images).cycles
            assert cycles is not None
            one.clocks = float(cycles.mean())
    fitting = sorted((one for one in found if one.clocks is not None), key=_clocks)
    chosen = None
    tried: list[Candidate] = []
    for one in fitting:
        if any(one.needs["LUT4"] >= larger.needs["LUT4"] for larger in tried):
            continue
        tried.append(one)
        say(f"synthesis for {one.config.lanes} lanes, {one.config.cores} cores")
        one.cells = _synthesised(one.config, board)
        check_cells(board.title, device, Counter({DSP: one.cells[DSP]}))
        if short := _short(one, board):
            one.verdict = "too large: " + ", ".join(short)
            continue
        one.verdict, chosen = "chosen", one
        break
    show_candidates(found, board, console)
    if chosen is not None:
        return chosen
    nearest = min(tried or found, key=lambda one: sum(n for n, _ in _short(one, board).values()))
    short = _short(nearest, board)
    raise DoesNotFitError(board.title, short, advice([program], board, nearest.config, short))


def _clocks(one: Candidate) -> float:
    return one.clocks or 0.0


def _short(one: Candidate, board: Board) -> dict[str, tuple[int, int]]:
    has = DEVICES[board.device].has
    needs = dict(one.needs)
    if one.cells is not None:
        needs |= {kind: one.cells[kind] for kind in has}
        needs["LUT4"] = logic_cells(DEVICES[board.device], one.cells)
    return {kind: (need, has[kind]) for kind, need in needs.items() if need > has[kind]}


def _synthesised(config: AcceleratorConfig, board: Board) -> Counter:
    """Cells of an accelerator without its clock and UART."""
    device = DEVICES[board.device]
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".augend-fit-") as folder:
        work = Path(folder)
        text = board_verilog(config, board_pins(board), None, divisor=100)
        (work / f"{BOARD_TOP}.v").write_text(text)
        return synthesise_part(device, work, ACCELERATOR, BOARD_TOP, in_registers(device, config))


def show_candidates(found: list[Candidate], board: Board, console: Console) -> None:
    """Print all that was tried: what it needs, what it takes."""
    device = DEVICES[board.device]
    kinds = [kind for kind in ("LUT4", "BRAM", "SPRAM") if device.has.get(kind)]
    table = Table(
        title=f"on {board.title}, a {board.device}",
        caption="needs by what memories and lanes usually take; after synthesis in brackets, "
        "without clock and UART",
        box=box.SIMPLE,
    )
    for heading in ("lanes", "cores"):
        table.add_column(heading, justify="right")
    table.add_column("memories")
    for kind in kinds:
        table.add_column(f"{kind} of {device.has[kind]:,}", justify="right")
    table.add_column("clocks an image", justify="right")
    table.add_column("")
    for one in found:
        needs = [f"{one.needs[kind]:,}" for kind in kinds]
        if one.cells is not None:
            after = dict(one.cells) | {"LUT4": logic_cells(device, one.cells)}
            needs = [
                f"{need} ({after.get(kind, 0):,})" for need, kind in zip(needs, kinds, strict=True)
            ]
        table.add_row(
            str(one.config.lanes),
            str(one.config.cores),
            one.variant,
            *needs,
            "" if one.clocks is None else f"{one.clocks:,.0f}",
            one.verdict or ("" if one.fits else "too large"),
        )
    console.print(table)
