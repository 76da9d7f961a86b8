"""A netlist as an and-inverter graph, of which the same is built only once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Circuit", "Graph", "read_circuit"]


@dataclass(frozen=True, kw_only=True)
class Circuit:
    """What an ASCII AIGER file says; a literal is twice a variable, and one more where inverted.

    Parameters
    ----------
    inputs, outputs
        Literal by name and bit.
    latches
        Literal of a register's bit, and of what it becomes.
    gates
        Literal, and the two literals that it is the conjunction of; what is used stands before.
    variables
        Greatest variable.
    """

    inputs: Mapping[str, int]
    outputs: Mapping[str, int]
    latches: Sequence[tuple[int, int]]
    gates: Sequence[tuple[int, int, int]]
    variables: int


def read_circuit(path: Path) -> Circuit:
    """Read what Yosys wrote with symbols."""
    lines = path.read_text().splitlines()
    variables, inputs, latches, outputs, gates = (int(word) for word in lines[0].split()[1:6])
    numbers = [tuple(int(word) for word in line.split()) for line in lines[1 : 1 + inputs]]
    at = 1 + inputs
    registers = [tuple(int(word) for word in line.split()[:2]) for line in lines[at : at + latches]]
    at += latches
    driven = [int(line) for line in lines[at : at + outputs]]
    at += outputs
    conjunctions = [tuple(int(word) for word in line.split()) for line in lines[at : at + gates]]
    names: dict[str, dict[int, str]] = {"i": {}, "o": {}, "l": {}}
    for line in lines[at + gates :]:
        if line.startswith("c"):
            break
        place, _, name = line.partition(" ")
        names[place[0]][int(place[1:])] = name
    return Circuit(
        inputs={names["i"][place]: literal for place, (literal,) in enumerate(numbers)},
        outputs={names["o"][place]: literal for place, literal in enumerate(driven)},
        latches=registers,
        gates=conjunctions,
        variables=variables,
    )


class Graph:
    """Conjunctions over variables, each once; literals as in a circuit, 0 and 1 are constants."""

    def __init__(self) -> None:
        self.nodes: list[tuple[int, int] | None] = [None]
        self._known: dict[tuple[int, int], int] = {}

    def variable(self) -> int:
        """Literal of a new one."""
        self.nodes.append(None)
        return 2 * len(self.nodes) - 2

    def conjunction(self, one: int, other: int) -> int:
        """Literal of both."""
        if one > other:
            one, other = other, one
        if one == 0 or one ^ other == 1:
            return 0
        if one in (1, other):
            return other
        found = self._known.get((one, other))
        if found is None:
            self.nodes.append((one, other))
            found = 2 * len(self.nodes) - 2
            self._known[one, other] = found
        return found

    def differ(self, one: int, other: int) -> int:
        """Literal of exclusive or."""
        both = self.conjunction(one, other)
        return self.conjunction(both ^ 1, self.conjunction(one ^ 1, other ^ 1) ^ 1)

    def built(self, circuit: Circuit, given: Mapping[int, int]) -> list[int]:
        """Build a circuit whose inputs and latches are given; literals by its variables."""
        literals = [0] * (circuit.variables + 1)
        for literal, value in given.items():
            literals[literal >> 1] = value
        join = self.conjunction
        for made, one, other in circuit.gates:
            literals[made >> 1] = join(
                literals[one >> 1] ^ (one & 1), literals[other >> 1] ^ (other & 1)
            )
        return literals

    def clauses(self, roots: Sequence[int]) -> list[tuple[int, ...]]:
        """What holds of all that some literals are made of, as clauses of DIMACS."""
        found: list[tuple[int, ...]] = []
        left = [root >> 1 for root in roots]
        seen = set(left)
        while left:
            node = left.pop()
            parts = self.nodes[node]
            if parts is None:
                continue
            one, other = (dimacs(part) for part in parts)
            found += [(-node, one), (-node, other), (node, -one, -other)]
            for part in parts:
                if part >> 1 not in seen:
                    seen.add(part >> 1)
                    left.append(part >> 1)
        return found


def dimacs(literal: int) -> int:
    """A literal, not a constant, as DIMACS writes it."""
    return -(literal >> 1) if literal & 1 else literal >> 1
