"""Block RAMs by arithmetic."""

from dataclasses import replace

import pytest

from augend.host.toolchain.block_ram import blocks, in_registers, memory_blocks, single_port_blocks
from augend.host.toolchain.devices import DEVICES
from augend.hw.configuration import AcceleratorConfig

SMALL = AcceleratorConfig(
    lanes=2,
    weight_bits=4,
    weight_words=1024,
    potential_words=64,
    parameter_words=16,
    row_entries=8,
    column_entries=8,
    group_entries=8,
    lane_entries=8,
    instructions=12,
    queue_words=64,
    queue_steps=1,
    input_rows=64,
    link_words=64,
    short_memories="block",
    potential_bits=8,
    readout_words=2,
    threshold_bits=8,
    bias_bits=8,
    initial_bits=8,
)


@pytest.mark.parametrize(
    ("device", "rows", "bits", "number"),
    [
        ("HX8K", 256, 16, 1),
        ("HX8K", 257, 16, 2),
        ("HX8K", 2048, 2, 1),
        ("HX8K", 2572, 64, 44),
        ("HX8K", 16, 112, 7),
        ("LFE5U-25F", 512, 36, 1),
        ("LFE5U-25F", 1024, 36, 2),
        ("LFE5U-25F", 16384, 1, 1),
    ],
)
def test_blocks_of_a_memory(device, rows, bits, number):
    assert blocks(DEVICES[device], rows, bits) == number


def test_single_port_ram_is_wide_and_deep():
    assert single_port_blocks(16384, 16) == 1
    assert single_port_blocks(16385, 17) == 4


def test_weights_of_4096_rows_go_into_single_port_ram():
    deep = replace(SMALL, weight_words=4096)
    assert memory_blocks(DEVICES["UP5K"], deep)["weight"] == (0, 1)
    assert memory_blocks(DEVICES["UP5K"], SMALL)["weight"] == (2, 0)
    assert memory_blocks(DEVICES["HX8K"], deep)["weight"] == (8, 0)


def blocks_in_all(device, config):
    return sum(block for block, _ in memory_blocks(device, config).values())


def test_tables_become_registers_where_blocks_are_short_and_only_then():
    device = DEVICES["HX8K"]
    room = {n: replace(SMALL, weight_words=512 * n) for n in range(1, 30)}
    full = next(c for c in room.values() if blocks_in_all(device, c) == 32)
    over = next(c for c in room.values() if blocks_in_all(device, c) == 35)
    assert memory_blocks(device, replace(SMALL, readout_words=5))["readout"] == (1, 0)
    most = replace(SMALL, weight_words=512 * 100)
    assert in_registers(device, full) == ()
    chosen = in_registers(device, over)
    saved = sum(memory_blocks(device, over)[memory][0] for memory in chosen)
    assert 3 <= saved < 3 + memory_blocks(device, over)[chosen[-1]][0]
    assert in_registers(device, most) == ()
    assert in_registers(DEVICES["LFE5U-25F"], most) == ()
