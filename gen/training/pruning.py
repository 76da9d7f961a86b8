"""Pruning while training: weights that are taken out, in a form that hardware can leave out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import nn

from augend.gen.training.piece import Options, Piece, Run

__all__ = ["Form", "Pruner", "Pruning", "kept_weights"]

Form = Literal["weights", "blocks", "banks", "columns"]


@dataclass(frozen=True, kw_only=True)
class Pruning(Options):
    """Gradual magnitude pruning (Zhu and Gupta 2017, equation 1) of the full layers.

    The share of weights that are left falls from 1 to ``kept`` as a cubic curve. What goes first
    is what is worth least: the square of a weight, times that of its input (Sun 2023, equation 1),
    over what it costs, clocks whenever its input spikes and memory always. What is gone stays gone.

    Parameters
    ----------
    kept
        Share of its weights that each full layer has left in the end; 1 prunes nothing.
    form
        ``weights``: each by itself. ``blocks``: all ``lanes`` neighbouring outputs of an input
        together. ``banks``: the same number in each lane of each input; output n is in lane n
        modulo ``lanes`` (Cao 2019, section 3). ``columns``: all weights of an input together, so
        that the input need not be read; a learned mask where it is a pixel.
    lanes
        Outputs that hardware adds to at once.
    first, last
        Share of the training steps after which pruning begins and is done.
    price
        Of activations: this times the mean of each ReLU's outputs is added to the loss, because
        what does not spike costs nothing.
    """

    kept: tuple[float, ...]
    form: Form = "weights"
    lanes: int = 16
    first: float = 0.1
    last: float = 0.6
    price: float = 0.0

    def __post_init__(self) -> None:
        if not self.kept or not all(0 < share <= 1 for share in self.kept):
            raise ValueError(f"kept is {self.kept}; each share must be above 0 and at most 1")
        if self.form not in get_args(Form):
            raise ValueError(
                f"form is {self.form!r}; it must be one of {', '.join(map(repr, get_args(Form)))}"
            )
        if self.lanes < 1:
            raise ValueError(f"lanes is {self.lanes}; it must be 1 or more")
        if not 0 <= self.first < self.last <= 1:
            raise ValueError(
                f"pruning from {self.first} to {self.last} of the steps; it must begin before it "
                f"ends, both from 0 to 1"
            )
        if self.price < 0:
            raise ValueError(f"price is {self.price}; it must not be below 0")

    def start(self, network: nn.Module, run: Run) -> "Pruner":
        """See `augend.gen.training.piece.Options`."""
        return Pruner(network, self, run.steps)

    def share(self, layer: int, progress: float) -> float:
        """Share of a layer's weights that is left after a share of the training steps."""
        done = min(max((progress - self.first) / (self.last - self.first), 0.0), 1.0)
        return self.kept[layer] + (1 - self.kept[layer]) * (1 - done) ** 3


