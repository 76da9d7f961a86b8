"""The netlist of all mutants as an and-inverter graph, memories cut out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tests.mutation.circuit import Circuit, read_circuit
from tests.mutation.netlist import BUILD, Mutant, switched, yosys

__all__ = ["Memory", "extracted"]

_READ, _WRITTEN = "RD_DATA", ("RD_ADDR", "WR_ADDR", "WR_DATA", "WR_EN")


@dataclass(frozen=True, kw_only=True)
class Memory:
    """A memory that was cut out: its ports are the circuit's, ``name_RD_DATA[3]`` and so on."""

    name: str
    width: int
    address: int
    reads: int
    writes: int

    def bits(self, port: str, number: int) -> list[str]:
        """Names of the bits of one of several ports of a kind."""
        each = self.address if port.endswith("ADDR") else self.width
        count = self.reads if port.startswith("RD") else self.writes
        name = f"{self.name}_{port}"
        if each * count == 1:
            return [name]
        return [f"{name}[{bit}]" for bit in range(number * each, (number + 1) * each)]


def extracted(mutants: Sequence[Mutant]) -> tuple[Circuit, list[Memory]]:
    """The circuit, with the port that switches a mutant on, and the memories left out of it."""
    script = ["read_rtlil design.il", *switched(mutants), "memory_collect", "write_rtlil whole.il"]
    yosys("; ".join(script), BUILD)
    text, memories = _cut((BUILD / "whole.il").read_text())
    (BUILD / "cut.il").write_text(text)
    mapped = "techmap; simplemap; dfflegalize -cell $_DFF_P_ 01; clean; aigmap; clean"
    yosys(
        f"read_rtlil cut.il; setundef -zero; {mapped}; write_aiger -ascii -symbols proof.aag", BUILD
    )
    return read_circuit(BUILD / "proof.aag"), memories


def _cut(text: str) -> tuple[str, list[Memory]]:
    """Make ports of the module of each memory's ports."""
    place = max(int(number) for number in re.findall(r"^  wire .*put (\d+) ", text, re.M))
    memories: list[Memory] = []

    def ports(found: re.Match[str]) -> str:
        nonlocal place
        parameters = dict(re.findall(r"parameter (?:signed )?\\(\S+) (.*)", found[1]))
        connected = dict(re.findall(r"connect \\(\S+) (.*)", found[1]))
        if "1" in parameters["RD_CLK_ENABLE"].partition("'")[2]:
            raise ValueError(f"A memory's read port has a register of its own: {found[0][:200]}")
        one = Memory(
            name=f"memory_{len(memories)}",
            width=int(parameters["WIDTH"]),
            address=int(parameters["ABITS"]),
            reads=int(parameters["RD_PORTS"]),
            writes=int(parameters["WR_PORTS"]),
        )
        memories.append(one)
        lines = []
        for port in (_READ, *_WRITTEN):
            each = one.address if port.endswith("ADDR") else one.width
            width = each * (one.reads if port.startswith("RD") else one.writes)
            if width == 0:
                continue
            place += 1
            name, way = f"\\{one.name}_{port}", "input" if port == _READ else "output"
            ends = (connected[port], name) if port == _READ else (name, connected[port])
            lines += [f"  wire width {width} {way} {place} {name}", f"  connect {' '.join(ends)}"]
        return "\n".join(lines) + "\n"

    cut = re.sub(
        r"(?:^  attribute [^\n]*\n)*^  cell \$mem_v2 \S+\n(.*?)^  end\n",
        ports,
        text,
        flags=re.M | re.S,
    )
    return cut, memories
