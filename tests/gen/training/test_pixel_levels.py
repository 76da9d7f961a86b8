"""Pixels of few bits while training."""

import pytest
import torch
from torch import nn

from augend.gen.training.piece import Run
from augend.gen.training.pixel_levels import PixelLevels


def test_pixels_take_the_nearest_level():
    piece = PixelLevels(bits=2).start(nn.Identity(), Run(steps=1, epochs=1, images=torch.ones(1)))
    given = torch.tensor([0.0, 0.16, 0.17, 0.6, 0.9, 1.0])
    assert (3 * piece.inputs(given)).tolist() == [0, 0, 1, 2, 3, 3]


@pytest.mark.parametrize("bits", [0, 9])
def test_bits_are_1_to_8(bits):
    with pytest.raises(ValueError, match=f"bits is {bits}; it must be 1 to 8"):
        PixelLevels(bits=bits)
