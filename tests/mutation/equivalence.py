"""Whether a mutant can be told from the design at all."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.mutation.circuit import Circuit, Graph, dimacs
from tests.mutation.extract import Memory
from tests.mutation.netlist import BUILD, SELECT

__all__ = ["Induction"]

PATIENCE = 120
"""Seconds that a proof may take."""

_Place = tuple[str, int] | None
"""Of a difference: a register's bit, a memory's read port; None where the outside sees it."""


class Induction:
    """Proofs that a mutant never does anything else than the design, whatever the host does.

    Both begin in the same state. Where some registers may differ, but all others and what memories
    hold are the same, the next state is again such a one, and no output differs: that is proved for
    a set of registers that grows until it is so, or until an output or a written word may differ.
    States need not be reachable, so that there are mutants that do the same without a proof.

    Parameters
    ----------
    circuit, memories
        Of the design with all mutants.
    folder
        For questions to the solver.
    """

    def __init__(self, circuit: Circuit, memories: Sequence[Memory], folder: Path = BUILD) -> None:
        self._circuit = circuit
        self._memories = memories
        self._graph = Graph()
        self._shared = {
            literal: self._graph.variable()
            for literal in [*circuit.inputs.values(), *(latch for latch, _ in circuit.latches)]
        }
        self._design = self._graph.built(circuit, self._given(0, set()))
        self._clauses = folder / "question.cnf"

    def same(self, number: int) -> bool:
        """Whether it is proved of the mutant of a number; False where it is not, or not found."""
        apart: set[tuple[str, int]] = set()
        end = time.monotonic() + PATIENCE
        while True:
            mutant = self._graph.built(self._circuit, self._given(number, apart))
            differences = [
                (where, literal)
                for where, literal in self._differences(mutant)
                if literal and where not in apart
            ]
            found = self._possible([literal for _, literal in differences], end)
            if found is None:
                return False
            if not found:
                return True
            places = {where for where, literal in differences if literal in found}
            if None in places:
                return False
            apart |= {where for where in places if where is not None}

    def _given(self, number: int, apart: set[tuple[str, int]]) -> dict[int, int]:
        """Inputs and registers: those of the design, but for the switch and what may differ."""
        given = dict(self._shared)
        for name, literal in self._circuit.inputs.items():
            if name.startswith(f"{SELECT}["):
                given[literal] = number >> int(name[len(SELECT) + 1 : -1]) & 1
        reads = list(self._reads())
        for kind, place in apart:
            if kind == "register":
                given[self._circuit.latches[place][0]] = self._graph.variable()
            else:
                memory, port = reads[place]
                for name in memory.bits("RD_DATA", port):
                    if name in self._circuit.inputs:
                        given[self._circuit.inputs[name]] = self._graph.variable()
        return given

    def _reads(self) -> Iterator[tuple[Memory, int]]:
        """Read ports of all memories."""
        for memory in self._memories:
            yield from ((memory, port) for port in range(memory.reads))

    def _differences(self, mutant: list[int]) -> Iterator[tuple[_Place, int]]:
        """What may differ from the design: where, and the literal that says that it does."""
        graph, outputs = self._graph, self._circuit.outputs

        def of(literals: list[int], literal: int) -> int:
            return literals[literal >> 1] ^ (literal & 1)

        def differ(literal: int) -> int:
            return graph.differ(of(self._design, literal), of(mutant, literal))

        for place, (_, following) in enumerate(self._circuit.latches):
            yield ("register", place), differ(following)
        for place, (memory, port) in enumerate(self._reads()):
            for name in memory.bits("RD_ADDR", port):
                yield ("read", place), differ(outputs[name])
        cut = {f"{memory.name}_" for memory in self._memories}
        for name, literal in outputs.items():
            if not any(name.startswith(one) for one in cut):
                yield None, differ(literal)
        for memory in self._memories:
            for port in range(memory.writes):
                none = 1
                enables = [outputs[name] for name in memory.bits("WR_EN", port)]
                for enable, name in zip(enables, memory.bits("WR_DATA", port), strict=True):
                    written = of(self._design, enable)
                    none = graph.conjunction(none, written ^ 1)
                    yield None, differ(enable)
                    yield None, graph.conjunction(written, differ(outputs[name]))
                for name in memory.bits("WR_ADDR", port):
                    yield None, graph.conjunction(none ^ 1, differ(outputs[name]))

    def _possible(self, literals: list[int], end: float) -> set[int] | None:
        """Those of the literals that hold in some state; none where none can; None: no time."""
        if 1 in literals:
            return {1}
        if not literals:
            return set()
        clauses = [tuple(dimacs(one) for one in literals), *self._graph.clauses(literals)]
        header = f"p cnf {len(self._graph.nodes)} {len(clauses)}\n"
        text = "\n".join(" ".join(map(str, clause)) + " 0" for clause in clauses)
        self._clauses.write_text(f"{header}{text}\n")
        solver = shutil.which("yices-sat") or Path(sys.executable).with_name("yices-sat")
        try:
            said = subprocess.run(
                [solver, "-m", self._clauses],
                capture_output=True,
                text=True,
                timeout=max(0.0, end - time.monotonic()),
            ).stdout.split()
        except subprocess.TimeoutExpired:
            return None
        if said[:1] == ["unsat"]:
            return set()
        if said[:1] != ["sat"]:
            raise RuntimeError(f"The solver says neither sat nor unsat: {' '.join(said[:20])}")
        holds = {int(word) for word in said[1:]}
        return {literal for literal in literals if dimacs(literal) in holds}
