"""Spikes that integers emit, by the rules of the contract: what calibration measures on.

Whole images in PyTorch, layer by layer; the golden model in `augend.sim` is the one that decides.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import numpy.typing as npt
import torch

from augend.gen.evaluate import convolve, greatest
from augend.gen.gate import Gate
from augend.gen.population import Population
from augend.gen.stage import Gating

__all__ = ["Trains", "gated", "spike_counts", "trains_of"]

Trains = npt.NDArray[np.integer]  # (steps, images, *shape); signed


@dataclass(kw_only=True)
class _State:
    """What neurons remember between steps, ``(images, *shape)`` each."""

    potential: torch.Tensor
    total: torch.Tensor
    resting: torch.Tensor
    last: torch.Tensor | None = None


def spike_counts(population: Population, arrived: torch.Tensor, steps: int) -> torch.Tensor:
    """Spikes of all steps of neurons that first take everything in: ``(images, *shape)``.

    Parameters
    ----------
    population
        Integers.
    arrived
        Weights that arrived in all steps, int64 ``(images, *shape)``.
    steps
        T.
    """
    threshold, bias, start = (
        torch.from_numpy(population.per_neuron(values).copy())
        for values in (population.threshold, population.bias, population.initial)
    )
    total = start + arrived + steps * bias
    counts = torch.div(total, threshold, rounding_mode="floor").clamp(0, steps)
    if population.negative_threshold is None or population.negative_step is None:
        return counts
    level, step = (
        torch.from_numpy(population.per_neuron(values).copy())
        for values in (population.negative_threshold, population.negative_step)
    )
    below = torch.div(-total - level, step, rounding_mode="floor") + 1
    return counts - below.clamp(0, steps) * (total < threshold)


def trains_of(population: Population, arrivals: Iterable[torch.Tensor]) -> Trains:
    """Spikes step by step, int8 ``(steps, images, *shape)``; most_spikes is taken to be 1.

    Parameters
    ----------
    population
        Integers.
    arrivals
        What each step adds, int64 ``(images, *shape)``: weights and current, not the bias.
    """
    state: _State | None = None
    start = torch.from_numpy(population.per_neuron(population.initial).copy())
    trains = []
    for step, arriving in enumerate(arrivals):
        if state is None:
            nothing = torch.zeros_like(arriving)
            state = _State(
                potential=nothing + start, total=nothing.clone(), resting=nothing.clone()
            )
        trains.append(_stepped(population, state, arriving, step).to(torch.int8).numpy())
    return np.stack(trains)


def _stepped(
    population: Population, state: _State, arriving: torch.Tensor, step: int
) -> torch.Tensor:
    def wide(values: npt.NDArray[np.int64]) -> torch.Tensor:
        return torch.from_numpy(population.per_neuron(values).copy())

    threshold = wide(population.threshold)
    v = state.potential
    v = v - sum((v >> shift for shift in population.leak), torch.zeros_like(v)) + arriving
    if population.inhibition and state.last is not None:
        others = state.last.flatten(1).sum(1).reshape(-1, *(1,) * (v.ndim - 1)) - state.last
        v = v - population.inhibition * others
    v = v + wide(population.bias)
    if step < population.clamp_steps:
        v = wide(population.initial).expand_as(v)
    able = state.resting == 0
    if population.single_spike:
        able = able & (state.total == 0)
    spikes = ((v >= threshold) & able).to(torch.int64)
    fall = spikes * threshold
    if population.negative_threshold is not None and population.negative_step is not None:
        down = (v <= -wide(population.negative_threshold)) & (v < threshold) & able
        if population.takes_back:
            down = down & (state.total > 0)
        spikes = spikes - down.to(torch.int64)
        fall = fall - down * wide(population.negative_step)
    v = v - fall if population.reset == "subtract" else torch.where(spikes != 0, 0, v)
    if population.floor is not None:
        v = torch.maximum(v, wide(population.floor))
    state.potential = v
    state.total = state.total + spikes
    state.last = spikes.abs()
    resting = torch.where(spikes != 0, population.refractory, state.resting - 1)
    state.resting = resting.clamp_min(0)
    return spikes


def gated(gating: Gating, trains: Trains, gate: Gate) -> Trains:
    """Spikes that a gate passes, ``(steps, images, *shape)``; see `augend.gen.gate`."""
    spikes = torch.from_numpy(np.asarray(trains, np.float32))
    if gate.rule == "any":
        return np.stack([greatest(gating, step).numpy() for step in spikes]).astype(trains.dtype)
    if gate.rule == "count":
        leads = accumulate(spikes)
    else:

        def online(rate: torch.Tensor, spike: torch.Tensor) -> torch.Tensor:
            return rate - torch.floor(rate / (1 << gate.decay)) + 65536 * spike

        leads = accumulate(spikes.double(), online, initial=torch.zeros_like(spikes[0]).double())
        next(leads)
    passed = []
    for step, lead in zip(spikes, leads, strict=True):
        windows, places = _windows(gating, lead, -torch.inf), _windows(gating, step, 0)
        winner = windows.argmax(2, keepdim=True)  # the first among equals
        passed.append(places.gather(2, winner)[:, :, 0].reshape(len(step), *gate.shape))
    return torch.stack(passed).numpy().astype(trains.dtype)


def _windows(gate: Gating, x: torch.Tensor, missing: float) -> torch.Tensor:
    """``(images, C, places of a window, windows)`` of ``(images, C, H, W)``."""
    images, channels = x.shape[:2]
    taps = gate.kernel[0] * gate.kernel[1]
    one = torch.eye(taps, dtype=x.dtype).reshape(taps, 1, *gate.kernel)
    flat = x.reshape(images * channels, 1, *x.shape[2:])
    shape = (taps, *gate.shape[1:])
    finite = convolve(flat, one, shape, gate.stride, gate.padding, gate.dilation)
    there = convolve(
        torch.ones_like(flat[:1]), one, shape, gate.stride, gate.padding, gate.dilation
    )
    finite = torch.where(there > 0, finite, missing)
    return finite.reshape(images, channels, taps, -1)
