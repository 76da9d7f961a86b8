"""Recipes as files: what comes with augend, one's own, and what is refused."""

import pytest

from augend.gen.datasets import NAMES
from augend.gen.training import Optimizer, RecipeError, read_recipe, recipe_for, recipe_names
from augend.gen.training.losses import CrossEntropy
from augend.gen.training.pruning import Pruning
from augend.gen.training.spike_levels import Spikes

OWN = """
network = "mlp"
epochs = 3
[optimizer]
kind = "sgd"
learning_rate = 1
momentum = 0.5
schedule = "step"
milestones = [0.5, 0.75]
[loss]
kind = "cross-entropy"
label_smoothing = 0.1
[[piece]]
kind = "spike-levels"
spikes = 2
"""


def test_every_recipe_that_comes_along_is_read():
    for data in NAMES:
        names = recipe_names(data)
        assert {"mlp", "cnn"} <= set(names)
        for name in names:
            recipe = recipe_for(name, data)
            assert recipe.name == name
            assert data in recipe.data


def test_a_recipe_depends_on_the_data():
    assert recipe_for("mlp", "mnist").arguments["hidden"] == [1200, 1200]
    assert recipe_for("mlp", "digits").arguments["hidden"] != [1200, 1200]
    assert recipe_for("cifar-cnn", "cifar10").augmentation.mirror
    with pytest.raises(RecipeError, match="'cifar-cnn' for mnist; the recipes are cnn, cnn7, "):
        recipe_for("cifar-cnn", "mnist")


def test_pieces_are_in_the_order_of_the_file():
    pruning, spikes = recipe_for("pruned-mlp", "mnist").pieces
    assert pruning == Pruning(kept=(0.05, 0.04, 1.0), form="blocks", last=0.5, price=0.2)
    assert spikes == Spikes(spikes=1)


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(OWN)
    recipe = recipe_for(str(path), "digits")
    assert recipe == read_recipe(path)
    assert (recipe.name, recipe.epochs, recipe.data) == ("mine", 3, ())
    assert recipe.loss == CrossEntropy(label_smoothing=0.1)
    assert recipe.optimizer == Optimizer(
        kind="sgd", learning_rate=1.0, momentum=0.5, schedule="step", milestones=(0.5, 0.75)
    )
    assert recipe.pieces == (Spikes(spikes=2),)
    path.write_text('data = ["mnist"]\n' + OWN)
    with pytest.raises(RecipeError, match="is for mnist, not for digits; choose one of them with"):
        recipe_for(str(path), "digits")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("epochs = 3", "epochs = ", "mine.toml is not TOML: .*line 3"),
        ("epochs = 3", "epoch = 3", "mine.toml: the recipe has no key 'epoch'; its keys are name"),
        ("epochs = 3", 'epochs = "3"', "epochs of the recipe is '3': Input should be a valid int"),
        ("epochs = 3", "epochs = 0", "mine.toml: the recipe: epochs is 0; it must be 1 or more"),
        ("epochs = 3", "", "mine.toml: the recipe is not complete: .*'epochs'"),
        ('network = "mlp"', 'network = "rnn"', "no network 'rnn'; the networks are mlp, cnn"),
        ('kind = "sgd"', 'kind = "lbfgs"', r"kind of \[optimizer\] is 'lbfgs': .*'adamw'"),
        ('kind = "sgd"', "", r"\[optimizer\]: momentum is 0.5 of adamw; only sgd has one"),
        ("milestones = [0.5, 0.75]", "", r"\[optimizer\]: schedule 'step' with milestones"),
        ("spikes = 2", "spikes = 0", r"\[\[piece\]\] of kind spike-levels: spikes is 0"),
        (
            "spikes = 2",
            "spike = 2",
            r"of kind spike-levels has no key 'spike'; its keys are",
        ),
        ('"spike-levels"', '"magic"', r"kind of \[\[piece\]\] is 'magic'; the kinds are activ"),
        ("[[piece]]", "[piece]", r"piece is one table; write \[\[piece\]\] above each"),
        ('"cross-entropy"', '"hinge"', r"kind of \[loss\] is 'hinge'; the kinds are cross-entr"),
        ("smoothing = 0.1", "smoothing = 1", "label_smoothing is 1.0; it must be from 0 to below"),
    ],
)
def test_refusals_name_the_file_the_key_and_what_is_allowed(tmp_path, old, new, message):
    path = tmp_path / "mine.toml"
    assert old in OWN
    path.write_text(OWN.replace(old, new))
    with pytest.raises(RecipeError, match=message):
        read_recipe(path)


def test_refusals_of_names():
    with pytest.raises(RecipeError, match="'lenet' for digits; the recipes are cnn, mlp$"):
        recipe_for("lenet", "digits")
    with pytest.raises(RecipeError, match="there is no file gone.toml; give a recipe of your own"):
        recipe_for("gone.toml", "digits")
