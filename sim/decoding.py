"""What is read from the last population: scores after every step, and where an inference ends."""

import numpy as np
import numpy.typing as npt

from augend.gen.network import Ints, SpikingNetwork
from augend.gen.softmax import FRACTION_BITS
from augend.sim.spikes import Spikes
from augend.sim.synapses import flatten, unflatten

__all__ = ["exit_steps", "output_spikes", "scores_of"]

_FARTHEST = 1 << 40
"""A potential so far below the greatest never wins: the noise stays within 2**33."""


def scores_of(
    network: SpikingNetwork, spikes: Spikes | None, potentials: Ints | None, stepwise: bool
) -> Ints:
    """Scores of the readout.

    Parameters
    ----------
    network
        The network, which says how to decode.
    spikes
        Of a readout that fires, (images, steps, neurons) or sums.
    potentials
        Of one that accumulates, (images, steps or 1, neurons).
    stepwise
        For every step rather than the last.

    Returns
    -------
    (images, steps or 1, neurons)
    """
    if network.decode == "potential":
        assert potentials is not None
        scores = potentials if stepwise else potentials[:, -1:]
    elif network.decode == "softmax":
        assert potentials is not None
        scores = output_spikes(network, potentials).cumsum(1, dtype=np.int64)
        scores = scores if stepwise else scores[:, -1:]
    elif network.decode == "count":
        assert spikes is not None
        counted = spikes.stepwise.cumsum(1, dtype=np.int64) if stepwise else spikes.sums[:, None]
        scores = counted.astype(np.int64)
    else:
        assert spikes is not None
        seen = np.cumsum(spikes.stepwise > 0, axis=1) > 0
        scores = seen.cumsum(1, dtype=np.int64)  # steps from the first spike on, that one included
        scores = scores if stepwise else scores[:, -1:]
    return scores.clip(min=0) if network.rectified else scores


def output_spikes(network: SpikingNetwork, potentials: Ints) -> npt.NDArray[np.bool_]:
    """Output spikes that the classes of a softmax win in each step.

    Parameters
    ----------
    network
        The network, which has a softmax.
    potentials
        Of the readout after each step, (images, steps, neurons).

    Returns
    -------
    (images, steps, neurons)
    """
    from augend.gen.gumbel import TIE_BITS, gumbel_noise

    assert network.softmax is not None
    shape = network.readout.shape
    steps, noise, ties = gumbel_noise(network.softmax, network.timesteps, network.readout.size)
    read = unflatten(potentials[:, steps], shape).reshape(len(potentials), *noise.shape)
    if network.rectified:
        read = read.clip(min=0)
    below = read - read.max(2, keepdims=True)  # only differences decide; this leaves room to shift
    raised = (below.clip(min=-_FARTHEST) << FRACTION_BITS) + noise
    winners = ((raised << TIE_BITS) + ties).argmax(2)  # (images, ticks)
    spikes = np.zeros((len(potentials), network.timesteps, network.readout.size), np.bool_)
    spikes[np.arange(len(potentials))[:, None], steps, winners] = True
    return flatten(spikes.reshape(*spikes.shape[:2], *shape), shape)


def exit_steps(network: SpikingNetwork, scores: Ints) -> Ints:
    """Number of steps that images run, (images,), given their scores after each step."""
    images, steps, classes = scores.shape
    if network.exit_margin is None or classes < 2:
        return np.full(images, steps)
    best = np.partition(scores, classes - 2, axis=2)
    clear = best[..., -1] - best[..., -2] >= network.exit_margin
    return np.where(clear.any(1), clear.argmax(1) + 1, steps)
