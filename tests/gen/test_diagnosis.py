import os

import numpy as np
import pytest
import torch
from torch import nn

from augend.gen.diagnosis import check, examine, measured
from augend.gen.frontends.pytorch import read

from .torchvision_networks import network

LARGE = "AUGEND_LARGE_TESTS"


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.drop = nn.Dropout()
        self.head = nn.Linear(64, 5)

    def forward(self, x):
        x = torch.relu(self.norm(self.conv1(x)))
        x = self.pool(nn.functional.relu6(self.conv2(x) + x))
        return self.head(self.drop(x.flatten(1)))


def test_every_layer_says_what_becomes_of_it() -> None:
    found = examine(read(Residual().eval(), (1, 8, 8)))
    assert not found.refused
    notes = {row.name: row.note for row in found.rows}
    assert notes["conv1"].startswith("population conv1")
    assert "in conv1" in notes["norm"]
    assert notes["conv2"].startswith("in add")
    assert notes["pool"].startswith("gate pool")
    assert notes["head"].startswith("readout head")
    assert next(row for row in found.rows if row.name == "drop").verdict == "passed"
    assert found.macs is not None
    assert found.macs["conv1"] == 4 * sum(
        (3 - (y in (0, 7))) * (3 - (x in (0, 7))) for y in range(8) for x in range(8)
    )
    assert found.estimated


def test_bipolar_populations_and_clipped_ones_are_named() -> None:
    module = nn.Sequential(
        nn.Linear(4, 6), nn.LeakyReLU(0.1), nn.Linear(6, 6), nn.ReLU6(), nn.Linear(6, 2)
    )
    rows = examine(read(module, (4,))).rows
    notes = [row.note for row in rows if row.kind == "Linear"]
    assert [note.split(" 0")[0].split(" 2")[0].split(" 4")[0] for note in notes] == [
        "bipolar population",
        "clipped population",
        "readout",
    ]


def test_a_refusal_has_no_costs_and_keeps_its_advice() -> None:
    module = nn.Sequential(nn.Linear(4, 6), nn.Sigmoid(), nn.Linear(6, 2))
    found = examine(read(module, (4,)))
    (row,) = found.refused
    assert row.kind == "Sigmoid"
    assert row.error is not None
    assert row.error.instead
    assert found.costs == () and found.network is None
    assert [r.verdict for r in check(module, (4,))] == [r.verdict for r in found.rows]


def test_measured_costs_are_those_of_the_conversion() -> None:
    from augend.gen import convert

    torch.manual_seed(0)
    module = Residual().eval()
    images = np.random.default_rng(0).uniform(0, 1, (40, 1, 8, 8))
    program = convert(module, images, timesteps=4, weight_bits=5)
    guess = examine(read(module, (1, 8, 8)), weight_bits=5, timesteps=4)
    exact = measured(guess, program.network)
    assert not exact.estimated
    for one, other in zip(guess.costs, exact.costs, strict=True):
        assert (one.name, one.synapses, one.fan_out_mean) == (
            other.name,
            other.synapses,
            other.fan_out_mean,
        )
        assert one.weight_memory == other.weight_memory
        if other.potential_bits is not None:
            assert other.potential_bits == program.bounds[other.name].potential_bits
            assert abs(one.potential_bits - other.potential_bits) <= 4
    assert guess.network is not None
    assert set(guess.network.options) == set(program.network.options)


@pytest.mark.skipif(
    not os.environ.get(LARGE), reason=f"a minute and 4 GB each; set {LARGE}=1 to run"
)
@pytest.mark.parametrize(
    ("name", "shape", "millions"),
    [("vgg16", (3, 224, 224), "15.1"), ("inception_v3", (3, 299, 299), "11.7")],
)
def test_neurons_of_imagenet_networks_are_the_papers(name, shape, millions) -> None:
    """Table 1 of Rueckauer 2017: 15 M and 11.7 M, every pooling a layer of neurons."""
    found = examine(read(network(name), shape), pool="spike")
    assert not found.refused
    neurons = sum(cost.neurons for cost in found.costs[1:])
    assert f"{neurons / 1e6:.1f}" == millions
