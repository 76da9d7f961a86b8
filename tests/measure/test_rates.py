"""Correlations of rates are those of a whole diagnosis."""

import numpy as np
import pytest
import torch

from augend.gen import convert
from augend.gen.frontends.pytorch import graph_of
from augend.host.diagnose import diagnose
from tests.measure.rates import rate_layers


@pytest.mark.parametrize("options", [{"schedule": "phased"}, {"signed": True}, {"norm": "data"}])
def test_they_are_those_of_a_diagnosis(options):
    torch.manual_seed(7)
    module = torch.nn.Sequential(
        torch.nn.Conv2d(2, 4, 3), torch.nn.ReLU6(), torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(4, 6, 1), torch.nn.Conv2d(6, 8, 2), torch.nn.ReLU(),
        torch.nn.Flatten(), torch.nn.Linear(32, 5),
    )  # fmt: skip
    images = torch.rand(24, 2, 8, 8).numpy()
    program = convert(module, images[:16], timesteps=12, **options)
    graph = graph_of(module, (2, 8, 8))
    layers = rate_layers(program, graph, images[16:])
    whole = diagnose(program, graph, images[16:], np.zeros(8, int)).errors.layers
    firing = [layer for layer in whole if layer.name in {one.name for one in layers}]
    assert [layer.name for layer in firing] == [layer.name for layer in layers]
    assert len(layers) >= 3
    for found, expected in zip(layers, firing, strict=True):
        assert found.correlation == pytest.approx(expected.correlation, abs=1e-5)
        assert found.rms == pytest.approx(expected.rms, abs=1e-5)
        assert found.signed == expected.signed
        assert 0.2 < found.correlation < 1
