"""A netlist in Yosys's JSON form, as it is after synthesis or after routing, as Verilog."""

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["netlist_verilog"]

_BITS = re.compile(r"[01xz]+")
_SKIPPED = {"$scopeinfo"}


def netlist_verilog(
    module: Mapping[str, Any],
    name: str,
    *,
    prefix: str = "",
    open_inputs: Mapping[str, str] | None = None,
) -> str:
    """Verilog of a module whose cells are instances; all names inside are numbers.

    Parameters
    ----------
    module
        Of the JSON form: its ports and cells.
    name
        Of the Verilog module.
    prefix
        Put before the name of every cell's type.
    open_inputs
        By port, what an input reads that nothing is connected to: ``"0"`` or ``"1"``; 0 where it
        is not named.
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
                nets.update(bit for bit in bits if isinstance(bit, int))
                connections.append(f".{port}({_joined(bits)})")
            elif cell["port_directions"][port] == "input":
                connections.append(f".{port}(1'b{pulled.get(port, '0')})")
        parameters = ", ".join(
            f".{key}({_value(value)})" for key, value in cell.get("parameters", {}).items()
        )
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
    named = [f"n{bit}" if isinstance(bit, int) else f"1'b{_known(bit)}" for bit in reversed(bits)]
    return named[0] if len(named) == 1 else f"{{{', '.join(named)}}}"


def _known(bit: str) -> str:
    return bit if bit in "01" else "0"


def _value(value: int | str) -> str:
    """A parameter: bits, an integer, or a text, to which Yosys adds a space where it is digits."""
    if isinstance(value, int):
        return str(value)
    if _BITS.fullmatch(value):
        return f"{len(value)}'b{value}"
    return f'"{value.removesuffix(" ")}"' if _BITS.fullmatch(value.strip()) else f'"{value}"'
