"""A dozen kinds of programs, and inputs for them, that one accelerator runs one after the other."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import torch
from torch import nn

from augend.gen import convert
from augend.gen.network import INPUT, Input, Population, Projection, SpikingNetwork
from augend.gen.program import Program

__all__ = ["KINDS", "drawn_input", "program"]

LANES, CORES = 4, 2
FLAT, IMAGE = (40,), (2, 8, 8)
CALIBRATION, SHOWN = 24, 3


class Residual(nn.Module):
    """A convolution beside the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.conv(x) + x)


class Inception(nn.Module):
    """Three branches of different kernels, concatenated."""

    def __init__(self, before: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(before, 3, 1)
        self.three = nn.Conv2d(before, 4, 3, 1, 1)
        self.pool = nn.Sequential(nn.AvgPool2d(3, 1, 1), nn.Conv2d(before, 2, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(torch.cat([self.one(x), self.three(x), self.pool(x)], 1))


def dense() -> nn.Module:
    """Two hidden layers."""
    return nn.Sequential(
        nn.Linear(40, 30), nn.ReLU(), nn.Linear(30, 21), nn.ReLU(), nn.Linear(21, 10)
    )


def pruned() -> nn.Module:
    """Two hidden layers, of whose words of weights one in four is left."""
    module = dense()
    rng = np.random.default_rng(4)
    for layer in module:
        if isinstance(layer, nn.Linear):
            outputs, inputs = layer.weight.shape
            kept = np.repeat(rng.random((-(-outputs // LANES), inputs)) < 0.25, LANES, 0)
            with torch.no_grad():
                layer.weight *= torch.from_numpy(kept[:outputs])
    return module


def image(*body: nn.Module, channels: int = 4, side: int = 8) -> nn.Module:
    """A convolution, what is given, and a classifier."""
    head = [nn.Flatten(), nn.Linear(channels * side * side, 6)]
    return nn.Sequential(nn.Conv2d(2, 4, 3, 1, 1), nn.ReLU(), *body, *head)


def converted(module: Callable[[], nn.Module], **options) -> Callable[[], Program]:
    """A program of a module with random weights; nothing here needs skill."""

    def make() -> Program:
        torch.manual_seed(1)
        made = module().eval()
        shape = FLAT if isinstance(next(iter(made.children())), nn.Linear) else IMAGE
        images = np.random.default_rng(1).random((CALIBRATION, *shape), np.float32)
        chosen = {"timesteps": 4, "weight_bits": 8, **options}
        return convert(made, images, lanes=LANES, cores=CORES, **chosen)

    return make


def population(name: str, size: int, **options) -> Population:
    """Neurons that some spikes suffice to fire."""
    values = {"threshold": 60, "bias": 3, "initial": 20}
    return Population(
        name=name, shape=(size,), **{k: np.full(size, v) for k, v in values.items()}, **options
    )


def connection(rng, source: str, target: str, size: tuple[int, int], **options) -> Projection:
    """A dense projection with more positive than negative weights."""
    weight = rng.integers(-20, 40, size)
    return Projection(source=source, target=target, kind="dense", weight=weight, **options)


def events() -> Program:
    """Events of a sensor of two polarities, through a convolution."""
    rng = np.random.default_rng(2)
    conv = Projection(
        source=INPUT, target="conv", kind="conv", weight=rng.integers(-30, 60, (5, 2, 3, 3))
    )
    first = replace(population("conv", 5), shape=(5, 6, 6))
    network = SpikingNetwork(
        input=Input(shape=IMAGE, encoding="events", bits=1),
        populations=(first, population("out", 7, reset="none")),
        projections=(conv, connection(rng, "conv", "out", (7, 180))),
        timesteps=5,
    )
    return Program(network=network, lanes=LANES, cores=CORES)


def recurrent() -> Program:
    """Neurons that hear their own spikes, and those of the layer behind them, a step later."""
    rng = np.random.default_rng(3)
    network = SpikingNetwork(
        input=Input(shape=FLAT, encoding="events", bits=1),
        populations=(
            population("first", 19),
            population("second", 14),
            population("out", 7, reset="none"),
        ),
        projections=(
            connection(rng, INPUT, "first", (19, 40)),
            connection(rng, "first", "first", (19, 19), delay=1),
            connection(rng, "second", "first", (19, 14), delay=1),
            connection(rng, "first", "second", (14, 19)),
            connection(rng, "second", "out", (7, 14)),
        ),
        timesteps=6,
    )
    return Program(network=network, lanes=LANES, cores=CORES)


def _pooled() -> nn.Module:
    return image(nn.AvgPool2d(2), nn.Conv2d(4, 5, 3), nn.ReLU(), channels=5, side=2)


def _depthwise() -> nn.Module:
    body = [nn.Conv2d(4, 4, 3, 2, 1, groups=4), nn.ReLU(), nn.Conv2d(4, 8, 1), nn.ReLU()]
    return image(*body, channels=8, side=4)


def _shuffled() -> nn.Module:
    return image(nn.Conv2d(4, 6, 1, groups=2), nn.ChannelShuffle(2), nn.ReLU(), channels=6)


KINDS: dict[str, Callable[[], Program]] = {
    "dense": converted(dense),
    "pruned": converted(pruned, sparse=True),
    "binary weights": converted(dense, weight_bits=2, weights="ternary"),
    "convolution and pooling": converted(_pooled),
    "phased": converted(lambda: image(Residual(4)), schedule="phased"),
    "pooling that spikes": converted(_pooled, pool="spike"),
    "residual": converted(lambda: image(Residual(4))),
    "inception": converted(lambda: image(Inception(4), channels=9)),
    "depthwise": converted(_depthwise),
    "grouped and shuffled": converted(_shuffled),
    "max-pool gate": converted(lambda: image(nn.MaxPool2d(2), channels=4, side=4)),
    "signed": converted(lambda: image(Residual(4)), signed=True, initial="zero"),
    "leak, floor and reset to zero": converted(dense, leak=(3, 4), floor=1.0, reset="zero"),
    "winner takes all": converted(dense, inhibition=0.4, refractory=1, timesteps=6),
    "rate": converted(dense, encoding="rate"),
    "single spikes to first spike": converted(
        dense, encoding="ttfs", single_spike=True, decode="first_spike"
    ),
    "hybrid": converted(dense, encoding="hybrid"),
    "events": events,
    "recurrent": recurrent,
    "softmax": converted(dense, decode="softmax", timesteps=6),
    "early exit": converted(_pooled, exit_margin=40, timesteps=8),
    "clamped, by count": converted(dense, clamp=1.0, decode="count"),
}
"""Programs by the name of their kind."""


@cache
def program(kind: str) -> Program:
    """The program of a kind, made once."""
    return KINDS[kind]()


def drawn_input(program: Program) -> np.ndarray:
    """A few images, or recordings, for a program."""
    network = program.network
    rng = np.random.default_rng(5)
    if network.input.encoding != "events":
        return rng.random((SHOWN, *network.input.shape), np.float32)
    return (rng.random((SHOWN, network.timesteps, *network.input.shape)) < 0.3).astype(np.uint8)
