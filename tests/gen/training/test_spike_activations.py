"""Activations that are spikes: values, gradients, and the neurons that they become."""

import numpy as np
import pytest
import torch
from torch import nn

from augend.gen import convert
from augend.gen.training.spike_activations import Heaviside, Sign, SpikeCount
from augend.sim.golden import GoldenModel

SUMS = torch.tensor([-3.0, -1.5, -0.5, 0.0, 0.5, 1.5, 3.0])


def gradient(activation, sums):
    given = sums.clone().requires_grad_(True)
    activation.train()(given).sum().backward()
    return given.grad


@pytest.mark.parametrize("activation", [Heaviside(2.0), Sign(2.0), Sign(2.0, "unipolar")])
def test_evaluation_and_training_say_the_same_off_the_border(activation):
    trained = activation.train()(SUMS)
    least = 0 if isinstance(activation, Heaviside) else -1
    assert trained.tolist() == [least, least, least, 1, 1, 1, 1]
    evaluated = activation.eval()(SUMS)
    off = SUMS != 0
    assert torch.equal(evaluated[off], trained[off])


def test_gradients_pass_within_the_window():
    within = [0, 1, 1, 1, 1, 1, 0]
    assert gradient(Heaviside(2.0), SUMS).tolist() == [g / 4 for g in within]
    assert gradient(Sign(2.0), SUMS).tolist() == [g / 2 for g in within]


def test_counts_of_spikes_and_their_gradients():
    sums = torch.tensor([-0.3, 0.2, 0.25, 0.7, 0.75, 1.2, 1.3])
    assert SpikeCount(2)(sums).tolist() == [0, 0, 0.5, 0.5, 1, 1, 1]
    assert gradient(SpikeCount(2), sums).tolist() == [0, 1, 1, 1, 1, 1, 0]
    assert SpikeCount(2).eval()(sums).tolist() == pytest.approx([0, 0.2, 0.25, 0.7, 0.75, 1, 1])


@pytest.mark.parametrize("steps", [1, 3])
def test_neurons_emit_the_counts(steps):
    torch.manual_seed(1)
    count = SpikeCount(steps)
    network = nn.Sequential(nn.Linear(16, 40), count, nn.Linear(40, 3))
    images = np.random.default_rng(2).random((50, 16), np.float32)
    program = convert(network.eval(), images, timesteps=steps, norm="none")
    result = GoldenModel(program.network).run(program.encode(images))
    with torch.no_grad():
        hidden = network[0](torch.from_numpy(program.encode(images)).float() / 255)
        expected = count.train()(hidden).sum(1).numpy() * steps
    spikes = result.spikes[program.network.populations[0].name]
    assert np.abs(spikes - expected).mean() < 0.25  # sums are rounded to their weights


def test_no_time_steps_are_refused():
    with pytest.raises(ValueError, match="steps is 0"):
        SpikeCount(0)
