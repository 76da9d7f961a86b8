"""What spikes cost: the very additions of the golden model, and a price on them."""

import numpy as np
import pytest
import torch
from torch import nn

from augend.gen import convert
from augend.gen.training.integer_networks import BinaryMlp, IntegerCnn
from augend.gen.training.piece import Run
from augend.gen.training.spike_costs import SpikeBudget
from augend.sim.golden import GoldenModel

IMAGES = np.random.default_rng(1).integers(0, 4, (20, 1, 9, 8)) / 3


def networks():
    torch.manual_seed(5)
    shape = {"shape": (1, 9, 8), "classes": 5}
    yield IntegerCnn(**shape, channels=(4, 6), kernels=(3, 2), pool=(2, 2), bits=4)
    for kind in ("heaviside", "sign"):
        yield BinaryMlp(**shape, hidden=(20, 30), activation=kind)


def listening(network, **numbers):
    images = torch.from_numpy(IMAGES).float()
    run = Run(steps=10, epochs=2, images=images)
    return SpikeBudget(pixel_bits=2, **numbers).start(network, run), images


@pytest.mark.parametrize("network", list(networks()), ids=["cnn", "heaviside", "sign"])
def test_costs_are_the_additions_of_the_golden_model(network):
    costs, images = listening(network, millions=0.0)
    for layer in network:  # training mode, with what evaluation normalises by
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            layer.bias.data.normal_()
            layer.eval()
    network(images)
    spent = [cost.item() for cost in costs.take()]
    bits = network.output.bits
    program = convert(network.eval(), IMAGES, weight_bits=bits, pixel_bits=2, timesteps=1)
    result = GoldenModel(program.network).run(program.encode(IMAGES))
    found = [operations.mean() for operations in result.operations.values()]
    np.testing.assert_allclose([costs.input, *spent], found, rtol=1e-6)


def test_only_what_is_above_the_budget_has_a_price():
    network = next(networks())
    costs, images = listening(network, millions=0.0, price=2.0, full=0.5)
    costs.before(10)
    network(images)
    price = costs.cost()
    network(images)
    spent = (sum(cost.item() for cost in costs.take()) + costs.input) / 1e6
    assert price.item() == pytest.approx(2 * spent, rel=0.02)
    price.backward()
    assert network.conv1.weight.grad.abs().sum() > 0
    costs.before(1)  # of ten steps, and the price is full after five
    network(images)
    assert costs.cost().item() == pytest.approx(0.2 * 2 * spent, rel=0.02)
    enough, _ = listening(network, millions=1.1 * spent)
    enough.before(10)
    network(images)
    assert enough.cost().item() == 0
    assert enough.report()["additions"] == f"{enough.mean:.3f} M"
    again, _ = listening(network, millions=1.0)
    again.restore(enough.state())
    assert again.mean == enough.mean > 0


def test_it_listens_in_training_and_until_it_is_removed():
    network = next(networks())
    costs, images = listening(network, millions=0.1)
    network.eval()(images)
    assert costs.cost() == 0
    costs.remove()
    network.train()(images)
    assert costs.cost() == 0


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"millions": -1.0}, "millions is -1.0"),
        ({"millions": 1.0, "price": 0.0}, "price 0.0"),
        ({"millions": 1.0, "pixel_bits": 9}, "pixel_bits is 9"),
        ({"millions": 1.0, "full": 0.0}, "full 0.0"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(numbers, message):
    with pytest.raises(ValueError, match=message):
        SpikeBudget(**numbers)


def test_a_network_that_is_no_chain_is_refused():
    run = Run(steps=1, epochs=1, images=torch.zeros(1, 1, 2, 2))
    with pytest.raises(ValueError, match="a chain of layers"):
        SpikeBudget(millions=1.0).start(nn.ModuleList(), run)
