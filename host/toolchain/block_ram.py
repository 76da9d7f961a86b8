"""How many block RAMs memories take, without synthesis."""

from augend.host.toolchain.devices import Device
from augend.host.verilog_table import memory_sizes
from augend.hw.configuration import FEWEST, SHORT, AcceleratorConfig

__all__ = ["SINGLE_PORT_ROWS", "blocks", "memory_blocks", "single_port_blocks"]

SINGLE_PORT_ROWS = 4096
"""Rows from which on memories lie in single-port RAM where a device has it."""

_WIDEST = {"ice40": 16, "ecp5": 36, "gowin": 36}
_NARROWEST = {"ice40": 2, "ecp5": 1, "gowin": 1}
_SINGLE_PORT = (16384, 16)
"""Rows and bits of a single-port RAM of UP5K."""

_BUFFER_BITS = 32
"""Of a word of the packet buffer."""


def blocks(device: Device, rows: int, bits: int) -> int:
    """Block RAMs of a memory, all of them in the one shape of which it takes the fewest."""
    family = device.family.name
    width = _WIDEST[family]
    most = device.block_ram_bits
    found = []
    while width >= _NARROWEST[family]:
        depth = 1 << ((most // width).bit_length() - 1)
        found.append(-(-bits // width) * -(-rows // depth))
        width = width // 2
    return min(found)


def single_port_blocks(rows: int, bits: int) -> int:
    """Single-port RAMs of a memory."""
    deep, wide = _SINGLE_PORT
    return -(-rows // deep) * -(-bits // wide)


def memory_blocks(device: Device, config: AcceleratorConfig) -> dict[str, tuple[int, int]]:
    """Block RAMs and single-port RAMs of each memory of an accelerator, all cores together.

    Few rows are registers; few of tables lie in distributed RAM where the configuration says so.
    """
    tables = ("row", "column", "group", "lane", "target", "instruction")
    found = {}
    sizes = memory_sizes(config) | {"packets": (config.link_words, _BUFFER_BITS, 1)}
    for memory, (rows, bits, number) in sizes.items():
        short = memory in tables and rows <= SHORT and config.short_memories == "distributed"
        fast = memory == "potential" and config.potential_memory == "distributed"
        if rows <= FEWEST or short or fast or memory == "route":
            found[memory] = (0, 0)
        elif memory in ("weight", "input") and _single_port(device, rows):
            found[memory] = (0, number * single_port_blocks(rows, bits))
        else:
            found[memory] = (number * blocks(device, rows, bits), 0)
    return found


def _single_port(device: Device, rows: int) -> bool:
    return bool(device.has.get("SPRAM")) and rows >= SINGLE_PORT_ROWS