class Pruner(Piece):
    """Prunes a network while a loop trains it.

    Parameters
    ----------
    network
        Has as many full layers as ``pruning`` names shares.
    pruning
        What to do.
    steps
        Number of training steps.
    """

    EVERY = 50
    """Steps from one choice of weights to the next."""
    MEMORY = 0.99
    """Share of an input's mean square that a batch leaves as it was."""
    STORED = 0.1
    """What a weight's memory costs, beside the clocks of one whose input is a usual one."""

    def __init__(self, network: nn.Module, pruning: Pruning, steps: int) -> None:
        self._pruning = pruning
        self._steps = steps
        self._step = 0
        self._layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
        if len(self._layers) != len(pruning.kept):
            raise ValueError(
                f"kept names {len(pruning.kept)} layers; the network has {len(self._layers)} full "
                f"ones"
            )
        self._masks = [torch.ones_like(layer.weight) for layer in self._layers]
        self._squares = [torch.zeros_like(layer.weight[0]) for layer in self._layers]
        self._activity: list[torch.Tensor] = []
        self._handles = [
            layer.register_forward_hook(self._watch(number))
            for number, layer in enumerate(self._layers)
        ]
        relus = [module for module in network.modules() if isinstance(module, nn.ReLU)]
        self._handles += [module.register_forward_hook(self._listen) for module in relus]

    def remove(self) -> None:
        """Listen to the network no longer."""
        for handle in self._handles:
            handle.remove()

    def _watch(self, number: int):
        def hook(layer: nn.Module, inputs: tuple[torch.Tensor], _: torch.Tensor) -> None:
            if layer.training:
                square = inputs[0].detach().float().square().mean(0)
                self._squares[number].lerp_(square, 1 - self.MEMORY)

        return hook

    def _listen(self, module: nn.Module, _: tuple[torch.Tensor], outputs: torch.Tensor) -> None:
        if module.training:
            self._activity.append(outputs.float().mean())

    def cost(self) -> torch.Tensor | float:
        """What the activations of the last forward pass cost."""
        total = sum(self._activity)
        self._activity.clear()
        return self._pruning.price * total

    @torch.no_grad()
    def after(self, step: int) -> None:
        """Prune what is due after a step, counted from 1, and keep what is gone at 0."""
        self._step = step
        if step % self.EVERY == 0 or step == self._steps:
            for number, layer in enumerate(self._layers):
                share = self._pruning.share(number, step / self._steps)
                if share < 1:
                    square = self._squares[number]
                    cost = square + self.STORED * square.mean() + 1e-12
                    score = layer.weight.abs() * (square / cost).sqrt()
                    pruning = self._pruning
                    self._masks[number] = kept_weights(score, share, pruning.form, pruning.lanes)
        for layer, mask in zip(self._layers, self._masks, strict=True):
            layer.weight.mul_(mask)

    def settled(self) -> bool:
        """Whether the last weight is gone that is to go."""
        return self._step >= self._pruning.last * self._steps + self.EVERY

    def state(self) -> dict[str, Any]:
        """What is left, and how active the inputs were."""
        return {"step": self._step, "masks": self._masks, "squares": self._squares}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what ``state`` gave."""
        self._step = state["step"]
        self._masks[:], self._squares[:] = state["masks"], state["squares"]


def kept_weights(score: torch.Tensor, share: float, form: Form, lanes: int) -> torch.Tensor:
    """Which weights to keep: 1, or 0 for those with the least scores.

    Parameters
    ----------
    score
        ``(outputs, inputs)``: what a weight is worth; 0 is gone already.
    share
        To keep; at least one weight, or one in each lane of each input.
    form, lanes
        See `Pruning`.
    """
    outputs, inputs = score.shape
    if form == "columns":
        worth = score.square().sum(0, keepdim=True)
        return _greatest(worth, share).expand(outputs, inputs)
    words = -(-outputs // lanes)
    padded = nn.functional.pad(score, (0, 0, 0, words * lanes - outputs))
    if form == "weights":
        mask = _greatest(score.reshape(1, -1), share).reshape(outputs, inputs)
        return mask
    if form == "blocks":
        worth = padded.reshape(words, lanes, inputs).square().sum(1)
        mask = _greatest(worth.reshape(1, -1), share).reshape(words, 1, inputs)
        mask = mask.expand(words, lanes, inputs)
    else:
        by_lane = padded.reshape(words, lanes * inputs).T
        mask = _greatest(by_lane, share).T
    return mask.reshape(words * lanes, inputs)[:outputs]


def _greatest(values: torch.Tensor, share: float) -> torch.Tensor:
    """1 at a share of each row's greatest values, the first of equal ones; 0 where a value is 0."""
    number = max(1, round(share * values.shape[1]))
    chosen = values.topk(number, dim=1).indices
    return torch.zeros_like(values).scatter_(1, chosen, 1) * (values > 0)
