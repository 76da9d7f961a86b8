"""Dropout of a byte a neuron leaves out its share, keeps the mean, and lies as its input does."""

import pytest
import torch

from augend.gen.training.byte_dropout import dropped, left_out


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_share_is_left_out_and_the_mean_is_kept(share):
    torch.manual_seed(3)
    factors = left_out(torch.empty(100, 1001), share)
    assert float((factors == 0).float().mean()) == pytest.approx(share, abs=0.01)
    assert float(factors.mean()) == pytest.approx(1, abs=0.01)
    assert len(factors.unique()) == 2


def test_draws_are_those_of_the_seed():
    first, second = (torch.manual_seed(5) and left_out(torch.empty(999), 0.3) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, left_out(torch.empty(999), 0.3))


def test_channels_stay_last_and_nothing_is_drawn_for_no_share():
    maps = torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
    assert left_out(maps, 0.5).stride() == maps.stride()
    state = torch.get_rng_state()
    assert dropped(maps, 0.0) is maps
    assert torch.equal(torch.get_rng_state(), state)
