"""In one pass over memory neurons do what they do operation by operation."""

import pytest
import torch

from augend.gen.training import datta_neurons
from augend.gen.training.datta_fused import BLOCK, fusible
from augend.gen.training.datta_neurons import single_spikes

STEPS = 5
SHAPES = {"maps": (STEPS, 7, 6, 4, 10), "neurons": (STEPS, 64, 30)}


def currents(shape):
    torch.manual_seed(0)
    values = torch.randn(shape).mul(0.6).bfloat16()
    if len(shape) == 5:
        merged = values.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        values = merged.unflatten(0, shape[:2])
    return values


def outcome(given, errors, monkeypatch=None, **options):
    """Spikes and all gradients, operation by operation where there is something to patch."""
    values = [given.clone(), torch.tensor(0.85), torch.tensor(0.7)]
    for value in values:
        value.requires_grad_()
    with pytest.MonkeyPatch.context() as patch:
        if monkeypatch:
            patch.setattr(datta_neurons, "fusible", lambda _: False)
        spikes = single_spikes(*values, **options)
    return spikes.detach(), *torch.autograd.grad((spikes * errors).sum(), values)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("late", [True, False])
@pytest.mark.parametrize("through_time", [True, False])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_spikes_and_gradients_are_those_of_single_operations(shape, through_time, late, threads):
    given = currents(shape)
    assert fusible(given) and given[0].numel() > 2 * BLOCK
    errors = torch.randn(shape).bfloat16()
    options = {"through_time": through_time, "late": late}
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = outcome(given, errors, **options)
    finally:
        torch.set_num_threads(before)
    expected = outcome(given, errors, monkeypatch=True, **options)
    assert torch.equal(found[0], expected[0])
    assert found[0].sum() > 100
    torch.testing.assert_close(found[1], expected[1], rtol=0.01, atol=1e-5)  # bfloat16's rounding
    torch.testing.assert_close(found[2:], expected[2:], rtol=1e-4, atol=1e-4)


def test_other_numbers_and_other_orders_go_the_plain_way():
    given = currents(SHAPES["maps"])
    assert not fusible(given.float())
    assert not fusible(given.transpose(3, 4)) and not fusible(given[:, ::2])
    spikes = single_spikes(given.transpose(3, 4), torch.tensor(0.85), torch.tensor(0.7))
    expected = single_spikes(given, torch.tensor(0.85), torch.tensor(0.7)).transpose(3, 4)
    assert torch.equal(spikes, expected)


def test_spikes_lie_in_memory_as_currents_do():
    given = currents(SHAPES["maps"])
    assert single_spikes(given, torch.tensor(1.0), torch.tensor(0.7)).stride() == given.stride()
