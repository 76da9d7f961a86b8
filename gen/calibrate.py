"""Float stages to integers, layer by layer, on calibration images."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from augend.gen.assemble import gate_of, population_of
from augend.gen.encoding import spike_trains
from augend.gen.entry import Input
from augend.gen.evaluate import batches, greatest, respond
from augend.gen.graph import SOURCE, Floats
from augend.gen.levels import WeightForm
from augend.gen.neuron_options import NeuronOptions
from augend.gen.normalize import (
    Activations,
    data_scale,
    model_scale,
    mse_scale,
    percentile_scale,
)
from augend.gen.population import Population
from augend.gen.quantize import (
    Quantised,
    Widths,
    quantise_binary,
    quantise_readout,
    quantise_spiking,
)
from augend.gen.simulate import Trains, gated, spike_counts, trains_of
from augend.gen.stage import Gating, Stage, Step
from augend.gen.term import Term

__all__ = ["Calibrated", "Method", "Norm", "calibrate"]

Norm = Literal["mse", "levels", "percentile", "data", "model", "none"]

MOST_SPIKES = 1 << 29
"""Spikes of one population that are kept at once; more time steps use fewer images."""

STARTS = {"half": 0.5, "zero": 0.0}


@dataclass(frozen=True, kw_only=True)
class Method:
    """How scales are found and integers made; fields as ``convert`` takes them."""

    norm: Norm
    percentile: float
    per_channel: bool
    weight_bits: int
    timesteps: int
    phased: bool
    seed: int
    weights: WeightForm = "integer"
    layer_bits: Mapping[str, int] = field(default_factory=dict)
    neurons: NeuronOptions = NeuronOptions()

    def widths(self, stage: Stage) -> Widths:
        """Width, form and steps of a stage's weights."""
        bits = self.layer_bits.get(stage.name, self.weight_bits)
        return Widths(bits=bits, form=self.weights, timesteps=self.timesteps)


@dataclass(frozen=True, kw_only=True, eq=False)
class Calibrated:
    """A stage's integers, and the population that they make.

    ``scale``, ``(C,)``: the activation that one spike in every step stands for.
    """

    stage: Stage
    integers: Quantised
    population: Population
    scale: Floats


