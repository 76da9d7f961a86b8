"""Small perceptrons for 8 x 8 digits, trained in seconds: programs that a small FPGA holds."""

import numpy as np
import torch
from torch import nn

from augend.gen import convert
from augend.gen.datasets import load
from augend.gen.program import Program

__all__ = ["small_digits"]


def small_digits(hidden: int, *, timesteps: int, seed: int, epochs: int = 60) -> Program:
    """A program for two lanes of a perceptron 64-hidden-10, trained on the training set alone."""
    data = load("digits", "train")
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, hidden), nn.ReLU(), nn.Linear(hidden, 10))
    images = torch.tensor(np.asarray(data.images, np.float32))
    labels = torch.tensor(np.asarray(data.labels)).long()
    adam = torch.optim.Adam(network.parameters(), 3e-3, weight_decay=1e-4)
    for _ in range(epochs):
        for batch in torch.randperm(len(images), generator=generator).split(32):
            adam.zero_grad()
            nn.functional.cross_entropy(network(images[batch]), labels[batch]).backward()
            adam.step()
    return convert(
        network.eval(), data.images[:300], timesteps=timesteps, weight_bits=4, pixel_bits=4, lanes=2
    )
