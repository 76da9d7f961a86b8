"""VGG networks that become single-spike networks with hybrid input: Datta 2021."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from augend.gen.encoding import spike_steps
from augend.gen.entry import Input
from augend.gen.frontends.nir_neurons import leak_shifts
from augend.gen.graph import Floats
from augend.gen.spiking_form import SpikingForm, SpikingLayer
from augend.gen.training.byte_dropout import dropped, left_out
from augend.gen.training.datta_neurons import single_spikes
from augend.gen.training.datta_readout import spike_times
from augend.gen.training.layers import checked_shape

__all__ = ["POOL", "DattaVgg", "PooledLayer", "hybrid_input"]

POOL = 0
"""In a list of channels: the mean over windows of 2 x 2."""
LEAST_THRESHOLD = 0.01


@torch.no_grad()
def hybrid_input(images: torch.Tensor, timesteps: int) -> torch.Tensor:
    """Pixels in the first step, then one spike each (Datta 2021, eq. 4 and 5).

    Parameters
    ----------
    images
        0 to 1, ``(images, C, H, W)``.
    timesteps
        T.

    Returns
    -------
    torch.Tensor
        ``(steps, images, C, H, W)``.
    """
    entry = Input(shape=tuple(images.shape[1:]), encoding="hybrid")
    levels = (images * 255 + 0.5).to(torch.uint8).int()
    times = torch.from_numpy(spike_steps(entry, timesteps))
    spikes = (torch.arange(timesteps)[:, None] == times).to(images.dtype)
    arriving = torch.stack([each[levels] for each in spikes])
    arriving[0] = levels / 255
    return arriving


class PooledLayer(nn.Module):
    """Weights without biases, with the leak and threshold of their neurons."""

    def __init__(self, weights: nn.Conv2d | nn.Linear, pooled: int) -> None:
        super().__init__()
        nn.init.kaiming_normal_(weights.weight, nonlinearity="relu")
        self.weights = weights
        self.pooled = pooled
        self.leak = nn.Parameter(torch.ones(()))
        self.threshold = nn.Parameter(torch.ones(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Sums of activations, or of the spikes of a step."""
        if self.pooled > 1:
            x = functional.avg_pool2d(x, self.pooled)
        return self.weights(x if isinstance(self.weights, nn.Conv2d) else x.flatten(1))


