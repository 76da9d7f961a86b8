"""Networks for what random ones hardly ever reach: long counts, far populations, large inputs."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from augend.gen.network import INPUT, Gate, Input, Population, Projection, SpikingNetwork
from tests.sim.drawn_readouts import competing

__all__ = ["Directed", "directed", "heated"]

Directed = tuple[str, SpikingNetwork, np.ndarray, dict[str, int] | None]
"""Name, network, images or events, and the core of each population where that matters."""

MOST_HEAT = 32


def directed() -> Iterator[Directed]:
    """All of them, always the same."""
    for shift in (0, 1):
        network, pixels = deep(shift)
        cores = {one.name: (place + shift) % 2 for place, one in enumerate(network.populations)}
        yield f"deep {shift}", network, pixels, cores
    for core in (0, 1):
        network, pixels = flooded(core)
        yield f"flooded {core}", network, pixels, {"many": core, "out": 1 - core}
        network, pixels = pooled(core)
        yield f"pooled {core}", network, pixels, {"image": core, "out": 1 - core}
        network, pixels = returned(core)
        yield f"returned {core}", network, pixels, {"returned": core, "out": 1 - core}
        network, pixels = floored(core)
        yield f"floored {core}", network, pixels, {"low": core, "out": 1 - core}
    yield "broad", *broad("current", 8), None
    yield "broad events", *broad("events", 1), None


@st.composite
def heated(draw):
    """A softmax whose noise is of any size, so that every bit of it decides at times."""
    network, pixels = draw(competing())
    heat = 1 << draw(st.integers(0, MOST_HEAT))
    return replace(network, softmax=replace(network.softmax, temperature=heat)), pixels


def deep(seed: int) -> tuple[SpikingNetwork, np.ndarray]:
    """As many populations in a row as there are numbers for, quiet in most steps."""
    rng = np.random.default_rng(seed)
    sizes = {INPUT: 12} | {f"p{number}": 9 - number for number in range(7)}
    names = list(sizes)
    network = SpikingNetwork(
        input=Input(shape=(12,), encoding="events", bits=1),
        populations=tuple(_population(name, (sizes[name],), 90) for name in names[1:]),
        projections=tuple(
            _dense(rng, source, target, sizes[target], sizes[source], -20, 60)
            for source, target in zip(names[:-1], names[1:], strict=True)
        ),
        timesteps=9,
        decode="count",
    )
    return network, _events(rng, (2, 9, 12), 0.25)


def flooded(seed: int) -> tuple[SpikingNetwork, np.ndarray]:
    """A neuron's most spikes in every step: counters go round."""
    rng = np.random.default_rng(seed)
    many = replace(_population("many", (30,), 1), bias=np.full(30, 5000), most_spikes=255)
    network = SpikingNetwork(
        input=Input(shape=(5,), encoding="events", bits=1),
        populations=(many, _population("out", (6,), 1, reset="none")),
        projections=(
            _dense(rng, INPUT, "many", 30, 5, -128, 128),
            _dense(rng, "many", "out", 6, 30, -128, 128),
        ),
        timesteps=12,
    )
    return network, _events(rng, (1, 12, 5), 0.3)


def pooled(seed: int) -> tuple[SpikingNetwork, np.ndarray]:
    """Gates by rate and by count that go on for long enough for their sums to become large."""
    rng = np.random.default_rng(seed)
    image = replace(
        _population("image", (4, 6, 6), 50),
        negative_threshold=np.full(4, 20),
        negative_step=np.full(4, 30),
    )
    gates = [
        Gate(
            name=rule,
            source="image",
            shape=(4, 3, 3),
            kernel=(2, 2),
            stride=(2, 2),
            rule=rule,
            decay=decay,
        )
        for rule, decay in (("rate", 15), ("count", 1))
    ]
    network = SpikingNetwork(
        input=Input(shape=(2, 6, 6), encoding="events", bits=1),
        populations=(image, _population("out", (7,), 60)),
        projections=(
            Projection(
                source=INPUT,
                target="image",
                kind="conv",
                weight=rng.integers(-60, 60, (4, 2, 3, 3)),
                padding=(1, 1),
            ),
            *(_dense(rng, rule, "out", 7, 36, -60, 60) for rule in ("rate", "count")),
        ),
        gates=tuple(gates),
        timesteps=24,
        decode="count",
    )
    return network, _events(rng, (1, 24, 2, 6, 6), 0.4)


def returned(seed: int) -> tuple[SpikingNetwork, np.ndarray]:
    """Several spikes a step that are taken back a few at a time, but never more than there were."""
    rng = np.random.default_rng(seed)
    negative = {"negative_threshold": np.full(16, 9), "negative_step": np.full(16, 10)}
    rules = {"most_spikes": 31, "takes_back": True, **negative}
    network = SpikingNetwork(
        input=Input(shape=(9,), encoding="events", bits=1),
        populations=(
            replace(_population("returned", (16,), 10), **rules),
            _population("out", (6,), 50, reset="none"),
        ),
        projections=(
            _dense(rng, INPUT, "returned", 16, 9, -100, 100),
            _dense(rng, "returned", "out", 6, 16, -60, 60),
        ),
        timesteps=14,
    )
    return network, _events(rng, (3, 14, 9), 0.3)


def floored(seed: int) -> tuple[SpikingNetwork, np.ndarray]:
    """Potentials that never fall below 0, where every bit of a floor is 0."""
    rng = np.random.default_rng(seed)
    floor = {"floor": np.zeros(9, int)}
    low = replace(_population("low", (9,), 40), bias=np.full(9, -3), leak=(2,), **floor)
    network = SpikingNetwork(
        input=Input(shape=(6,), encoding="events", bits=1),
        populations=(low, replace(_population("out", (9,), 50, reset="none"), **floor)),
        projections=(
            _dense(rng, INPUT, "low", 9, 6, -60, 90),
            _dense(rng, "low", "out", 9, 9, -60, 60),
        ),
        timesteps=8,
    )
    return network, _events(rng, (2, 8, 6), 0.4)


def broad(encoding: str, bits: int) -> tuple[SpikingNetwork, np.ndarray]:
    """An input that fills its memory, and so many that they wait in the link's buffer."""
    rng = np.random.default_rng(bits)
    steps = (2,) if encoding == "events" else ()
    out = _population("out", (7,), 50, reset="none")
    shift = None if steps else np.full(7, 3)
    network = SpikingNetwork(
        input=Input(shape=(3, 16, 16), encoding=encoding, bits=bits),
        populations=(replace(out, current_shift=shift),),
        projections=(_dense(rng, INPUT, "out", 7, 768, -60, 60),),
        timesteps=2,
    )
    pixels = rng.integers(0, 1 << bits, (7, *steps, 3, 16, 16))
    return network, (pixels * (rng.random(pixels.shape) < 0.2)).astype(np.uint8)


def _population(
    name: str, shape: tuple[int, ...], threshold: int, reset: str = "subtract"
) -> Population:
    values = {"threshold": threshold, "bias": 0, "initial": 0}
    arrays = {key: np.full(shape[0], value) for key, value in values.items()}
    return Population(name=name, shape=shape, reset=reset, **arrays)


def _dense(
    rng: np.random.Generator, source: str, target: str, rows: int, columns: int, low: int, high: int
) -> Projection:
    weight = rng.integers(low, high, (rows, columns))
    return Projection(source=source, target=target, kind="dense", weight=weight)


def _events(rng: np.random.Generator, size: tuple[int, ...], density: float) -> np.ndarray:
    return (rng.random(size) < density).astype(np.uint8)
