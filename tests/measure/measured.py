"""What a program does on a whole test set, on the golden model."""

from typing import Any

import numpy as np

from augend.gen.datasets import DataSet
from augend.gen.event_set import EventSet
from augend.gen.program import Program
from augend.host.sources import images_of
from augend.sim.golden import GoldenModel

__all__ = ["measured", "program_row"]

CHUNK = 500


def measured(program: Program, test: DataSet | EventSet) -> dict[str, float]:
    """Accuracy in percent; millions of additions; thousands of spikes and input spikes, an image.

    Images with an early exit stop there, and so do their counts.
    """
    images = images_of(program, test)
    model = GoldenModel(program.network)
    correct = additions = spikes = inputs = steps = 0.0
    for first in range(0, len(test), CHUNK):
        part = slice(first, first + CHUNK)
        result = model.run(program.encode(images[part]))
        correct += float((result.predictions == test.labels[part]).sum())
        additions += float(np.sum(list(result.operations.values())))
        spikes += float(np.sum(list(result.spikes.values())))
        inputs += float(result.input_spikes.sum())
        steps += float(result.exit_step.sum())
    images_run = len(test)
    return {
        "accuracy": 100 * correct / images_run,
        "additions": additions / images_run / 1e6,
        "spikes": spikes / images_run / 1e3,
        "input_spikes": inputs / images_run / 1e3,
        "steps": steps / images_run,
    }


def program_row(program: Program, found: dict[str, float], ann: float) -> dict[str, Any]:
    """The columns that every table of conversions has."""
    return {
        "ANN": f"{ann:.2f} %",
        "spiking": f"{found['accuracy']:.2f} %",
        "below the ANN": f"{ann - found['accuracy']:+.2f}",
        "million additions": f"{found['additions']:.3f}",
        "million MACs of the ANN": f"{sum(program.ann_macs.values()) / 1e6:.3f}",
        "thousand spikes": f"{found['spikes']:.2f}",
        "program": program.hash[:12],
    }
