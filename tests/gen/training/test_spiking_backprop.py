"""Errors go back as the derivatives of Lee 2016's transfer function say."""

import pytest
import torch

from augend.gen.training.spiking_backprop import Transfer, among_winners, transfer

IMAGES, SYNAPSES, NEURONS = 4, 7, 6


@pytest.fixture
def layer():
    torch.manual_seed(1)
    traces = torch.rand(IMAGES, SYNAPSES, dtype=torch.float64) * (torch.rand(SYNAPSES) < 0.7)
    weight = torch.randn(NEURONS, SYNAPSES, dtype=torch.float64)
    threshold = torch.rand(NEURONS, dtype=torch.float64) + 0.5
    return [value.requires_grad_() for value in (traces, weight, threshold)]


def solved(traces, weight, threshold, active, strength):
    """Eq. 5 solved for the activities of the active neurons, by PyTorch."""
    sums = (traces @ weight.T) / threshold
    rows = []
    for image in range(len(traces)):
        on = active[image]
        matrix = torch.eye(int(on.sum()), dtype=torch.float64) * (1 - strength) + strength
        found = torch.linalg.solve(matrix, sums[image, on])
        rows.append(torch.zeros_like(sums[image]).masked_scatter(on, found))
    return torch.stack(rows)


@pytest.mark.parametrize("inhibition", [0.0, 0.4])
def test_gradients_are_those_of_the_transfer_function(layer, inhibition):
    """Eq. 5 to 8: with respect to traces, weights and thresholds, lateral connections included."""
    active = torch.rand(IMAGES, NEURONS) < 0.6
    errors = torch.randn(IMAGES, NEURONS, dtype=torch.float64)
    activity = solved(*layer, active, 0.5 * inhibition)
    expected = torch.autograd.grad((activity * errors).sum(), layer)
    rules = Transfer(inhibition=inhibition, normalised=False)
    # The activities of active neurons may have either sign here; what is tested is linear in them.
    shifted = torch.where(active, activity.detach().abs() + 1e-3, 0)
    found = transfer(*layer, shifted, rules)
    gradients = torch.autograd.grad((found * errors).sum(), layer)
    torch.testing.assert_close(found, shifted)
    torch.testing.assert_close(gradients[0], expected[0])
    torch.testing.assert_close(gradients[1], expected[1])


def test_threshold_gradient_is_that_of_the_transfer_function(layer):
    traces, weight, threshold = layer
    with torch.no_grad():
        weight.abs_()
    active = torch.ones(IMAGES, NEURONS, dtype=torch.bool)
    activity = solved(*layer, active, 0.0)
    errors = torch.randn(IMAGES, NEURONS, dtype=torch.float64)
    expected = torch.autograd.grad((activity * errors).sum(), threshold, retain_graph=True)
    found = transfer(*layer, activity.detach(), Transfer(normalised=False))
    assert (activity > 0).all()
    torch.testing.assert_close(torch.autograd.grad((found * errors).sum(), threshold), expected)


def test_inverse_of_eq_8_is_that_of_eq_7():
    strength, active = 0.3, torch.tensor([[1.0, 0, 1, 1, 0, 1]])
    errors = torch.tensor([[0.3, 0, -1.2, 0.5, 0, 2.0]])
    on = active[0] > 0
    matrix = torch.full((4, 4), strength).fill_diagonal_(1.0)
    expected = torch.zeros(1, 6)
    expected[0, on] = torch.linalg.inv(matrix) @ errors[0, on]
    torch.testing.assert_close(among_winners(errors, active, strength), expected)


def test_errors_are_balanced_between_layers(layer):
    """Eq. 11 and 12, image by image, with the sums written out."""
    traces, weight, threshold = layer
    activity = torch.rand(IMAGES, NEURONS, dtype=torch.float64)
    activity[0, 2:] = 0
    errors = torch.randn(IMAGES, NEURONS, dtype=torch.float64)
    found = transfer(traces, weight, threshold, activity, Transfer())
    back, update, moved = torch.autograd.grad((found * errors).sum(), layer)
    expected_update, expected_moved = torch.zeros_like(weight), torch.zeros_like(threshold)
    for image in range(IMAGES):
        on = activity[image] > 0
        gain = 1 / threshold[on]
        delta = torch.zeros(NEURONS, dtype=torch.float64)
        delta[on] = gain / gain.square().mean().sqrt() * errors[image, on]
        inputs = (traces[image] > 0).sum()
        torch.testing.assert_close(back[image], (SYNAPSES / inputs).sqrt() * (delta @ weight))
        scale = (NEURONS / inputs).sqrt()
        expected_update += scale * torch.outer(delta, traces[image])
        expected_moved -= (NEURONS / (inputs * SYNAPSES)).sqrt() * delta * activity[image]
    torch.testing.assert_close(update, expected_update)
    torch.testing.assert_close(moved, expected_moved)


def test_neurons_without_spikes_learn_nothing(layer):
    activity = torch.zeros(IMAGES, NEURONS, dtype=torch.float64)
    found = transfer(*layer, activity, Transfer(inhibition=0.4))
    for gradient in torch.autograd.grad(found.sum(), layer):
        assert not gradient.any()


def test_silent_outputs_learn(layer):
    activity = torch.zeros(IMAGES, NEURONS, dtype=torch.float64)
    found = transfer(*layer, activity, Transfer(silent=True))
    assert torch.autograd.grad(found.sum(), layer[1])[0].any()
