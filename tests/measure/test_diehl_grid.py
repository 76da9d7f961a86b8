"""A grid point is the unbalanced program with other thresholds and another input rate."""

import numpy as np
import pytest
import torch

from augend.gen import convert
from augend.sim.golden import GoldenModel
from tests.measure.diehl_grid import at_threshold


@pytest.fixture(scope="module")
def unbalanced():
    torch.manual_seed(3)
    module = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(16, 12, bias=False), torch.nn.ReLU(),
        torch.nn.Linear(12, 3, bias=False),
    )  # fmt: skip
    images = torch.rand(20, 1, 4, 4)
    return convert(
        module, images, norm="none", encoding="rate", initial="zero", decode="count", timesteps=40
    )


def test_the_same_point_is_the_same_program(unbalanced):
    assert at_threshold(unbalanced, 1.0, 1000.0).hash == unbalanced.hash


def test_every_population_has_the_threshold(unbalanced):
    raised = at_threshold(unbalanced, 2.5, 250.0)
    for before, after in zip(unbalanced.network.populations, raised.network.populations,
                             strict=True):  # fmt: skip
        np.testing.assert_array_equal(after.threshold, np.rint(2.5 * before.threshold))
    assert raised.network.input.rate == unbalanced.network.input.rate // 4


def test_a_threshold_is_never_0(unbalanced):
    lowest = at_threshold(unbalanced, 1e-9, 1000.0)
    assert all((population.threshold == 1).all() for population in lowest.network.populations)


def test_rates_fall_with_the_threshold_and_rise_with_the_input(unbalanced):
    pixels = np.random.default_rng(5).integers(0, 256, (8, 1, 4, 4))

    def spikes(threshold, hertz):
        network = at_threshold(unbalanced, threshold, hertz).network
        result = GoldenModel(network, threads=1).run(pixels)
        return sum(int(tally.sum()) for tally in result.spikes.values())

    assert spikes(2.0, 1000.0) < spikes(1.0, 1000.0)
    assert spikes(1.0, 250.0) < spikes(1.0, 1000.0)
