"""What the networks share: the shape of an image, and the first weights."""

from collections.abc import Sequence

import torch
from torch import nn

__all__ = ["Shape", "checked_shape", "initialise"]

Shape = tuple[int, int, int]


def checked_shape(shape: Sequence[int]) -> Shape:
    """The shape of one image, ``(C, H, W)``; anything else is a ValueError."""
    if len(shape) != 3 or min(shape) < 1:
        raise ValueError(f"an image has the shape (C, H, W), not {tuple(shape)}")
    channels, height, width = shape
    return channels, height, width


def initialise(network: nn.Sequential) -> None:
    """Keep the variance from layer to layer (He 2015); the output has no ReLU behind it."""
    for name, layer in network.named_children():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            nonlinearity = "linear" if name == "output" else "relu"
            with torch.no_grad():
                nn.init.kaiming_normal_(layer.weight, nonlinearity=nonlinearity)
                if layer.bias is not None:
                    layer.bias.zero_()
