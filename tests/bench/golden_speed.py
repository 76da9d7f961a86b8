"""Measure the golden model beside sinabs and SpikingJelly: images x steps per CPU-second.

The same integers, the same images, the same steps, one thread each, one run: contenders take turns,
and the medians of the turns are compared. Peers run floats at whichever batch size and memory
format is their fastest here, and count nothing; the golden model counts everything it always does.
"""

import argparse
import functools
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from threadpoolctl import threadpool_limits
from torch import nn

from augend.gen import Program, convert, datasets
from augend.gen.training import train
from augend.gen.training.checkpoint import load_network
from augend.sim.event_walk import COMPILED
from augend.sim.golden import GoldenModel
from augend.sim.reference import REFERENCE

from .spiking_peers import PEERS, Peer, float_network

BATCHES = (8, 32, 128)
TRIED = 256
"""Images on which a peer's batch sizes and memory formats are tried."""
FORMATS = {"contiguous": torch.contiguous_format, "channels last": torch.channels_last}
TABLES = Path(__file__).resolve().parents[2] / "docs" / "tables"

Classify = Callable[[], npt.NDArray[np.int64]]


@dataclass(frozen=True, kw_only=True)
class Contender:
    """Something that classifies all images of its network, once a call."""

    name: str
    mode: str
    images: int
    classify: Classify


def cpu_seconds(call: Callable[[], object]) -> float:
    """CPU time of one call, in seconds."""
    start = time.process_time()
    call()
    return time.process_time() - start


def peer(entry: Peer, network: nn.Sequential, images: torch.Tensor, steps: int) -> Contender:
    """A peer with the batch size and memory format that are its fastest on some of the images."""
    best: tuple[float, str, Classify] | None = None
    convolves = any(isinstance(layer, nn.Conv2d) for layer in network)
    for label, memory in list(FORMATS.items())[: 2 if convolves else 1]:
        laid_out = network.to(memory_format=memory)
        for batch in BATCHES:
            run = entry.prepare(laid_out, steps)

            def classify(
                amount: int = len(images), run=run, batch=batch, memory=memory
            ) -> npt.NDArray[np.int64]:
                with torch.inference_mode():
                    parts = [
                        run(part.contiguous(memory_format=memory)).argmax(1)
                        for part in images[:amount].split(batch)
                    ]
                return torch.cat(parts).numpy()

            classify(TRIED)
            seconds = min(cpu_seconds(functools.partial(classify, TRIED)) for _ in range(2))
            if best is None or seconds < best[0]:
                best = seconds, f"{entry.mode}; batch {batch}, {label}", classify
    assert best is not None
    return Contender(name=entry.name, mode=best[1], images=len(images), classify=best[2])


def golden(name: str, program: Program, pixels: npt.NDArray[np.uint8], engine) -> Contender:
    """The golden model on one of its engines."""
    model = GoldenModel(program.network, engine=engine, threads=1)
    return Contender(
        name=name,
        mode=program.network.schedule,
        images=len(pixels),
        classify=lambda: model.run(pixels).predictions,
    )


