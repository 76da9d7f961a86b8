"""Training for few time steps: activations take the values that so many spikes can say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from augend.gen.training.piece import Options, Piece, Run

__all__ = ["SpikeLevels", "Spikes"]


@dataclass(frozen=True, kw_only=True)
class Spikes(Options):
    """Activations are rounded to so many spikes at most.

    Parameters
    ----------
    spikes
        Most spikes a neuron, which is the number of time steps.
    first
        Share of the training steps before which nothing is rounded.
    price
        Of the additions that the spikes of the ReLUs cause: this is added to the loss for every
        thousand of them an image. A spike causes as many as its neuron has weights left that are
        not 0 in the next full layer.
    """

    spikes: int
    first: float = 0.1
    price: float = 0.0

    def __post_init__(self) -> None:
        if self.price < 0:
            raise ValueError(f"price is {self.price}; it must not be below 0")
        if self.spikes < 1 or not 0 <= self.first < 1:
            raise ValueError(
                f"spikes is {self.spikes}, first {self.first}; they must be 1 or more, and from 0 "
                f"to below 1"
            )

    def start(self, network: nn.Module, run: Run) -> "SpikeLevels":
        """See `augend.gen.training.piece.Options`."""
        return SpikeLevels(network, self.spikes, self.first * run.steps, self.price)


class SpikeLevels(Piece):
    """Rounds what every ReLU of a network puts out to whole spikes, while a loop trains it.

    A channel's spike stands for the activation ``s`` that loses least: the levels are
    ``s * min(floor(h / s + 0.5), spikes)``, as of neurons that start at half their threshold, and
    ``s`` is the least-squares fit of the levels to ``h`` (Lloyd 1982), followed over the batches.
    Gradients pass as if nothing were rounded, up to where there is no further spike. In evaluation
    mode a ReLU is a ReLU again.

    Parameters
    ----------
    network
        Its ReLUs are listened to until ``remove``; the first axis behind the images is channels.
    spikes
        Most spikes a neuron, which is the number of time steps.
    begin
        Steps after which rounding begins.
    price
        See `Spikes`.

    Raises
    ------
    ValueError
        When additions have a price, and a ReLU is not between two full layers.
    """

    MEMORY = 0.99
    """Share of a channel's sums that a batch leaves as they were."""

    def __init__(
        self, network: nn.Module, spikes: int, begin: float = 0, price: float = 0.0
    ) -> None:
        self._spikes = spikes
        self._begin = begin
        self._price = price
        self._costs: list[torch.Tensor] = []
        self._sums: dict[nn.Module, torch.Tensor] = {}
        self.active = False
        self._relus: list[nn.Module] = [
            module for module in network.modules() if isinstance(module, nn.ReLU)
        ]
        self._targets = _targets(network) if price else {}
        self._handles = [module.register_forward_hook(self._round) for module in self._relus]

    def after(self, step: int) -> None:
        """Round from the next step on where it is time."""
        self.active = step >= self._begin

    def cost(self) -> torch.Tensor | float:
        """The price of the additions that the spikes of the last forward pass cause."""
        additions = sum(self._costs)
        self._costs.clear()
        return self._price * additions / 1000

    def settled(self) -> bool:
        """Whether activations are rounded already."""
        return self.active

    def state(self) -> dict[str, Any]:
        """The sums of each ReLU that has been rounded."""
        sums = {self._relus.index(module): sums for module, sums in self._sums.items()}
        return {"active": self.active, "sums": sums}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what ``state`` gave."""
        self.active = state["active"]
        self._sums = {self._relus[number]: sums for number, sums in state["sums"].items()}

    def remove(self) -> None:
        """Leave the network as it was."""
        for handle in self._handles:
            handle.remove()

    def _round(
        self, module: nn.Module, _: tuple[torch.Tensor], outputs: torch.Tensor
    ) -> torch.Tensor | None:
        if not (module.training and self.active):
            return None
        with torch.no_grad():
            h = outputs.float().transpose(0, 1)  # (channels, images, ...)
            if module not in self._sums:
                first = h.flatten(1)
                on = (first > 0).sum(1).clamp(min=1)
                self._sums[module] = torch.stack([first.sum(1), on * self._spikes])
            sums = self._sums[module]
            extra = (-1, *(1,) * (h.ndim - 1))
            step = (sums[0] / sums[1].clamp(min=1e-12)).clamp(min=1e-6).reshape(extra)
            levels = (h / step + 0.5).floor().clamp(max=self._spikes)
            flat = levels.flatten(1)
            found = torch.stack([(h.flatten(1) * flat).sum(1), flat.square().sum(1)])
            sums.lerp_(found, 1 - self.MEMORY)
            rounded = (levels * step).transpose(0, 1).to(outputs.dtype)
            most = (step * (self._spikes + 0.5)).transpose(0, 1).to(outputs.dtype)
        held = torch.minimum(outputs, most)
        if self._price:
            fan_out = self._targets[module].weight.count_nonzero(0)  # (neurons,)
            shares = held.float() / step.transpose(0, 1)
            spikes = shares + (levels.transpose(0, 1) - shares).detach()
            self._costs.append((spikes * fan_out).sum(1).mean())
        return held + (rounded - held).detach()


def _targets(network: nn.Module) -> dict[nn.Module, nn.Linear]:
    """The full layer behind each ReLU."""
    found: dict[nn.Module, nn.Linear] = {}
    waiting: nn.Module | None = None
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            waiting = module
        elif isinstance(module, nn.Linear) and waiting is not None:
            found[waiting], waiting = module, None
        elif isinstance(module, nn.Conv2d):
            raise ValueError("additions have a price only where all layers are full")
    if waiting is not None:
        raise ValueError("additions have a price only where every ReLU has a full layer behind it")
    return found
