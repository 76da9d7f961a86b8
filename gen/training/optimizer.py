"""How weights follow their gradients, and how fast in the course of training."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import nn
from torch.optim import lr_scheduler

__all__ = ["Kind", "Optimizer", "Schedule"]

Kind = Literal["adamw", "adam", "sgd"]
Schedule = Literal["one-cycle", "constant", "step", "cosine"]


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """An optimiser of PyTorch and the schedule of its learning rate.

    Parameters
    ----------
    kind
        ``adamw`` (Loshchilov 2019), ``adam`` (Kingma 2015) or ``sgd``.
    learning_rate
        The highest of the schedule.
    weight_decay
        It keeps weights, and so the range that is quantised later, small.
    momentum
        Of ``sgd``.
    schedule
        ``one-cycle``: up in the first ``warm_up`` of the steps, then down to 0 (Smith 2018).
        ``constant``. ``step``: times ``factor`` at each of ``milestones``. ``cosine``: from the
        first step down to 0 along a cosine (Loshchilov 2017).
    warm_up
        Share of the steps, for ``one-cycle``.
    milestones
        Shares of the steps, for ``step``.
    factor
        For ``step``.
    """

    kind: Kind = "adamw"
    learning_rate: float
    weight_decay: float = 1e-2
    momentum: float = 0.0
    schedule: Schedule = "one-cycle"
    warm_up: float = 0.2
    milestones: tuple[float, ...] = ()
    factor: float = 0.1

    def __post_init__(self) -> None:
        for name, names in (("kind", get_args(Kind)), ("schedule", get_args(Schedule))):
            if getattr(self, name) not in names:
                raise ValueError(f"{name} is {getattr(self, name)!r}; choose {', '.join(names)}")
        if self.learning_rate <= 0 or self.weight_decay < 0:
            raise ValueError(
                f"learning rate {self.learning_rate} must be above 0, weight decay "
                f"{self.weight_decay} not below 0"
            )
        if not 0 <= self.momentum < 1 or (self.momentum and self.kind != "sgd"):
            raise ValueError(
                f"momentum is {self.momentum} of {self.kind}; only sgd has one, from 0 to below 1"
            )
        if not 0 < self.warm_up < 1 or not all(0 < share < 1 for share in self.milestones):
            raise ValueError(
                f"warm_up is {self.warm_up}, milestones {self.milestones}; all are shares of the "
                f"steps, above 0 and below 1"
            )
        if bool(self.milestones) != (self.schedule == "step"):
            raise ValueError(f"schedule {self.schedule!r} with milestones {self.milestones}")

    def start(
        self, parameters: Iterable[nn.Parameter], steps: int
    ) -> tuple[torch.optim.Optimizer, lr_scheduler.LRScheduler]:
        """The optimiser, and its schedule that steps as often as it does."""
        rate, decay = self.learning_rate, self.weight_decay
        match self.kind:
            case "adamw":
                optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=decay)
            case "adam":
                optimizer = torch.optim.Adam(parameters, lr=rate, weight_decay=decay)
            case "sgd":
                optimizer = torch.optim.SGD(
                    parameters, lr=rate, weight_decay=decay, momentum=self.momentum
                )
        match self.schedule:
            case "one-cycle":
                schedule = lr_scheduler.OneCycleLR(
                    optimizer,
                    rate,
                    total_steps=steps,
                    pct_start=self.warm_up,
                    cycle_momentum=self.kind != "sgd",
                )
            case "constant":
                schedule = lr_scheduler.ConstantLR(optimizer, factor=1)
            case "step":
                at = [round(share * steps) for share in self.milestones]
                schedule = lr_scheduler.MultiStepLR(optimizer, at, self.factor)
            case "cosine":
                schedule = lr_scheduler.CosineAnnealingLR(optimizer, steps)
        return optimizer, schedule
