"""The accelerator that programs get on a board: sizes as they need them, RAM as the board has."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from augend.gen.place import Placement
from augend.host.toolchain.block_ram import SINGLE_PORT_ROWS, in_registers, memory_blocks
from augend.host.toolchain.devices import Device
from augend.hw.configuration import AcceleratorConfig
from augend.hw.exact import exact_config
from augend.hw.overlay import overlay_config

__all__ = ["VARIANTS", "board_config", "needs_of"]

_SMALL: dict[str, int | str] = {
    "queue_steps": 1,
    "input_banks": 1,
    "link_words": 64,
    "watchdog_bits": 0,
}

VARIANTS: dict[str, dict[str, int | str]] = {
    "two inputs, faults": {"watchdog_bits": 20},
    "faults": _SMALL | {"watchdog_bits": 20},
    "least": _SMALL,
}
"""What is left out where every block RAM and LUT counts: a second input, detection of faults."""


def board_config(
    placements: Sequence[Placement], device: Device, variant: str | None = None
) -> AcceleratorConfig:
    """The accelerator of some programs on a device.

    Potentials and tables lie in distributed RAM only where the device has some. On a device with
    single-port RAM, weights lie there, and the input where its rows are narrow enough.

    Parameters
    ----------
    placements
        Of the programs.
    device
        What it is for.
    variant
        One of ``VARIANTS``; the largest that such a device usually has room for where None.
    """
    distributed = device.family.name != "ice40"
    if variant is None:
        variant = "two inputs, faults" if distributed else "least"
    short = "distributed" if distributed else "block"
    alone = partial(exact_config, short_memories=short, **VARIANTS[variant])
    config = overlay_config(placements, alone)
    left = device.has.get("SPRAM", 0)
    if not left:
        return config
    for memory in ("weight_words", "input_rows"):
        deep = replace(config, **{memory: max(SINGLE_PORT_ROWS, getattr(config, memory))})
        used = sum(single for _, single in memory_blocks(device, deep).values())
        before = sum(block for block, _ in memory_blocks(device, config).values())
        after = sum(block for block, _ in memory_blocks(device, deep).values())
        if used <= left and after < before:
            config = deep
    return config


def needs_of(device: Device, config: AcceleratorConfig) -> dict[str, int]:
    """Block RAMs and single-port RAMs of an accelerator, by the names of the device's resources."""
    registers = in_registers(device, config)
    found = memory_blocks(device, config).items()
    each = [of for memory, of in found if memory not in registers]
    needs = {"BRAM": sum(block for block, _ in each), "SPRAM": sum(single for _, single in each)}
    return {kind: needs[kind] for kind in needs if kind in device.has}
