"""Spike rasters of a few images, small enough for JSON."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from augend.gen.datasets import DataSet
from augend.gen.program import Program
from augend.host.sources import images_of, test_set
from augend.sim.golden import GoldenModel, GoldenResult

__all__ = ["NEURONS", "sample_rasters"]

NEURONS = 200
"""Most neurons of a population that are shown."""

_PIXELS = 4096


def sample_rasters(program: Program, data: str, count: int) -> list[dict[str, Any]]:
    """Spikes of the first test images, of neurons drawn once for all of them.

    Parameters
    ----------
    program
        What to run, on the golden model.
    data
        Name of the data set.
    count
        Number of images.

    Returns
    -------
    rasters
        As ``augend.host.run_file.RasterImage``, ready for JSON.
    """
    test = test_set(program, data)
    test = test.take(np.arange(min(count, len(test))))
    inputs = images_of(program, test)
    pixels = program.encode(inputs)
    shown = test.images if isinstance(test, DataSet) else inputs
    golden = GoldenModel(program.network, record="trains").run(pixels)
    steps = None
    if program.network.schedule == "synchronous":
        steps = GoldenModel(program.network, record="steps").run(pixels).step_scores
    drawn = np.random.default_rng(0)
    chosen = {
        name: np.sort(drawn.permutation(int(np.prod(train.shape[2:])))[:NEURONS])
        for name, train in golden.trains.items()
    }
    return [
        _raster(place, int(test.labels[place]), shown[place], golden, steps, chosen)
        for place in range(len(test))
    ]


def _raster(
    place: int,
    label: int,
    image: npt.NDArray[np.number],
    golden: GoldenResult,
    steps: npt.NDArray[np.integer] | None,
    chosen: Mapping[str, npt.NDArray[np.integer]],
) -> dict[str, Any]:
    layers = []
    for name, train in golden.trains.items():
        signs = np.sign(train[place].astype(np.int64))
        signs = signs.reshape(len(signs), -1)  # (steps, neurons)
        rows = np.array([".", "+", "-"])[signs[:, chosen[name]].T]
        layers.append(
            {
                "name": name,
                "neurons": signs.shape[1],
                "sampled": chosen[name].tolist(),
                "rows": ["".join(row) for row in rows],
            }
        )
    return {
        "index": place,
        "label": label,
        "prediction": int(golden.predictions[place]),
        "scores": golden.scores[place].tolist(),
        "step_scores": None if steps is None else steps[place].tolist(),
        **_picture(image),
        "layers": layers,
    }


def _picture(image: npt.NDArray[np.number]) -> dict[str, Any]:
    """Intensities of an image of (C, H, W), stretched to 0 to 255; nothing of other images."""
    if image.ndim != 3 or image.shape[0] not in (1, 3) or image.size > _PIXELS:
        return {"shape": None, "pixels": None}
    low, high = float(image.min()), float(image.max())
    levels = np.rint((image - low) * (255 / (high - low or 1))).astype(np.uint8)
    return {"shape": list(image.shape), "pixels": levels.tobytes().hex()}
