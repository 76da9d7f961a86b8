"""The piece that turns an ANN into a spiking network on the way: Datta 2021, section V-A."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from augend.gen.training.datta_networks import DattaVgg
from augend.gen.training.piece import Options, Piece, Run

__all__ = ["SpikesFromAnn", "direct_activity", "percentile_thresholds"]


@torch.no_grad()
def percentile_thresholds(
    network: DattaVgg, images: torch.Tensor, percentile: float, share: float
) -> None:
    """Set thresholds, layer by layer, from what arrives, and leaks to none (Datta 2021, V-A).

    A layer's threshold is ``share`` times the percentile of its input over all neurons, images and
    steps. Pixels are applied in every step while they are looked for, and the layers before spike
    with the thresholds they have got, as often as they reach them.

    Parameters
    ----------
    network
        Trained as an ANN.
    images
        ``(images, C, H, W)``; the paper takes 512.
    percentile
        99.7 in the paper.
    share
        0.4 in the paper.
    """
    network.eval()
    arriving = images.expand(network.timesteps, *images.shape)
    for layer in network.stack:
        currents = network.stepped(layer, arriving)
        flat = currents.flatten()
        found = flat.kthvalue(max(math.ceil(percentile / 100 * len(flat)), 1)).values
        layer.threshold.fill_(share * max(float(found), 1e-3))
        layer.leak.fill_(1.0)
        arriving = _fired(currents, layer.threshold)
    network.train()


@torch.no_grad()
def direct_activity(network: DattaVgg, images: torch.Tensor) -> list[float]:
    """Spikes a neuron and image of each hidden layer, under the encoding Datta 2021 starts from.

    Pixels come in every step, and neurons that do not leak spike as often as they reach their
    threshold (fig. 3, "direct").

    Parameters
    ----------
    network
        With the thresholds that `percentile_thresholds` sets.
    images
        ``(images, C, H, W)``.
    """
    arriving = images.expand(network.timesteps, *images.shape)
    activity = []
    for layer in network.stack[:-1]:
        arriving = _fired(network.stepped(layer, arriving), layer.threshold)
        activity.append(float(arriving.sum(0).mean()))
    return activity


def _fired(currents: torch.Tensor, threshold: torch.Tensor) -> torch.Tensor:
    """Spikes of neurons that add up, fire and subtract."""
    potential, spikes = torch.zeros_like(currents[0]), []
    for step in currents:
        potential = potential + step
        spikes.append((potential >= threshold).float())
        potential = potential - spikes[-1] * threshold
    return torch.stack(spikes)


@dataclass(frozen=True, kw_only=True)
class SpikesFromAnn(Options):
    """A `DattaVgg` is an ANN for some epochs; then it spikes.

    Parameters
    ----------
    epochs
        Of the ANN.
    percentile, share
        Of thresholds; see `percentile_thresholds`.
    images
        Training images that they are looked for with.
    """

    epochs: int
    percentile: float = 99.7
    share: float = 0.4
    images: int = 512

    def __post_init__(self) -> None:
        if self.epochs < 0 or self.images < 1:
            raise ValueError(
                f"epochs {self.epochs} must not be below 0, images {self.images} not below 1"
            )
        if not 0 < self.percentile <= 100 or self.share <= 0:
            raise ValueError(
                f"percentile {self.percentile} must be above 0 and up to 100, share {self.share} "
                f"above 0"
            )

    def start(self, network: nn.Module, run: Run) -> Piece:
        """See `Options`."""
        if not isinstance(network, DattaVgg):
            raise ValueError(f"only a datta-vgg spikes on the way, not {type(network).__name__}")
        return _SpikesFromAnn(network, self, run)


class _SpikesFromAnn(Piece):
    def __init__(self, network: DattaVgg, options: SpikesFromAnn, run: Run) -> None:
        self._network = network
        self._options = options
        self._images = run.images[: options.images]

    def begin_epoch(self, epoch: int) -> None:
        """Convert before the first epoch on spikes."""
        if epoch == self._options.epochs + 1:
            how = self._options
            percentile_thresholds(self._network, self._images, how.percentile, how.share)
            self._network.spiking.fill_(1)

    def settled(self) -> bool:
        """Whether it spikes."""
        return bool(self._network.spiking)

    def report(self) -> Mapping[str, Any]:
        """What it is."""
        return {"as": "spikes" if self.settled() else "ANN"}
