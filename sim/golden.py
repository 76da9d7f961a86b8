"""The golden model: what the hardware must do, every spike, every potential, every addition.

Projections only lead forwards and the additions of a step commute, so a population is run through
all its time steps before the next one; inside a population the order is the contract's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

import numpy as np
import numpy.typing as npt

from augend.gen.network import INPUT, Ints, SpikingNetwork
from augend.sim.engine import Engine, Inflow
from augend.sim.layer import Layer
from augend.sim.synapses import flatten, unflatten

__all__ = ["GoldenModel", "GoldenResult", "run"]


@dataclass(frozen=True, kw_only=True, eq=False)
class GoldenResult:
    """Everything that an inference did, image by image.

    Parameters
    ----------
    predictions
        (images,); class of the greatest score, the lowest index among equals.
    scores
        (images, classes); potentials of the readout after the last step, in (C, H, W) order;
        those below 0 read as 0 where the network is rectified.
    spikes
        (images,) for every population, of all its neurons and steps; 0 for the readout.
    input_spikes
        (images,); set bits of the pixels, once an image, or events of all steps.
    operations
        (images,) for every population: additions of a weight into it, every spike (or set bit of a
        pixel) with its exact fan-out, borders taken into account.
    updates
        (images,) for every population: neuron updates. Every neuron that fires is updated once a
        step, every one of the readout once an image, when it is read.
    trains
        When recorded, for the populations that fire: bool (images, steps, *shape).
    potentials
        When recorded, for every population: (images, steps, *shape), after each step and its
        reset. In the phased schedule a step is one in which the population fires; the readout's
        steps are in both schedules those of its sources' spikes, with one bias each.
    current
        When recorded, for the populations that the input current drives: (images, *shape), what is
        added in every step, after the shift and without the bias.
    """

    predictions: Ints
    scores: Ints
    spikes: Mapping[str, Ints]
    input_spikes: Ints
    operations: Mapping[str, Ints]
    updates: Mapping[str, Ints]
    trains: Mapping[str, npt.NDArray[np.bool_]] = field(default_factory=dict)
    potentials: Mapping[str, Ints] = field(default_factory=dict)
    current: Mapping[str, Ints] = field(default_factory=dict)


class GoldenModel:
    """A network made ready; ``run`` may be called any number of times.

    Parameters
    ----------
    network
        What to run.
    record
        What to keep of every step: nothing, ``trains`` (spikes alone: little memory) or everything.
    engine
        What computes it: `augend.sim.event_walk.COMPILED`, unless another is given; Numba compiles
        it when it first runs on a machine. `augend.sim.reference.REFERENCE` is plain NumPy.

    Raises
    ------
    ValueError
        The potentials could leave 62 bits.
    """

    def __init__(
        self,
        network: SpikingNetwork,
        *,
        record: bool | Literal["trains"] = False,
        engine: Engine | None = None,
    ) -> None:
        self.network = network
        self.record = record
        self.engine = engine or _compiled()
        self.layers = [
            Layer.of(network, population, self.engine, stepwise=record is True)
            for population in network.populations
        ]

        # Populations of which a later one needs to know in which step they spiked.
        self.followed = {
            s.projection.source for layer in self.layers if not layer.gathers for s in layer.spiking
        }

    def run(self, pixels: npt.ArrayLike) -> GoldenResult:
        """Run images: integers (images, *shape), or (images, steps, *shape) for events."""
        checked = self._checked(np.asarray(pixels))
        # What one image takes in the widest layer: a spike and a sum a step, current and counts.
        widest = max(layer.neurons for layer in self.layers)
        chunk = max(1, self.engine.working_set // (widest * (3 * self.network.timesteps + 8)))
        return _joined(
            [
                self._run_chunk(checked[start : start + chunk])
                for start in range(0, max(1, len(checked)), chunk)
            ]
        )

    def _checked(self, pixels: npt.NDArray) -> npt.NDArray[np.uint8]:
        entry = self.network.input
        expected = entry.shape
        if entry.encoding == "events":
            expected = (self.network.timesteps, *entry.shape)
        if pixels.dtype.kind not in "iub":
            raise ValueError(
                f"Pixels must be integers of 0 to {(1 << entry.bits) - 1}, not {pixels.dtype}; "
                f"quantise them first"
            )
        if pixels.ndim != 1 + len(expected) or pixels.shape[1:] != expected:
            raise ValueError(
                f"Pixels for input encoding {entry.encoding!r} must have shape "
                f"(images, {', '.join(map(str, expected))}), not {pixels.shape}"
            )
        greatest = (1 << entry.bits) - 1 if entry.encoding == "current" else 1
        if pixels.size and (pixels.min() < 0 or pixels.max() > greatest):
            raise ValueError(
                f"Pixels must be 0 to {greatest}, not {pixels.min()} to {pixels.max()}"
            )
        return pixels.astype(np.uint8, copy=False)

    def _run_chunk(self, pixels: npt.NDArray[np.uint8]) -> GoldenResult:
        network, engine, images = self.network, self.engine, len(pixels)
        steps = network.timesteps
        entry = flatten(pixels, network.input.shape)
        trains: dict[str, npt.NDArray[np.uint8] | None] = {}  # (images, steps, neurons)
        if network.input.encoding == "events":
            trains[INPUT] = entry
            counts = {INPUT: entry.sum(1, dtype=np.int32)}  # (images, neurons)
        else:
            counts = {INPUT: np.bitwise_count(entry)}
        everything = self.record is True
        operations, current, potentials = {}, {}, {}
        scores = np.empty((images, 0), np.int64)
        for layer in self.layers:
            name, shape = layer.population.name, layer.population.shape
            operations[name] = np.zeros(images, np.int64)
            for synapses in (*layer.driving, *layer.spiking):
                spikes = counts[synapses.projection.source]
                operations[name] += engine.tally(spikes, synapses.fan_out)
            inflow = layer.integrate(entry, trains, counts, steps, everything)
            if inflow.current is not None:
                current[name] = unflatten(inflow.current.astype(np.int64), shape)
            if layer.is_readout:
                kept = _accumulate(inflow, steps)
                scores = unflatten(kept[:, -1], shape).reshape(images, layer.neurons)
            else:
                keep = bool(self.record) or name in self.followed
                firing = engine.fire(inflow, layer.threshold, steps, keep, everything)
                trains[name], counts[name] = firing.trains, firing.counts
                kept = firing.potentials
            if everything and kept is not None:
                potentials[name] = unflatten(kept, shape)
        if network.rectified:
            scores = scores.clip(min=0)
        hidden = [layer for layer in self.layers if not layer.is_readout]
        spikes = {INPUT: counts[INPUT]} | {
            h.population.name: counts[h.population.name] for h in hidden
        }
        totals = {
            name: engine.tally(count, np.ones(count.shape[1], np.int64))
            for name, count in spikes.items()
        }
        return GoldenResult(
            predictions=scores.argmax(1),
            scores=scores,
            input_spikes=totals.pop(INPUT),
            spikes=totals | {network.readout.name: np.zeros(images, np.int64)},
            operations=operations,
            updates={
                layer.population.name: np.full(
                    images, layer.neurons * (1 if layer.is_readout else steps)
                )
                for layer in self.layers
            },
            trains={
                h.population.name: unflatten(train.view(np.bool_), h.population.shape)
                for h in (hidden if self.record else ())
                if (train := trains[h.population.name]) is not None
            },
            potentials=potentials,
            current=current,
        )


def run(
    network: SpikingNetwork, pixels: npt.ArrayLike, *, record: bool | Literal["trains"] = False
) -> GoldenResult:
    """Run images through a network.

    Parameters
    ----------
    network
        What to run; to run it often, keep a ``GoldenModel``.
    pixels
        Integers: (images, *shape) of 0 to 2**bits - 1 for a current, (images, steps, *shape) of 0
        and 1 for events.
    record
        What to keep of every step: nothing, ``trains`` (spikes alone: little memory) or everything.

    Raises
    ------
    ValueError
        The pixels have another type, shape or range than the network's input.
    """
    return GoldenModel(network, record=record).run(pixels)


def _compiled() -> Engine:
    """Return the compiled engine; Numba is imported only when there is something to run."""
    from augend.sim.event_walk import COMPILED

    return COMPILED


def _accumulate(inflow: Inflow, steps: int) -> Ints:
    """Potentials of a readout after each step, or after all at once: (images, steps or 1, N)."""
    if inflow.gathered:
        return np.broadcast_to(inflow.start, (inflow.images, inflow.start.shape[1])).astype(
            np.int64
        )[:, None]
    added = np.zeros((inflow.images, steps, inflow.start.shape[1]), np.int64)
    added += inflow.constant[:, None]
    if inflow.arrivals is not None:
        added += inflow.arrivals
    return inflow.start[:, None] + added.cumsum(1)


def _joined(parts: list[GoldenResult]) -> GoldenResult:
    """Results of chunks of images, one after the other."""
    if len(parts) == 1:
        return parts[0]

    joined = {}
    for name in (entry.name for entry in fields(GoldenResult)):
        values = [getattr(part, name) for part in parts]
        if isinstance(values[0], Mapping):
            keys = values[0].keys()
            joined[name] = {key: np.concatenate([v[key] for v in values]) for key in keys}
        else:
            joined[name] = np.concatenate(values)
    return GoldenResult(**joined)
