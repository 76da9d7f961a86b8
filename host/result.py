"""What an inference gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

__all__ = ["Result", "joined"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """Predictions and exact costs, image by image.

    Parameters
    ----------
    predictions
        ``(images,)``: number of the greatest score, the first of equals.
    scores
        ``(images, classes)``: those of the readout, in (C, H, W) order.
    spikes, operations, words, updates
        ``{population: (images,)}``: spikes emitted, additions into it, potential words that these
        were made on, neuron updates; these without those of sweeps that hardware skips, where the
        network has a place on it.
    exit_step
        ``(images,)``: time steps run; all of them without an exit margin.
    cycles
        ``(images,)``: clocks from the start of an inference until its prediction stands; None
        where the network has no place on the hardware, whose clocks alone can be told.
    stalls
        ``{reason: (images, cores)}``: clocks lost by each core, see ``augend.hw.core.STALLS``.
    """

    predictions: Ints
    scores: Ints
    spikes: Mapping[str, Ints]
    operations: Mapping[str, Ints]
    updates: Mapping[str, Ints]
    exit_step: Ints
    words: Mapping[str, Ints] = field(default_factory=dict)
    cycles: Ints | None = None
    stalls: Mapping[str, Ints] = field(default_factory=dict)

    @property
    def total_operations(self) -> Ints:
        """Additions of all populations, ``(images,)``."""
        return np.sum(list(self.operations.values()), axis=0)


def joined(results: list[Result]) -> Result:
    """Results of consecutive images as one."""

    def of(key: str) -> Mapping[str, Ints]:
        mappings = [getattr(result, key) for result in results]
        return {name: np.concatenate([m[name] for m in mappings]) for name in mappings[0]}

    clocks = [r.cycles for r in results]
    return Result(
        predictions=np.concatenate([r.predictions for r in results]),
        scores=np.concatenate([r.scores for r in results]),
        exit_step=np.concatenate([r.exit_step for r in results]),
        cycles=None if clocks[0] is None else np.concatenate([c for c in clocks if c is not None]),
        spikes=of("spikes"),
        operations=of("operations"),
        words=of("words"),
        updates=of("updates"),
        stalls=of("stalls"),
    )
