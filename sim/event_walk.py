"""The compiled engine: it walks the spikes and adds each one's weights, as the hardware does.

At the usual activity of 5 to 20 % this takes a fraction of a dense matrix product's time. Numba
compiles the loops on their first use and keeps them; weights are read as 8-bit integers and added
up in 16 or 32 bits where the weights prove that enough, which the reference engine takes over
from where they do not.
"""

import numpy as np
import numpy.typing as npt

from augend.gen.network import Ints, Projection
from augend.sim import event_loops, reference, rule_loops
from augend.sim.engine import Engine, Firing, Inflow
from augend.sim.gating import Gating
from augend.sim.pooling import block_range, pools, without_pooling
from augend.sim.rules import NeuronState, Rules
from augend.sim.synapses import (
    PartSynapses,
    Range,
    Shape,
    Synapses,
    dense_weight,
    greatest_sum,
    is_part,
    whole,
)

__all__ = ["COMPILED", "ConvWalk", "DenseWalk", "PooledWalk"]


class DenseWalk(Synapses):
    """All to all: every spike adds one row of weights."""

    def __init__(self, projection: Projection, source: Shape, target: Shape, values: Range) -> None:
        super().__init__(projection, source, target, values)
        self.type = sum_type(self.bound)
        self.weight = dense_weight(projection, self.source, self.target).astype(np.int8)

    def sums(self, values: npt.NDArray) -> npt.NDArray[np.signedinteger]:
        """Sum weights times values: (rows, sources) to (rows, targets)."""
        sums = np.zeros((len(values), self.targets), self.type)
        event_loops.add_rows(
            *event_loops.events_of(values, np.count_nonzero(values)), self.weight, sums
        )
        return sums


