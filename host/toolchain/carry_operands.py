"""Operands of carry chains: a netlist's look-up tables before an ECP5 adder become part of it."""

from itertools import permutations, product
from typing import Any

from augend.host.toolchain.netlist import readers

__all__ = ["absorb_carry_operands"]

_INPUTS = "ABCD"
_GENERATE = 0b1010
"""Lowest four bits of a cell's table, which make its carry where it is not passed on: input A."""


def absorb_carry_operands(module: dict[str, Any]) -> int:
    """Put look-up tables that feed nothing but an operand of an adder into the carry cell.

    A carry cell of ECP5 has a table of four inputs a bit, of which Yosys uses two: a sum is A xor
    B xor carry. Any function of up to three signals can stand in place of B, as the carry is A
    wherever the sum of both without it is even; but the table's lowest four entries are those of
    the carry, so it must be 0 where two of its signals are (or it has two signals only).

    Parameters
    ----------
    module
        Of a netlist in Yosys's JSON form, mapped to ECP5; changed in place.

    Returns
    -------
    int
        Number of look-up tables that were taken away.
    """
    cells = module["cells"]
    read_by = readers(module)
    tables = {c["connections"]["Z"][0]: n for n, c in cells.items() if c["type"] == "LUT4"}
    gone = 0
    for cell in [c for c in cells.values() if c["type"] == "CCU2C"]:
        for half in "01":
            gone += _absorb(cell, half, cells, tables, read_by)
    return gone


def _absorb(carry: dict[str, Any], half: str, cells: dict, tables: dict, read_by: dict) -> bool:
    """Take the table of one operand into one half of a carry cell; whether there was one."""
    pins = carry["connections"]
    signals = [pins[name + half][0] for name in _INPUTS]
    init = int(carry["parameters"]["INIT" + half], 2)
    free = [i for i, bit in enumerate(signals) if bit not in ("0", "1", "x")]
    if free != [0, 1] or init & 15 != _GENERATE:
        return False
    rest = sum((signals[i] == "1") << i for i in (2, 3))
    whole = [init >> (a | b << 1 | rest) & 1 for a, b in ((0, 0), (1, 0), (0, 1), (1, 1))]
    # Sums, and differences, for the carry is A where both operands are the same.
    if whole not in ([0, 1, 1, 0], [1, 0, 0, 1]):
        return False
    inverted = whole[0]
    for plain, other in ((0, 1), (1, 0)):
        if inverted and plain == 1:
            continue
        name = tables.get(signals[other])
        if name is None or len(read_by[signals[other]]) != 1 or name not in cells:
            continue
        found = _placed(cells[name], inverted)
        if found is None:
            continue
        places, table = found
        for pin, bit in zip(_INPUTS, [signals[plain], *places], strict=True):
            pins[pin + half] = [bit]
        carry["parameters"]["INIT" + half] = format(table, "016b")
        del cells[name]
        return True
    return False


def _placed(table: dict[str, Any], inverted: int) -> tuple[list, int] | None:
    """Signals for pins B, C and D, and the carry cell's table; None where it does not go in."""
    init = int(table["parameters"]["INIT"], 2)
    pins = [table["connections"].get(name, ["0"])[0] for name in _INPUTS]
    names = sorted({bit for bit in pins if bit not in ("0", "1", "x")})
    if len(names) > 3:
        return None

    def value(known: dict) -> int:
        at = sum((known.get(bit, bit == "1")) << i for i, bit in enumerate(pins))
        return (init >> at & 1) ^ inverted

    if len(names) < 3:
        names = [*names, *["0"] * (2 - len(names)), "1"]
    for order in [names] if "1" in names else permutations(names):
        entries = 0
        for a, b, c, d in product((0, 1), repeat=4):
            known = dict(zip(order, (b, c, d), strict=True))
            if not ("1" in order and not d):
                entries |= (a ^ value({**known, "0": 0, "1": 1})) << (a | b << 1 | c << 2 | d << 3)
        if "1" in order:
            entries = entries & ~15 | _GENERATE
        if entries & 15 == _GENERATE:
            return [*order], entries
    return None
