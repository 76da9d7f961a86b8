"""What a golden model asks of the engine that computes for it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from augend.gen.network import Ints, Projection
from augend.sim.synapses import Shape, Synapses

__all__ = ["Engine", "Firing", "Inflow"]


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
    start: npt.NDArray[np.signedinteger]
    constant: npt.NDArray[np.signedinteger]
    arrivals: npt.NDArray[np.signedinteger] | None
    current: npt.NDArray[np.signedinteger] | None
    gathered: bool


@dataclass(frozen=True, kw_only=True)
class Firing:
    """What the neurons of a population did in all steps."""

    counts: npt.NDArray[np.integer]  # (images, neurons)
    trains: npt.NDArray[np.uint8] | None  # (images, steps, neurons), where asked for
    potentials: Ints | None  # (images, steps, neurons), after each step's reset, where asked for


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The four things that a golden model needs done; no two engines return different integers.

    Parameters
    ----------
    connect
        Make a projection ready, given its shapes and the greatest value of its source neurons.
    potential_type
        Integer type for potentials, given a bound on everything that is computed with them.
    fire
        Let neurons that subtract their threshold run: their inflow, thresholds (neurons,), steps,
        and whether to keep the trains and the potentials.
    tally
        Operations of a projection: (images, sources) spikes with the (sources,) fan-out.
    working_set
        Bytes of a chunk of images, so few that they stay in the cache and in the heap.
    """

    connect: Callable[[Projection, Shape, Shape, int], Synapses]
    potential_type: Callable[[int], type[np.signedinteger]]
    fire: Callable[[Inflow, npt.NDArray[np.signedinteger], int, bool, bool], Firing]
    tally: Callable[[npt.NDArray[np.integer], Ints], Ints]
    working_set: int
