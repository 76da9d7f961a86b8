"""Packing: the bits that configure a device out of a placed and routed design."""

from pathlib import Path

from augend.host.toolchain.devices import Device
from augend.host.toolchain.running import run_tool

__all__ = ["pack", "placed_suffix"]

_PLACED = {"ice40": "asc", "ecp5": "config", "gowin": "placed.json"}
_BITSTREAM = {"ice40": "bin", "ecp5": "bit", "gowin": "fs"}


def placed_suffix(device: Device) -> str:
    """Ending of the file that place and route writes for the packer."""
    return _PLACED[device.family.name]


def pack(device: Device, folder: Path, name: str, options: tuple[str, ...] = ()) -> str:
    """Write the bitstream of ``NAME.asc``, ``.config`` or ``.placed.json``; its name.

    Parameters
    ----------
    device, folder
        As of ``place``.
    name
        Of both files.
    options
        Of the packer, which a board may need.
    """
    family = device.family.name
    placed, bits = f"{name}.{_PLACED[family]}", f"{name}.{_BITSTREAM[family]}"
    if family == "ice40":
        command = ["yowasp-icepack", *options, placed, bits]
    elif family == "ecp5":
        command = ["yowasp-ecppack", *options, "--input", placed, "--bit", bits]
    else:
        of = device.chip[-1].removeprefix("family=")
        command = ["gowin_pack", *options, "-d", of, "-o", bits, placed]
    run_tool(command, folder, f"{name}.pack.log")
    return bits
