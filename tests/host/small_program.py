"""A converted digits network for the host's tests, untrained: nothing here needs skill."""

from functools import cache

import numpy as np
import torch
from torch import nn

from augend.gen import Program, convert
from augend.gen.datasets import load


class Small(nn.Module):
    """A convolution, and a linear layer."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, bias=False)
        self.fc = nn.Linear(144, 10)

    def forward(self, x):
        return self.fc(torch.relu(self.conv(x)).flatten(1))


def small_module():
    torch.manual_seed(0)
    return Small()


@cache
def small_program(**options) -> Program:
    calibration = load("digits", "train").images[:64]
    return convert(small_module(), calibration, timesteps=3, lanes=4, **options)


def some_images(count=6) -> np.ndarray:
    return load("digits", "test").images[:count]
