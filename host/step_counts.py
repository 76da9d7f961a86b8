"""What a program does in every step of a test set, as the golden model tells it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import track

from augend.gen.network import INPUT, Ints
from augend.gen.program import Program
from augend.sim.golden import GoldenModel

__all__ = ["StepCounts", "summed"]

_CHUNK = 500


@dataclass(frozen=True, kw_only=True, eq=False)
class StepCounts:
    """What the golden model tells of every step of every image.

    Parameters
    ----------
    scores
        (images, steps, classes), after each step.
    operations, input_spikes, spikes
        (images, steps), in each step: additions into all populations, those of an input current in
        the first, and counts of gates; spikes of the input; spikes of all populations.
    reached
        (images, steps): whether something has come out, or into the readout, see `FirstOutput`.
    """

    scores: Ints
    operations: Ints
    input_spikes: Ints
    spikes: Ints
    reached: npt.NDArray[np.bool_]

    @classmethod
    def of(
        cls, program: Program, images: npt.NDArray[np.generic], console: Console | None = None
    ) -> "StepCounts":
        """Run all steps of a program of the synchronous schedule; no early exit.

        Parameters
        ----------
        program
            What to run.
        images
            As the program takes them.
        console
            For progress.
        """
        network = replace(program.network, exit_margin=None)
        model = GoldenModel(network, record="steps")
        readout = network.readout.name
        parts = []
        chunks = range(0, len(images), _CHUNK)
        for start in track(
            chunks, description="all steps", console=console, transient=True, disable=not console
        ):
            golden = model.run(program.encode(images[start : start + _CHUNK]))
            fires = network.readout.fires
            own = golden.step_spikes if fires else golden.step_operations
            assert golden.step_scores is not None
            parts.append(
                cls(
                    scores=golden.step_scores,
                    operations=summed(golden.step_operations.values()),
                    input_spikes=np.asarray(golden.step_spikes[INPUT]),
                    spikes=summed(golden.step_spikes[p.name] for p in network.populations),
                    reached=np.asarray(own[readout]).cumsum(1) > 0,
                )
            )
        return cls(
            **{
                key: np.concatenate([getattr(part, key) for part in parts])
                for key in cls.__dataclass_fields__
            }
        )


def summed(counts: Iterable[npt.ArrayLike]) -> Ints:
    """Sum of arrays of one shape."""
    return np.sum([np.asarray(count) for count in counts], axis=0)
