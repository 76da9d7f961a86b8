"""Rows of tables about networks that were trained as the integers and spikes that run."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from augend.gen.datasets import DataSet
from augend.gen.frontends.source import Source
from augend.gen.program import Program
from augend.gen.training import accuracy
from augend.gen.training.loop import rounded_pixels
from augend.host.driver import connect
from augend.host.energy import ann_energy, snn_energy
from augend.host.result import joined
from augend.host.sources import ann_accuracy, images_for
from augend.host.verify import verify

__all__ = ["COLUMNS", "measured_row"]

CHUNK = 500
RTL_IMAGES = 100
COLUMNS = (
    "network",
    "recipe",
    "weight bits",
    "pixel bits",
    "T",
    "validation",
    "ANN",
    "as trained",
    "spiking",
    "million additions",
    "of the input",
    "million MACs of the ANN",
    "clocks an image",
    "nJ, additions",
    "nJ, with memory",
    "ANN nJ, MACs",
    "ANN nJ, with memory",
    "epochs",
    "seed",
    "RTL differs",
    "target",
    "reached",
)
"""Of the Markdown; the JSON has the program's hash too."""


def measured_row(
    source: Source,
    program: Program,
    test: DataSet,
    baseline: Source,
    *,
    name: str,
    least: float | None,
    most: float | None = None,
    rtl: int = RTL_IMAGES,
) -> dict[str, Any]:
    """Accuracy, costs and differences of a program; images of a sensible size only.

    Parameters
    ----------
    source
        The trained network, its metadata those of ``augend train``.
    program
        Its conversion.
    test
        Test images, pixels of 8 bits.
    baseline
        The network of the same sizes trained in floats.
    name
        Of the row.
    least, most
        Accuracy in percent, and millions of additions, that are aimed at.
    rtl
        Images that run on RTL too.
    """
    network, entry = program.network, program.network.input
    with connect(program, "golden") as models:
        result = joined([models.infer(part) for part in _parts(test.images)])
        energy = snn_energy(result, models.placement, models.config)
        config, first = models.config, models.infer(test.images[:rtl])
    with connect(program, "rtl", config=config) as accelerator:
        outcome = verify(first, accelerator.infer(test.images[:rtl]))
    assert result.cycles is not None
    spiking = 100 * float((result.predictions == test.labels).mean())
    fed = {projection.target for projection in network.out_of("input")}
    additions = result.total_operations.mean() / 1e6
    of_input = sum(result.operations[target].mean() for target in fed) / 1e6
    ann = 100 * ann_accuracy(baseline.module, images_for(baseline, test), test.labels)
    parameters = sum(p.numel() for p in baseline.module.parameters())
    float_energy = ann_energy(program.ann_macs, parameters, program.lanes)
    aims = [f">= {least:.1f} %"] if least is not None else []
    aims += [f"<= {most:.2f} M"] if most is not None else []
    reached = (least is None or spiking >= least - 1e-9) and (most is None or additions <= most)
    metadata = source.metadata
    return {
        "network": name,
        "recipe": metadata["recipe"],
        "weight bits": network.weight_bits,
        "pixel bits": entry.bits,
        "T": network.timesteps,
        "ANN": f"{ann:.2f} %",
        "as trained": f"{100 * accuracy(source.module, rounded_pixels(test, entry.bits)):.2f} %",
        "spiking": f"{spiking:.2f} %",
        "million additions": f"{additions:.3f}",
        "of the input": f"{of_input:.3f}",
        "million MACs of the ANN": f"{sum(program.ann_macs.values()) / 1e6:.3f}",
        "clocks an image": f"{result.cycles.mean():,.0f}",
        "nJ, additions": f"{energy.arithmetic / 1e3:.1f}",
        "nJ, with memory": f"{energy.with_memory / 1e3:.1f}",
        "ANN nJ, MACs": f"{float_energy.arithmetic / 1e3:.0f}",
        "ANN nJ, with memory": f"{float_energy.with_memory / 1e3:.0f}",
        "epochs": metadata["epochs"],
        "seed": metadata["seed"],
        "RTL differs": f"{len(outcome.different)} of {outcome.images}",
        "target": ", ".join(aims),
        "reached": ("yes" if reached and not outcome.different else "no") if aims else "",
        "validation": f"{100 * metadata['validation_accuracy']:.2f} %",
        "RTL first": outcome.first,
        "program": program.hash,
    }


def _parts(images: np.ndarray) -> Sequence[np.ndarray]:
    return [images[first : first + CHUNK] for first in range(0, len(images), CHUNK)]
