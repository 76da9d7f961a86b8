"""What the golden model returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from augend.gen.network import Ints

__all__ = ["GoldenResult", "joined"]


@dataclass(frozen=True, kw_only=True, eq=False)
class GoldenResult:
    """Everything that an inference did, image by image; what follows an exit did not happen.

    Parameters
    ----------
    predictions
        (images,); class of the greatest score, the lowest index among equals.
    scores
        (images, classes); those of the readout after the last step, in (C, H, W) order; those
        below 0 read as 0 where the network is rectified.
    spikes
        (images,) for every population and gate, of all its neurons and steps, those of -1 counted
        as one each; 0 for a readout that accumulates, also where a softmax makes output spikes,
        which are its scores.
    input_spikes
        (images,); set bits of the pixels where they are a current, once an image, and input
        spikes, or events, of all steps.
    operations
        (images,) for every population: additions of a weight into it, every spike (or set bit of a
        pixel) that arrives with its exact fan-out, borders taken into account. Several spikes of a
        neuron in a step travel as bit planes: n of them cost the bits set in |n|. For every gate:
        spikes of its source, likewise, also of neurons that no window holds; 0 where the rule
        counts nothing.
    updates
        (images,) for every population: neuron updates. Every neuron is updated once a step; those
        of a readout that only accumulates once an image, when it is read, unless an exit margin or
        a softmax has it read in every step. For every gate: windows, once a step. Hardware makes
        fewer where it skips sweeps: ``augend.sim.timing.Timing.updates``.
    exit_step
        (images,); number of steps run, all of them without an exit margin.
    trains
        When recorded, for the populations that fire and for the gates: bool (images, steps,
        *shape), or integers where spikes are signed or several a step. 0 after an exit.
    potentials
        When recorded, for every population: (images, steps, *shape), after each step and its
        reset. In the phased schedule a step is one in which the population fires; the readout's
        steps are in both schedules those of its sources' spikes, with one bias each. After an exit
        they stay.
    current
        When recorded, for the populations that the input current drives: (images, *shape), what is
        added in every step (or in the first, ``hybrid``), after the shift and without the bias.
    step_operations, step_spikes
        When recorded, (images, steps): those of each step, the latter with the input under its
        name. The input current counts in the first step, the phased schedule's steps are those in
        which each source fires. 0 after an exit.
    step_scores
        When recorded, (images, steps, classes): the scores if the inference ended after that step.
        After an exit they stay. In the phased schedule only the last step is a result; the others
        are what the readout holds after so many firing steps of its sources or, where it fires, of
        its own.
    """

    predictions: Ints
    scores: Ints
    spikes: Mapping[str, Ints]
    input_spikes: Ints
    operations: Mapping[str, Ints]
    updates: Mapping[str, Ints]
    exit_step: Ints
    trains: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    potentials: Mapping[str, Ints] = field(default_factory=dict)
    current: Mapping[str, Ints] = field(default_factory=dict)
    step_operations: Mapping[str, Ints] = field(default_factory=dict)
    step_spikes: Mapping[str, Ints] = field(default_factory=dict)
    step_scores: Ints | None = None


def joined(parts: list[GoldenResult]) -> GoldenResult:
    """Results of chunks of images, one after the other."""
    if len(parts) == 1:
        return parts[0]

    together = {}
    for name in (entry.name for entry in fields(GoldenResult)):
        values = [getattr(part, name) for part in parts]
        if values[0] is None:
            continue
        if isinstance(values[0], Mapping):
            keys = values[0].keys()
            together[name] = {key: np.concatenate([v[key] for v in values]) for key in keys}
        else:
            together[name] = np.concatenate(values)
    return GoldenResult(**together)
