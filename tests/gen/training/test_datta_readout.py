"""Spike times of outputs, and the loss on them, are those of Datta 2021."""

import pytest
import torch

from augend.gen.training.datta_readout import spike_times
from augend.gen.training.losses import HybridCrossEntropy

POTENTIALS = torch.tensor(
    [[[0.2, 1.1, -0.5, 0.95]], [[0.4, 0.3, -0.2, 1.15]], [[1.5, 2.0, 0.1, 0.2]], [[2, 3, 0.9, 1]]]
)  # (steps, images, classes)


def test_times_are_of_the_first_crossing_and_the_last_step_for_the_rest():
    found = spike_times(POTENTIALS, torch.tensor(1.0))
    assert found.tolist() == [[3, 1, 4, 2]]


def test_threshold_learns_by_eq_17():
    threshold = torch.tensor(1.0, requires_grad=True)
    errors = torch.tensor([[1.0, -2.0, 0.5, 3.0]])
    (found,) = torch.autograd.grad((spike_times(POTENTIALS, threshold) * errors).sum(), threshold)
    expected, beta, steps = 0.0, 0.2, 4
    for neuron in range(4):
        u = [0.0, *POTENTIALS[:, 0, neuron].tolist()]
        slope = 0.0
        for t in range(1, steps):
            a, b = u[t] - 1, 1 - u[t - 1]
            slope += t * ((a >= 0) * (abs(b) < beta) - (b > 0) * (abs(a) < beta))
        slope += steps * (abs(1 - u[steps]) < beta)
        expected += slope * errors[0, neuron].item()
    assert found.item() == pytest.approx(expected)
    assert expected != 0


def test_loss_is_eq_12():
    outputs = torch.randn(3, 2, 4, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([1, 3, 0])
    u, t = outputs.unbind(1)
    share = torch.exp(u) / torch.exp(u).sum(1, keepdim=True)
    early = torch.exp(-t) / torch.exp(-t).sum(1, keepdim=True)
    product = (share * early)[torch.arange(3), labels]
    torch.testing.assert_close(HybridCrossEntropy()(outputs, labels), -product.log().mean())


def test_gradient_by_potentials_is_eq_12():
    u = torch.randn(1, 4, requires_grad=True)
    outputs = torch.stack([u, torch.ones(1, 4)], 1)
    (found,) = torch.autograd.grad(HybridCrossEntropy()(outputs, torch.tensor([2])), u)
    expected = u.detach().softmax(1) - torch.tensor([[0, 0, 1.0, 0]])
    torch.testing.assert_close(found, expected)


def test_an_ann_has_plain_cross_entropy():
    scores, labels = torch.randn(5, 3), torch.tensor([0, 1, 2, 1, 0])
    expected = torch.nn.functional.cross_entropy(scores, labels)
    torch.testing.assert_close(HybridCrossEntropy()(scores, labels), expected)
