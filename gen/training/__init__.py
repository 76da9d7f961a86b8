"""Training of the networks that are converted: data set and recipe in, checkpoint out."""

from augend.gen.training.augmentation import Augmentation
from augend.gen.training.checkpoint import CheckpointError, load_network, save_network
from augend.gen.training.loop import TrainingResult, accuracy, train
from augend.gen.training.networks import CifarCnn, Cnn, Cnn7, LeNet, Mlp, PrunedMlp
from augend.gen.training.optimizer import Optimizer
from augend.gen.training.recipe import Recipe, RecipeError
from augend.gen.training.recipe_file import read_recipe, recipe_for, recipe_names

__all__ = [
    "Augmentation",
    "CheckpointError",
    "CifarCnn",
    "Cnn",
    "Cnn7",
    "LeNet",
    "Mlp",
    "Optimizer",
    "PrunedMlp",
    "Recipe",
    "RecipeError",
    "TrainingResult",
    "accuracy",
    "load_network",
    "read_recipe",
    "recipe_for",
    "recipe_names",
    "save_network",
    "train",
]
