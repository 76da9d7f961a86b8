"""Energy by the 45 nm table: the spiking network beside the network it came from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from augend.gen.place import Placement
from augend.gen.program import Program
from augend.host.result import Result
from augend.hw.configuration import AcceleratorConfig

__all__ = ["Energy", "ann_energy", "memory_energy", "snn_energy", "unplaced_energy"]

MAC_PJ = 3.2
"""32-bit multiply-accumulate, 45 nm (Datta 2021, table of section VI; Horowitz 2014)."""

AC_PJ = 0.1
"""32-bit addition, 45 nm (the same)."""

_SRAM_PJ = ((8 << 10, 10.0), (32 << 10, 20.0), (1 << 20, 100.0))
"""Bytes, and pJ of a 64-bit access to an SRAM up to that size (Horowitz 2014, 45 nm)."""

_DRAM_PJ = 1300.0
"""A 64-bit access to anything larger (the same, lower bound)."""

_ANN_BITS = 32


@dataclass(frozen=True, kw_only=True)
class Energy:
    """Picojoules an image: of arithmetic alone, and with memory accesses."""

    arithmetic: float
    with_memory: float


def memory_energy(accesses: float, bits: int, capacity_bits: int) -> float:
    """Picojoules of accesses of ``bits`` each to a memory of ``capacity_bits``.

    Cost a bit is that of the smallest SRAM of the table that is large enough.
    """
    per_access = next((pj for size, pj in _SRAM_PJ if capacity_bits <= 8 * size), _DRAM_PJ)
    return accesses * bits * per_access / 64


def snn_energy(result: Result, placement: Placement, config: AcceleratorConfig) -> Energy:
    """Energy of the spiking network, mean of the images.

    Memory: for each word of additions a weight word read and a potential word read and written;
    for each word swept a potential word read and written and a parameter word read.
    """
    lanes = config.lanes
    network = placement.network
    potential = lanes * config.potential_bits
    arithmetic = AC_PJ * float(result.total_operations.mean())
    with_memory = arithmetic
    for population in network.populations:
        core = placement.cores[placement.core_of[population.name]]
        added = float(np.mean(result.words[population.name]))
        swept = float(np.mean(result.updates[population.name]) / population.size)
        swept *= placement.layouts[population.name].words
        weight = lanes * network.weight_bits
        with_memory += memory_energy(added, weight, len(core.weight) * weight)
        with_memory += memory_energy(
            2 * (added + swept), potential, core.potential_words * potential
        )
        with_memory += memory_energy(swept, 3 * potential, len(core.parameter) * 3 * potential)
    return Energy(arithmetic=arithmetic, with_memory=with_memory)


def unplaced_energy(result: Result, program: Program) -> Energy:
    """Energy of a network that has no place on the hardware, mean of the images.

    Memory as in `snn_energy`, with memories of exactly the network's size, and the additions and
    updates of ``lanes`` neurons always one word.
    """
    network, lanes = program.network, program.lanes
    weights = sum(p.weight.size * network.bits_of(p) for p in network.projections)
    arithmetic = AC_PJ * float(result.total_operations.mean())
    with_memory = arithmetic
    for population in network.populations:
        bits = program.bounds[population.name].potential_bits
        size = population.size * bits
        added = float(np.mean(result.operations[population.name])) / lanes
        swept = float(np.mean(result.updates[population.name])) / lanes
        with_memory += memory_energy(added, lanes * network.weight_bits, weights)
        with_memory += memory_energy(2 * (added + swept), lanes * bits, size)
        with_memory += memory_energy(swept, 3 * lanes * bits, 3 * population.channels * bits)
    return Energy(arithmetic=arithmetic, with_memory=with_memory)


def ann_energy(macs: Mapping[str, int], parameters: int, lanes: int) -> Energy:
    """Energy of the same network as it was trained, in 32-bit numbers.

    Memory: a weight read for each multiply-accumulate, and an activation for every ``lanes`` of
    them, as generous as the spiking side's.
    """
    total = sum(macs.values())
    arithmetic = MAC_PJ * total
    capacity = parameters * _ANN_BITS
    memory = memory_energy(total, _ANN_BITS, capacity)
    memory += memory_energy(total / lanes, _ANN_BITS, 8 * (32 << 10))
    return Energy(arithmetic=arithmetic, with_memory=arithmetic + memory)
