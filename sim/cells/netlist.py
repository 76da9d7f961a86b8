"""A netlist in Yosys's JSON form, as it is after synthesis or after routing, as Verilog."""

import re
from collections.abc import Container, Mapping
from typing import Any

__all__ = ["netlist_verilog"]

_BITS = re.compile(r"[01xz]+")
_SKIPPED = {"$scopeinfo"}


def netlist_verilog(
    module: Mapping[str, Any],
    name: str,
    *,
    ours: Container[str] = (),
    open_inputs: Mapping[str, str] | None = None,
    others: str = "0",
) -> str:
    """Verilog of a module whose cells are instances; all names inside are numbers.

    Parameters
    ----------
    module
        Of the JSON form: its ports and cells. A bit ``"~5"`` is net 5 inverted.
    name
        Of the Verilog module.
    ours
        Types of cells that have a model here, in a module ``PACKED_`` and their name.
    open_inputs, others
        What an input reads that nothing is connected to, ``"0"`` or ``"1"``: by port, and of ports
        that are not named.
    """
    pulled = open_inputs or {}
    ports = module["ports"]
    nets = {bit for port in ports.values() for bit in port["bits"] if isinstance(bit, int)}
    instances = []
    for number, cell in enumerate(module["cells"].values()):
        if cell["type"] in _SKIPPED:
            continue
        connections = []
        for port, bits in cell["connections"].items():
            if bits:
                nets.update(_net(bit) for bit in bits if _net(bit))
                connections.append(f".{port}({_joined(bits)})")
            elif cell["port_directions"][port] == "input":
                connections.append(f".{port}(1'b{pulled.get(port, others)})")
        parameters = ", ".join(
            f".{key}({_value(value)})" for key, value in cell.get("parameters", {}).items()
        )
        prefix = "PACKED_" if cell["type"] in ours else ""
        instances.append(
            f"{prefix}{cell['type']} #({parameters}) c{number} ({', '.join(connections)});"
        )
    declared = [
        f"{port['direction']} [{len(port['bits']) - 1}:0] {key};"
        if len(port["bits"]) > 1
        else f"{port['direction']} {key};"
        for key, port in ports.items()
    ]
    joined = [
        f"assign {_joined(port['bits'])} = {key};"
        if port["direction"] == "input"
        else f"assign {key} = {_joined(port['bits'])};"
        for key, port in ports.items()
    ]
    wires = [f"wire n{net};" for net in sorted(nets)]
    lines = [f"module {name} ({', '.join(ports)});", *declared, *wires, *joined, *instances]
    return "\n".join([*lines, "endmodule", ""])


def _joined(bits: list[int | str]) -> str:
    """A bit, or several, the last of which is the highest."""
    named = [_named(bit) for bit in reversed(bits)]
    return named[0] if len(named) == 1 else f"{{{', '.join(named)}}}"


def _named(bit: int | str) -> str:
    if net := _net(bit):
        return f"~n{net}" if isinstance(bit, str) else f"n{net}"
    return f"1'b{bit}" if bit in ("0", "1") else "1'b0"


def _net(bit: int | str) -> int:
    """Number of a bit's net; 0 where it is constant, for nets begin at 2."""
    if isinstance(bit, int):
        return bit
    return int(bit[1:]) if bit.startswith("~") else 0


def _value(value: int | str) -> str:
    """A parameter: bits, an integer, or a text, to which Yosys adds a space where it is digits."""
    if isinstance(value, int):
        return str(value)
    if _BITS.fullmatch(value):
        return f"{len(value)}'b{value}"
    return f'"{value.removesuffix(" ")}"' if _BITS.fullmatch(value.strip()) else f'"{value}"'
