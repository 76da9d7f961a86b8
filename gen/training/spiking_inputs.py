"""Images as the spikes that a rate-coded input of the hardware makes of them."""

import math

import numpy as np
import torch

from augend.gen.encoding import spike_thresholds
from augend.gen.entry import Input
from augend.gen.lfsr import DRAW_BITS, draws_by_step

__all__ = ["rate_spikes"]

HALF = 1 << (DRAW_BITS - 1)


@torch.no_grad()
def rate_spikes(images: torch.Tensor, entry: Input, timesteps: int, *, drawn: bool) -> torch.Tensor:
    """Spikes of the encoding ``rate``, 0 or 1, ``(steps, images, inputs)``.

    Parameters
    ----------
    images
        Intensities of 0 to 1, ``(images, C, H, W)``.
    entry
        The input of the network that is trained.
    timesteps
        Number of time steps T.
    drawn
        True: Bernoulli spikes of the same probabilities (white misses one in 65,536), from
        PyTorch's generator, for training.
        False: those of the hardware's shift register, which are the same for every run.
    """
    most = (1 << entry.bits) - 1
    levels = (images.flatten(1) * most + 0.5).floor().long()
    limits = torch.from_numpy(spike_thresholds(entry).astype(np.float32))[levels]
    shape = (timesteps, *levels.shape)
    if drawn:
        seed = int(torch.randint(1 << 62, ()))
        random = np.random.Generator(np.random.SFC64(seed)).bytes(2 * math.prod(shape))
        words = torch.from_numpy(np.frombuffer(random, np.int16).copy().reshape(shape))
        shifted = (limits - HALF).clamp(max=HALF - 1).to(torch.int16)
        return (words < shifted).view(torch.uint8)
    words = draws_by_step(entry.seed, timesteps, levels.shape[1]).astype(np.float32)
    return (torch.from_numpy(words)[:, None] < limits).view(torch.uint8)
