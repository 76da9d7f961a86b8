"""Neil 2016, 2.5.3: full layers that first learn to restore what is hidden of their inputs."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from augend.gen.training.piece import Options, Piece, Run

__all__ = ["AutoEncoder", "StackedAutoEncoder"]


@dataclass(frozen=True, kw_only=True)
class AutoEncoder(Options):
    """A stacked auto-encoder with zero masking, before the training with labels.

    Each full layer but the last learns, after the one before, to give its input back through a
    linear decoder of its own from an input of which a share is replaced with zero; the decoder is
    thrown away (Vincent 2010, 3). The cost is the mean squared error of the restored input.

    Parameters
    ----------
    epochs
        For each layer.
    masking
        Share of the inputs that is replaced with zero: ``p``.
    learning_rate
        Of Adam.
    batch
        Images a step.
    """

    epochs: int
    masking: float
    learning_rate: float = 1e-3
    batch: int = 128

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 1 or self.learning_rate <= 0:
            raise ValueError(
                f"epochs is {self.epochs}, batch {self.batch}, learning_rate {self.learning_rate}; "
                f"they must be 1 or more, and above 0"
            )
        if not 0 <= self.masking < 1:
            raise ValueError(f"masking is {self.masking}; it must be from 0 to below 1")

    def start(self, network: nn.Module, run: Run) -> "StackedAutoEncoder":
        """See `augend.gen.training.piece.Options`."""
        return StackedAutoEncoder(network, self, run.images)


class StackedAutoEncoder(Piece):
    """Trains the hidden layers of a multi-layer perceptron without labels, before all else."""

    def __init__(self, network: nn.Module, options: AutoEncoder, images: torch.Tensor) -> None:
        self._options = options
        self._images = images
        layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
        self._layers = layers[:-1]
        if not self._layers:
            raise ValueError("an auto-encoder needs a network with a hidden full layer")

    def begin(self) -> None:
        """Train one layer after the other."""
        inputs = self._images.flatten(1)
        for layer in self._layers:
            self._train(layer, inputs)
            with torch.no_grad():
                inputs = torch.cat([layer(part).relu() for part in inputs.split(5000)])

    def _train(self, layer: nn.Linear, inputs: torch.Tensor) -> None:
        decoder = nn.Linear(layer.out_features, layer.in_features).to(inputs.device)
        parameters = [*layer.parameters(), *decoder.parameters()]
        optimizer = torch.optim.Adam(parameters, lr=self._options.learning_rate)
        for _ in range(self._options.epochs):
            order = torch.randperm(len(inputs)).to(inputs.device)
            for chosen in order.split(self._options.batch):
                clean = inputs[chosen]
                kept = torch.rand(clean.shape).to(clean.device) >= self._options.masking
                with torch.autocast(clean.device.type, torch.bfloat16):
                    restored = decoder(layer(clean * kept).relu())
                loss = functional.mse_loss(restored.float(), clean)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