def calibrate(
    steps: Sequence[Step], entry: Input, pixels: npt.NDArray[np.uint8], method: Method
) -> dict[str, Calibrated]:
    """Integers of every stage, by name.

    ``mse`` goes layer by layer over what the integer network before it really emits on the
    calibration images: the bias of each channel is shifted by the mean that it is off, and the
    scale is the one that brings its spikes closest to the float activations. ``levels`` does so
    beside a float network whose activations are rounded to as many levels as there are steps: one
    that was trained in this way (`augend.gen.training.spike_levels`) has learnt to expect them.

    Parameters
    ----------
    steps
        Float stages on integer pixels, and gates; the last is read out, unless it spikes.
    entry
        How pixels enter.
    pixels
        Calibration images, ``(images, *input_shape)``.
    method
        Options.
    """
    run = _Run(
        method=method,
        entry=entry,
        last=steps[-1].name,
        gated=frozenset(step.source for step in steps if isinstance(step, Gating)),
    )
    if run.simulated:
        widest = max(int(np.prod(step.shape)) for step in steps)
        copies = 1 if method.phased else method.timesteps
        pixels = pixels[: max(MOST_SPIKES // (widest * copies), 16)]
    run.start(pixels)
    for place, step in enumerate(steps):
        if isinstance(step, Gating):
            run.gate(step)
        else:
            run.stage(step)
        needed = {name for later in steps[place + 1 :] for name in later.sources}
        run.forget(needed)
    return run.done


@dataclass(kw_only=True)
class _Run:
    """Values of all sources that a later stage still needs."""

    method: Method
    entry: Input
    last: str
    gated: frozenset[str]
    floats: dict[str, Activations] = field(default_factory=dict)  # of the float network
    trains: dict[str, Trains] = field(default_factory=dict)  # of the integer network
    gains: dict[str, Floats] = field(default_factory=dict)
    bounds: dict[str, float] = field(default_factory=dict)
    depth: dict[str, int] = field(default_factory=dict)
    binary: set[str] = field(default_factory=set)
    done: dict[str, Calibrated] = field(default_factory=dict)

    @property
    def fitted(self) -> bool:
        """Whether biases and scales are found on what the integer network emits."""
        return self.method.norm in ("mse", "levels")

    @property
    def simulated(self) -> bool:
        """Whether anyone needs to know what the integer network emits."""
        return self.fitted or self.method.neurons.initial == "optimised"

    def start(self, pixels: npt.NDArray[np.uint8]) -> None:
        self.floats[SOURCE] = pixels.astype(np.float32)
        greatest_pixel = float((1 << self.entry.bits) - 1)
        self.bounds[SOURCE] = greatest_pixel
        self.depth[SOURCE] = 0
        gain = 1.0
        if self.entry.encoding != "current":
            spikes = np.moveaxis(spike_trains(pixels, self.entry, self.method.timesteps), 1, 0)
            self.trains[SOURCE] = spikes
            gain = greatest_pixel * 65536 / self.entry.rate
            if self.entry.encoding != "rate":
                gain = self._share_of(pixels, spikes)
        self.gains[SOURCE] = np.full(self.entry.shape[0], gain)

    def _share_of(self, pixels: npt.NDArray[np.uint8], spikes: Trains) -> float:
        """Intensity that a spike in every step stands for, by least squares."""
        rate = spikes.sum(0, dtype=np.float64) / self.method.timesteps
        if self.entry.encoding == "hybrid":  # the current of the first step is one spike at most
            rate = rate + pixels / float(1 << self.entry.bits) / self.method.timesteps
        return float((rate * pixels).sum() / max((rate**2).sum(), 1e-9))

    def forget(self, needed: set[str]) -> None:
        for values in (self.floats, self.trains):
            for name in [name for name in values if name not in needed]:
                del values[name]

    def gate(self, gating: Gating) -> None:
        source = gating.source
        parts = [
            greatest(gating, torch.from_numpy(self.floats[source][part])).numpy()
            for part in batches(len(self.floats[source]))
        ]
        self.floats[gating.name] = np.concatenate(parts)
        self.gains[gating.name] = self.gains[source]
        self.bounds[gating.name] = self.bounds[source]
        self.binary |= {gating.name} if source in self.binary else set()
        self.depth[gating.name] = self.depth[source]
        if self.simulated:
            train = self.trains[source]
            gate = gate_of(gating, self.method.neurons)
            if len(train) == 1:  # spikes of all steps, of which the greatest number passes
                gate = replace(gate, rule="any")
            parts = [gated(gating, train[:, p], gate) for p in batches(train.shape[1])]
            self.trains[gating.name] = np.concatenate(parts, axis=1)

    def stage(self, stage: Stage) -> None:
        method = self.method
        wanted = self._responses(stage, self.floats)
        seen, fitting = wanted, stage
        current = self._is_current(stage)
        if self.fitted and not stage.activation.binary and not current:
            rates = {name: self._rates(name) for name in stage.sources}
            seen = self._responses(stage, rates)
            fitting, seen = _shifted(stage, seen, wanted)
        values = _activated(stage, wanted)
        self.bounds[stage.name] = self._bound(fitting)
        scale = np.ones(stage.shape[0])
        if stage.spiking and not stage.activation.binary:
            scale = self._scale(fitting, values, _activated(stage, seen))
            if stage.activation.ceiling is not None:
                scale = np.minimum(scale, stage.activation.ceiling)
            if stage.name == self.last:
                scale = np.full_like(scale, scale.max())
        starts = [STARTS.get(method.neurons.initial, 0.5)]
        if method.neurons.initial == "optimised" and stage.spiking:
            starts = [eighth / 8 for eighth in range(9)]
        best, least = None, np.inf
        for share in starts:
            found = self._fit(stage, fitting, wanted, scale, share, current)
            train = self._simulated(found) if self.simulated and stage.spiking else None
            error = 0.0
            if train is not None and len(starts) > 1:
                rate = self._rate(train)
                error = float(np.square(rate * _wide(scale, rate.ndim - 1) - values).mean())
            if best is None or error < least:
                best, least = (found, train), error
        assert best is not None
        self.done[stage.name], train = best
        if train is not None:
            self.trains[stage.name] = train
        self.gains[stage.name] = scale
        self.floats[stage.name] = values
        if method.norm == "levels" and stage.spiking:
            self.floats[stage.name] = self._rates(stage.name)
        self.binary |= {stage.name} if stage.activation.binary else set()
        self.depth[stage.name] = self._depth(stage)

    def _depth(self, stage: Stage) -> int:
        return 1 + max(self.depth[name] for name in stage.sources)

    def _is_current(self, stage: Stage) -> bool:
        return stage.sources == (SOURCE,) and self.entry.encoding == "current"

    def _fit(
        self,
        stage: Stage,
        fitting: Stage,
        wanted: Activations,
        scale: Floats,
        share: float,
        current: bool,
    ) -> Calibrated:
        integers = self._integers(fitting, scale, share, current)
        if self.fitted and not stage.activation.binary:
            seen = self._integer_response(fitting, integers, current)
            fitting, _ = _shifted(fitting, seen, wanted)
            integers = self._integers(fitting, scale, share, current)
        population = population_of(fitting, integers, self.method.neurons, self._depth(stage))
        return Calibrated(stage=fitting, integers=integers, population=population, scale=scale)

    def _integers(self, stage: Stage, scale: Floats, share: float, current: bool) -> Quantised:
        widths = self.method.widths(stage)
        if not stage.spiking:
            whole = self.binary.issuperset(stage.sources)
            found = quantise_readout(
                stage, gains=self.gains, widths=widths, current=current, whole=whole
            )
        elif stage.activation.binary:
            found = quantise_binary(stage, gains=self.gains, widths=widths, current=current)
        else:
            found = quantise_spiking(
                stage,
                gains=self.gains,
                scale=scale,
                widths=widths,
                start=share,
                current=current,
                waits=self.method.phased and not current,
                takes_back=self.method.neurons.signed,
            )
        if self.entry.encoding == "hybrid" and SOURCE in stage.sources:
            shift = np.full(stage.shape[0], self.entry.bits)
            return replace(found, current_shift=shift)
        return found

    def _bound(self, stage: Stage) -> float:
        bound = model_scale(stage, self.bounds)
        if stage.activation.ceiling is not None:
            bound = min(bound, stage.activation.ceiling)
        if stage.activation.binary:
            bound = 1.0
        return -bound if stage.activation.signed else bound

    def _scale(self, stage: Stage, wanted: Activations, seen: Activations) -> Floats:
        method = self.method
        if self.fitted:
            signed = stage.activation.signed
            return mse_scale(
                wanted, method.timesteps, responses=seen, signed=signed, seed=method.seed
            )
        if method.norm == "none":
            return np.ones(stage.shape[0])
        if method.norm == "percentile":
            return percentile_scale(wanted, method.percentile, per_channel=method.per_channel)
        if method.norm == "model":
            return np.full(stage.shape[0], abs(self._bound(stage)))
        units = dict.fromkeys(stage.sources, 1.0) | {SOURCE: self.bounds[SOURCE]}
        return np.full(stage.shape[0], data_scale(stage, wanted, units))

    def _rate(self, train: Trains) -> Activations:
        """Spikes a step, ``(images, *shape)``."""
        return train.sum(0, dtype=np.float32) / np.float32(self.method.timesteps)

    def _rates(self, name: str) -> Activations:
        """What the integer network's spikes stand for, ``(images, *shape)``."""
        train = self.trains.get(name)
        if train is None:
            return self.floats[name]
        rate = self._rate(train)
        return rate * _wide(self.gains[name], rate.ndim - 1).astype(np.float32)

    def _responses(
        self,
        stage: Stage,
        values: Mapping[str, Activations],
        weights: Sequence[npt.NDArray[np.generic]] | None = None,
    ) -> Activations:
        """``W x + bias`` ``(images, *shape)`` in single precision, also with other weights."""
        bias = torch.from_numpy(stage.bias.astype(np.float32))
        images = len(values[stage.sources[0]])
        parts = []
        for part in batches(images):
            total = bias[None]
            for place, term in enumerate(stage.terms):
                x = torch.from_numpy(values[term.source][part])
                total = total + respond(term, x, None if weights is None else weights[place])
            parts.append(total)
        return torch.cat(parts).numpy()

    def _integer_response(self, stage: Stage, integers: Quantised, current: bool) -> Activations:
        """``W x + bias`` with the integer weights on what the integer network emits."""
        unit = integers.unit
        if integers.current_shift is not None and current:
            unit = unit / (1 << integers.current_shift)
        weights = []
        for term, weight, shift in zip(stage.terms, integers.weights, integers.shifts, strict=True):
            one = unit[slice(*term.target_range)]
            if term.kind == "dense":
                one = np.repeat(one, len(weight) // len(one))
            weights.append(weight * (1 << shift) * one.reshape(-1, *(1,) * (weight.ndim - 1)))
        inputs = {}
        for name in stage.sources:
            train = self.trains.get(name)
            inputs[name] = self.floats[name] if train is None else self._rate(train)
        return self._responses(stage, inputs, weights)

    def _simulated(self, found: Calibrated) -> Trains:
        """Spikes that the integers emit, by the rules of the contract.

        ``(steps, images, *shape)``, or where only their numbers matter, ``(1, images, *shape)``.
        """
        stage, population = found.stage, found.population
        steps = self.method.timesteps
        waits = self.method.phased and not self._is_current(stage)
        emitted = []
        for part in batches(self._images):
            current = self._current(found, part)
            if waits:
                arrived = self._sums(found, self._counts(stage, part))
                emitted.append(spike_counts(population, arrived + current, steps)[None].numpy())
            elif self._is_current(stage):
                emitted.append(trains_of(population, repeat(current, steps)))
            else:
                emitted.append(trains_of(population, self._arrivals(found, part, current)))
        trains = np.concatenate(emitted, axis=1)
        if self.method.phased and stage.name not in self.gated:
            return trains.sum(0, keepdims=True, dtype=np.int32)
        return trains

    @property
    def _images(self) -> int:
        return len(next(iter(self.floats.values())))

    def _counts(self, stage: Stage, part: slice) -> dict[str, npt.NDArray[np.integer]]:
        return {name: self.trains[name][:, part].sum(0, dtype=np.int32) for name in stage.sources}

    def _arrivals(
        self, found: Calibrated, part: slice, current: torch.Tensor
    ) -> Iterator[torch.Tensor]:
        """What each step brings; the current of ``hybrid`` comes with the first."""
        for step in range(self.method.timesteps):
            spikes = {name: self.trains[name][step, part] for name in found.stage.sources}
            arrived = self._sums(found, spikes)
            yield arrived + current if step == 0 else arrived

    def _current(self, found: Calibrated, part: slice) -> torch.Tensor:
        """Input current after its shift; zeros where none comes in."""
        shift = found.integers.current_shift
        if shift is None:
            return torch.zeros(len(range(*part.indices(self._images))), *found.stage.shape).long()
        pixels = self.floats[SOURCE][part].astype(np.int32)
        total = self._sums(found, {SOURCE: pixels})
        return total >> torch.from_numpy(_wide(shift, len(found.stage.shape)))

    def _sums(
        self, found: Calibrated, sources: Mapping[str, npt.NDArray[np.integer]]
    ) -> torch.Tensor:
        """Exact integer sums of weights; single precision holds integers of 24 bits."""
        stage, integers = found.stage, found.integers
        total = torch.zeros((), dtype=torch.int64)
        for term, weight, shift in zip(stage.terms, integers.weights, integers.shifts, strict=True):
            if term.source in sources:
                sums = _exact(term, weight, sources[term.source])
                total = total + (sums << shift)
        return total


def _exact(
    term: Term, weight: npt.NDArray[np.int64], source: npt.NDArray[np.integer]
) -> torch.Tensor:
    fan_in = np.abs(weight).reshape(len(weight), -1).sum(1).max()
    most = int(np.abs(source).max(initial=1))
    exact = torch.float32 if fan_in * most < 1 << 24 else torch.float64
    return respond(term, torch.from_numpy(source).to(exact), weight).to(torch.int64)


def _activated(stage: Stage, responses: Activations) -> Activations:
    return stage.activation.apply(torch.from_numpy(responses)).numpy()


def _shifted(stage: Stage, seen: Activations, wanted: Activations) -> tuple[Stage, Activations]:
    """Stage and responses with the mean put right, by which each channel's response is off.

    The mean is over responses that the activation lets through in either network; how far below 0
    a ReLU's are does not matter.
    """
    axes = (0, *range(2, wanted.ndim))
    missing = wanted - seen
    if stage.activation.signed:
        shift = missing.mean(axes, dtype=np.float64)
    else:
        active = (wanted > 0) | (seen > 0)
        missing *= active
        shift = missing.sum(axes, dtype=np.float64) / np.maximum(active.sum(axes), 1)
    wide = _wide(shift, len(stage.shape))
    return replace(stage, bias=stage.bias + wide), seen + wide.astype(np.float32)


def _wide(values: np.ndarray, rank: int) -> np.ndarray:
    """Values per channel, or per neuron, against ``(images, *shape)``."""
    return values if values.ndim == rank else values.reshape(-1, *(1,) * (rank - 1))
