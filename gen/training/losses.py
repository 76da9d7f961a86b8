"""What training makes small, by kind; a network with outputs of its own brings its own loss."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch.nn import functional

__all__ = ["LOSSES", "CrossEntropy", "HybridCrossEntropy", "Loss", "SpikeError"]


@dataclass(frozen=True, kw_only=True)
class Loss(ABC):
    """A loss with its numbers."""

    @abstractmethod
    def __call__(self, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The mean loss of what a network in training mode put out for a batch.

        Parameters
        ----------
        outputs
            What the network returned; scores ``(batch, classes)`` for most.
        labels
            Class numbers, ``(batch,)``.
        """


@dataclass(frozen=True, kw_only=True)
class CrossEntropy(Loss):
    """Cross-entropy of the softmax of scores.

    Parameters
    ----------
    label_smoothing
        Share of the target that is spread evenly over all classes.
    """

    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(
                f"label_smoothing is {self.label_smoothing}; it must be from 0 to below 1"
            )

    def __call__(self, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """See `Loss`."""
        return functional.cross_entropy(outputs, labels, label_smoothing=self.label_smoothing)


@dataclass(frozen=True, kw_only=True)
class SpikeError(Loss):
    """Squared error of spike counts, as shares of the greatest (Lee 2016, section 6)."""

    def __call__(self, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """See `Loss`."""
        greatest = outputs.detach().amax(1, keepdim=True).clamp(min=1)
        wanted = functional.one_hot(labels, outputs.shape[1])
        return 0.5 * (outputs / greatest - wanted).square().sum(1).mean()


@dataclass(frozen=True, kw_only=True)
class HybridCrossEntropy(Loss):
    """Cross-entropy of potentials and of spike times (Datta 2021, eq. 11 and 12).

    ``-sum y log(softmax(U) softmax(-t))``. Takes ``(batch, 2, classes)``, potentials and times;
    of ``(batch, classes)``, which a network that is still an ANN puts out, it is the cross-entropy.
    (The paper prints the gradient by t with the sign of that by U; the loss has the other.)
    """

    def __call__(self, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """See `Loss`."""
        if outputs.ndim == 2:
            return functional.cross_entropy(outputs, labels)
        potentials, times = outputs.unbind(1)
        return functional.cross_entropy(potentials, labels) + functional.cross_entropy(
            -times, labels
        )


LOSSES: dict[str, type[Loss]] = {
    "cross-entropy": CrossEntropy,
    "hybrid-cross-entropy": HybridCrossEntropy,
    "spike-error": SpikeError,
}
"""What ``kind`` of ``[loss]`` stands for; its other keys are the fields of the loss."""
