"""Float stages to integers, layer by layer, on calibration images."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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

Trains = npt.NDArray[np.uint8]  # (steps, images, *shape)


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
    gain = np.ones(stages[0].source_shape[0])
    bound = unit = float((1 << method.pixel_bits) - 1)
    trains: Trains | None = None
    activations: Activations | npt.NDArray[np.uint8] = pixels
    results = []
    for stage in stages:
        current = stage is stages[0]
        wanted = _activations(stage, activations)
        seen = wanted
        if method.norm == "mse" and trains is not None:
            rates = trains.mean(0, dtype=np.float32)
            rates *= _wide(gain, rates.ndim - 1).astype(np.float32)
            seen = _activations(stage, rates)
            shift = _shift(wanted, seen, stage)
            stage = replace(stage, bias=stage.bias + _wide(shift, len(stage.shape)))
            seen += _wide(shift, len(stage.shape)).astype(np.float32)
        if not stage.spiking:
            results.append(
                quantise_readout(
                    stage,
                    gain=gain,
                    weight_bits=method.weight_bits,
                    timesteps=method.timesteps,
                    current=current,
                )
            )
            break
        np.maximum(wanted, 0, out=wanted)
        bound = model_scale(stage, bound)
        scale = _scale(stage, wanted, seen, bound, unit, method)
        quantised = quantise_spiking(
            stage,
            gain=gain,
            scale=scale,
            weight_bits=method.weight_bits,
            timesteps=method.timesteps,
            initial=method.initial,
            current=current,
            phased=method.phased,
        )
        results.append(quantised)
        if method.norm == "mse":
            source = pixels if trains is None else trains
            trains = _simulate(stage, quantised, source, method)
        activations, gain, unit = wanted, scale, 1.0
    return results


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


def _shift(wanted: Activations, seen: Activations, stage: Stage) -> Floats:
    """Mean by which a channel's response on quantised inputs is too low, ``(C,)``.

    The mean is over responses that the ReLU lets through in either network; how far below 0 the
    others are does not matter.
    """
    axes = (0, *range(2, wanted.ndim))
    missing = wanted - seen
    if not stage.spiking:
        return missing.mean(axes, dtype=np.float64)
    active = (wanted > 0) | (seen > 0)
    return (missing * active).sum(axes, dtype=np.float64) / np.maximum(active.sum(axes), 1)


def _activations(stage: Stage, source: npt.NDArray[np.generic]) -> Activations:
    """``W x + bias`` ``(images, *shape)`` in single precision."""
    bias = torch.from_numpy(stage.bias.astype(np.float32))
    parts = [
        respond(stage, torch.from_numpy(source[part].astype(np.float32))) + bias
        for part in batches(len(source))
    ]
    return torch.cat(parts).numpy()


def _simulate(
    stage: Stage, quantised: Quantised, source: npt.NDArray[np.uint8], method: Method
) -> Trains:
    """Spikes ``(steps, images, *shape)`` that the integers emit, by the rules of the contract."""
    steps = method.timesteps
    shift = quantised.current_shift
    current = shift is not None
    images = source.shape[0 if current else 1]
    trains = np.empty((steps, images, *stage.shape), np.uint8)
    threshold = torch.from_numpy(_wide(quantised.threshold, len(stage.shape)))
    bias = torch.from_numpy(_wide(quantised.bias, len(stage.shape)))
    start = torch.from_numpy(_wide(quantised.initial, len(stage.shape)))
    for part in batches(images):
        if shift is not None:
            arriving = _sums(stage, quantised, source[part])
            arriving >>= torch.from_numpy(_wide(shift, len(stage.shape)))
        elif method.phased:
            arriving = _sums(stage, quantised, source[:, part].sum(0, dtype=np.uint8))
            counts = (start + arriving + steps * bias) // threshold
            for step in range(steps):
                trains[step, part] = (counts > step).numpy()
            continue
        potential = start.expand(len(range(images)[part]), *stage.shape).clone()
        for step in range(steps):
            if not current:
                arriving = _sums(stage, quantised, source[step, part])
            potential += arriving + bias
            spikes = potential >= threshold
            potential -= spikes * threshold
            trains[step, part] = spikes.numpy()
    return trains


def _sums(stage: Stage, quantised: Quantised, source: npt.NDArray[np.uint8]) -> torch.Tensor:
    """Exact integer sums of weights; single precision holds integers of 24 bits."""
    fan_in = np.abs(quantised.weight).reshape(len(quantised.weight), -1).sum(1).max()
    exact = torch.float32 if fan_in * int(source.max(initial=1)) < 1 << 24 else torch.float64
    return respond(stage, torch.from_numpy(source).to(exact), quantised.weight).to(torch.int64)


def _wide(values: np.ndarray, rank: int) -> np.ndarray:
    """Values per channel, or per neuron, against ``(images, *shape)``."""
    return values if values.ndim == rank else values.reshape(-1, *(1,) * (rank - 1))
