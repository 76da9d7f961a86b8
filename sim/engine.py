"""What a golden model asks of the engine that computes for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from augend.gen.network import Ints, Projection
from augend.sim.synapses import Range, Shape, Synapses

if TYPE_CHECKING:
    from augend.sim.gating import Gating
    from augend.sim.rules import NeuronState, Rules

__all__ = ["Engine", "Firing", "Inflow"]

Sums = npt.NDArray[np.signedinteger]


@dataclass(frozen=True, kw_only=True, eq=False)
class Inflow:
    """What arrived at a population.

    Parameters
    ----------
    images
        Number of images.
    start
        Potentials before the first step, (images or 1, neurons).
    constant
        Added in every step, (images or 1, neurons).
    arrivals
        Added in its step, (images, steps, neurons), or None where nothing is.
    current
        Input current after its shift, (images, neurons), where it is recorded.
    gathered
        Whether the start already holds everything of all steps.
    """

    images: int
    start: Sums
    constant: Sums
    arrivals: Sums | None
    current: Sums | None
    gathered: bool


@dataclass(frozen=True, kw_only=True)
class Firing:
    """What the neurons of a population did in some steps."""

    counts: npt.NDArray[np.integer] | None  # (images, neurons), of plain neurons
    trains: npt.NDArray[np.integer] | None  # (images, steps, neurons), where asked for
    potentials: Ints | None  # (images, steps, neurons), after each step's reset, where asked for


@dataclass(frozen=True, kw_only=True)
class Engine:
    """What a golden model needs done; no two engines return different integers.

    Parameters
    ----------
    connect
        Make a projection ready, given its shapes and the least and greatest value of its source
        neurons.
    potential_type
        Integer type for potentials, given a bound on everything that is computed with them.
    fire
        Let neurons that subtract their threshold run: their inflow, thresholds (neurons,), steps,
        and whether to keep the trains and the potentials.
    advance
        Let neurons of any rules run some steps: their rules and state, which it changes, what is
        added in every step (images or 1, neurons) and in its step (images, steps, neurons), the
        number of the first step, how many, and whether to keep the potentials. Trains are kept.
    gate
        Pass a gate: its windows, the state of its counters, which it changes, and spikes
        (images, steps, neurons); what passes, (images, steps, windows).
    tally
        Operations of a projection: (images, sources) planes with the (sources,) fan-out.
    working_set
        Bytes of a chunk of images, so few that they stay in the cache and in the heap.
    """

    connect: Callable[[Projection, Shape, Shape, Range], Synapses]
    potential_type: Callable[[int], type[np.signedinteger]]
    fire: Callable[[Inflow, Sums, int, bool, bool], Firing]
    advance: Callable[["Rules", "NeuronState", Sums, Sums | None, int, int, bool], Firing]
    gate: Callable[["Gating", Ints, npt.NDArray[np.integer]], npt.NDArray[np.integer]]
    tally: Callable[[npt.NDArray[np.integer], Ints], Ints]
    working_set: int
