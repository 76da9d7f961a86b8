"""The load bus: how the host writes every memory, a row at a time."""

from amaranth.hdl import ShapeLike
from amaranth.lib import data
from amaranth.utils import ceil_log2

from augend.gen.gumbel import ENTRIES
from augend.hw.configuration import AcceleratorConfig
from augend.hw.encoder import encoder_layout, input_row_bits
from augend.hw.fan_out import table_entry
from augend.hw.instruction import instruction
from augend.hw.interval_encoder import interval
from augend.hw.neuron import neuron_parameters
from augend.hw.rate_encoder import THRESHOLD_BITS
from augend.hw.readout import readout_constants
from augend.hw.target_words import target_entry

__all__ = [
    "CORE_MEMORIES",
    "MEMORIES",
    "address_bits",
    "depth",
    "load_bus",
    "row_bits",
    "row_shape",
    "words",
]

CORE_MEMORIES = ("weight", "parameter", "row", "column", "group", "lane", "instruction", "target")
"""The memories of every core."""

MEMORIES = (*CORE_MEMORIES, "input", "encoder", "readout", "route", "noise", "rate", "interval")
"""All memories; a memory's number in a packet is its place here."""


def row_shape(config: AcceleratorConfig, memory: str) -> ShapeLike:
    """Shape of a row of a memory."""
    if memory == "weight":
        return data.ArrayLayout(config.weight_bits, config.lanes)
    if memory == "parameter":
        return data.ArrayLayout(neuron_parameters(config), config.lanes)
    if memory == "instruction":
        return instruction(config)
    if memory == "target":
        return target_entry(config)
    if memory == "input":
        return input_row_bits(config)
    if memory == "encoder":
        return encoder_layout(config)
    if memory == "readout":
        return readout_constants(config)
    if memory == "route":
        return config.cores
    if memory == "noise":
        return max(1, config.noise_bits)
    if memory == "rate":
        return THRESHOLD_BITS
    if memory == "interval":
        return interval(config)
    return table_entry(config)


def row_bits(config: AcceleratorConfig, memory: str) -> int:
    """Width of a row."""
    shape = row_shape(config, memory)
    return shape if isinstance(shape, int) else data.Layout.cast(shape).size


def words(config: AcceleratorConfig, memory: str) -> int:
    """Link words of 32 bits that make a row."""
    return -(-row_bits(config, memory) // 32)


def depth(config: AcceleratorConfig, memory: str) -> int:
    """Number of rows."""
    if memory == "weight":
        return config.weight_words
    if memory == "parameter":
        return config.parameter_words
    if memory == "instruction":
        return config.instructions
    if memory == "input":
        return config.input_rows
    if memory in ("encoder", "readout"):
        return 1
    if memory == "route":
        return config.populations
    if memory == "noise":
        return ENTRIES if config.noise_bits else 1
    if memory == "rate":
        return config.rate_input << config.pixel_bits
    if memory == "interval":
        return config.spike_steps
    return getattr(config, f"{memory}_entries")


def address_bits(config: AcceleratorConfig) -> int:
    """Width that addresses the deepest memory."""
    return max(1, *(ceil_log2(depth(config, memory)) for memory in MEMORIES))


def load_bus(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of the load bus: a strobe for each memory, the core, the row's address and bits."""
    return data.StructLayout(
        {
            "strobe": len(MEMORIES),
            "core": max(1, ceil_log2(config.cores)),
            "address": address_bits(config),
            "row": 32 * max(words(config, memory) for memory in MEMORIES),
        }
    )
