"""The pieces that a recipe can name, by kind."""

from augend.gen.training.datta_conversion import SpikesFromAnn
from augend.gen.training.piece import Options
from augend.gen.training.pruning import Pruning
from augend.gen.training.spike_levels import Spikes
from augend.gen.training.spiking_regularisation import ExponentialWeights, ThresholdBalance

__all__ = ["PIECES"]

PIECES: dict[str, type[Options]] = {
    "pruning": Pruning,
    "spike-levels": Spikes,
    "exponential-weights": ExponentialWeights,
    "threshold-balance": ThresholdBalance,
    "spikes-from-ann": SpikesFromAnn,
}
"""What ``kind`` of a ``[[piece]]`` stands for; its other keys are the fields of the options."""
