"""Training of the networks that are converted: data set and recipe in, checkpoint out."""

from augend.gen.training.augmentation import Augmentation
from augend.gen.training.checkpoint import CheckpointError, load_network, save_network
from augend.gen.training.loop import TrainingResult, accuracy, train
from augend.gen.training.networks import CifarCnn, Cnn, Cnn7, LeNet, Mlp, PrunedMlp
from augend.gen.training.recipes import Recipe, RecipeError, recipe_for

__all__ = [
    "Augmentation",
    "CheckpointError",
    "CifarCnn",
    "Cnn",
    "Cnn7",
    "LeNet",
    "Mlp",
    "PrunedMlp",
    "Recipe",
    "RecipeError",
    "TrainingResult",
    "accuracy",
    "load_network",
    "recipe_for",
    "save_network",
    "train",
]
