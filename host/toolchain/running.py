"""Running a tool that PyPI brings."""

import shutil
import subprocess
import sys
from pathlib import Path

from augend.host.toolchain.errors import ToolCrashedError, ToolMissingError

__all__ = ["find_tool", "run_tool"]


def find_tool(tool: str) -> str:
    """Path of a tool, beside this Python or on ``PATH``.

    Raises
    ------
    ToolMissingError
        It is in neither.
    """
    found = shutil.which(tool, path=str(Path(sys.executable).parent)) or shutil.which(tool)
    if found is None:
        raise ToolMissingError(
            f"The tool {tool} is not installed. Synthesis, placing and packing come with the extra "
            f"boards: pip install 'augend[boards]'"
        )
    return found


def run_tool(command: list[str], folder: Path, log: str | None = None) -> str:
    """Output of a tool.

    Parameters
    ----------
    command
        The tool, and its arguments. Paths are relative to the folder, which is all that it sees.
    folder
        Where it runs.
    log
        Name of a file in the folder that keeps what it said, also where it fails.

    Raises
    ------
    ToolMissingError
        It is not installed.
    ToolCrashedError
        It ended with an error.
    """
    done = subprocess.run(
        [find_tool(command[0]), *command[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
    )
    said = done.stdout + done.stderr
    if log is not None:
        (folder / log).write_text(said)
    if done.returncode:
        raise ToolCrashedError(command[0], done.returncode, said)
    return said
