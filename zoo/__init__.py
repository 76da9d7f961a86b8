"""The zoo: small trained programs that come with augend, ready to run.

``zoo.toml`` says what each is made of, `make zoo` makes and measures them, ``zoo.json`` is what
was measured.
"""

import json
import tomllib
from pathlib import Path
from typing import Any

__all__ = ["FOLDER", "definitions", "measured", "names", "program_path"]

FOLDER = Path(__file__).parent
"""Where the programs lie."""
SUFFIX = ".augend"


def definitions() -> dict[str, dict[str, Any]]:
    """What each program is made of, by name: the tables of ``zoo.toml``."""
    return tomllib.loads((FOLDER / "zoo.toml").read_text("utf-8"))


def measured() -> list[dict[str, Any]]:
    """Rows of the zoo's table, as `make zoo` wrote them."""
    table = FOLDER / "zoo.json"
    return json.loads(table.read_text("utf-8"))["rows"] if table.is_file() else []


def names() -> list[str]:
    """Programs that are there, in the order of ``zoo.toml``."""
    return [name for name in definitions() if (FOLDER / f"{name}{SUFFIX}").is_file()]


def program_path(name: str) -> Path:
    """File of a program.

    Raises
    ------
    KeyError
        When there is none of this name.
    """
    if name not in names():
        raise KeyError(name)
    return FOLDER / f"{name}{SUFFIX}"
