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
        ``(images, classes)``: potentials of the readout.
    spikes, operations, words, updates
        ``{population: (images,)}``: spikes emitted, additions into it, potential words that these
        were made on, neuron updates.
    cycles
        ``(images,)``: clocks from the start of an inference until its prediction stands.
    stalls
        ``{reason: (images, cores)}``: clocks lost by each core, see ``augend.hw.core.STALLS``.
    """

    predictions: Ints
    scores: Ints
    spikes: Mapping[str, Ints]
    operations: Mapping[str, Ints]
    words: Mapping[str, Ints]
    updates: Mapping[str, Ints]
    cycles: Ints
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

    return Result(
        predictions=np.concatenate([r.predictions for r in results]),
        scores=np.concatenate([r.scores for r in results]),
        cycles=np.concatenate([r.cycles for r in results]),
        spikes=of("spikes"),
        operations=of("operations"),
        words=of("words"),
        updates=of("updates"),
        stalls=of("stalls"),
    )
