"""Networks of binary weights and activations are exact (Rueckauer 2017, 3.4)."""

import numpy as np
import pytest
import torch
from torch import nn

from augend.gen import convert
from augend.sim.golden import run


class Activation(nn.Module):
    """Heaviside step or sign, of a function that PyTorch has."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return torch.sign(x) if self.function == "sign" else (x >= 0).to(x.dtype)


def norm(channels, generator, rank=2):
    layer = (nn.BatchNorm2d if rank == 2 else nn.BatchNorm1d)(channels)
    with torch.no_grad():
        layer.running_mean.copy_(torch.randn(channels, generator=generator))
        layer.running_var.copy_(torch.rand(channels, generator=generator) + 0.5)
        layer.weight.copy_(torch.randn(channels, generator=generator))  # of either sign
        layer.bias.copy_(torch.randn(channels, generator=generator))
    return layer


def binary_net(function, seed=0):
    """BinaryNet: weights -1 and +1, normalisation, binary activations, max-pooling."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    module = nn.Sequential(
        *(nn.Conv2d(2, 6, 3, padding=1, bias=False), norm(6, generator), Activation(function)),
        *(nn.Conv2d(6, 8, 3, padding=1, bias=False), nn.MaxPool2d(2), norm(8, generator)),
        *(Activation(function), nn.Flatten(), nn.Linear(72, 12, bias=False)),
        *(norm(12, generator, 1), Activation(function), nn.Linear(12, 5)),
    )
    with torch.no_grad():
        for layer in module:
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                layer.weight.copy_(torch.where(layer.weight < 0, -1.0, 1.0))
    return module.double().eval()


def scores(module, images):
    with torch.no_grad():
        return module(torch.from_numpy(images)).numpy()


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("function", ["sign", "heaviside"])
def test_binary_nets_are_exact_on_every_image(function, bits) -> None:
    module = binary_net(function)
    raw = np.random.default_rng(bits).integers(0, 1 << bits, (300, 2, 6, 6))
    images = raw / ((1 << bits) - 1)
    program = convert(module, images[:40], weight_bits=1, timesteps=1, pixel_bits=bits)
    network = program.network
    assert [p.reset for p in network.populations] == [*["subtract"] * 3, "none"]
    assert len(network.gates) == 1
    for projection in network.projections:
        assert network.bits_of(projection) == 1
        assert set(np.unique(projection.weight)) == {-1, 1}
    result = run(network, raw.astype(np.uint8))
    expected = scores(module, images)
    np.testing.assert_array_equal(result.predictions, expected.argmax(1))
    assert len(np.unique(result.predictions)) > 1
    unit = np.array(next(iter(program.metadata["unit"].values())))
    np.testing.assert_allclose(result.scores * unit, expected, atol=1e-3)


@pytest.mark.parametrize("steps", [1, 3])
def test_normalised_scores_take_the_bits_that_they_need(steps) -> None:
    module = nn.Sequential(*binary_net("sign"), norm(5, torch.Generator().manual_seed(3), 1))
    module = module.double().eval()
    raw = np.random.default_rng(0).integers(0, 256, (300, 2, 6, 6))
    program = convert(module, raw[:40] / 255, weight_bits=1, timesteps=steps)
    bits = [program.network.bits_of(p) for p in program.network.projections]
    assert bits == [1, 1, 1, 8]
    result = run(program.network, raw.astype(np.uint8))
    expected = scores(module, raw / 255)
    unit = np.array(next(iter(program.metadata["unit"].values())))
    near = np.abs(expected).max() / 60
    np.testing.assert_allclose(result.scores * unit / steps, expected, atol=near)
    assert (result.predictions == expected.argmax(1)).mean() > 0.98


def test_binary_activations_of_trained_weights_come_close() -> None:
    torch.manual_seed(1)
    generator = torch.Generator().manual_seed(1)
    module = nn.Sequential(
        *(nn.Conv2d(1, 6, 3, bias=False), norm(6, generator), Activation("sign"), nn.Flatten()),
        *(nn.Linear(96, 12), Activation("heaviside"), nn.Linear(12, 4)),
    )
    module = module.double().eval()
    raw = np.random.default_rng(1).integers(0, 256, (200, 1, 6, 6))
    program = convert(module, raw[:100] / 255, timesteps=1)
    result = run(program.network, raw.astype(np.uint8))
    assert (result.predictions == scores(module, raw / 255).argmax(1)).mean() > 0.95


def connected(levels):
    """BinaryConnect and its like: few levels of weights, a scale a channel, ReLU."""
    torch.manual_seed(2)
    generator = torch.Generator().manual_seed(2)
    module = nn.Sequential(
        *(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(6, 8, 2), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(8, 5)),
    )
    levels = torch.tensor(levels, dtype=torch.float32)
    with torch.no_grad():
        for layer in module:
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                drawn = torch.randint(len(levels), layer.weight.shape, generator=generator)
                layer.weight.copy_(0.05 * levels[drawn])
    return module.double().eval()


@pytest.mark.parametrize(
    ("form", "bits", "levels"),
    [
        ("integer", 1, [-1, 1]),
        ("ternary", 2, [-1, 0, 1]),
        ("ternary", 8, [-1, 0, 1]),
        ("power_of_two", 4, [-4, -2, -1, 0, 1, 2, 4]),
    ],
)
@pytest.mark.parametrize("schedule", ["synchronous", "phased"])
def test_weights_of_few_levels_stay_what_they_are(form, bits, levels, schedule) -> None:
    module = connected(levels)
    images = np.random.default_rng(2).random((200, 1, 6, 6))
    program = convert(
        module,
        images[:100],
        weights=form,
        weight_bits=bits,
        timesteps=32,
        schedule=schedule,
        pool="spike",
        norm="percentile",
        per_channel=False,
        percentile=100,
    )
    trained = [layer for layer in module if isinstance(layer, (nn.Conv2d, nn.Linear))]
    names = {"0": trained[0], "3": trained[1], "6": trained[2]}
    for projection in program.network.projections:
        if projection.target in names:
            weight = names[projection.target].weight.detach().numpy() / 0.05
            np.testing.assert_array_equal(projection.weight, np.round(weight))
            assert projection.shift == 0
    predictions = run(program.network, program.encode(images)).predictions
    assert (predictions == scores(module, images).argmax(1)).mean() > 0.9
