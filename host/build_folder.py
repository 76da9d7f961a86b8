"""What the folder of a bitstream holds beside it: configuration, manifest, a README."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from augend.gen.program import Program
from augend.host.bitstream import Bitstream
from augend.host.report import write_json
from augend.host.toolchain.devices import DEVICES
from augend.host.toolchain.versions import tool_versions
from augend.host.verilog import configuration_content
from augend.host.whole_file import write_whole
from augend.hw.boards.board import Board
from augend.hw.boards.top import BOARD_TOP
from augend.hw.configuration import AcceleratorConfig

__all__ = ["MANIFEST", "flash_command", "write_folder"]

MANIFEST = "manifest.json"
"""Written last: a folder without it is not finished."""


def flash_command(board: Board, file: str) -> list[str]:
    """How openFPGALoader configures a board; the bitstream goes into its RAM or its flash."""
    return ["openFPGALoader", *board.flash, file]


def write_folder(
    folder: Path,
    programs: Mapping[str, Program],
    config: AcceleratorConfig,
    board: Board,
    made: Bitstream,
    seed: int,
) -> None:
    """Write configuration, programs, reports and README beside a bitstream, then the manifest."""
    _tidy(folder, seed)
    for name, program in programs.items():
        program.save(folder / f"{name}.augend")
    used = {kind: {"used": n, "has": made.placed.has[kind]} for kind, n in made.placed.used.items()}
    about = {
        "board": board.name,
        "device": board.device,
        "megahertz": made.megahertz,
        "baud": made.baud,
        "divisor": made.divisor,
    }
    write_json(folder / "configuration.json", configuration_content(config, programs) | about)
    write_json(
        folder / "utilisation.json",
        {"after synthesis": dict(sorted(made.cells.items())), "after place and route": used},
    )
    write_json(
        folder / "timing.json",
        {
            "megahertz": made.megahertz,
            "passes at": round(made.passes, 3),
            "seed": seed,
            "critical path": [{"ns": delay, "what": what} for delay, what in made.placed.path],
        },
    )
    write_whole(folder / "README.md", _readme(programs, config, board, made))
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    write_json(
        folder / MANIFEST,
        {
            "board": board.name,
            "bitstream": made.file,
            "flash": flash_command(board, made.file),
            "tools": tool_versions(DEVICES[board.device]),
            "configuration": asdict(config),
            "sha256": {
                str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
                for file in files
            },
        },
    )


def _tidy(folder: Path, seed: int) -> None:
    """Keep what says how it was made; the tools' logs tell times, which differ from run to run."""
    for kind in ("*.log", "*.part.il"):
        for left in folder.glob(kind):
            left.unlink()
    for old in folder.glob(f"{BOARD_TOP}.*.report.json"):
        if old.name != f"{BOARD_TOP}.{seed}.report.json":
            old.unlink()
    (folder / f"{BOARD_TOP}.{seed}.report.json").rename(folder / f"{BOARD_TOP}.report.json")
    (folder / f"{BOARD_TOP}.stat.json").rename(folder / f"{BOARD_TOP}.cells.json")


def _readme(
    programs: Mapping[str, Program], config: AcceleratorConfig, board: Board, made: Bitstream
) -> str:
    first = next(iter(programs))
    where = f"serial:{board.serial}@{made.baud}"
    used = ", ".join(
        f"{n:,} of {made.placed.has[kind]:,} {kind}" for kind, n in made.placed.used.items()
    )
    return f"""# {", ".join(programs)} on {board.title}

An adder-only spiking accelerator of {config.lanes} lanes and {config.cores} cores at
{made.megahertz:.2f} MHz (its routing passes at {made.passes:.2f} MHz). The host reaches it through
{board.link}, 8N1, {made.baud:,} baud.

    {" ".join(flash_command(board, made.file))}
    augend run {first}.augend --backend {where} --configuration configuration.json

In Python:

    from pathlib import Path

    from augend.gen.program import Program
    from augend.host.driver import connect
    from augend.host.verilog import read_configuration

    program = Program.load("{first}.augend")
    config = read_configuration(Path("configuration.json"))
    accelerator = connect(program, "{where}", config=config)

The program is loaded over the wires; any other that fits `configuration.json` runs as well. The
driver refuses an accelerator of another configuration.
One light tells that it is busy, another that a packet was refused, where the board has them.

It takes {used}.

| file | what |
|---|---|
| `{made.file}` | the bitstream |
| `{BOARD_TOP}.v` | the design |
| `{BOARD_TOP}.json`, `{BOARD_TOP}.cells.json` | netlist after synthesis, its cells |
| `{BOARD_TOP}.report.json`, `timing.json`, `utilisation.json` | what place and route reached |
| `*.augend` | the programs |
| `configuration.json` | the accelerator, its clock and baud rate |
| `manifest.json` | SHA-256 of every file, versions of the tools |
"""
