"""The reference engine: sums by exact matrix products, neurons step by step in 64-bit integers."""

import numpy as np
import numpy.typing as npt

from augend.gen.network import Ints, Projection
from augend.sim.engine import Engine, Firing, Inflow
from augend.sim.gating import pass_gate
from augend.sim.pooling import PooledSynapses, pools
from augend.sim.rules import NeuronState, Rules
from augend.sim.synapses import (
    ConvSynapses,
    DenseSynapses,
    PartSynapses,
    Range,
    Shape,
    Synapses,
    is_part,
    whole,
)

__all__ = ["REFERENCE"]


def connect(projection: Projection, source: Shape, target: Shape, values: Range) -> Synapses:
    """Make a projection ready, given the least and greatest value of its source neurons."""
    if is_part(projection):
        ends = projection.source_part(source), projection.target_part(target)
        return PartSynapses(connect(whole(projection), *ends, values), projection, source, target)
    if projection.kind == "dense":
        return DenseSynapses(projection, source, target, values)
    kind = PooledSynapses if pools(projection) else ConvSynapses
    return kind(projection, source, target, values)


def fire(
    inflow: Inflow,
    threshold: npt.NDArray[np.signedinteger],
    steps: int,
    keep_trains: bool,
    keep_potentials: bool,
) -> Firing:
    """Let neurons that subtract their threshold run for some steps."""
    images, neurons = inflow.images, len(threshold)
    potential = np.broadcast_to(inflow.start, (images, neurons)).astype(np.int64)
    counts = np.zeros((images, neurons), np.int32)
    trains = np.empty((images, steps, neurons), np.uint8) if keep_trains else None
    potentials = np.empty((images, steps, neurons), np.int64) if keep_potentials else None
    for step in range(steps):
        if inflow.arrivals is not None:
            potential += inflow.arrivals[:, step]
        potential += inflow.constant
        spikes = potential >= threshold
        np.subtract(potential, threshold, out=potential, where=spikes)
        counts += spikes
        if trains is not None:
            trains[:, step] = spikes
        if potentials is not None:
            potentials[:, step] = potential
    return Firing(counts=counts, trains=trains, potentials=potentials)


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
    potential = state.potential
    trains = np.empty((potential.shape[0], steps, potential.shape[1]), rules.train_type)
    potentials = np.empty(trains.shape, np.int64) if keep_potentials else None
    for step in range(steps):
        if rules.leak:
            potential -= sum(potential >> shift for shift in rules.leak)
        if arrivals is not None:
            potential += arrivals[:, step]
        if rules.inhibition:
            spent = np.abs(state.emitted.astype(potential.dtype))
            potential -= rules.inhibition * (spent.sum(1, keepdims=True) - spent)
        potential += constant
        if first + step < rules.clamp_steps:
            potential[:] = rules.initial
        state.emitted[:] = _due(rules, state) if rules.fires else 0
        _reset(rules, state)
        np.maximum(potential, rules.floor, out=potential)
        trains[:, step] = state.emitted
        if potentials is not None:
            potentials[:, step] = potential
    return Firing(counts=None, trains=trains, potentials=potentials)


def _due(rules: Rules, state: NeuronState) -> npt.NDArray[np.signedinteger]:
    """Signed number of spikes that neurons emit now: (images, neurons)."""
    potential = state.potential
    up = potential >= rules.threshold
    down = potential <= -rules.negative_threshold
    if rules.zeroes:
        # After the first spike V is 0, which calls for another only where -0 is a threshold.
        risen = up.astype(np.int64)
        fallen = down * np.where(rules.negative_threshold == 0, rules.most_spikes, 1)
    else:
        risen = (potential // rules.threshold).clip(0, rules.most_spikes)
        below = -rules.negative_threshold - potential
        fallen = down * (below // np.maximum(rules.negative_step, 1) + 1).clip(0, rules.most_spikes)
    if rules.takes_back:
        fallen = np.minimum(fallen, state.total.clip(min=0))
    return np.where(state.resting == 0, np.where(up, risen, np.negative(fallen)), 0)


def _reset(rules: Rules, state: NeuronState) -> None:
    """Take spikes off the potentials, and let the neurons rest that emitted them."""
    emitted = state.emitted.astype(state.potential.dtype)
    if rules.zeroes:
        state.potential[emitted != 0] = 0
    else:
        state.potential[:] -= np.where(
            emitted > 0, emitted * rules.threshold, emitted * rules.negative_step
        )
    state.total[:] += state.emitted
    state.resting[:] = np.where(emitted != 0, rules.rest, (state.resting - 1).clip(min=0))


def tally(counts: npt.NDArray[np.integer], fan_out: Ints) -> Ints:
    """Operations of a projection, an image each."""
    return counts @ fan_out


REFERENCE = Engine(
    connect=connect,
    potential_type=lambda bound: np.int64,
    fire=fire,
    advance=advance,
    gate=pass_gate,
    tally=tally,
    working_set=1 << 22,
)
