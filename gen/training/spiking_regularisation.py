"""Pieces that keep weights and thresholds of spiking layers in balance: Lee 2016, section 5."""

from dataclasses import dataclass

import torch
from torch import nn

from augend.gen.training.piece import Options, Piece, Run
from augend.gen.training.spiking_layers import LeakyLayer

__all__ = ["ExponentialWeights", "ThresholdBalance", "balance_thresholds", "exponential_cost"]


def exponential_cost(weight: torch.Tensor, strength: float, steepness: float) -> torch.Tensor:
    """Exponential regularisation of a layer (Lee 2016, eq. 13), summed over its neurons.

    The squared weights of each neuron are held near a sum of 1, which eq. 9 starts them with.

    Parameters
    ----------
    weight
        ``(neurons, synapses)``.
    strength, steepness
        lambda and beta of the paper.
    """
    excess = weight.square().sum(1) - 1
    return 0.5 * strength * (steepness * excess).exp().sum()


@torch.no_grad()
def balance_thresholds(
    threshold: torch.Tensor,
    weight: torch.Tensor,
    counts: torch.Tensor,
    strength: float,
    lowest: float,
) -> None:
    """Threshold regularisation (Lee 2016, section 5.2) for the spikes of a batch, in place.

    A spike raises its neuron's threshold by ``strength`` times the number N of neurons, and lowers
    all N by ``strength``, so that their sum stays. What would lower a threshold below ``lowest``
    raises all of the neuron's weights by as much instead.

    Parameters
    ----------
    threshold, weight
        ``(neurons,)`` and ``(neurons, synapses)``.
    counts
        Mean spikes of each neuron an image, ``(neurons,)``.
    strength
        rho.
    lowest
        Above 0.
    """
    threshold.add_(strength * (len(counts) * counts - counts.sum()))
    missing = (lowest - threshold).clamp(min=0)
    weight.add_(missing[:, None])
    threshold.clamp_(min=lowest)


@dataclass(frozen=True, kw_only=True)
class ExponentialWeights(Options):
    """Exponential regularisation of the hidden layers of spiking neurons (Lee 2016, eq. 13).

    Parameters
    ----------
    strength
        lambda, for an image: the paper's is 0.002 to 0.04.
    steepness
        beta: the paper's is 10.
    """

    strength: float
    steepness: float = 10.0

    def __post_init__(self) -> None:
        if self.strength < 0 or self.steepness <= 0:
            raise ValueError(
                f"strength {self.strength} must not be below 0, steepness {self.steepness} above 0"
            )

    def start(self, network: nn.Module, run: Run) -> Piece:
        """See `Options`."""
        return _Exponential(network, self)


class _Exponential(Piece):
    def __init__(self, network: nn.Module, options: ExponentialWeights) -> None:
        self._layers = _hidden_layers(network)
        self._options = options

    def cost(self) -> torch.Tensor:
        """Sum over the layers."""
        how = self._options
        costs = [exponential_cost(x.weight, how.strength, how.steepness) for x in self._layers]
        return torch.stack(costs).sum()


@dataclass(frozen=True, kw_only=True)
class ThresholdBalance(Options):
    """Threshold regularisation of the hidden layers of spiking neurons (Lee 2016, section 5.2).

    Parameters
    ----------
    strength
        rho, for the mean image of a batch: the paper's is 0.00004 to 0.0002 for a spike.
    decay
        Epochs after which e is left of it 1/e; the paper's is 35.
    """

    strength: float
    decay: float = 35.0

    def __post_init__(self) -> None:
        if self.strength < 0 or self.decay <= 0:
            raise ValueError(
                f"strength {self.strength} must not be below 0, decay {self.decay} above 0"
            )

    def start(self, network: nn.Module, run: Run) -> Piece:
        """See `Options`."""
        return _Balance(network, self, run.epoch_steps)


class _Balance(Piece):
    def __init__(self, network: nn.Module, options: ThresholdBalance, epoch_steps: int) -> None:
        self._options = options
        self._epoch_steps = epoch_steps
        self._counts: dict[LeakyLayer, torch.Tensor] = {}
        self._handles = [x.register_forward_hook(self._count) for x in _hidden_layers(network)]

    def _count(self, layer: nn.Module, _: object, outputs: tuple[torch.Tensor, ...]) -> None:
        if layer.training and isinstance(layer, LeakyLayer):
            self._counts[layer] = outputs[0].sum(0, dtype=torch.float32).mean(0)

    def after(self, step: int) -> None:
        """Move thresholds by the spikes of the step."""
        left = float(torch.tensor(-step / self._epoch_steps / self._options.decay).exp())
        for layer, counts in self._counts.items():
            strength = self._options.strength * left
            balance_thresholds(layer.threshold, layer.weight, counts, strength, layer.lowest)

    def remove(self) -> None:
        """Leave the layers as they were."""
        for handle in self._handles:
            handle.remove()


def _hidden_layers(network: nn.Module) -> list[LeakyLayer]:
    """The layers but the last, where that is read by its spikes."""
    layers = [module for module in network.modules() if isinstance(module, LeakyLayer)]
    return layers[:-1] if layers and list(network.children())[-1] is layers[-1] else layers
