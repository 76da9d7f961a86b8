"""Neil 2016, 2.4: costs of the hidden activations, which stand for the spikes to come."""

from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import nn

from augend.gen.training.piece import Options, Piece, Run

__all__ = ["ActivationCost", "ActivationListener", "ActivationOptions", "SparseCoding"]


@dataclass(frozen=True, kw_only=True)
class ActivationOptions(Options):
    """A cost of what the ReLUs of a network put out.

    Parameters
    ----------
    epochs
        Of training before the cost begins: the network learns its task first.
    """

    epochs: int = 0

    @abstractmethod
    def of(self, y: torch.Tensor) -> torch.Tensor:
        """The cost of a layer's activations, ``(images, neurons)``: mean of the images."""

    def start(self, network: nn.Module, run: Run) -> "ActivationListener":
        """See `augend.gen.training.piece.Options`."""
        return ActivationListener(network, self)


@dataclass(frozen=True, kw_only=True)
class SparseCoding(ActivationOptions):
    """Neil 2016, equation 1: ``s_cost ||y - s_targ 1||`` of each hidden layer.

    Parameters
    ----------
    cost
        ``s_cost``.
    target
        ``s_targ``, the activation that every neuron is drawn to.
    """

    cost: float
    target: float

    def __post_init__(self) -> None:
        if self.epochs < 0 or self.cost < 0 or self.target < 0:
            raise ValueError(
                f"epochs is {self.epochs}, cost {self.cost}, target {self.target}; none may be "
                f"below 0"
            )

    def of(self, y: torch.Tensor) -> torch.Tensor:
        """See `ActivationOptions`."""
        return self.cost * (y - self.target).norm(dim=1).mean()


@dataclass(frozen=True, kw_only=True)
class ActivationCost(ActivationOptions):
    """Neil 2016, equation 2: ``c_act sum I(y > c_min) y^2`` over the neurons of a layer.

    Parameters
    ----------
    cost
        ``c_act``.
    least
        ``c_min``: activations up to this are free.
    """

    cost: float
    least: float

    def __post_init__(self) -> None:
        if self.epochs < 0 or self.cost < 0 or self.least < 0:
            raise ValueError(
                f"epochs is {self.epochs}, cost {self.cost}, least {self.least}; none may be "
                f"below 0"
            )

    def of(self, y: torch.Tensor) -> torch.Tensor:
        """See `ActivationOptions`."""
        return self.cost * (y.square() * (y > self.least)).sum(1).mean()


class ActivationListener(Piece):
    """Adds up a cost over all ReLUs of a network.

    Parameters
    ----------
    network
        Its ReLUs are listened to until ``remove``.
    options
        What an activation costs, and from which epoch on.
    """

    def __init__(self, network: nn.Module, options: ActivationOptions) -> None:
        self._options = options
        self._costs: list[torch.Tensor] = []
        self._active = False
        relus = [module for module in network.modules() if isinstance(module, nn.ReLU)]
        self._handles = [module.register_forward_hook(self._listen) for module in relus]

    def begin_epoch(self, epoch: int) -> None:
        """Begin when it is time."""
        self._active = epoch > self._options.epochs

    def _listen(self, module: nn.Module, _: tuple[torch.Tensor], outputs: torch.Tensor) -> None:
        if module.training and self._active:
            self._costs.append(self._options.of(outputs.float().flatten(1)))

    def cost(self) -> torch.Tensor | float:
        """What the activations of the last forward pass cost."""
        total = sum(self._costs)
        self._costs.clear()
        return total

    def settled(self) -> bool:
        """Whether the cost is on."""
        return self._active

    def remove(self) -> None:
        """Listen to the network no longer."""
        for handle in self._handles:
            handle.remove()
