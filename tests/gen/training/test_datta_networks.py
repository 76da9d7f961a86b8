"""An ANN becomes a single-spike network with hybrid input, as Datta 2021 says."""

import numpy as np
import pytest
import torch

from augend.gen import convert
from augend.gen.datasets import load
from augend.gen.encoding import spike_trains
from augend.gen.entry import Input
from augend.gen.training import Optimizer, Recipe, load_network, train
from augend.gen.training.datta_conversion import SpikesFromAnn, percentile_thresholds
from augend.gen.training.datta_networks import DattaVgg, hybrid_input
from augend.gen.training.losses import HybridCrossEntropy
from augend.gen.training.piece import Run
from augend.sim.golden import GoldenModel


def test_input_is_pixels_first_and_then_the_spikes_of_the_encoder():
    levels = np.arange(0, 256, 5)[:48].reshape(1, 3, 4, 4)
    images = torch.from_numpy(levels / 255).float()
    found = hybrid_input(images, 5)
    torch.testing.assert_close(found[0], images)  # eq. 5, t = 1
    entry = Input(shape=(3, 4, 4), encoding="hybrid")
    np.testing.assert_array_equal(found[1:, 0].numpy(), spike_trains(levels, entry, 5)[0, 1:])
    np.testing.assert_array_equal(found[1:].sum(0).numpy(), np.ones_like(levels))


def test_thresholds_are_a_share_of_the_percentile_of_what_arrives():
    torch.manual_seed(0)
    network = DattaVgg(shape=(1, 8, 8), classes=4, channels=[6, 0], dense=(10,), timesteps=4)
    images = torch.rand(20, 1, 8, 8)
    percentile_thresholds(network, images, 99.7, 0.4)
    currents = network.stack[0](images).detach()
    expected = 0.4 * np.percentile(currents.numpy(), 99.7)
    assert network.stack[0].threshold.item() == pytest.approx(expected, rel=0.02)
    potential, second = torch.zeros_like(currents), []
    for _ in range(4):  # the same image in every step, and soft resets
        potential = potential + currents
        spikes = (potential >= network.stack[0].threshold).float()
        potential = potential - spikes * network.stack[0].threshold
        second.append(network.stack[1](spikes).detach())
    expected = 0.4 * np.percentile(torch.stack(second).numpy(), 99.7)
    assert network.stack[1].threshold.item() == pytest.approx(expected, rel=0.02)
    assert all(layer.leak.item() == 1 for layer in network.stack)


def test_the_piece_converts_once_the_ann_is_trained():
    network = DattaVgg(shape=(1, 8, 8), classes=4, channels=[4], dense=())
    piece = SpikesFromAnn(epochs=2, images=5).start(
        network, Run(steps=6, epochs=3, images=torch.rand(9, 1, 8, 8))
    )
    for epoch in (1, 2):
        piece.begin_epoch(epoch)
        assert not network.spiking
        assert not piece.settled()
        assert network(torch.rand(2, 1, 8, 8)).shape == (2, 4)
    piece.begin_epoch(3)
    assert network.spiking
    assert piece.settled()
    assert network(torch.rand(2, 1, 8, 8)).shape == (2, 2, 4)
    with pytest.raises(ValueError, match="only a datta-vgg spikes on the way, not Linear"):
        SpikesFromAnn(epochs=1).start(
            torch.nn.Linear(2, 2), Run(steps=1, epochs=1, images=torch.rand(1, 1, 2, 2))
        )


def test_leak_and_threshold_come_back_from_the_edge():
    network = DattaVgg(shape=(1, 4, 4), classes=2, channels=[3], dense=())
    network.spiking.fill_(1)
    with torch.no_grad():
        network.stack[0].leak.fill_(1.3)
    network(torch.rand(6, 1, 4, 4)).sum().backward()
    assert network.stack[0].leak.item() == 1
    assert network.stack[0].leak.grad.abs() > 0


def test_digits_are_learned_and_end_as_a_program(tmp_path):
    recipe = Recipe(
        network="datta-vgg",
        arguments={"channels": (8, 0), "dense": (40,), "timesteps": 5},
        epochs=12,
        batch=32,
        validation=197,
        optimizer=Optimizer(kind="adam", learning_rate=5e-3, weight_decay=0.0, schedule="cosine"),
        loss=HybridCrossEntropy(),
        pieces=(SpikesFromAnn(epochs=4),),
    )
    path = tmp_path / "datta.pt"
    result = train(recipe, "digits", output=path, quiet=True)
    assert result.metadata["test_accuracy"] > 0.6
    network, _ = load_network(path)
    test = load("digits", "test")
    program = convert(network, test.images[:1])
    found = GoldenModel(program.network).run(program.encode(test.images))
    with torch.no_grad():
        expected = network(torch.from_numpy(test.images)).argmax(1).numpy()
    assert (found.predictions == expected).mean() > 0.95
    for population in program.network.hidden:
        assert found.spikes[population.name].max() <= population.size


def test_images_that_do_not_halve_are_refused():
    with pytest.raises(ValueError, match="do not halve as often"):
        DattaVgg(shape=(1, 7, 7), classes=2, channels=[3, 0, 3])
