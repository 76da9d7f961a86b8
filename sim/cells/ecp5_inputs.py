"""What the inputs of ECP5 cells read: constants and inverters are parameters of a cell there."""

import copy
from collections.abc import Mapping
from typing import Any

__all__ = ["BLOCK_RAM", "with_inputs"]

BLOCK_RAM = frozenset({"DP16KD", "PDPW16KD"})


def with_inputs(module: Mapping[str, Any], *, packed: bool) -> dict[str, Any]:
    """A netlist whose constants and inverters are in its connections, as its models want it.

    Parameters
    ----------
    module
        In Yosys's JSON form.
    packed
        Whether nextpnr packed the cells; else only block RAM is changed.

    Raises
    ------
    ValueError
        A block RAM has contents from the beginning, which the models do not take.
    """
    changed = copy.deepcopy(dict(module))
    for name, cell in changed["cells"].items():
        if not packed and cell["type"] not in BLOCK_RAM:
            continue
        parameters, connections = cell["parameters"], cell["connections"]
        if cell["type"] in BLOCK_RAM:
            _without_contents(name, parameters)
        for key in [key for key in parameters if key.endswith("MUX")]:
            port = key.removesuffix("MUX")
            cell["port_directions"].setdefault(port, "input")
            connections[port] = _behind(parameters.pop(key).strip(), connections.get(port, []))
        if cell["type"] == "TRELLIS_COMB":
            # The second multiplexer of a slice is that of look-up tables of six inputs and more.
            wide = connections.get("FXA") or connections.get("FXB")
            parameters["WIDE"] = "1" if wide else "0"
        if cell["type"] == "TRELLIS_FF":
            parameters["BYPASS"] = "1" if parameters.pop("SD", "1").strip() == "0" else "0"
    return changed


def _behind(chosen: str, bits: list[int | str]) -> list[int | str]:
    """What a multiplexer of constants, an input and its inverse gives; open inputs are high."""
    if chosen in ("0", "1"):
        return [chosen]
    if chosen != "INV":
        return bits
    if not bits:
        return ["0"]
    (bit,) = bits
    return [f"~{bit}"] if isinstance(bit, int) else ["0" if bit == "1" else "1"]


def _without_contents(name: str, parameters: dict[str, Any]) -> None:
    for key in [key for key in parameters if key.startswith("INITVAL_")]:
        if set(parameters.pop(key)) - {"0", "x"}:
            raise ValueError(
                f"Block RAM {name} has contents from the beginning ({key}), which its model does "
                f"not take: load it at run time"
            )
