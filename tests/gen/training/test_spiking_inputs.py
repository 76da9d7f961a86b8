"""Spikes of training images are those of the hardware's encoder, or as probable."""

import numpy as np
import torch

from augend.gen.encoding import spike_trains
from augend.gen.entry import Input
from augend.gen.training.spiking_inputs import rate_spikes

ENTRY = Input(shape=(1, 2, 4), encoding="rate")


def test_spikes_of_use_are_those_of_the_encoder():
    levels = np.random.default_rng(0).integers(0, 256, (6, 1, 2, 4))
    images = torch.from_numpy(levels / 255).float()
    found = rate_spikes(images, ENTRY, 40, drawn=False).transpose(0, 1)
    np.testing.assert_array_equal(
        found.reshape(6, 40, 1, 2, 4).numpy(), spike_trains(levels, ENTRY, 40)
    )


def test_drawn_spikes_are_as_probable_and_differ():
    images = torch.tensor([0, 51, 128, 255, 26, 204, 102, 230]).reshape(1, 1, 2, 4) / 255
    torch.manual_seed(0)
    found = rate_spikes(images, ENTRY, 20_000, drawn=True).float()
    expected = images.flatten()
    assert (found.mean((0, 1)) - expected).abs().max() < 0.02
    assert not found[:, 0, 0].any()
    again = rate_spikes(images, ENTRY, 20_000, drawn=True).float()
    assert (found != again).float().mean() > 0.1
    torch.manual_seed(0)
    torch.testing.assert_close(rate_spikes(images, ENTRY, 20_000, drawn=True).float(), found)
