"""``augend verilog``: the design, and what its memories hold for each program, in a folder."""

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console

from augend.gen.place import Placement
from augend.gen.program import Program
from augend.host.asic.folder import AsicOptions, write_asic
from augend.host.errors import UsageError
from augend.host.report import write_json
from augend.host.verilog_table import show_accelerator
from augend.hw.configuration import AcceleratorConfig, ConfigurationError
from augend.hw.memory_image import program_rows
from augend.hw.overlay import overlay_config
from augend.hw.verilog import TOP, verilog_text

__all__ = ["configuration_content", "load_programs", "read_configuration", "write_verilog"]


def write_verilog(
    files: list[Path],
    folder: Path,
    given: Path | None,
    console: Console,
    *,
    parity: bool = False,
    asic: AsicOptions | None = None,
) -> None:
    """Write the smallest accelerator that runs each of some programs; all files, or none.

    ``augend_accelerator.v``, ``configuration.json``, and the rows of every memory as the link
    loads them, a row a line: ``memory/CORE-NAME.hex`` for a single program, else
    ``memory/PROGRAM/CORE-NAME.hex``.

    Parameters
    ----------
    files, folder
        The programs, and where to write.
    given
        ``configuration.json`` of an accelerator to load them into, in place of the smallest.
    parity
        Whether its memories have parity; one that is given may have it anyway.
    asic
        For silicon: see `write_asic`, whose files are in the folder too.

    Raises
    ------
    FitError
        A program does not fit the given accelerator, or the programs fit no common one.
    UsageError
        Two programs have files of one name.
    """
    programs = load_programs(files)
    placements = {name: program.place() for name, program in programs.items()}
    config = read_configuration(given) if given else overlay_config(list(placements.values()))
    if parity:
        config = replace(config, parity=1)
    images = {name: program_rows(config, placed) for name, placed in placements.items()}
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        if asic is not None:
            write_asic(work, config, asic, console)
        with console.status("writing Verilog"):
            if asic is None:
                (work / f"{TOP}.v").write_text(verilog_text(config))
            for name, rows in images.items():
                _write_memories(work / "memory" / ("" if len(images) == 1 else name), rows)
        write_json(work / "configuration.json", configuration_content(config, programs))
        if folder.exists():
            shutil.copytree(work, folder, dirs_exist_ok=True)
            shutil.rmtree(work)
        else:
            work.rename(folder)
            folder.chmod(0o755)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    show_accelerator(config, _used(placements, images), console)
    console.print(f"wrote {folder}/{TOP}.v ({config.lanes} lanes, {config.cores} cores)")


def load_programs(files: Sequence[Path]) -> dict[str, Program]:
    """Programs by the names of their files.

    Raises
    ------
    UsageError
        Two files have one name.
    """
    programs = {file.stem: Program.load(file) for file in files}
    if len(programs) < len(files):
        raise UsageError(
            f"Programs are told apart by the names of their files, not "
            f"{', '.join(file.name for file in files)}: rename one."
        )
    return programs


def read_configuration(file: Path) -> AcceleratorConfig:
    """Configuration of an accelerator that `write_verilog` wrote.

    Raises
    ------
    ConfigurationError
        The file is no such configuration.
    """
    try:
        return AcceleratorConfig(**json.loads(file.read_text())["configuration"])
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"{file} is no configuration.json of augend verilog ({error}): write it again"
        ) from error


def _write_memories(folder: Path, images: list) -> None:
    folder.mkdir(parents=True)
    for memory, core, rows in images:
        lines = ["".join(f"{word:08x}" for word in row[::-1]) for row in rows]
        (folder / f"{core}-{memory}.hex").write_text("\n".join(lines) + "\n")


def configuration_content(config: AcceleratorConfig, programs: Mapping[str, Program]) -> dict:
    """What ``configuration.json`` says of an accelerator and its programs, by name."""
    hashes = {name: program.hash for name, program in programs.items()}
    return {"top": TOP, "programs": hashes, "configuration": asdict(config)}


def _used(placements: Mapping[str, Placement], images: Mapping[str, list]) -> dict:
    """Most rows of each memory that each program uses on a core."""
    used = {}
    for name, rows in images.items():
        of = used[name] = {}
        for memory, _, content in rows:
            of[memory] = max(of.get(memory, 0), len(content))
        cores = placements[name].cores
        of["potential"] = max(core.potential_words for core in cores)
        of["history"] = max(core.history_words for core in cores)
    return used
