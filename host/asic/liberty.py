"""What a liberty file says of its cells: area, pins, capacitance."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from augend.host.errors import UsageError

__all__ = ["GENERIC", "Cell", "Library", "read_library"]

GENERIC = Path(__file__).with_name("transistors.lib")
"""Cells of static CMOS of no process; their area is the number of transistors."""

_TOKEN = re.compile(r'"[^"]*"|[{}();:,]|[^\s{}();:,"]+')
_FARADS = {"ff": 1e-15, "pf": 1e-12, "nf": 1e-9, "uf": 1e-6, "mf": 1e-3, "f": 1.0}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell of a library.

    Parameters
    ----------
    area
        In the unit of the library; 0 where it does not say.
    flip_flop
        Whether a clock edge writes it.
    capacitance
        Of each input pin, in farads; 0 where the library does not say.
    outputs
        Its output pins.
    """

    area: float
    flip_flop: bool
    capacitance: dict[str, float]
    outputs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Library:
    """The cells of a liberty file.

    Parameters
    ----------
    file, name
        Where it is, and what it calls itself.
    volts
        Its nominal voltage; None where it does not say.
    cells
        By name; those without an area in it take none.
    """

    file: Path
    name: str
    volts: float | None
    cells: dict[str, Cell] = field(repr=False)

    @property
    def has_energy(self) -> bool:
        """Whether it says what a toggle of a net costs: capacitances of pins, and a voltage."""
        return bool(self.volts) and any(
            any(cell.capacitance.values()) for cell in self.cells.values()
        )


@dataclass(kw_only=True)
class _Group:
    """``kind (name) { ... }``: its attributes, and the groups in it."""

    name: str = ""
    attributes: dict[str, list[str]] = field(default_factory=dict)
    groups: list[tuple[str, "_Group"]] = field(default_factory=list)

    def of(self, kind: str) -> Iterator["_Group"]:
        return (group for name, group in self.groups if name == kind)

    def number(self, name: str, otherwise: float) -> float:
        values = self.attributes.get(name, [])
        return float(values[0]) if values else otherwise


def read_library(file: Path) -> Library:
    """Read a liberty file.

    Raises
    ------
    UsageError
        It is not there, is no liberty file, or has no flip-flop or no cell with a function.
    """
    if not file.is_file():
        raise UsageError(f"There is no liberty file {file}: give the path of a .lib file.")
    text = file.read_text(errors="replace")
    text = re.sub(r"/\*.*?\*/|//[^\n]*|\\\s*\n", " ", text, flags=re.DOTALL)
    try:
        root = _body(_TOKEN.finditer(text))
        library = next(root.of("library"))
        scale, volts = _farads(library), library.number("nom_voltage", 0.0)
        cells = {group.name: _cell(group, scale) for group in library.of("cell")}
    except (StopIteration, ValueError) as error:
        raise UsageError(
            f"{file} is no liberty file of text: it should read library (NAME) {{ cell (NAME) "
            f"{{ ... }} ... }}."
        ) from error
    if not any(cell.flip_flop for cell in cells.values()):
        raise UsageError(
            f"{file} has no flip-flop (a cell with a group ff) among its {len(cells)} cells: the "
            f"design is clocked, so one is needed."
        )
    return Library(file=file, name=library.name, volts=volts or None, cells=cells)


def _body(tokens: Iterator[re.Match[str]]) -> _Group:
    """Everything up to the brace that closes a group, or the end of the file."""
    group = _Group()
    words: list[str] = []
    for token in tokens:
        match token.group():
            case "{":
                inner = _body(tokens)
                inner.name = words[1] if len(words) > 1 else ""
                group.groups.append((words[0] if words else "", inner))
                words = []
            case "}":
                break
            case ";":
                _attribute(group, words)
                words = []
            case "(" | ")" | ":" | ",":
                pass
            case word:
                # An attribute may end with its line; a complex one ends with its parenthesis.
                words.append(word.strip('"'))
    _attribute(group, words)
    return group


def _attribute(group: _Group, words: list[str]) -> None:
    if len(words) > 1:
        group.attributes[words[0]] = words[1:]


def _farads(library: _Group) -> float:
    """Farads of the library's unit of capacitance."""
    number, unit = library.attributes.get("capacitive_load_unit", ["1", "pf"])
    return float(number) * _FARADS[unit.lower()]


def _cell(group: _Group, scale: float) -> Cell:
    pins: dict[str, Any] = {pin.name: pin for pin in group.of("pin")}
    direction = {name: pin.attributes.get("direction", [""])[0] for name, pin in pins.items()}
    return Cell(
        area=group.number("area", 0.0),
        flip_flop=any(True for _ in group.of("ff")),
        capacitance={
            name: pin.number("capacitance", 0.0) * scale
            for name, pin in pins.items()
            if direction[name] == "input"
        },
        outputs=tuple(name for name in pins if direction[name] == "output"),
    )
