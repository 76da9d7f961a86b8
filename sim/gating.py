"""Max-pool gates made ready: which neurons each window holds, and the reference that passes them.

Neurons are laid out as ``flatten`` does, windows likewise.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from augend.gen.gate import Gate, GateRule
from augend.gen.network import Ints, Shape

__all__ = ["Gating", "pass_gate"]

WEIGHT = 16
"""A spike adds 2**16 to an estimate of the rate."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Gating:
    """A gate made ready.

    Parameters
    ----------
    name
        Of the gate.
    source
        Population or gate that it is on.
    rule, decay
        As in the contract.
    channels, positions
        Of the source.
    bounds, sites
        Source positions of each window position, by row and column: those of window w are
        ``sites[bounds[w] : bounds[w + 1]]``.
    cost
        Additions that a plane of spikes of each source neuron costs, (neurons,): 1 where the rule
        counts.
    """

    name: str
    source: str
    rule: GateRule
    decay: int
    channels: int
    positions: int
    bounds: npt.NDArray[np.int32]
    sites: npt.NDArray[np.int32]
    cost: Ints

    @classmethod
    def of(cls, gate: Gate, source: Shape) -> "Gating":
        """Make a gate on a source of that shape ready."""
        channels, height, width = source
        rows, columns = (_taps(gate, axis, source[1 + axis]) for axis in (0, 1))
        windows = [
            [y * width + x for y in reached_rows for x in reached_columns]
            for reached_rows in rows
            for reached_columns in columns
        ]
        sites = np.array([site for window in windows for site in window], np.int32)
        return cls(
            name=gate.name,
            source=gate.source,
            rule=gate.rule,
            decay=gate.decay,
            channels=channels,
            positions=height * width,
            bounds=np.cumsum([0, *map(len, windows)]).astype(np.int32),
            sites=sites,
            cost=np.full(channels * height * width, gate.rule != "any", np.int64),
        )

    def begin(self, images: int) -> Ints:
        """Counters before the first step, (images, neurons)."""
        return np.zeros((images, self.positions * self.channels), np.int64)


def pass_gate(
    gating: Gating, lead: Ints, spikes: npt.NDArray[np.integer]
) -> npt.NDArray[np.integer]:
    """Pass the spikes of each window's leader.

    Parameters
    ----------
    gating
        The gate.
    lead
        What each neuron leads by, (images, neurons); carried on.
    spikes
        Of the source, (images, steps, neurons).
    """
    images, steps, _ = spikes.shape
    lengths = np.diff(gating.bounds)
    taps = np.arange(lengths.max())
    there = taps < lengths[:, None]  # (windows, taps)
    sites = gating.sites[np.where(there, gating.bounds[:-1, None] + taps, 0)]
    passed = np.empty((images, steps, len(lengths), gating.channels), spikes.dtype)
    for step in range(steps):
        spike = spikes[:, step].astype(np.int64)
        if gating.rule == "count":
            lead += spike
        elif gating.rule == "rate":
            lead += (spike << WEIGHT) - (lead >> gating.decay)
        else:
            lead[:] = spike
        shape = images, gating.positions, gating.channels
        led = lead.reshape(shape)[:, sites]  # (images, windows, taps, channels)
        led = np.where(there[:, :, None], led, np.iinfo(np.int64).min)
        leader = led.argmax(2)[:, :, None]
        of_windows = spikes[:, step].reshape(shape)[:, sites]
        passed[:, step] = np.take_along_axis(of_windows, leader, 2)[:, :, 0]
    return passed.reshape(images, steps, len(lengths) * gating.channels)


def _taps(gate: Gate, axis: int, size: int) -> list[list[int]]:
    """For every window coordinate, the source coordinates that it holds."""
    starts = range(
        -gate.padding[axis],
        gate.shape[1 + axis] * gate.stride[axis] - gate.padding[axis],
        gate.stride[axis],
    )
    reach = range(0, gate.kernel[axis] * gate.dilation[axis], gate.dilation[axis])
    return [[start + tap for tap in reach if 0 <= start + tap < size] for start in starts]
