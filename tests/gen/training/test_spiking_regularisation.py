"""Weights and thresholds are held in balance as Lee 2016, section 5, says."""

import math

import pytest
import torch
from torch import nn

from augend.gen.training.piece import Run
from augend.gen.training.spiking_layers import LeakyLayer
from augend.gen.training.spiking_neurons import LeakyRules
from augend.gen.training.spiking_regularisation import (
    ExponentialWeights,
    ThresholdBalance,
    balance_thresholds,
    exponential_cost,
)

RUN = Run(steps=10, epochs=2, images=torch.zeros(1, 1, 2, 2))


def test_exponential_cost_is_eq_13():
    weight = torch.tensor([[1.0, 0.0], [0.6, 0.4], [1.0, 0.5]])
    sums = (1.0, 0.52, 1.25)
    expected = sum(0.5 * 0.02 * math.exp(10 * (total - 1)) for total in sums)
    assert exponential_cost(weight, 0.02, 10).item() == pytest.approx(expected)


def test_cost_is_of_the_hidden_layers_only():
    rules = LeakyRules()
    network = nn.Sequential(LeakyLayer(4, 3, rules), LeakyLayer(3, 2, rules))
    piece = ExponentialWeights(strength=0.02).start(network, RUN)
    expected = exponential_cost(network[0].weight, 0.02, 10)
    torch.testing.assert_close(torch.as_tensor(piece.cost()), expected)


def test_spikes_move_thresholds_and_their_sum_stays():
    threshold, weight = torch.full((4,), 1.0), torch.zeros(4, 2)
    balance_thresholds(threshold, weight, torch.tensor([3.0, 1.0, 0.0, 0.0]), 0.01, 0.1)
    torch.testing.assert_close(threshold, torch.tensor([1.08, 1.0, 0.96, 0.96]))
    assert not weight.any()


def test_below_the_lowest_threshold_weights_rise_instead():
    threshold, weight = torch.full((2,), 1.0), torch.zeros(2, 3)
    balance_thresholds(threshold, weight, torch.tensor([4.0, 0.0]), 0.1, 0.8)
    torch.testing.assert_close(threshold, torch.tensor([1.4, 0.8]))
    torch.testing.assert_close(weight, torch.tensor([[0.0] * 3, [0.2] * 3]))


def test_piece_follows_the_spikes_of_training_only():
    torch.manual_seed(0)
    network = nn.ModuleList([LeakyLayer(4, 3, LeakyRules()), nn.Linear(3, 2)])
    layer = network[0]
    before = layer.threshold.detach().clone()
    piece = ThresholdBalance(strength=0.01).start(network, RUN)
    spikes = torch.ones(6, 2, 4)
    network.eval()
    layer(spikes, torch.ones(2, 4))
    piece.after(1)
    torch.testing.assert_close(layer.threshold.detach(), before)
    network.train()
    counts = layer(spikes, torch.ones(2, 4), counted=True)[1].mean(0)
    piece.after(5)
    left = math.exp(-1 / 35)
    torch.testing.assert_close(
        layer.threshold.detach(), before + 0.01 * left * (3 * counts - counts.sum())
    )
    piece.remove()
    assert not layer._forward_hooks
