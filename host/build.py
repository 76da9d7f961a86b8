"""``augend build``: a folder with a bitstream for a board, made with tools from PyPI alone."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from augend.host.bitstream import BAUD, Bitstream, make_bitstream
from augend.host.board_advice import advice
from augend.host.board_config import board_config, needs_of
from augend.host.build_folder import MANIFEST, write_folder
from augend.host.errors import UsageError
from augend.host.fitting import choose
from augend.host.sources import data_set, images_of
from augend.host.toolchain.devices import DEVICES
from augend.host.toolchain.errors import DoesNotFitError, ToolchainError
from augend.host.verilog import load_programs, read_configuration
from augend.hw.boards import board_named
from augend.hw.configuration import AcceleratorConfig
from augend.hw.fit import check_fit

__all__ = ["BuildOptions", "build"]


@dataclass(frozen=True, kw_only=True)
class BuildOptions:
    """How to build.

    Parameters
    ----------
    baud
        Bits a second on the wires.
    megahertz
        Clock rate; the highest that passes where None.
    seed
        Of the placer.
    configuration
        ``configuration.json`` of the accelerator, in place of the smallest.
    fit
        Whether to look for the lanes, cores and memories that classify most images a second.
    data, images
        For that: data set (the program's where None), and how many of its training images to
        count the clocks of.
    """

    baud: int = BAUD
    megahertz: float | None = None
    seed: int = 1
    configuration: Path | None = None
    fit: bool = False
    data: str | None = None
    images: int = 20


def build(
    files: list[Path], board_name: str, folder: Path, options: BuildOptions, console: Console
) -> Bitstream:
    """Make the bitstream of an accelerator that runs each of some programs; a folder, or nothing.

    Parameters
    ----------
    files
        The programs.
    board_name
        One of ``augend boards``.
    folder
        Where to; it must not be there, or be one that was built before.
    options
        How.
    console
        For the stages.

    Raises
    ------
    BoardError, FitError, ToolchainError, UsageError
        It cannot be made; nothing is left but the tools' logs.
    """
    board = board_named(board_name)
    if folder.exists() and any(folder.iterdir()) and not (folder / MANIFEST).exists():
        raise UsageError(
            f"{folder} is there and is no finished build: remove it, or choose another folder"
        )
    programs = load_programs(files)
    if options.fit and (len(files) > 1 or options.configuration):
        raise UsageError("--fit is for one program, and without --configuration")
    if options.fit:
        ((name, program),) = programs.items()
        sample = data_set(program, options.data, "train")
        sample = sample.take(np.arange(min(options.images, len(sample))))
        with _stages(console) as say:
            images = images_of(program, sample)
            chosen = choose(program, board, images, say, console)
        programs, config = {name: chosen.program}, chosen.config
    else:
        placements = [program.place() for program in programs.values()]
        config = _config(placements, board.device, options.configuration)
    try:
        _check_memory(board.title, board.device, config)
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
        try:
            with _stages(console) as say:
                made = make_bitstream(
                    config,
                    board,
                    work,
                    say,
                    baud=options.baud,
                    megahertz=options.megahertz,
                    seed=options.seed,
                )
            write_folder(work, programs, config, board, made, options.seed)
            _replace(work, folder)
        except ToolchainError:
            _keep_logs(work, folder, console)
            raise
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except DoesNotFitError as error:
        hint = advice(list(programs.values()), board, config, error.short)
        raise DoesNotFitError(board.title, error.short, hint) from error
    used = ", ".join(f"{n:,} {kind}" for kind, n in made.placed.used.items())
    console.print(f"{made.megahertz:.2f} MHz (passes at {made.passes:.2f}); {used}")
    console.print(f"wrote {folder}/{made.file}; {folder}/README.md says how to flash it")
    return made


def _config(placements: list, device: str, given: Path | None) -> AcceleratorConfig:
    if given is None:
        return board_config(placements, DEVICES[device])
    config = read_configuration(given)
    for placement in placements:
        check_fit(config, placement)
    return config


def _check_memory(title: str, device: str, config: AcceleratorConfig) -> None:
    """Refuse at once what needs far more block RAM than there is; synthesis decides near it."""
    has = DEVICES[device].has
    needs = needs_of(DEVICES[device], config)
    short = {kind: (need, has[kind]) for kind, need in needs.items() if need > 1.25 * has[kind]}
    if short:
        raise DoesNotFitError(title, short)


@contextmanager
def _stages(console: Console) -> Iterator[Callable[[str], None]]:
    """Shows the stage that it is told of, and prints how long the one before took."""
    begun: list[tuple[str, float]] = []

    def end() -> None:
        if begun:
            stage, at = begun[-1]
            console.print(f"{stage}: {time.monotonic() - at:.0f} s")

    with console.status("") as status:

        def say(stage: str) -> None:
            end()
            begun.append((stage, time.monotonic()))
            status.update(stage)

        yield say
        end()


def _replace(work: Path, folder: Path) -> None:
    """Put a finished folder in place of the one before."""
    work.chmod(0o755)
    if folder.exists():
        old = work.with_name(work.name + "-old")
        folder.rename(old)
        work.rename(folder)
        shutil.rmtree(old)
    else:
        work.rename(folder)


def _keep_logs(work: Path, folder: Path, console: Console) -> None:
    """Logs of a build that failed, in a folder beside the one that it was to become."""
    logs = sorted(work.glob("*.log"))
    if logs:
        kept = folder.with_name(f"{folder.name}.logs")
        kept.mkdir(exist_ok=True)
        for log in logs:
            shutil.copy(log, kept / log.name)
        console.print(f"the tools' logs are in {kept}")
