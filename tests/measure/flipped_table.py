"""One bit of a look-up table turned over in an iCE40 bitstream."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any

__all__ = ["Table", "flip_bit", "register_table", "tables"]

_BITS = (4, 14, 15, 5, 6, 16, 17, 7, 3, 13, 12, 2, 1, 11, 10, 0)
"""Where the bits of a table lie among the 20 of a logic cell, as icebox has it."""
_FIRST = 36
"""Column of a logic tile where those begin: ten in each of a cell's two rows."""


@dataclass(frozen=True)
class Table:
    """A look-up table of a routed netlist.

    Parameters
    ----------
    x, y, cell
        Its tile, and which of the eight cells in it.
    bits
        What it holds, the entry of all ones first.
    inputs
        How many of its inputs are connected.
    """

    x: int
    y: int
    cell: int
    bits: str
    inputs: int

    def __str__(self) -> str:
        return f"table {self.cell} of tile {self.x}, {self.y}"


def tables(module: Mapping[str, Any]) -> dict[str, Table]:
    """Look-up tables of a netlist that nextpnr-ice40 routed, by the name of their cell."""
    found = {}
    for name, cell in sorted(module["cells"].items()):
        if cell["type"] == "ICESTORM_LC":
            x, y, place = cell["attributes"]["NEXTPNR_BEL"].split("/")
            inputs = sum(bool(cell["connections"].get(f"I{i}")) for i in range(4))
            bits = cell["parameters"]["LUT_INIT"]
            found[name] = Table(int(x[1:]), int(y[1:]), int(place[2:]), bits, inputs)
    return found


def register_table(module: Mapping[str, Any]) -> Table:
    """The table before a flip-flop of lane 0 that it only passes a bit on to.

    With one entry turned over the flip-flop is always high.
    """
    for name, table in tables(module).items():
        stores = module["cells"][name]["parameters"]["DFF_ENABLE"].endswith("1")
        if "lane_0" in name and stores and table.inputs == 1:
            return table
    raise ValueError("The netlist has no such register in lane 0")


def flip_bit(bits: str, table: Table) -> str:
    """A bitstream in its text form whose table gives another value where all inputs are low.

    nextpnr permutes the inputs of a table as its routes come in; that entry stays where it is.

    Parameters
    ----------
    bits
        The bitstream.
    table
        Of the netlist that it was packed from.

    Raises
    ------
    ValueError
        The bitstream does not hold there what the netlist says, inputs permuted or not.
    """
    lines = bits.splitlines()
    tile = lines.index(f".logic_tile {table.x} {table.y}")
    places = [(tile + 1 + 2 * table.cell + at // 10, _FIRST + at % 10) for at in _BITS]
    held = "".join(lines[row][column] for row, column in reversed(places))
    if held not in _permuted(table.bits):
        raise ValueError(f"The bitstream has {held} in {table}, the netlist {table.bits}")
    row, column = places[0]
    other = "10"[int(lines[row][column])]
    lines[row] = lines[row][:column] + other + lines[row][column + 1 :]
    return "\n".join([*lines, ""])


def _permuted(bits: str) -> set[str]:
    """A table under every order of its inputs; the entry of all ones first."""

    def entry(number: int, order: tuple[int, ...]) -> str:
        return bits[15 - sum((number >> i & 1) << place for i, place in enumerate(order))]

    return {
        "".join(entry(number, order) for number in range(15, -1, -1))
        for order in permutations(range(4))
    }
