"""Single-spike neurons and their gradients are those of Datta 2021."""

import pytest
import torch

from augend.gen.training.datta_neurons import single_spikes

STEPS, IMAGES, NEURONS = 6, 5, 8


def given(dtype=torch.float64):
    torch.manual_seed(2)
    currents = torch.randn(STEPS, IMAGES, NEURONS, dtype=dtype) * 0.6
    leak, threshold = torch.tensor(0.85, dtype=dtype), torch.tensor(0.7, dtype=dtype)
    return [value.requires_grad_() for value in (currents, leak, threshold)]


def by_the_equations(currents, leak, threshold):
    """Eq. 6 and 7 written out; the potentials, and z, of every step."""
    potential, above = torch.zeros_like(currents[0]), torch.zeros_like(currents[0])
    potentials, z = [], []
    for arriving in currents:
        potential = leak * potential + arriving - threshold * above
        potentials.append(potential)
        z.append(potential / threshold - 1)
        above = (z[-1] > 0).to(potential.dtype)
    return potentials, z


def test_a_neuron_spikes_when_it_is_first_above_and_never_again():
    currents, leak, threshold = given()
    _, z = by_the_equations(currents, leak, threshold)
    expected = torch.zeros(STEPS, IMAGES, NEURONS, dtype=torch.float64)
    for step in range(STEPS):
        earlier = torch.stack(z[:step]).gt(0).any(0) if step else torch.tensor(False)
        expected[step] = (z[step] > 0) & ~earlier  # eq. 8
    found = single_spikes(currents, leak, threshold)
    torch.testing.assert_close(found, expected)
    assert found.sum(0).max() == 1
    assert torch.stack(z).gt(0).sum(0).max() > 1  # some would have spiked again


class _Surrogate(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return (z > 0).to(z.dtype)

    @staticmethod
    def backward(ctx, *gradients):
        (z,) = ctx.saved_tensors
        return gradients[0] * 0.3 * torch.clamp(1 - z.abs(), min=0)  # eq. 20


def test_gradients_through_time_are_those_of_unrolled_steps():
    values = given()
    errors = torch.randn(STEPS, IMAGES, NEURONS, dtype=torch.float64)
    _, z = by_the_equations(*values)
    unrolled = sum((_Surrogate.apply(one) * e).sum() for one, e in zip(z, errors, strict=True))
    expected = torch.autograd.grad(unrolled, values)
    found = torch.autograd.grad((single_spikes(*values) * errors).sum(), values)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_gradients_of_a_step_are_those_printed():
    """Eq. 19 by the weights' input, eq. 21 by the threshold, eq. 23 by the leak."""
    values = given()
    currents, leak, threshold = values
    errors = torch.randn(STEPS, IMAGES, NEURONS, dtype=torch.float64)
    with torch.no_grad():
        potentials, z = by_the_equations(*values)
    by_current, by_threshold, by_leak = torch.zeros_like(errors), 0.0, 0.0
    for step in range(STEPS):
        spike = errors[step] * 0.3 * torch.clamp(1 - z[step].abs(), min=0)
        by_current[step] = spike / threshold.detach()
        before = z[step - 1] > 0 if step else torch.zeros_like(z[0]) > 0
        v = threshold.detach()
        by_threshold += (spike * (-v * before - potentials[step]) / v**2).sum()
        if step:
            by_leak += (spike * potentials[step - 1] / v).sum()
    spikes = single_spikes(currents, leak, threshold, through_time=False)
    found = torch.autograd.grad((spikes * errors).sum(), values)
    torch.testing.assert_close(found[0], by_current)
    torch.testing.assert_close(found[1], by_leak)
    torch.testing.assert_close(found[2], by_threshold)


@pytest.mark.parametrize("slope", [0.3, 1.0])
def test_neurons_learn_after_their_spike_too(slope):
    currents = torch.full((4, 1, 1), 0.9, requires_grad=True)
    leak, threshold = torch.tensor(1.0), torch.tensor(1.0)
    spikes = single_spikes(currents, leak, threshold, slope=slope, through_time=False)
    assert spikes.flatten().tolist() == [0, 1, 0, 0]
    (gradient,) = torch.autograd.grad(spikes[2].sum(), currents)
    # U is 0.9, 1.8, then 1.8 + 0.9 - 1: z is 0.7.
    torch.testing.assert_close(gradient.flatten(), torch.tensor([0, 0, 0.3 * slope, 0]))


def test_without_late_gradients_nothing_is_learnt_from_steps_behind_the_spike():
    values = given()
    errors = torch.randn(STEPS, IMAGES, NEURONS, dtype=torch.float64)
    _, z = by_the_equations(*values)
    total, spiked = torch.zeros(()), torch.zeros(IMAGES, NEURONS, dtype=torch.bool)
    for one, error in zip(z, errors, strict=True):
        total = total + (_Surrogate.apply(one) * error * ~spiked).sum()
        spiked |= one.detach() > 0
    assert 0 < spiked.sum() < spiked.numel()
    expected = torch.autograd.grad(total, values)
    found = torch.autograd.grad((single_spikes(*values, late=False) * errors).sum(), values)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)