def measure(module: nn.Sequential, data: dict, steps: int, images: int, turns: int) -> dict:
    """One network at one number of steps: every contender, its speed and what it predicts."""
    programs = {
        schedule: convert(module, data["calibration"], timesteps=steps, schedule=schedule)
        for schedule in ("synchronous", "phased")
    }
    program = programs["synchronous"]
    pixels = program.encode(data["images"][:images])
    network = float_network(module, program)
    floats = torch.tensor(pixels, dtype=torch.float32)
    ours = golden("augend", program, pixels, COMPILED)
    contenders = [
        ours,
        golden("augend", programs["phased"], pixels, COMPILED),
        golden(
            "augend, NumPy alone, a quarter of the images",
            program,
            pixels[: images // 4],
            REFERENCE,
        ),
        *(peer(entry, network, floats, steps) for entry in PEERS),
    ]
    results = [contender.classify() for contender in contenders]  # and everything is warm
    times = [[cpu_seconds(c.classify) for c in contenders] for _ in range(turns)]
    speeds = [
        [c.images * steps / seconds for seconds in column]
        for c, column in zip(contenders, zip(*times, strict=True), strict=True)
    ]
    counted = GoldenModel(program.network, threads=1).run(pixels)
    hidden = [p for p in program.network.populations if p is not program.network.readout]
    return {
        "timesteps": steps,
        "images": images,
        "activity": {p.name: counted.spikes[p.name].mean() / steps / p.size for p in hidden},
        "contenders": [
            {
                "name": contender.name,
                "mode": contender.mode,
                "speed": statistics.median(speed),
                "slowest": min(speed),
                "fastest": max(speed),
                "golden_is_faster": statistics.median(
                    own / other for own, other in zip(speeds[0], speed, strict=True)
                ),
                "accuracy": float((result == data["labels"][: len(result)]).mean()),
                "agreement": float((result == results[0][: len(result)]).mean()),
            }
            for contender, speed, result in zip(contenders, speeds, results, strict=True)
        ],
    }


def markdown(report: dict) -> str:
    """The report as a page."""
    lines = [
        "# Speed of the golden model",
        "",
        "Images x time steps per CPU-second, one thread, all in one run;",
        f"median of {report['turns']} turns (slowest - fastest).",
        "*Golden is faster* compares the synchronous golden model with each, turn by turn;",
        "*agreement* is with its predictions. Written by `make bench`.",
        "",
        f"{report['processor']}; " + ", ".join(f"{k} {v}" for k, v in report["versions"].items()),
    ]
    for name, rows in report["networks"].items():
        for row in rows:
            activity = ", ".join(f"{k} {v:.1%}" for k, v in row["activity"].items())
            lines += [
                "",
                f"## {name}, T = {row['timesteps']}",
                "",
                f"{row['images']} MNIST test images; neurons that spike in a step: {activity}.",
                "",
                "| | speed | golden is faster | accuracy | agreement |",
                "|---|---|---|---|---|",
            ]
            lines += [
                f"| {c['name']}: {c['mode']} | {c['speed']:,.0f} "
                f"({c['slowest']:,.0f} - {c['fastest']:,.0f}) | {c['golden_is_faster']:.2f} x | "
                f"{c['accuracy']:.2%} | {c['agreement']:.2%} |"
                for c in row["contenders"]
            ]
    return "\n".join(lines) + "\n"


def processor() -> str:
    """Name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main() -> None:
    """Measure all, write the tables, and fail where the golden model misses its target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "checkpoints",
        nargs="*",
        type=Path,
        help="files of augend train; "
        "without any, both networks are trained for an epoch, which is enough to be realistic",
    )
    parser.add_argument("--steps", nargs="+", type=int, default=[1, 2, 8])
    parser.add_argument("--images", type=int, default=1024)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument(
        "--least", type=float, default=4.0, help="ratio to every peer at most steps"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    threadpool_limits(1)
    test = datasets.load("mnist", "test")
    data = {
        "calibration": datasets.load("mnist").images[:1000],
        "images": test.images,
        "labels": test.labels,
    }
    packages = ("numpy", "numba", "torch", "sinabs", "spikingjelly")
    report = {
        "processor": processor(),
        "versions": {"python": platform.python_version(), **{p: version(p) for p in packages}},
        "turns": options.turns,
        "networks": {},
    }
    missed = []
    networks = [load_network(path) for path in options.checkpoints]
    if not networks:
        trained = [train(recipe, "mnist", epochs=1) for recipe in ("mlp", "cnn")]
        networks = [(result.module, result.metadata) for result in trained]
    for module, metadata in networks:
        name = metadata["recipe"]
        rows = []
        for steps in options.steps:
            row = measure(module, data, steps, options.images, options.turns)
            rows.append(row)
            for contender in row["contenders"]:
                speed, ratio = contender["speed"], contender["golden_is_faster"]
                print(f"{name} T={steps} {contender['name']} ({contender['mode']}):", end=" ")
                print(f"{speed:,.0f}, golden {ratio:.2f} x, agree {contender['agreement']:.2%}")
                peers = not contender["name"].startswith("augend")
                if peers and steps == max(options.steps) and ratio < options.least:
                    missed.append(f"{name}: {ratio:.2f} x {contender['name']}")
        report["networks"][name] = rows
    TABLES.mkdir(parents=True, exist_ok=True)
    (TABLES / "golden_speed.json").write_text(json.dumps(report, indent=1) + "\n")
    (TABLES / "golden_speed.md").write_text(markdown(report))
    if missed:
        sys.exit(f"Below {options.least} x: " + "; ".join(missed))


if __name__ == "__main__":
    main()
