"""Networks, accelerators and host behaviour of the cycle-accurate regression."""

import json
import os
from dataclasses import asdict, dataclass

import numpy as np

from augend.gen.network import INPUT, Input, Population, Projection, SpikingNetwork
from augend.hw.configuration import AcceleratorConfig


@dataclass(frozen=True, kw_only=True)
class Case:
    """One run of the bench; what is random in it follows from the seed."""

    network: str
    lanes: int = 4
    cores: int = 1
    memory: str = "block"
    schedule: str = "synchronous"
    timesteps: int = 3
    density: float = 0.3
    images: int = 3
    stalls: float = 0.3
    seed: int = 1

    @property
    def name(self) -> str:
        """For reports."""
        return (
            f"{self.network}-{self.schedule}-{self.lanes}x{self.cores}-{self.memory}"
            f"-density{self.density:g}-stalls{self.stalls:g}"
        )

    def config(self) -> AcceleratorConfig:
        """One accelerator for all networks of its shape."""
        return AcceleratorConfig(
            lanes=self.lanes,
            cores=self.cores,
            potential_memory=self.memory,
            potential_bits=24,
            weight_words=8192,
            potential_words=1024,
            parameter_words=512,
            group_entries=256,
            lane_entries=64,
            queue_words=512,
            input_rows=1024,
            input_banks=min(2, self.lanes),
        )

    def build(self) -> tuple[SpikingNetwork, np.ndarray]:
        """The network, and integer pixels or events for it."""
        rng = np.random.default_rng(self.seed)
        network = NETWORKS[self.network](rng, self.schedule, self.timesteps)
        bits = network.input.bits
        steps = (self.timesteps,) if network.input.encoding == "events" else ()
        size = (self.images, *steps, *network.input.shape)
        pixels = rng.integers(1, (1 << bits) - 1, size, endpoint=True)
        return network, (pixels * (rng.random(size) < self.density)).astype(np.uint8)

    def to_environment(self) -> dict[str, str]:
        """For the simulator's process."""
        return {"AUGEND_CASE": json.dumps(asdict(self))}

    @classmethod
    def from_environment(cls) -> "Case":
        """In the simulator's process."""
        return cls(**json.loads(os.environ["AUGEND_CASE"]))


def _population(rng, name, shape, threshold, *, shift=None, reset="subtract"):
    channels = shape[0]
    return Population(
        name=name,
        shape=shape,
        threshold=rng.integers(threshold // 2, threshold, channels),
        bias=rng.integers(-threshold // 8, threshold // 4, channels),
        initial=rng.integers(0, threshold // 2, channels),
        reset=reset,
        current_shift=None if shift is None else rng.integers(shift, shift + 3, channels),
    )


def _conv(rng, source, target, size, **options):
    weight = rng.integers(-90, 110, size)
    return Projection(source=source, target=target, kind="conv", weight=weight, **options)


def _dense(rng, source, target, size):
    weight = rng.integers(-90, 110, size)
    return Projection(source=source, target=target, kind="dense", weight=weight)


def _convolutional(rng, schedule, timesteps):
    """Odd strides, paddings and dilations; a depthwise layer in the middle."""
    return SpikingNetwork(
        input=Input(shape=(1, 12, 12)),
        populations=(
            _population(rng, "conv", (6, 6, 6), 300, shift=7),
            _population(rng, "pool", (6, 3, 3), 200),
            _population(rng, "deep", (9, 3, 3), 700),
            _population(rng, "out", (10,), 500, reset="none"),
        ),
        projections=(
            _conv(rng, INPUT, "conv", (6, 1, 3, 3), stride=(2, 2), padding=(1, 1)),
            _conv(rng, "conv", "pool", (6, 1, 2, 2), stride=(2, 2), groups=6),
            _conv(rng, "pool", "deep", (9, 6, 2, 3), padding=(2, 1), dilation=(2, 1)),
            _dense(rng, "deep", "out", (10, 81)),
        ),
        timesteps=timesteps,
        schedule=schedule,
    )


def _perceptron(rng, schedule, timesteps):
    """Two hidden layers that do not fill their last word."""
    return SpikingNetwork(
        input=Input(shape=(64,)),
        populations=(
            _population(rng, "first", (50,), 2000, shift=3),
            _population(rng, "second", (37,), 1500),
            _population(rng, "out", (10,), 500, reset="none"),
        ),
        projections=(
            _dense(rng, INPUT, "first", (50, 64)),
            _dense(rng, "first", "second", (37, 50)),
            _dense(rng, "second", "out", (10, 37)),
        ),
        timesteps=timesteps,
        schedule=schedule,
    )


def _recording(rng, schedule, timesteps):
    """Events of two polarities."""
    return SpikingNetwork(
        input=Input(shape=(2, 8, 8), encoding="events", bits=1),
        populations=(
            _population(rng, "conv", (5, 6, 6), 200),
            _population(rng, "out", (4,), 500, reset="none"),
        ),
        projections=(
            _conv(rng, INPUT, "conv", (5, 2, 3, 3)),
            _dense(rng, "conv", "out", (4, 180)),
        ),
        timesteps=timesteps,
        schedule=schedule,
    )


NETWORKS = {
    "convolutional": _convolutional,
    "perceptron": _perceptron,
    "recording": _recording,
}
