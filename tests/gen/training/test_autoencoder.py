"""A stacked auto-encoder: what its layers know of an image of which much is hidden."""

import pytest
import torch
from torch import nn

from augend.gen.datasets import load
from augend.gen.training import Mlp
from augend.gen.training.autoencoder import AutoEncoder
from augend.gen.training.piece import Run

OPTIONS = AutoEncoder(epochs=12, masking=0.5, learning_rate=3e-3, batch=50)


def restored(features, images, masked):
    """Share of the images' variance that a linear map of features restores, by least squares."""
    kept = torch.rand(images.shape, generator=torch.Generator().manual_seed(2)) >= masked
    with torch.no_grad():
        found = features(images * kept)
    found = torch.cat([found, torch.ones(len(found), 1)], dim=1)
    rest = images - found @ torch.linalg.lstsq(found, images).solution
    return 1 - float(rest.square().mean() / (images - images.mean(0)).square().mean())


def test_hidden_layers_learn_to_restore_and_the_output_stays():
    torch.manual_seed(1)
    images = torch.from_numpy(load("digits").images)
    network = Mlp(shape=(1, 8, 8), classes=10, hidden=[24, 24])
    before = {name: value.clone() for name, value in network.state_dict().items()}
    hidden = nn.Sequential(nn.Flatten(), network.linear1, nn.ReLU(), network.linear2, nn.ReLU())
    flat = images.flatten(1)
    first = restored(hidden, flat, 0.5)
    piece = OPTIONS.start(network, Run(steps=1, epochs=1, images=images))
    piece.begin()
    assert restored(hidden, flat, 0.5) > first + 0.05
    after = network.state_dict()
    assert [torch.equal(after[name], before[name]) for name in after] == [False, False, True]


def test_refusals():
    with pytest.raises(ValueError, match="masking is 1; it must be from 0 to below 1"):
        AutoEncoder(epochs=1, masking=1)
    with pytest.raises(ValueError, match="epochs is 0, batch 128, learning_rate 0.001; they must"):
        AutoEncoder(epochs=0, masking=0.5)
    run = Run(steps=1, epochs=1, images=torch.zeros(1, 1, 2, 2))
    with pytest.raises(ValueError, match="needs a network with a hidden full layer"):
        OPTIONS.start(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), run)
