"""Networks trained on spikes learn, end as programs, and go through checkpoints."""

import numpy as np
import pytest
import torch

from augend.gen import convert
from augend.gen.datasets import load
from augend.gen.training import Optimizer, Recipe, load_network, train
from augend.gen.training.lee_networks import LeeMlp
from augend.gen.training.losses import CrossEntropy, SpikeError
from augend.gen.training.spiking_regularisation import ExponentialWeights
from augend.sim.golden import GoldenModel


@pytest.mark.parametrize("readout", ["potential", "count"])
def test_digits_are_learned_on_spikes(readout, tmp_path):
    recipe = Recipe(
        network="lee-mlp",
        arguments={"hidden": (60,), "timesteps": 10, "inhibition": 0.05, "readout": readout},
        epochs=6,
        batch=32,
        validation=197,
        optimizer=Optimizer(learning_rate=5e-3, weight_decay=0.0),
        loss=SpikeError() if readout == "count" else CrossEntropy(),
        pieces=(ExponentialWeights(strength=1e-3),),
    )
    path = tmp_path / "lee.pt"
    result = train(recipe, "digits", output=path, quiet=True)
    assert result.metadata["test_accuracy"] > 0.7
    network, _ = load_network(path)
    test = load("digits", "test")
    program = convert(network, test.images[:1])
    found = GoldenModel(program.network).run(program.encode(test.images))
    accuracy = float((found.predictions == test.labels).mean())
    assert accuracy == pytest.approx(result.metadata["test_accuracy"], abs=0.03)


def test_training_spikes_are_drawn_and_those_of_use_are_not():
    torch.manual_seed(0)
    network = LeeMlp(shape=(1, 4, 4), classes=3, hidden=(20,), timesteps=9)
    images = torch.rand(5, 1, 4, 4)
    assert (network(images) != network(images)).any()
    network.eval()
    torch.testing.assert_close(network(images), network(images))


def test_spike_error_is_of_shares_of_the_greatest_count():
    counts, labels = torch.tensor([[4.0, 2.0, 0.0], [0.0, 0.0, 0.0]]), torch.tensor([0, 2])
    expected = (0.5 * 0.5**2 + 0.5 * 1) / 2  # Lee 2016, section 6
    assert SpikeError()(counts, labels).item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"readout": "first"}, "readout must be 'count' or 'potential', not 'first'"),
        ({"timesteps": 0}, "0 time steps"),
        ({"start": 1.0}, "it must be above 1"),
    ],
)
def test_what_cannot_be_is_refused(fields, text):
    with pytest.raises(ValueError, match=text):
        LeeMlp(shape=(1, 4, 4), classes=3, **fields)


def test_white_and_black_are_the_edges_of_the_rate():
    network = LeeMlp(shape=(1, 2, 2), classes=2, hidden=(8,), timesteps=6).eval()
    black = network(torch.zeros(1, 1, 2, 2)).detach().numpy()
    np.testing.assert_array_equal(black, 0)
