"""Costs of activations (Neil 2016, equations 1 and 2), by hand."""

import pytest
import torch
from torch import nn

from augend.gen.training.activation_costs import ActivationCost, SparseCoding
from augend.gen.training.piece import Run

Y = torch.tensor([[3.0, 0.0, 0.2], [0.2, 4.2, 0.2]])
RUN = Run(steps=1, epochs=1, images=torch.zeros(1, 1, 1, 1))


def test_sparse_coding_is_the_distance_from_the_target():
    cost = SparseCoding(cost=0.5, target=0.2).of(Y)
    first = (2.8**2 + 0.2**2) ** 0.5
    assert float(cost) == pytest.approx(0.5 * (first + 4.0) / 2)


def test_activation_cost_is_the_square_of_what_is_above_the_least():
    assert float(ActivationCost(cost=0.1, least=0.5).of(Y)) == pytest.approx(0.1 * (9 + 17.64) / 2)
    assert float(ActivationCost(cost=0.1, least=3.0).of(Y)) == pytest.approx(0.1 * 17.64 / 2)


def test_the_cost_begins_after_its_epochs_and_adds_all_layers():
    network = nn.Sequential(nn.ReLU(), nn.Identity(), nn.ReLU())
    piece = ActivationCost(cost=1.0, least=0.5, epochs=2).start(network, RUN)
    for epoch in (1, 2):
        piece.begin_epoch(epoch)
        network(Y)
        assert piece.cost() == 0
        assert not piece.settled()
    piece.begin_epoch(3)
    network(Y)
    assert float(piece.cost()) == pytest.approx(9 + 17.64)
    assert piece.cost() == 0
    assert piece.settled()
    network.eval()(Y)
    assert piece.cost() == 0
    piece.remove()
    network.train()(Y)
    assert piece.cost() == 0


def test_refusals():
    with pytest.raises(ValueError, match="epochs is 0, cost -1, target 0; none may be below 0"):
        SparseCoding(cost=-1, target=0)
    with pytest.raises(ValueError, match="epochs is 0, cost 1, least -1; none may be below 0"):
        ActivationCost(cost=1, least=-1)
