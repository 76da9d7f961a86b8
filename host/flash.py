"""``augend flash``: configures a board with the bitstream of a folder."""

import json
import shlex
import shutil
import subprocess
from pathlib import Path

from rich.console import Console

from augend.host.build_folder import MANIFEST
from augend.host.errors import UsageError

__all__ = ["flash_folder"]


def flash_folder(folder: Path, console: Console) -> None:
    """Call openFPGALoader; print the command where it is not installed.

    Raises
    ------
    UsageError
        The folder is no finished build, or openFPGALoader fails.
    """
    manifest = folder / MANIFEST
    if not manifest.exists():
        raise UsageError(f"{folder} has no {MANIFEST}: make it with augend build")
    command = json.loads(manifest.read_text())["flash"]
    tool = shutil.which(command[0])
    if tool is None:
        console.print(f"{command[0]} is not installed. Where it is:", soft_wrap=True)
        console.print(f"cd {shlex.quote(str(folder))} && {shlex.join(command)}", soft_wrap=True)
        return
    code = subprocess.run([tool, *command[1:]], cwd=folder).returncode
    if code:
        raise UsageError(
            f"{shlex.join(command)} ended with code {code}: is the board connected, and are you "
            f"allowed to use its USB device?"
        )
