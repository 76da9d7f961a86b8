"""Tables of docs/protocol.md, from the definitions that the hardware and the host share.

``python -m tests.measure.protocol_tables`` writes them into the document, ``--check`` compares.
"""

import argparse
import ast
import inspect
import re
import sys
from enum import Enum
from pathlib import Path
from types import ModuleType

from augend.hw import packet
from augend.hw.identity import IDENTITY_LENGTH, VERSION
from augend.hw.loading import MEMORIES
from augend.hw.packet import MAGIC, Command, Fault
from augend.hw.parity import KINDS

__all__ = ["DOCUMENT", "with_protocol"]

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"
_SLOT = re.compile(r"(<!-- protocol: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def with_protocol(text: str) -> str:
    """The document with its tables as the definitions are now."""
    tables = {
        "constants": _table(
            ("constant", "value"),
            [
                ("version", VERSION),
                ("first byte of a packet", f"0x{MAGIC:02X}"),
                ("words of an `IDENTITY`", IDENTITY_LENGTH),
            ],
        ),
        "commands": _members(Command, packet, "command"),
        "faults": _members(Fault, packet, "fault"),
        "memories": _table(("memory", "number"), [(f"`{n}`", i) for i, n in enumerate(MEMORIES)]),
        "damaged": _table(
            ("damaged memory", "bits 10 to 15 of the status"),
            [(kind, i) for i, kind in enumerate(KINDS, 1)],
        ),
    }
    return _SLOT.sub(lambda slot: f"{slot[1]}{tables[slot[2]]}{slot[3]}", text)


def _members(enum: type[Enum], module: ModuleType, name: str) -> str:
    """Each member with its number and the string that stands below it in the source."""
    tree = ast.parse(inspect.getsource(module))
    (found,) = (n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == enum.__name__)
    told = {}
    for assigned, after in zip(found.body, found.body[1:], strict=False):
        if isinstance(assigned, ast.Assign) and isinstance(after, ast.Expr):
            (target,) = assigned.targets
            assert isinstance(target, ast.Name) and isinstance(after.value, ast.Constant)
            told[target.id] = " ".join(str(after.value.value).split()).replace("``", "`")
    rows = [(f"`{m.name}`", f"0x{m.value:02X}", told[m.name].replace("|", r"\|")) for m in enum]
    return _table((name, "number", "payload, meaning"), rows)


def _table(columns: tuple[str, ...], rows: list[tuple]) -> str:
    lines = [columns, ("---",) * len(columns), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def main() -> None:
    """Write, or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 if old")
    old = DOCUMENT.read_text()
    new = with_protocol(old)
    if parser.parse_args().check:
        sys.exit(old != new)
    DOCUMENT.write_text(new)


if __name__ == "__main__":
    main()
