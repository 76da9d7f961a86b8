"""One bit of a look-up table turned over in an iCE40 bitstream."""

import random

__all__ = ["flip_table_bit"]

_TABLE = (4, 14, 15, 5, 6, 16, 17, 7, 3, 13, 12, 2, 1, 11, 10, 0)
"""Where the bits of a table lie among the 20 of a logic cell, as icebox has it."""
_FIRST = 36
"""Column of a logic tile where those begin: ten in each of a cell's two rows."""


def flip_table_bit(bits: str, seed: int) -> tuple[str, str]:
    """A bitstream in its text form with one bit of a table in use turned over, and which it is.

    Parameters
    ----------
    bits
        The bitstream.
    seed
        Which bit is drawn.
    """
    lines = bits.splitlines()
    tiles = [number for number, line in enumerate(lines) if line.startswith(".logic_tile")]
    drawn = random.Random(seed)
    while True:
        tile, cell = drawn.choice(tiles), drawn.randrange(8)
        places = [(tile + 1 + 2 * cell + at // 10, _FIRST + at % 10) for at in _TABLE]
        if any(lines[row][column] == "1" for row, column in places):
            break
    number = drawn.randrange(16)
    row, column = places[number]
    other = "10"[int(lines[row][column])]
    lines[row] = lines[row][:column] + other + lines[row][column + 1 :]
    _, x, y = lines[tile].split()
    return "\n".join([*lines, ""]), f"bit {number} of table {cell} at {x}, {y}"
