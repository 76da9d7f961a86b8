"""What ``convert`` makes of residual, branched, depthwise and grouped modules can be placed."""

import numpy as np
import pytest
import torch
from torch import nn

from augend.gen import convert
from augend.gen.place import place


class Residual(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, before, channels, stride):
        super().__init__()
        self.first = nn.Conv2d(before, channels, 3, stride, 1)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1)
        same = before == channels and stride == 1
        self.shortcut = nn.Identity() if same else nn.Conv2d(before, channels, 1, stride)

    def forward(self, x):
        return torch.relu(self.second(torch.relu(self.first(x))) + self.shortcut(x))


class Fire(nn.Module):
    """Two branches, concatenated."""

    def __init__(self, before, squeezed, each):
        super().__init__()
        self.squeeze = nn.Conv2d(before, squeezed, 1)
        self.small = nn.Conv2d(squeezed, each, 1)
        self.large = nn.Conv2d(squeezed, each, 3, 1, 1)

    def forward(self, x):
        x = torch.relu(self.squeeze(x))
        return torch.cat([torch.relu(self.small(x)), torch.relu(self.large(x))], 1)


class Inverted(nn.Module):
    """Expansion, depthwise convolution and linear projection beside a shortcut."""

    def __init__(self, channels):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, 2 * channels, 1),
            nn.ReLU6(),
            nn.Conv2d(2 * channels, 2 * channels, 3, 1, 1, groups=2 * channels),
            nn.ReLU6(),
            nn.Conv2d(2 * channels, channels, 1),
        )

    def forward(self, x):
        return x + self.body(x)


def module(name):
    torch.manual_seed(0)
    body = {
        "residual": [Residual(6, 6, 1), Residual(6, 10, 2)],
        "fire": [Fire(6, 3, 5), nn.AvgPool2d(2)],
        "inverted": [Inverted(6), nn.Conv2d(6, 10, 1), nn.ReLU6()],
        "shuffled": [
            nn.Conv2d(6, 10, 1, groups=2),
            nn.ChannelShuffle(2),
            nn.ReLU(),
            nn.Conv2d(10, 10, 3, 1, 1, groups=10),
            nn.ReLU(),
        ],
    }[name]
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(10, 3)]
    return nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), nn.ReLU(), *body, *head).eval()


@pytest.mark.parametrize("name", ["residual", "fire", "inverted", "shuffled"])
def test_it_is_placed_and_the_phased_schedule_holds_fewer_words(name) -> None:
    images = np.random.default_rng(0).random((8, 3, 8, 8), np.float32)
    words = {}
    for schedule in ("synchronous", "phased"):
        network = convert(module(name), images, schedule=schedule, timesteps=2).network
        for lanes, cores in ((4, 1), (16, 2)):
            placement = place(network, lanes=lanes, cores=cores)
            words[schedule, lanes] = sum(core.potential_words for core in placement.cores)
            assert sum(len(core.weight) for core in placement.cores) > 0
    assert words["phased", 4] < words["synchronous", 4]