class ConvWalk(Synapses):
    """Convolution: every spike adds, for each output row it reaches, one run of weights.

    Kernels are stored mirrored: outputs that follow each other in a row, with all their channels,
    then find their weights in that same order, so that one loop adds them all.
    """

    def __init__(self, projection: Projection, source: Shape, target: Shape, values: Range) -> None:
        super().__init__(projection, source, target, values)
        self.type = sum_type(self.bound)
        channels, height, width = self.source
        out_channels, _, out_width = self.target
        groups, taps = projection.groups, projection.weight.shape[2:]
        # Columns whose taps serve the same source columns stand together, mirrored.
        order = sorted(
            range(taps[1]),
            key=lambda tap: (tap * projection.dilation[1] % projection.stride[1], -tap),
        )
        outside = out_channels // groups
        weight = projection.weight[..., order].astype(np.int8)
        weight = weight.reshape(groups, outside, channels // groups, *taps)
        self.weight = weight.transpose(0, 2, 3, 4, 1).ravel()
        rows = [
            [(target * out_width * out_channels, tap * taps[1] * outside, 1) for target, tap in run]
            for run in self._reached(0, range(taps[0]))
        ]
        columns = [_runs(reached, out_channels, outside) for reached in self._reached(1, order)]
        self.rows, self.columns = _table(rows), _table(columns)
        y, x, channel = np.unravel_index(
            np.arange(height * width * channels), (height, width, channels)
        )
        group = channel // (channels // groups)
        # (sources, 5): row, column, where its weights and its group's targets begin, and a number
        # that those share which reach the same targets.
        self.places = np.stack(
            [
                y,
                x,
                channel * taps[0] * taps[1] * outside,
                group * outside,
                (y * width + x) * groups + group,
            ],
            axis=1,
        ).astype(np.int32)

    def _reached(self, axis: int, order: "range | list[int]") -> list[list[tuple[int, int]]]:
        """For every source coordinate, the targets it reaches and by which place in ``order``."""
        covers = self.projection.covers(axis, self.source[1 + axis], self.target[1 + axis])
        return [[(int(o), int(k)) for o, k in np.argwhere(c[:, order])] for c in covers]

    def sums(self, values: npt.NDArray) -> npt.NDArray[np.signedinteger]:
        """Sum weights times values: (rows, sources) to (rows, targets)."""
        return self.add(event_loops.events_of(values, np.count_nonzero(values)))

    def add(self, events: event_loops.Events) -> npt.NDArray[np.signedinteger]:
        """Sum the weights of listed events: (rows, targets)."""
        sums = np.zeros((len(events[0]) - 1, self.targets), self.type)
        event_loops.add_windows(*events, self.places, *self.rows, *self.columns, self.weight, sums)
        return sums


class PooledWalk(Synapses):
    """Convolution of the sums of the source's blocks, of a projection that ``pools``."""

    def __init__(self, projection: Projection, source: Shape, target: Shape, values: Range) -> None:
        super().__init__(projection, source, target, values)
        smaller, pooled = without_pooling(projection, source)
        rows, columns = projection.stride
        self.inner = ConvWalk(smaller, pooled, target, block_range(values, rows * columns))

    def sums(self, values: npt.NDArray) -> npt.NDArray[np.signedinteger]:
        """Sum weights times values: (rows, sources) to (rows, targets)."""
        channels, height, width = self.source
        events = event_loops.pooled_events_of(
            values, (height, width, channels), self.projection.stride, np.count_nonzero(values)
        )
        return self.inner.add(events)


def _runs(
    reached: list[tuple[int, int]], out_channels: int, outside: int
) -> list[tuple[int, int, int]]:
    """Join neighbours into (first target, first weight, length), where one group fills a row."""
    runs: list[tuple[int, int, int]] = []
    for target, tap in reached:
        start = target * out_channels, tap * outside
        if runs and out_channels == outside:
            first, weight, length = runs[-1]
            if start == (first + length, weight + length):
                runs[-1] = first, weight, length + outside
                continue
        runs.append((*start, outside))
    return runs


def _table(runs: list[list[tuple[int, int, int]]]) -> tuple[npt.NDArray, npt.NDArray]:
    """Runs of all coordinates in one array (runs, 3), and where each coordinate's begin."""
    bounds = np.cumsum([0, *(len(run) for run in runs)]).astype(np.int32)
    flat = [entry for run in runs for entry in run]
    return bounds, np.array(flat, np.int32).reshape(-1, 3)


def sum_type(bound: int) -> type[np.int16] | type[np.int32]:
    """Narrowest type for sums that never exceed ``bound``."""
    return np.int16 if bound < 1 << 15 else np.int32


def connect(projection: Projection, source: Shape, target: Shape, values: Range) -> Synapses:
    """Make a projection ready, given the least and greatest value of its source neurons."""
    if is_part(projection):
        ends = projection.source_part(source), projection.target_part(target)
        return PartSynapses(connect(whole(projection), *ends, values), projection, source, target)
    if greatest_sum(projection, values) >= 1 << 31:
        return reference.connect(projection, source, target, values)
    if projection.kind == "dense":
        return DenseWalk(projection, source, target, values)
    kind = PooledWalk if pools(projection) else ConvWalk
    return kind(projection, source, target, values)


def potential_type(bound: int) -> type[np.int32] | type[np.int64]:
    """32 bits where they hold everything that is computed with a potential."""
    return np.int32 if bound < (1 << 31) - 1 else np.int64


def fire(
    inflow: Inflow,
    threshold: npt.NDArray[np.signedinteger],
    steps: int,
    keep_trains: bool,
    keep_potentials: bool,
) -> Firing:
    """Let neurons that subtract their threshold run for some steps."""
    if threshold.dtype == np.int64:
        return reference.fire(inflow, threshold, steps, keep_trains, keep_potentials)
    images, neurons = inflow.images, len(threshold)
    counts = np.empty((images, neurons), np.int32)
    # Arrays of no steps stand for what is not there.
    trains = np.empty((images, steps * keep_trains, neurons), np.uint8)
    potentials = np.empty((images, steps * keep_potentials, neurons), np.int32)
    arrivals = inflow.arrivals
    if arrivals is None:
        arrivals = np.empty((images, 0, neurons), np.int16)
    event_loops.fire(
        inflow.start, inflow.constant, arrivals, threshold, steps, counts, trains, potentials
    )
    return Firing(
        counts=counts,
        trains=trains if keep_trains else None,
        potentials=potentials.astype(np.int64) if keep_potentials else None,
    )


def advance(
    rules: Rules,
    state: NeuronState,
    constant: npt.NDArray[np.signedinteger],
    arrivals: npt.NDArray[np.signedinteger] | None,
    first: int,
    steps: int,
    keep_potentials: bool,
) -> Firing:
    """Let neurons of any rules run some steps, from step ``first`` on."""
    if state.potential.dtype == np.int64:
        return reference.advance(rules, state, constant, arrivals, first, steps, keep_potentials)
    images, neurons = state.potential.shape
    trains = np.empty((images, steps, neurons), rules.train_type)
    potentials = np.empty((images, steps * keep_potentials, neurons), np.int32)
    if arrivals is None:
        arrivals = np.empty((images, 0, neurons), np.int16)
    rule_loops.advance(
        rules.threshold,
        rules.initial,
        rules.negative_threshold,
        rules.negative_step,
        rules.floor,
        np.array(rules.leak, np.int32),
        rules.fires,
        rules.zeroes,
        rules.takes_back,
        rules.most_spikes,
        rules.rest,
        rules.clamp_steps,
        rules.inhibition,
        state.potential,
        state.emitted,
        state.total,
        state.resting,
        constant,
        arrivals,
        first,
        trains,
        potentials,
    )
    return Firing(
        counts=None,
        trains=trains,
        potentials=potentials.astype(np.int64) if keep_potentials else None,
    )


def gate(gating: Gating, lead: Ints, spikes: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
    """Pass the spikes of each window's leader."""
    images, steps, _ = spikes.shape
    windows = (len(gating.bounds) - 1) * gating.channels
    passed = np.empty((images, steps, windows), spikes.dtype)
    rule = {"count": rule_loops.COUNT, "rate": rule_loops.RATE, "any": rule_loops.LATEST}
    rule_loops.pass_gate(
        rule[gating.rule],
        gating.decay,
        gating.channels,
        gating.bounds,
        gating.sites,
        lead,
        spikes,
        passed,
    )
    return passed


def tally(counts: npt.NDArray[np.integer], fan_out: Ints) -> Ints:
    """Operations of a projection, an image each."""
    return event_loops.tally(counts, fan_out)


def keep_heap() -> None:
    """Let glibc keep the memory of one chunk of images for the next.

    It hands freed blocks beyond a threshold back to the system, whose pages the next chunk would
    have to fault in again (a quarter to a half of the run time on a CNN); the threshold rises
    to the size of the largest block that was ever freed, see mallopt(3), M_MMAP_THRESHOLD.
    """
    np.empty(31 << 20, np.uint8)


keep_heap()
COMPILED = Engine(
    connect=connect,
    potential_type=potential_type,
    fire=fire,
    advance=advance,
    gate=gate,
    tally=tally,
    working_set=1 << 21,
)
