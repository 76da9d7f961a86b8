"""Firing threshold against input rate: the grid of Diehl 2015, figure 2, in integers.

``python -m tests.measure.diehl_grid [--output FOLDER] [--figures FOLDER]``

The weights are the trained ones, not balanced. One firing threshold holds for every neuron of the
network, spiking pools and outputs too; pixels are Poisson spikes of at most the input rate, which
nothing makes up for; the output neuron with most spikes wins. Points that the folder's table has
already are kept: remove it to begin again.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from augend.gen import convert
from augend.gen.datasets import load
from augend.gen.encoding import input_rate
from augend.gen.network import Population
from augend.gen.program import Program
from augend.host.sources import ann_accuracy, images_for
from tests.measure.heat_map import draw_heat_map
from tests.measure.measured import measured
from tests.measure.table import write_table
from tests.measure.trained import calibration_images, trained

THRESHOLDS = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8)
"""In units of the trained network: what a weight of 1 adds is 1."""
HERTZ = (62.5, 125.0, 250.0, 500.0, 1000.0)
STEPS = 100


def at_threshold(program: Program, threshold: float, hertz: float) -> Program:
    """An unbalanced program, with another firing threshold everywhere and another input rate."""
    network = program.network
    populations = tuple(_raised(population, threshold) for population in network.populations)
    entry = replace(network.input, rate=input_rate(hertz))
    return replace(program, network=replace(network, populations=populations, input=entry))


def _raised(population: Population, threshold: float) -> Population:
    raised = np.maximum(np.rint(population.threshold * threshold), 1).astype(np.int64)
    return replace(population, threshold=raised)


def main() -> None:
    """Write ``diehl_grid.json`` and ``.md``, and the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("docs/tables"))
    parser.add_argument("--figures", type=Path, default=Path("docs/figures"))
    options = parser.parse_args()
    path = options.output / "diehl_grid.json"
    known = _points(json.loads(path.read_text())["rows"] if path.exists() else [])
    source, test = trained("cnn"), load("mnist", "test")
    ann = 100 * ann_accuracy(source.module, images_for(source, test), test.labels)
    unbalanced = convert(
        source.module,
        calibration_images(source),
        source="cnn",
        norm="none",
        encoding="rate",
        initial="zero",
        pool="spike",
        decode="count",
        timesteps=STEPS,
    )
    rows = []
    for threshold in THRESHOLDS:
        points = []
        for hertz in HERTZ:
            program = at_threshold(unbalanced, threshold, hertz)
            name = program.hash[:12]
            points.append(known.get(name) or measured(program, test) | {"program": name})
            print(threshold, hertz, points[-1], flush=True)
        rows.append({"threshold": f"{threshold:g}", "points": points} | _columns(points))
        write_table(
            options.output,
            "diehl_grid",
            f"All 10,000 MNIST test images on the golden model: accuracy (million additions an "
            f"image) of the CNN of `augend train cnn --data mnist --seed 1`, 8-bit weights that "
            f"nothing balances, by the firing threshold of all neurons and the Poisson rate of "
            f"the brightest pixel; {STEPS} steps of 1 ms, zero start, spiking pools, readout by "
            f"spike count (Diehl 2015, figure 2). ANN {ann:.2f} %. Written by `make diehl-grid`.",
            [column for column in rows[0] if column != "points"],
            rows,
        )
    draw_heat_map(
        options.figures / "diehl_grid.svg",
        np.array([[point["accuracy"] for point in row["points"]] for row in rows]),
        rows=[row["threshold"] for row in rows],
        columns=[f"{hertz:g}" for hertz in HERTZ],
        row_label="firing threshold",
        column_label="input rate (Hz)",
        title="Accuracy (%), unbalanced weights",
    )


def _points(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Points of a table, by program."""
    return {point["program"]: point for row in rows for point in row["points"]}


def _columns(points: list[dict[str, Any]]) -> dict[str, str]:
    return {
        f"{hertz:g} Hz": f"{point['accuracy']:.2f} % ({point['additions']:.2f} M)"
        for hertz, point in zip(HERTZ, points, strict=True)
    }


if __name__ == "__main__":
    main()
