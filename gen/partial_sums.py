"""Partial sums of a readout: neighbouring spikes add to different words, so that none waits.

A potential word in block RAM that comes back within three clocks is held until it is written. A
readout of few words has its word come back with every spike. Where it only sums up, its sum may
be made of several: which one a spike adds to depends on its lane, and the last sweep is preceded by
sweeps that add them up.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from augend.gen.lane_layout import LaneLayout
from augend.gen.network import INPUT, SpikingNetwork
from augend.gen.schedule import sums_up
from augend.gen.synapse_tables import SynapseTables

__all__ = ["partial_sums", "spread", "spreads"]

_HELD = 3  # clocks that a word is held for
_ADDED = 9  # clocks of a sweep that adds a partial sum of a word
_DENSITY = 8  # one neuron in so many is taken to spike in a step


def partial_sums(network: SpikingNetwork, layouts: Mapping[str, LaneLayout]) -> int:
    """Number of partial sums of a readout that takes the fewest clocks: 1 where none help.

    Spikes of random lanes meet the word of one of the three before with a chance of 1 in so many.
    """
    name = network.readout.name
    words = layouts[name].words
    if words > _HELD or not sums_up(network):
        return 1
    sources = [p.source for p in network.into(name) if spreads(network, p.source)]
    neurons = sum(int(np.prod(network.shape_of(source))) for source in sources)
    spikes = neurons * network.timesteps / _DENSITY

    def clocks(sums: int) -> float:
        held = _HELD if sums == 1 else sum(range(1, _HELD + 1)) / sums
        return spikes * held / words + (sums - 1) * (_ADDED + words - 1)

    lanes = layouts[name].lanes
    return min((1 << i for i in range(lanes.bit_length())), key=clocks)


def spreads(network: SpikingNetwork, source: str) -> bool:
    """Whether what a source sends to the readout is spread: an input current is one word's."""
    return source != INPUT or not network.input.is_current


def spread(tables: SynapseTables, lanes: int, sums: int, further: int, words: int) -> SynapseTables:
    """Tables whose lanes add to one partial sum after the other.

    Parameters
    ----------
    tables
        Of a projection into the readout.
    lanes, sums
        Number of lanes, and of partial sums, of which the first is the readout itself.
    further, words
        From the readout's first word to that of the second partial sum; words of each.
    """
    if tables.masked or sums == 1:
        return tables
    of_lane = np.arange(lanes) % sums
    offset = np.where(of_lane > 0, further + (of_lane - 1) * words, 0)
    lane = tables.lane.copy()
    lane[:, 0] += np.tile(offset, len(lane) // lanes)
    return replace(tables, lane=lane)
