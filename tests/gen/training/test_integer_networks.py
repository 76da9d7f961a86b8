"""What is trained is what runs: predictions of the golden model are those of the network."""

import numpy as np
import pytest
import torch

from augend.gen import convert
from augend.gen.datasets import load
from augend.gen.training import Optimizer, Recipe, train
from augend.gen.training.integer_networks import IntegerCnn
from augend.gen.training.loop import rounded_pixels
from augend.gen.training.pixel_levels import PixelLevels
from augend.gen.training.spike_activations import Sign
from augend.sim.golden import GoldenModel

NETWORKS = {
    "binary-mlp": {"hidden": (64, 64)},
    "integer-cnn": {"channels": (6, 12), "kernels": (3, 3), "pool": (1, 2), "bits": 4},
}


def trained(network, epochs=6, **arguments):
    recipe = Recipe(
        network=network,
        arguments=NETWORKS[network] | arguments,
        epochs=epochs,
        batch=32,
        optimizer=Optimizer(learning_rate=1e-2, weight_decay=0.0),
        validation=197,
        pixel_bits=2,
        pieces=(PixelLevels(bits=2),),
    )
    return train(recipe, "digits", quiet=True)


def outcome(network, steps=1, bits=1, **options):
    """Predictions of a network, and what its program does: on all test images."""
    test = rounded_pixels(load("digits", "test"), 2)
    training = rounded_pixels(load("digits"), 2).images
    program = convert(network, training, weight_bits=bits, pixel_bits=2, timesteps=steps, **options)
    result = GoldenModel(program.network).run(program.encode(test.images))
    with torch.no_grad():
        predictions = network(torch.from_numpy(test.images)).argmax(1).numpy()
    return predictions, result, (result.predictions == test.labels).mean()


@pytest.mark.parametrize(
    ("network", "arguments", "bits"),
    [
        ("binary-mlp", {"activation": "heaviside"}, 1),
        ("binary-mlp", {"activation": "sign"}, 1),
        ("integer-cnn", {}, 4),
    ],
)
def test_one_time_step_runs_exactly_as_trained(network, arguments, bits):
    result = trained(network, **arguments)
    predictions, run, accuracy = outcome(result.module, bits=bits)
    np.testing.assert_array_equal(run.predictions, predictions)
    assert accuracy == pytest.approx(result.metadata["test_accuracy"])
    assert accuracy > 0.8


def test_strides_run_as_trained_too():
    """But for images whose best scores are equal: floats differ there in their last digit."""
    network = trained("integer-cnn", strides=(1, 2), pool=(1, 1)).module
    predictions, run, accuracy = outcome(network, bits=4, norm="none")
    best = np.sort(run.scores, 1)[:, -2:]
    clear = best[:, 0] < best[:, 1]
    np.testing.assert_array_equal(run.predictions[clear], predictions[clear])
    assert clear.mean() > 0.95 and accuracy > 0.8


def test_silence_for_minus_one_says_the_same_with_fewer_additions():
    network = trained("binary-mlp", epochs=3, activation="sign").module
    predictions, bipolar, _ = outcome(network)
    for layer in network:
        if isinstance(layer, Sign):
            layer.spikes = "unipolar"
    again, unipolar, _ = outcome(network)
    np.testing.assert_array_equal(again, predictions)
    np.testing.assert_array_equal(unipolar.predictions, bipolar.predictions)
    names = ("linear2", "output")
    spent = [
        sum(of.mean() for name, of in run.operations.items() if name.startswith(names))
        for run in (unipolar, bipolar)
    ]
    assert spent[0] < 0.8 * spent[1]


def test_several_time_steps_run_nearly_as_trained():
    network = trained("binary-mlp", activation="spikes", steps=2).module
    _, run, accuracy = outcome(network, steps=2, norm="none")
    assert accuracy > 0.8
    assert max(run.exit_step) == 2


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="are used up after 2 of the stages"):
        IntegerCnn(shape=(1, 8, 8), classes=10)
    with pytest.raises(ValueError, match="activation is 'tanh'"):
        IntegerCnn(shape=(1, 28, 28), classes=10, activation="tanh")  # type: ignore[arg-type]