class DattaVgg(nn.Module):
    """A VGG of 3 x 3 convolutions, mean pooling and dense layers, without biases (Datta 2021).

    It begins as an ANN of ReLUs. Once `spiking` is 1, neurons spike at most once in T steps, with a
    leak and a threshold a layer that are trained too. Images ``(images, C, H, W)`` of 0 to 1 go
    in, scores ``(images, classes)`` come out: those of the ANN, or potentials after T steps; while
    it trains on spikes ``(images, 2, classes)``, potentials and spike times.

    Parameters
    ----------
    shape
        Shape of one image, ``(C, H, W)``.
    classes
        Number of outputs.
    channels
        Of the convolutions, in order; 0 is a pool.
    dense
        Neurons of the hidden dense layers.
    timesteps
        T.
    dropout
        Share of each hidden layer's neurons that is left out of a training step.
    late
        Neurons learn after their spike too; see `augend.gen.training.datta_neurons`.
    """

    spiking: torch.Tensor

    def __init__(
        self,
        *,
        shape: Sequence[int],
        classes: int,
        channels: Sequence[int] = (64, POOL, 128, POOL),
        dense: Sequence[int] = (256,),
        timesteps: int = 5,
        dropout: float = 0.0,
        late: bool = True,
    ) -> None:
        super().__init__()
        depth, height, width = self.shape = checked_shape(shape)
        self.timesteps = timesteps
        self.dropout = dropout
        self.late = late
        layers: list[PooledLayer] = []
        pooled = 1
        for count in channels:
            if count == POOL:
                pooled *= 2
                continue
            height, width = height // pooled, width // pooled
            layers.append(PooledLayer(nn.Conv2d(depth, count, 3, padding=1, bias=False), pooled))
            depth, pooled = count, 1
        inputs = depth * (height // pooled) * (width // pooled)
        for count in (*dense, classes):
            layers.append(PooledLayer(nn.Linear(inputs, count, bias=False), pooled))
            inputs, pooled = count, 1
        self.layers = nn.ModuleList(layers)
        if any(size % 2 for size in self._pooled_sizes()):
            raise ValueError(f"images of {tuple(shape)} do not halve as often as {channels} pools")
        self.register_buffer("spiking", torch.zeros((), dtype=torch.int64))

    @property
    def stack(self) -> list[PooledLayer]:
        """From the pixels to the outputs."""
        return [layer for layer in self.layers if isinstance(layer, PooledLayer)]

    def _pooled_sizes(self) -> list[int]:
        """Rows and columns before each pool of 2 x 2."""
        (_, height, width), sizes = self.shape, []
        for layer in self.stack:
            for _ in range(int(math.log2(layer.pooled))):
                sizes += [height, width]
                height, width = height // 2, width // 2
        return sizes

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Scores; see the class."""
        if not self.spiking:
            for layer in self.stack[:-1]:
                images = dropped(layer(images).relu(), self.dropout if self.training else 0)
            return self.stack[-1](images)
        potentials = self.potentials(hybrid_input(images, self.timesteps))
        if not self.training:
            return potentials[-1]
        times = spike_times(potentials.detach(), self.stack[-1].threshold)
        return torch.stack([potentials[-1], times], 1)

    def potentials(self, arriving: torch.Tensor) -> torch.Tensor:
        """Potentials of the outputs after each step (eq. 9), ``(steps, images, classes)``."""
        for layer in self.stack[:-1]:
            with torch.no_grad():  # moved back, not clamped, so that they can leave the edge again
                layer.leak.clamp_(0, 1)
                layer.threshold.clamp_(LEAST_THRESHOLD)
            arriving = single_spikes(
                self.stepped(layer, arriving), layer.leak, layer.threshold, late=self.late
            )
            if self.training and self.dropout:
                arriving = arriving * left_out(arriving[0], self.dropout)
        return self.stepped(self.stack[-1], arriving).float().cumsum(0)

    @staticmethod
    def stepped(layer: PooledLayer, arriving: torch.Tensor) -> torch.Tensor:
        """What a layer adds up in each step, ``(steps, images, ...)``."""
        steps, images = arriving.shape[:2]
        sums = layer(arriving.flatten(0, 1))
        return sums.reshape(steps, images, *sums.shape[1:])

    def spiking_form(self) -> SpikingForm:
        """Its layers in floats, each pool folded into the weights behind it."""
        if not self.spiking:
            raise ValueError("this network is an ANN still; train it on spikes first")
        described = []
        depth, height, width = self.shape
        for place, layer in enumerate(self.stack, start=1):
            weight = layer.weights.weight.detach().double().numpy()
            times, last = layer.pooled, place == len(self.stack)
            channels = len(weight)
            height, width = height // times, width // times
            if weight.ndim == 4:
                shape: tuple[int, ...] = (channels, height, width)
                name, folded = f"conv{place}", _spread(weight, times)
            else:
                rows = weight.reshape(channels, depth, height, width)
                shape, name = (channels,), f"dense{place}"
                folded = _spread(rows, times).reshape(channels, -1)
                height = width = 1
            leak = min(max(float(layer.leak.detach()), 0.0), 1.0)
            threshold = max(float(layer.threshold.detach()), LEAST_THRESHOLD)
            described.append(
                SpikingLayer(
                    name="output" if last else name,
                    shape=shape,
                    weight=folded,
                    threshold=None if last else np.full(channels, threshold),
                    stride=(times, times),
                    padding=(times, times) if weight.ndim == 4 else (0, 0),
                    leak=() if last else leak_shifts(leak),
                    single_spike=not last,
                    macs=weight.size * math.prod(shape[1:]),
                )
            )
            depth = channels
        entry = Input(shape=self.shape, encoding="hybrid")
        return SpikingForm(
            entry=entry, layers=tuple(described), timesteps=self.timesteps, decode="potential"
        )


def _spread(weight: Floats, times: int) -> Floats:
    """Weights behind a mean over ``times`` x ``times``, as such with as many times the taps."""
    return np.repeat(np.repeat(weight, times, 2), times, 3) / times**2
