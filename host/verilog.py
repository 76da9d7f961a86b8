"""``augend verilog``: the design and its memories' contents, in a folder."""

import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from augend.gen.program import Program
from augend.host.report import write_json
from augend.hw.fit import smallest_config
from augend.hw.memory_image import program_rows
from augend.hw.verilog import TOP, verilog_text

__all__ = ["write_verilog"]


def write_verilog(program: Program, folder: Path, console: Console) -> None:
    """Write the smallest accelerator that a program fits; all files, or none.

    ``augend_accelerator.v``, the rows of every memory as the link loads them
    (``memory/CORE-NAME.hex``, a row a line), and ``configuration.json``.
    """
    placement = program.place()
    config = smallest_config(placement)
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        with console.status("writing Verilog"):
            (work / f"{TOP}.v").write_text(verilog_text(config))
            (work / "memory").mkdir()
            for memory, core, rows in program_rows(config, placement):
                lines = ["".join(f"{word:08x}" for word in row[::-1]) for row in rows]
                (work / "memory" / f"{core}-{memory}.hex").write_text("\n".join(lines) + "\n")
        write_json(
            work / "configuration.json",
            {"top": TOP, "program_hash": program.hash, "configuration": asdict(config)},
        )
        if folder.exists():
            shutil.copytree(work, folder, dirs_exist_ok=True)
            shutil.rmtree(work)
        else:
            work.rename(folder)
            folder.chmod(0o755)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    console.print(f"wrote {folder}/{TOP}.v ({config.lanes} lanes, {config.cores} cores)")
