"""Dropout that rises (Neil 2016, Figure 1)."""

import pytest
import torch
from torch import nn

from augend.gen.training.dropout_schedule import DropoutSchedule
from augend.gen.training.piece import Run

RUN = Run(steps=16, epochs=16, images=torch.zeros(1, 1, 1, 1))


def test_half_of_the_epochs_without_then_up_to_the_last():
    network = nn.Sequential(nn.Dropout(0.1), nn.Linear(1, 1), nn.Dropout(0.5))
    piece = DropoutSchedule(epochs=8, last=0.8).start(network, RUN)
    rates = []
    for epoch in range(1, 17):
        piece.begin_epoch(epoch)
        assert network[0].p == network[2].p
        assert piece.settled() == (epoch > 8)
        rates.append(network[0].p)
    assert rates == pytest.approx([0] * 8 + [0.1 * step for step in range(1, 9)])
    piece.remove()
    assert (network[0].p, network[2].p) == (0.1, 0.5)


def test_refusals():
    with pytest.raises(ValueError, match="the rates must rise, from 0 to below 1"):
        DropoutSchedule(epochs=1, last=1.0)
    with pytest.raises(ValueError, match="needs a network with dropout layers"):
        DropoutSchedule(epochs=1, last=0.5).start(nn.Sequential(nn.Linear(1, 1)), RUN)
