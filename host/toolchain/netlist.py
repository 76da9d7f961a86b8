"""Who reads a bit of a netlist."""

from collections import defaultdict
from typing import Any

__all__ = ["readers"]


def readers(module: dict[str, Any]) -> dict[int | str, list[tuple[str, str]]]:
    """Cell and port of each reader of each bit; empty names for a port of the module.

    Parameters
    ----------
    module
        Of a netlist in Yosys's JSON form.
    """
    found: dict[int | str, list[tuple[str, str]]] = defaultdict(list)
    for name, cell in module["cells"].items():
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] == "input":
                for bit in bits:
                    found[bit].append((name, port))
    for port in module["ports"].values():
        for bit in port["bits"]:
            found[bit].append(("", ""))
    return found
