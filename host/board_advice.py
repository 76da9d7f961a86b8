"""What would fit, where a program does not fit a board."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from augend.gen.program import Program
from augend.host.board_config import board_config, needs_of
from augend.host.toolchain.block_ram import register_luts
from augend.host.toolchain.devices import DEVICES, Device
from augend.hw.boards import BOARDS
from augend.hw.boards.board import Board
from augend.hw.configuration import AcceleratorConfig

__all__ = ["advice", "fits", "rough_needs"]

_LUTS = {"ice40": (4400, 450, 1100), "ecp5": (4000, 330, 700), "gowin": (4000, 360, 900)}
"""Logic cells of an accelerator of no lanes with its link; of each lane; for kernels. Roughly.

On iCE40 a flip-flop that no LUT feeds takes a whole cell, as most do.
"""

_FULL = 0.95
"""Part of the LUTs that place and route can use."""


def rough_needs(device: Device, config: AcceleratorConfig) -> dict[str, int]:
    """Block RAMs, single-port RAMs and, roughly, logic cells of an accelerator, unsynthesised."""
    fixed, lane, kernels = _LUTS[device.family.name]
    cores = config.cores * (config.lanes * lane + config.kernels * kernels)
    return needs_of(device, config) | {"LUT4": fixed + cores + register_luts(device, config)}


def fits(device: Device, needs: Mapping[str, int]) -> bool:
    """Whether a device has what is needed, LUTs that place and route cannot use left out."""
    room = {**device.has, "LUT4": int(_FULL * device.has["LUT4"])}
    return all(need <= room[kind] for kind, need in needs.items())


def advice(
    programs: list[Program], board: Board, config: AcceleratorConfig, short: Iterable[str]
) -> str:
    """The nearest thing that would fit: fewer lanes, fewer bits, another board.

    All of it goes by what memories and lanes usually take, not by a synthesis.

    Parameters
    ----------
    programs, board, config
        What did not fit where.
    short
        The resources that fell short: where it is not memory alone, narrower weights do not help,
        nor does a board with fewer LUTs.
    """
    device = DEVICES[board.device]
    logic = any("RAM" not in kind for kind in short)
    found = []
    lanes = config.lanes // 2
    while lanes:
        placed = [replace(p, lanes=lanes, cores=1, work={}).place() for p in programs]
        if fits(device, rough_needs(device, board_config(placed, device))):
            found.append(f"{lanes} lanes (augend place --lanes {lanes})")
            break
        lanes //= 2
    narrower = range(0 if logic else config.weight_bits - 1, 0, -1)
    narrow = (bits for bits in narrower if _with_bits(device, config, bits))
    bits = next(narrow, None)
    if bits is not None:
        found.append(f"weights of {bits} bits (augend convert --weight-bits {bits})")
    others = sorted(BOARDS.values(), key=lambda other: DEVICES[other.device].has["LUT4"])
    placed = [program.place() for program in programs]
    for other in others:
        target = DEVICES[other.device]
        if logic and target.has["LUT4"] <= device.has["LUT4"]:
            continue
        if other.device == board.device:
            continue
        if fits(target, rough_needs(target, board_config(placed, target))):
            found.append(f"--board {other.name}")
            break
    if not found:
        return "No board here has room for it: convert a smaller network."
    return f"What should fit: {', or '.join(found)}."


def _with_bits(device: Device, config: AcceleratorConfig, bits: int) -> bool:
    """Whether it would fit with weights of so few bits."""
    return fits(device, rough_needs(device, replace(config, weight_bits=bits)))
