"""Float stages to integers, layer by layer, on calibration images."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from augend.gen.evaluate import batches, respond
from augend.gen.graph import Floats
from augend.gen.normalize import (
    Activations,
    data_scale,
    model_scale,
    mse_scale,
    percentile_scale,
)
from augend.gen.quantize import Quantised, Start, quantise_readout, quantise_spiking
from augend.gen.stage import Stage

__all__ = ["Method", "Norm", "calibrate"]

Norm = Literal["mse", "percentile", "data", "model"]

Trains = npt.NDArray[np.integer]  # (steps, images, *shape)

MOST_SPIKES = 1 << 29
"""Spikes of one population that are kept at once; more time steps use fewer images."""


@dataclass(frozen=True, kw_only=True)
class Method:
    """How scales are found and integers made; fields as ``convert`` takes them."""

    norm: Norm
    percentile: float
    per_channel: bool
    weight_bits: int
    timesteps: int
    initial: Start
    phased: bool
    pixel_bits: int
    seed: int


def calibrate(
    stages: Sequence[Stage], pixels: npt.NDArray[np.uint8], method: Method
) -> list[Quantised]:
    """Integers of every stage.

    ``mse`` goes layer by layer over what the integer network before it really emits on the
    calibration images: the bias of each channel is shifted by the mean that it is off, and the
    scale is the one that brings its spikes closest to the float activations.

    Parameters
    ----------
    stages
        Float stages on integer pixels; the last is read out.
    pixels
        Calibration images, ``(images, *input_shape)``.
    method
        Options.
    """
    fitted = method.norm == "mse"
    if fitted:
        widest = max(int(np.prod(stage.shape)) for stage in stages)
        pixels = pixels[: max(MOST_SPIKES // (widest * method.timesteps), 16)]
    gain = np.ones(stages[0].source_shape[0])
    bound = unit = float((1 << method.pixel_bits) - 1)
    activations: npt.NDArray[np.generic] = pixels  # of the float network
    source: Trains = pixels  # of the integer network
    results = []
    for stage in stages:
        current = stage is stages[0]
        wanted = _activations(stage, activations)
        seen = wanted
        if fitted and not current:
            rates = _rates(source, method) * _wide(gain, source.ndim - 2).astype(np.float32)
            seen = _activations(stage, rates)
            stage, seen = _shifted(stage, seen, wanted)
        bound = model_scale(stage, bound)
        scale = np.ones(stage.shape[0])
        if stage.spiking:
            scale = _scale(stage, np.maximum(wanted, 0), seen, bound, unit, method)
        quantised = _integers(stage, gain, scale, current, method)
        if fitted:
            seen = _integer_response(stage, quantised, source, method)
            stage, _ = _shifted(stage, seen, wanted)
            quantised = _integers(stage, gain, scale, current, method)
        results.append(quantised)
        if fitted and stage.spiking:
            source = _simulate(stage, quantised, source, method)
        activations, gain, unit = np.maximum(wanted, 0), scale, 1.0
    return results


def _integers(
    stage: Stage, gain: Floats, scale: Floats, current: bool, method: Method
) -> Quantised:
    if not stage.spiking:
        return quantise_readout(
            stage,
            gain=gain,
            weight_bits=method.weight_bits,
            timesteps=method.timesteps,
            current=current,
        )
    return quantise_spiking(
        stage,
        gain=gain,
        scale=scale,
        weight_bits=method.weight_bits,
        timesteps=method.timesteps,
        initial=method.initial,
        current=current,
        phased=method.phased,
    )


def _rates(source: Trains, method: Method) -> Activations:
    """Spikes a step, ``(images, *shape)``."""
    return source.sum(0, dtype=np.float32) / np.float32(method.timesteps)


def _integer_response(
    stage: Stage, quantised: Quantised, source: Trains, method: Method
) -> Activations:
    """``W x + bias`` with the integer weights on what the integer network emits."""
    shift = quantised.current_shift
    unit = quantised.unit
    if shift is None:
        inputs = _rates(source, method)
    else:
        inputs, unit = source, unit / (1 << shift)
    return _activations(stage, inputs, quantised.weight * _wide(unit, quantised.weight.ndim))


def _scale(
    stage: Stage,
    wanted: Activations,
    seen: Activations,
    bound: float,
    unit: float,
    method: Method,
) -> Floats:
    if method.norm == "mse":
        return mse_scale(wanted, method.timesteps, responses=seen, seed=method.seed)
    if method.norm == "percentile":
        return percentile_scale(wanted, method.percentile, per_channel=method.per_channel)
    one = bound if method.norm == "model" else data_scale(stage, wanted, unit)
    return np.full(stage.shape[0], one)


def _shifted(stage: Stage, seen: Activations, wanted: Activations) -> tuple[Stage, Activations]:
    """Stage and responses with the mean put right, by which each channel's response is off.

    The mean is over responses that the ReLU lets through in either network; how far below 0 the
    others are does not matter.
    """
    axes = (0, *range(2, wanted.ndim))
    missing = wanted - seen
    if stage.spiking:
        active = (wanted > 0) | (seen > 0)
        missing *= active
        shift = missing.sum(axes, dtype=np.float64) / np.maximum(active.sum(axes), 1)
    else:
        shift = missing.mean(axes, dtype=np.float64)
    wide = _wide(shift, len(stage.shape))
    return replace(stage, bias=stage.bias + wide), seen + wide.astype(np.float32)


def _activations(
    stage: Stage, source: npt.NDArray[np.generic], weight: npt.NDArray[np.generic] | None = None
) -> Activations:
    """``W x + bias`` ``(images, *shape)`` in single precision, also with another ``weight``."""
    bias = torch.from_numpy(stage.bias.astype(np.float32))
    parts = [
        respond(stage, torch.from_numpy(source[part].astype(np.float32)), weight) + bias
        for part in batches(len(source))
    ]
    return torch.cat(parts).numpy()


def _simulate(
    stage: Stage, quantised: Quantised, source: npt.NDArray[np.integer], method: Method
) -> Trains:
    """Spikes that the integers emit, by the rules of the contract.

    ``(steps, images, *shape)``, or where the schedule is phased their numbers,
    ``(1, images, *shape)``: there only they matter.
    """
    steps, shift = method.timesteps, quantised.current_shift
    images = source.shape[1 if shift is None else 0]
    threshold, bias, start = (
        torch.from_numpy(_wide(values, len(stage.shape)))
        for values in (quantised.threshold, quantised.bias, quantised.initial)
    )
    emitted = []
    for part in batches(images):
        if shift is None and method.phased:
            arriving = _sums(stage, quantised, source[:, part].sum(0, dtype=np.int32))
            counts = (start + arriving + steps * bias) // threshold
            emitted.append(counts.clamp(0, steps)[None].to(torch.int32).numpy())
            continue
        if shift is None:
            arrivals = (_sums(stage, quantised, source[step, part]) for step in range(steps))
        else:
            current = _sums(stage, quantised, source[part])
            arrivals = repeat(current >> torch.from_numpy(_wide(shift, len(stage.shape))), steps)
        trains = _fire(arrivals, threshold, bias, start)
        emitted.append(trains.sum(0, keepdims=True, dtype=np.int32) if method.phased else trains)
    return np.concatenate(emitted, axis=1)


def _fire(
    arrivals: Iterable[torch.Tensor],
    threshold: torch.Tensor,
    bias: torch.Tensor,
    start: torch.Tensor,
) -> npt.NDArray[np.uint8]:
    """Integrate, compare and reset by subtraction, step by step: ``(steps, images, *shape)``."""
    potential = start
    trains = []
    for arriving in arrivals:
        potential = potential + arriving + bias
        spikes = potential >= threshold
        potential = potential - spikes * threshold
        trains.append(spikes.to(torch.uint8).numpy())
    return np.stack(trains)


def _sums(stage: Stage, quantised: Quantised, source: npt.NDArray[np.integer]) -> torch.Tensor:
    """Exact integer sums of weights; single precision holds integers of 24 bits."""
    fan_in = np.abs(quantised.weight).reshape(len(quantised.weight), -1).sum(1).max()
    exact = torch.float32 if fan_in * int(source.max(initial=1)) < 1 << 24 else torch.float64
    return respond(stage, torch.from_numpy(source).to(exact), quantised.weight).to(torch.int64)


def _wide(values: np.ndarray, rank: int) -> np.ndarray:
    """Values per channel, or per neuron, against ``(images, *shape)``."""
    return values if values.ndim == rank else values.reshape(-1, *(1,) * (rank - 1))
