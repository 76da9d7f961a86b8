"""The pieces that a recipe can name, by kind."""

from augend.gen.training.activation_costs import ActivationCost, SparseCoding
from augend.gen.training.autoencoder import AutoEncoder
from augend.gen.training.datta_conversion import SpikesFromAnn
from augend.gen.training.dropout_schedule import DropoutSchedule
from augend.gen.training.piece import Options
from augend.gen.training.pixel_levels import PixelLevels
from augend.gen.training.pruning import Pruning
from augend.gen.training.spike_costs import SpikeBudget
from augend.gen.training.spike_levels import Spikes
from augend.gen.training.spiking_regularisation import ExponentialWeights, ThresholdBalance

__all__ = ["PIECES"]

PIECES: dict[str, type[Options]] = {
    "activation-cost": ActivationCost,
    "auto-encoder": AutoEncoder,
    "dropout-schedule": DropoutSchedule,
    "pixel-levels": PixelLevels,
    "exponential-weights": ExponentialWeights,
    "pruning": Pruning,
    "sparse-coding": SparseCoding,
    "spike-budget": SpikeBudget,
    "spike-levels": Spikes,
    "spikes-from-ann": SpikesFromAnn,
    "threshold-balance": ThresholdBalance,
}
"""What ``kind`` of a ``[[piece]]`` stands for; its other keys are the fields of the options."""
