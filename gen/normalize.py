"""Scale of every population: the activation that one spike in every time step stands for.

An activation ``a`` becomes ``T a / scale`` spikes in T steps, so the weights into a population
are multiplied by the scale of their source and divided by its own.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from augend.gen.graph import Floats
from augend.gen.stage import Stage

__all__ = [
    "Activations",
    "data_scale",
    "model_scale",
    "mse_scale",
    "percentile_scale",
    "squared_error",
]

Activations = npt.NDArray[np.float32]

GRID = 32
SAMPLES = 4_000_000
QUIET = 0.05
"""Least scale of a channel, as a share of its layer's greatest.

Below it a channel would need weights coarser than its threshold, and spike much for little.
"""


def model_scale(stage: Stage, bounds: Mapping[str, float]) -> float:
    """Greatest activation that the weights allow (Diehl 2015, algorithm 1).

    ``max_pos_input`` of the algorithm is the greatest sum of positive weights into a neuron; here
    it is multiplied by the bound of the source, which is the product of the factors of the layers
    before, and a positive bias counts as one more input (Rueckauer 2017, 2.2.2.1).

    Parameters
    ----------
    stage
        Weights and biases.
    bounds
        Greatest value of each source, the greatest pixel for the input; below 0 where the source
        can be as far below 0 as above.
    """
    sums = np.zeros(stage.shape[0])
    for term in stage.terms:
        bound = bounds[term.source]
        rows = np.maximum(term.rows, 0) if bound >= 0 else np.abs(term.rows)
        sums[slice(*term.target_range)] += rows.sum(1) * abs(bound)
    biases = np.abs(stage.bias) if stage.activation.signed else np.maximum(stage.bias, 0)
    return _positive(float((sums + biases.reshape(len(sums), -1).max(1)).max()))


def data_scale(stage: Stage, activations: Activations, units: Mapping[str, float]) -> float:
    """Greatest activation or weight (Diehl 2015, algorithm 2: ``max(max_wt, max_act)``).

    Parameters
    ----------
    stage
        Weights.
    activations
        ``(images, *shape)``, after the activation.
    units
        Value of each source that the paper calls 1: the greatest pixel for the input, else 1.
    """
    weights = (float(term.weight.max()) * units[term.source] for term in stage.terms)
    return _positive(max(*weights, float(np.abs(activations).max())))


def percentile_scale(activations: Activations, percentile: float, *, per_channel: bool) -> Floats:
    """Percentile of what activations there are, without sign (Rueckauer 2017, 2.2.2.2), ``(C,)``.

    A channel that is never active takes the layer's greatest scale, so that it stays silent.
    """
    channels = activations.shape[1]
    activations = np.abs(activations)
    groups = _by_channel(activations) if per_channel else activations.reshape(1, -1)
    scales = np.array(
        [np.percentile(group[group > 0], percentile) if group.max() > 0 else 0 for group in groups]
    )
    return np.broadcast_to(_fill(scales), (channels,)).copy()


def mse_scale(
    activations: Activations,
    timesteps: int,
    *,
    responses: Activations | None = None,
    signed: bool = False,
    seed: int = 0,
) -> Floats:
    """Scale per channel, ``(C,)``, that minimises the error of T-level activations.

    Minimises ``mean (a - s clip(floor(T r / s + 1/2), 0, T) / T)^2`` over calibration data, first
    on a grid and then between the neighbours of its best point. A channel that is never active
    takes the layer's greatest scale, and no scale is less than a twentieth of it.

    Parameters
    ----------
    activations
        ``a``, ``(images, *shape)``, after the ReLU of the float network.
    timesteps
        T.
    responses
        ``r``, what the spiking neurons see in place of ``a``; ``a`` itself by default.
    signed
        Whether spikes of -1 stand for what is below 0: the clip is from -T then.
    seed
        Of the sample that is drawn where there are more than four million activations.
    """
    wanted = _by_channel(activations)
    seen = wanted if responses is None else _by_channel(responses)
    least = -timesteps if signed else 0
    most = max(SAMPLES // len(wanted), 1)
    greatest = np.maximum(wanted.max(1), -wanted.min(1)) if signed else wanted.max(1)
    if wanted.shape[1] > most:
        chosen = np.random.default_rng(seed).choice(wanted.shape[1], most, replace=False)
        chosen.sort()
        wanted, seen = wanted[:, chosen], seen[:, chosen]
    ratios = np.geomspace(0.04, 1.2, GRID)  # (candidates,) of the greatest activation
    best = ratios[
        _errors(wanted, seen, greatest[None] * ratios[:, None], timesteps, least).argmin(0)
    ]
    near = np.geomspace(1 / (ratios[1] / ratios[0]), ratios[1] / ratios[0], 15)
    finer = near[:, None] * (best * greatest)[None]
    errors = _errors(wanted, seen, finer, timesteps, least)
    scales = np.take_along_axis(finer, errors.argmin(0)[None], 0)[0]
    scales = _fill(np.where(greatest > 0, scales, 0))
    return np.maximum(scales, QUIET * scales.max())


def squared_error(
    activations: Activations,
    responses: Activations,
    scale: Floats,
    timesteps: int,
    *,
    signed: bool = False,
) -> Floats:
    """Mean squared error, ``(C,)``, of T-level activations at a scale per channel."""
    least = -timesteps if signed else 0
    wanted, seen = _by_channel(activations), _by_channel(responses)
    return _errors(wanted, seen, scale[None], timesteps, least)[0]


def _errors(
    wanted: Activations, seen: Activations, scales: Floats, timesteps: int, least: int
) -> Floats:
    """Mean squared error ``(candidates, C)`` of scales ``(candidates, C)``."""
    errors = np.empty(scales.shape)
    for candidate, row in enumerate(scales.astype(np.float32)):
        step = np.maximum(row, np.float32(1e-30))[:, None] / np.float32(timesteps)
        levels = seen / step
        levels += np.float32(0.5)
        np.floor(levels, out=levels)
        np.clip(levels, least, timesteps, out=levels)
        levels *= step
        levels -= wanted
        errors[candidate] = np.einsum("cn,cn->c", levels, levels) / levels.shape[1]
    return errors


def _by_channel(activations: Activations) -> Activations:
    """``(C, samples)`` of ``(images, C, ...)``."""
    return np.ascontiguousarray(
        activations.reshape(*activations.shape[:2], -1).transpose(1, 0, 2), dtype=np.float32
    ).reshape(activations.shape[1], -1)


def _fill(scales: Floats) -> Floats:
    return np.where(scales > 0, scales, _positive(float(scales.max())))


def _positive(scale: float) -> float:
    return scale if scale > 0 else 1.0
