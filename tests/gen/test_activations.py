"""Activations other than ReLU, as rates of spikes of either sign."""

import numpy as np
import pytest
import torch
from torch import nn

from augend.gen import convert
from augend.gen.fold import fold
from augend.gen.frontends.pytorch import graph_of
from augend.sim.golden import run


def network(activation, seed=0):
    torch.manual_seed(seed)
    module = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), activation, nn.Flatten())
    return module.append(nn.Linear(216, 10)).append(nn.ReLU()).append(nn.Linear(10, 3)).eval()


IMAGES = np.random.default_rng(0).random((80, 1, 6, 6)).astype(np.float32)


def rates(module, *, timesteps, layer="0", **options):
    """What a layer's spikes stand for, and its float activations."""
    program = convert(module, IMAGES[:60], timesteps=timesteps, **options)
    result = run(program.network, program.encode(IMAGES), record="trains")
    scale = np.array(program.metadata["scales"][layer])
    train = result.trains[layer].astype(np.int64)
    with torch.no_grad():
        wanted = module[:2](torch.from_numpy(IMAGES)).numpy()
    found = train.sum(1) / timesteps * scale.reshape(-1, *(1,) * (train.ndim - 3))
    return found, wanted, scale, train


def error(module, timesteps, **options):
    found, wanted, *_ = rates(module, timesteps=timesteps, **options)
    return float(np.sqrt(np.square(found - wanted).mean()) / wanted.std())


PRELU = nn.PReLU(6)
with torch.no_grad():
    PRELU.weight.copy_(torch.tensor([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]))


@pytest.mark.parametrize("schedule", ["synchronous", "phased"])
@pytest.mark.parametrize(
    "activation", [nn.LeakyReLU(0.2), PRELU, nn.ReLU6(), nn.ReLU()], ids=lambda a: type(a).__name__
)
def test_rates_come_to_the_activations_as_steps_go_by(activation, schedule) -> None:
    module = network(activation)
    errors = [error(module, steps, schedule=schedule) for steps in (2, 8, 64)]
    assert errors[0] > 1.5 * errors[1] > 3 * errors[2]
    assert errors[2] < 0.04


def test_layers_without_activation_have_spikes_of_both_signs() -> None:
    torch.manual_seed(1)

    class Residual(nn.Module):
        """A linear tensor that two layers use is a population of its own."""

        def __init__(self) -> None:
            super().__init__()
            self.expand = nn.Conv2d(1, 6, 3, padding=1)
            self.branch = nn.Conv2d(6, 6, 3, padding=1)
            self.scores = nn.Linear(216, 3)

        def forward(self, x):
            linear = self.expand(x)
            return self.scores((linear + torch.relu(self.branch(linear))).flatten(1))

    module = Residual().eval()
    folded = fold(graph_of(module, (1, 6, 6)))
    kinds = {stage.name: stage.activation.kind for stage in folded.stages}
    assert kinds["expand"] == "linear"
    with torch.no_grad():
        wanted = module.expand(torch.from_numpy(IMAGES)).numpy()
    errors = []
    for steps in (2, 8, 64):
        program = convert(module, IMAGES[:60], timesteps=steps)
        result = run(program.network, program.encode(IMAGES), record="trains")
        train = result.trains["expand"]
        assert train.min() == -1
        assert train.max() == 1
        scale = np.array(program.metadata["scales"]["expand"])[:, None, None]
        found = train.sum(1, dtype=np.int64) / steps * scale
        errors.append(float(np.sqrt(np.square(found - wanted).mean()) / wanted.std()))
    assert errors[0] > 2 * errors[1] > 4 * errors[2]


@pytest.mark.parametrize("norm", ["mse", "percentile", "data", "model"])
def test_a_ceiling_is_the_rate_that_saturates(norm) -> None:
    module = network(nn.Hardtanh(0.0, 0.125))
    found, wanted, scale, train = rates(module, timesteps=32, norm=norm)
    assert np.all(scale <= 0.125)
    assert (wanted == 0.125).mean() > 0.05
    saturated = wanted == 0.125
    if norm != "mse":
        np.testing.assert_allclose(scale[saturated.any((0, 2, 3))], 0.125)
    assert np.abs(found - wanted)[saturated].mean() < 0.125 / 16
    assert train.sum(1)[saturated].mean() > 30
