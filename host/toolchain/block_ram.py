"""How many block RAMs memories take, without synthesis."""

from augend.host.toolchain.devices import Device
from augend.host.verilog_table import memory_sizes
from augend.hw.configuration import FEWEST, SHORT, AcceleratorConfig

__all__ = [
    "SINGLE_PORT_ROWS",
    "blocks",
    "in_registers",
    "memory_blocks",
    "register_luts",
    "single_port_blocks",
]

SINGLE_PORT_ROWS = 4096
"""Rows from which on memories lie in single-port RAM where a device has it."""

_WIDEST = {"ice40": 16, "ecp5": 36, "gowin": 36}
_NARROWEST = {"ice40": 2, "ecp5": 1, "gowin": 1}
_SINGLE_PORT = (16384, 16)
"""Rows and bits of a single-port RAM of UP5K."""

_BUFFER_BITS = 32
"""Of a word of the packet buffer."""

_FRAME = 256
"""Bytes that the frame encoder holds back."""


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


_TABLES = ("row", "column", "group", "lane", "instruction", "target")
"""Memories that lie in distributed RAM where they are short and the configuration says so."""

_REGISTERS = ("row", "column", "group", "lane", "instruction", "readout")
"""Memories that may become registers."""

_REGISTER_BITS = 2048
"""Most bits of a memory that becomes registers."""


def in_registers(device: Device, config: AcceleratorConfig) -> tuple[str, ...]:
    """Tables that become registers where block RAM does not suffice and no other RAM is there.

    Those of the fewest bits a block first, no more than needed; none where all of them would not
    make the rest fit.
    """
    if device.family.name != "ice40":
        return ()
    needs = memory_blocks(device, config)
    short = sum(block for block, _ in needs.values()) - device.has["BRAM"]
    sizes = _sizes(config)
    small = sorted(
        (rows * bits / needs[memory][0], memory)
        for memory, (rows, bits, _) in sizes.items()
        if memory in _REGISTERS and needs[memory][0] and rows * bits <= _REGISTER_BITS
    )
    chosen = []
    for _, memory in small:
        if short > 0:
            chosen.append(memory)
            short -= needs[memory][0]
    return tuple(chosen) if short <= 0 else ()


def register_luts(device: Device, config: AcceleratorConfig) -> int:
    """Logic cells of what becomes registers: one a bit, and multiplexers of the rows, roughly."""
    sizes = _sizes(config)
    each = (sizes[memory] for memory in in_registers(device, config))
    return round(sum(1.4 * rows * bits for rows, bits, _ in each))


def memory_blocks(device: Device, config: AcceleratorConfig) -> dict[str, tuple[int, int]]:
    """Block RAMs and single-port RAMs of each memory of an accelerator, all cores together.

    Few rows are registers; few of tables lie in distributed RAM where the configuration says so.
    """
    found = {}
    for memory, (rows, bits, number) in _sizes(config).items():
        short = memory in _TABLES and rows <= SHORT and config.short_memories == "distributed"
        fast = memory == "potential" and config.potential_memory == "distributed"
        if rows <= FEWEST or short or fast or memory == "route":
            found[memory] = (0, 0)
        elif memory in ("weight", "input") and _single_port(device, rows):
            found[memory] = (0, number * single_port_blocks(rows, bits))
        else:
            found[memory] = (number * blocks(device, rows, bits), 0)
    return found


def _sizes(config: AcceleratorConfig) -> dict[str, tuple[int, int, int]]:
    """Rows, bits a row, and number of each memory, those that no program fills among them."""
    return memory_sizes(config) | {
        "readout": (config.readout_words, config.score_lanes * config.potential_bits, 1),
        "packets": (config.link_words, _BUFFER_BITS, 1),
        "frame": (_FRAME, 8, 1),
    }


def _single_port(device: Device, rows: int) -> bool:
    return bool(device.has.get("SPRAM")) and rows >= SINGLE_PORT_ROWS
