"""How a max-pool gate passes spikes: the instruction, and the gate's bounds."""

from dataclasses import dataclass
from itertools import accumulate, repeat

from augend.gen.gate import Gate, GateRule
from augend.gen.lane_layout import LaneLayout
from augend.gen.network import SpikingNetwork

__all__ = ["Select", "lead_bounds"]

_SPIKE = 1 << 16
"""What a spike adds to an estimate of the rate."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Select:
    """Visit every place of every window of a gate, and pass the leaders' spikes.

    Parameters
    ----------
    gate
        The gate.
    source, target
        Layouts of the gate's source and of its own spikes.
    potential_base
        First word of what the source's neurons lead by; 0 where the rule needs none.
    history_base
        First word in which the source's spikes are remembered.
    passed_base
        Where its own spikes are remembered for further gates; None where there are none.
    emits
        Whether any projection takes its spikes.
    times, closes, back
        As in other instructions.
    """

    gate: Gate
    source: LaneLayout
    target: LaneLayout
    potential_base: int
    history_base: int
    passed_base: int | None
    emits: bool
    times: int = 1
    closes: bool = False
    back: int = 0

    @property
    def population(self) -> str:
        """Name of the gate."""
        return self.gate.name

    @property
    def rule(self) -> GateRule:
        """What a neuron leads by."""
        return self.gate.rule

    @property
    def words(self) -> int:
        """Number of words of windows."""
        return self.target.words

    @property
    def slots(self) -> int:
        """Clocks of a word: places of a window."""
        rows, columns = self.gate.kernel
        return rows * columns

    @property
    def reach(self) -> int:
        """Rows, or columns if more, of the source and of what of windows lies off one end of it."""
        gate = self.gate
        return max(
            self.source.shape[1 + axis]
            + max(gate.padding[axis], (gate.kernel[axis] - 1) * gate.dilation[axis])
            for axis in (0, 1)
        )

    def first(self) -> tuple[int, int, int]:
        """Word, row and column of the first place; the first word's number is 0."""
        row, column = (-padding for padding in self.gate.padding)
        return self._word(row, column), row, column

    def steps(self) -> list[tuple[int, int, int]]:
        """By how many words, rows and columns the next place lies from the last.

        By what moves: the place's column, its row, the word of channels, the window's column, its
        row. Whatever is counted inside of that begins again.
        """
        gate = self.gate
        height, width = ((k - 1) * d for k, d in zip(gate.kernel, gate.dilation, strict=True))
        across = (gate.shape[2] - 1) * gate.stride[1]
        moves = (
            (0, gate.dilation[1]),
            (gate.dilation[0], -width),
            (-height, -width),
            (-height, gate.stride[1] - width),
            (gate.stride[0] - height, -across - width),
        )
        groups = self.source.extent[2]
        words = (0, 0, 1, 1 - groups, 1 - groups)
        return [
            (self._word(row, column) + more, row, column)
            for (row, column), more in zip(moves, words, strict=True)
        ]

    def _word(self, row: int, column: int) -> int:
        """Words from a place to another, by rows and columns between them."""
        _, columns, groups = self.source.extent
        return (row * columns + column) * groups


def lead_bounds(network: SpikingNetwork, gate: Gate) -> tuple[int, int]:
    """Least and greatest value that a neuron of a gate's source can lead by, at a spike a step.

    Exact: reached where it spikes in every step.
    """
    least, most = network.most_spikes(gate.source)
    low, high = max(least, -1), min(most, 1)
    if gate.rule == "any":
        return low, high
    if gate.rule == "count":
        return low * network.timesteps, high * network.timesteps
    return _rate(low, gate.decay, network.timesteps), _rate(high, gate.decay, network.timesteps)


def _rate(spikes: int, decay: int, steps: int) -> int:
    """Estimate of the rate after so many steps with as many spikes in each: farthest from 0."""
    values = accumulate(
        repeat(spikes * _SPIKE, steps), lambda rate, more: rate - (rate >> decay) + more, initial=0
    )
    return max(values, key=abs)
