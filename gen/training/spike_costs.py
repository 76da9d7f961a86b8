"""What a network's spikes cost: every spike times the synapses that it goes through."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from augend.gen.training.piece import Options, Piece, Run
from augend.gen.training.spike_activations import Heaviside, Sign, SpikeCount

__all__ = ["SpikeBudget", "SpikeCosts", "fan_outs", "input_additions"]

SPIKING = (Heaviside, Sign, SpikeCount)


@dataclass(frozen=True, kw_only=True)
class SpikeBudget(Options):
    """Additions that an image may cost: what is above has its price in the loss.

    Parameters
    ----------
    millions
        Additions an image, those of the input included; 0 makes every addition cost.
    price
        Of a million additions above it.
    pixel_bits
        Width of the pixels, whose set bits are the input's spikes.
    full
        Share of the training steps until the price has grown, in a straight line, to its height.
    """

    millions: float
    price: float = 1.0
    pixel_bits: int = 8
    full: float = 0.3

    def __post_init__(self) -> None:
        if self.millions < 0 or self.price <= 0:
            raise ValueError(
                f"millions is {self.millions}, price {self.price}; they must be 0 or more, and "
                f"above 0"
            )
        if not 1 <= self.pixel_bits <= 8 or not 0 < self.full <= 1:
            raise ValueError(
                f"pixel_bits is {self.pixel_bits}, full {self.full}; they must be 1 to 8, and "
                f"above 0 and at most 1"
            )

    def start(self, network: nn.Module, run: Run) -> "SpikeCosts":
        """See `augend.gen.training.piece.Options`."""
        return SpikeCosts(network, self, run)


class SpikeCosts(Piece):
    """Listens to a network's spikes and puts a price on what is above the budget.

    The gradient of a spike is that of its activation, times its exact fan-out.

    Parameters
    ----------
    network
        A chain of layers with the activations of `augend.gen.training.spike_activations`, which
        are listened to until ``remove``.
    budget
        What may be spent.
    run
        Steps, and images whose pixels are counted.
    """

    MEMORY = 0.99
    """Share of the mean additions, as they are shown, that a batch leaves as they were."""

    def __init__(self, network: nn.Module, budget: SpikeBudget, run: Run) -> None:
        if not isinstance(network, nn.Sequential):
            raise ValueError("a spike budget needs a chain of layers, an nn.Sequential")
        self._budget, self._steps = budget, run.steps
        self.fan_out = fan_outs(network, run.images.shape[1:])
        pixels = (
            input_additions(part, budget.pixel_bits, self.fan_out[None]).sum().item()
            for part in run.images.split(1000)
        )
        self.input = sum(pixels) / len(run.images)
        self.mean = 0.0
        self._grown = 0.0
        self._costs: list[torch.Tensor] = []
        self._handles = [
            layer.register_forward_hook(self._hear) for layer in network if layer in self.fan_out
        ]

    def before(self, step: int) -> None:
        """Let the price grow."""
        self._grown = min(step / (self._budget.full * self._steps), 1.0)

    def cost(self) -> torch.Tensor | float:
        """The price of what the last forward pass spent above the budget."""
        if not self._costs:
            return 0.0
        spent = (torch.stack(self.take()).sum() + self.input) / 1e6
        self.mean += (1 - self.MEMORY if self.mean else 1.0) * (spent.item() - self.mean)
        return self._budget.price * self._grown * functional.relu(spent - self._budget.millions)

    def take(self) -> list[torch.Tensor]:
        """Additions an image behind each activation, of the last forward pass."""
        costs, self._costs = self._costs, []
        return costs

    def report(self) -> Mapping[str, str]:
        """Millions of additions an image while training."""
        return {"additions": f"{self.mean:.3f} M"}

    def state(self) -> dict[str, float]:
        """The mean that is shown."""
        return {"mean": self.mean}

    def restore(self, state: Mapping[str, float]) -> None:
        """Take back what ``state`` gave."""
        self.mean = state["mean"]

    def remove(self) -> None:
        """Listen no longer."""
        for handle in self._handles:
            handle.remove()

    def _hear(self, layer: nn.Module, _: tuple[torch.Tensor], spikes: torch.Tensor) -> None:
        if layer.training:
            steps = layer.steps if isinstance(layer, SpikeCount) else 1
            share = (spikes.abs() if isinstance(layer, Sign) else spikes).mean(0, dtype=torch.float)
            self._costs.append(steps * (share * self.fan_out[layer].to(share.device)).sum())


@torch.enable_grad()
def fan_outs(network: nn.Sequential, shape: Iterable[int]) -> dict[nn.Module | None, torch.Tensor]:
    """Synapses out of every neuron of each activation, and of each pixel under None.

    Each tensor has the shape of one image's activations. Averages between fold into the synapses
    behind them; at edges there are fewer.

    Parameters
    ----------
    network
        A chain of layers.
    shape
        Of one image.
    """
    found: dict[nn.Module | None, torch.Tensor] = {}
    source: nn.Module | None = None
    x = start = torch.zeros(1, *shape, requires_grad=True)
    for layer in network:
        if isinstance(layer, nn.Linear | nn.Conv2d):
            ones = torch.ones(layer.weight.shape)
            if isinstance(layer, nn.Linear):
                sums = functional.linear(x, ones)
            else:
                sums = layer._conv_forward(x, ones, None)
            found[source] = torch.autograd.grad(sums.sum(), start)[0][0].round()
            x = start = torch.zeros_like(sums, requires_grad=True)
        elif isinstance(layer, SPIKING):
            source = layer
        elif isinstance(layer, nn.AvgPool2d):
            window = layer.kernel_size
            height, width = window if isinstance(window, tuple) else (window, window)
            x = functional.avg_pool2d(x, window, layer.stride) * (height * width)
        elif isinstance(layer, nn.Flatten):
            x = x.flatten(1)
    return found


def input_additions(images: torch.Tensor, bits: int, fan_out: torch.Tensor) -> torch.Tensor:
    """Additions that the pixels cost, those of every set bit: ``(images,)``."""
    most = (1 << bits) - 1
    pixels = (images * most + 0.5).floor().to(torch.uint8)
    planes = torch.zeros_like(images)
    for bit in range(bits):
        planes += pixels >> bit & 1
    return (planes * fan_out.to(images.device)).flatten(1).sum(1)
