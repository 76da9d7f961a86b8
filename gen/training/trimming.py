"""Fewer additions from a trained network: its first neurons need a little more to spike."""

import copy

import torch
from torch import nn

from augend.gen.training.spike_costs import fan_outs, input_additions

__all__ = ["additions", "trimmed"]

PART = 1000
HALVINGS = 12
MOST = 1.0
"""Standard deviations that a threshold is raised by at most."""


@torch.no_grad()
def additions(network: nn.Sequential, images: torch.Tensor, pixel_bits: int) -> float:
    """Mean additions an image of a network in evaluation mode, those of the input included.

    Parameters
    ----------
    network
        A chain of layers with the activations of `augend.gen.training.spike_activations`.
    images
        ``(images, C, H, W)``, rounded to ``pixel_bits``.
    pixel_bits
        Width of the pixels, whose set bits are the input's spikes.
    """
    fan_out = fan_outs(network, images.shape[1:])
    total = 0.0
    for x in images.split(PART):
        total += input_additions(x, pixel_bits, fan_out[None]).sum().item()
        for layer in network:
            x = layer(x)
            if layer in fan_out:
                total += (x.abs().sum(0, dtype=torch.double) * fan_out[layer]).sum().item()
    return total / len(images)


def trimmed(
    network: nn.Sequential, images: torch.Tensor, *, pixel_bits: int, millions: float
) -> nn.Sequential:
    """A copy whose first spiking layer has all its thresholds raised until a budget is kept.

    They are raised by the same share of each channel's standard deviation, the least one found by
    halving. A budget in training is kept on the views that training sees; other images, which
    nothing has turned or blurred, can cost a little more.

    Parameters
    ----------
    network
        In evaluation mode; a normalisation without a learnt scale is before its first activation.
    images
        Of the validation split, ``(images, C, H, W)``, rounded to ``pixel_bits``.
    pixel_bits
        Width of the pixels.
    millions
        Additions an image, those of the input included.

    Raises
    ------
    ValueError
        When no such threshold keeps the budget, or there is no normalisation.
    """
    network = copy.deepcopy(network)
    norms = [m for m in network if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    if not norms:
        raise ValueError("a network without batch normalisation has no thresholds to raise")
    bias = norms[0].bias.detach()
    before = bias.clone()

    def kept(raised: float) -> bool:
        bias.copy_(before - raised)
        return additions(network, images, pixel_bits) <= 1e6 * millions

    if kept(0.0):
        return network
    low, high = 0.0, MOST
    if not kept(high):
        raise ValueError(
            f"no threshold keeps a budget of {millions:g} million additions; train with less"
        )
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if kept(middle) else (middle, high)
    kept(high)
    return network
