"""The reference engine: sums by exact matrix products, neurons step by step in 64-bit integers."""

import numpy as np
import numpy.typing as npt

from augend.gen.network import Ints, Projection
from augend.sim.engine import Engine, Firing, Inflow
from augend.sim.pooling import PooledSynapses, pools
from augend.sim.synapses import ConvSynapses, DenseSynapses, Shape, Synapses

__all__ = ["REFERENCE"]


def connect(projection: Projection, source: Shape, target: Shape, greatest: int) -> Synapses:
    """Make a projection ready, given the greatest value of its source neurons."""
    if projection.kind == "dense":
        return DenseSynapses(projection, source, target, greatest)
    kind = PooledSynapses if pools(projection) else ConvSynapses
    return kind(projection, source, target, greatest)


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


def tally(counts: npt.NDArray[np.integer], fan_out: Ints) -> Ints:
    """Operations of a projection, an image each."""
    return counts @ fan_out


REFERENCE = Engine(
    connect=connect,
    potential_type=lambda bound: np.int64,
    fire=fire,
    tally=tally,
    working_set=1 << 22,
)
