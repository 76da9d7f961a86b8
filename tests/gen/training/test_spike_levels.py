"""Training for few time steps: levels, the scale that fits them, and gradients."""

import pytest
import torch
from torch import nn

from augend.gen.training.spike_levels import SpikeLevels, Spikes


def settled(spikes, values, rounds=2000):
    """Levels of a network that has seen the same values, (images, channels), many times."""
    network = nn.Sequential(nn.ReLU())
    levels = SpikeLevels(network, spikes)
    levels.active = True
    with torch.no_grad():
        for _ in range(rounds):
            network(values)
    return network, levels


def test_one_spike_stands_for_the_mean_of_what_spikes():
    values = torch.tensor([[0.2, 5.0], [2.0, 5.0], [3.0, 5.0], [4.0, -1.0]])
    network, _ = settled(1, values)
    expected = torch.tensor([[0.0, 5.0], [3.0, 5.0], [3.0, 5.0], [3.0, 0.0]])
    torch.testing.assert_close(network(values), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("spikes", [1, 3])
def test_no_other_scale_fits_better(spikes):
    values = torch.rand(400, 3, generator=torch.Generator().manual_seed(1)).square() * 4
    network, _ = settled(spikes, values)
    found = (network(values) - values).square().sum(0)
    step = torch.linspace(0.05, 6, 400)[:, None, None]
    rounded = step * (values / step + 0.5).floor().clamp(max=spikes)
    best = (rounded - values).square().sum(1).min(0).values
    assert (found <= best * 1.02).all()


def test_gradients_pass_up_to_the_last_spike():
    values = torch.tensor([[0.9], [1.1], [1.0]])
    network, _ = settled(1, values)
    given = torch.tensor([[0.3], [1.2], [1.8], [-1.0]], requires_grad=True)
    network(given).sum().backward()
    assert given.grad.flatten().tolist() == [1, 1, 0, 0]


def test_nothing_is_rounded_before_it_is_active_in_evaluation_or_afterwards():
    values = torch.tensor([[0.2], [2.0], [3.0]])
    network, levels = settled(1, values)
    assert torch.equal(network.eval()(values), values)
    network.train()
    levels.active = False
    assert torch.equal(network(values), values)
    levels.active = True
    assert not torch.equal(network(values), values)
    levels.remove()
    assert torch.equal(network(values), values)


def test_additions_have_a_price_by_the_weights_that_are_left():
    network = nn.Sequential(nn.ReLU(), nn.Dropout(0), nn.Linear(3, 4, bias=False))
    with torch.no_grad():
        network[2].weight.copy_(torch.tensor([[1.0, 0, 2], [0, 0, 3], [5, 0, 4], [1, 0, 1]]))
    levels = SpikeLevels(network, spikes=2, price=10.0)
    values = torch.tensor([[1.0, 1.0, 2.0], [2.0, 2.0, 0.0]], requires_grad=True)
    network(values)
    assert levels.cost() == 0
    levels.active = True
    for _ in range(2000):
        levels.cost()
        network(values)
    cost = levels.cost()
    # Steps are 1, 1 and 2 / 2 and fan-outs 3, 0 and 4: spikes (1, 1, 2) and (2, 2, 0).
    assert float(cost.detach()) == pytest.approx(10 / 1000 * ((3 + 8) + 6) / 2)
    cost.backward()
    assert values.grad.count_nonzero(0).tolist() == [2, 0, 1]
    assert levels.cost() == 0


def test_refusals_of_numbers_and_networks():
    with pytest.raises(ValueError, match="spikes is 0, first 0.1; they must be 1 or more"):
        Spikes(spikes=0)
    with pytest.raises(ValueError, match="price is -1; it must not be below 0"):
        Spikes(spikes=1, price=-1)
    with pytest.raises(ValueError, match="a price only where all layers are full"):
        SpikeLevels(nn.Sequential(nn.ReLU(), nn.Conv2d(1, 1, 1)), 1, price=1)
    with pytest.raises(ValueError, match="only where every ReLU has a full layer behind it"):
        SpikeLevels(nn.Sequential(nn.Linear(1, 1), nn.ReLU()), 1, price=1)
