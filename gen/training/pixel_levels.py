"""Pixels of few bits, after augmentation has blended them."""

from dataclasses import dataclass

import torch
from torch import nn

from augend.gen.training.piece import Options, Piece, Run

__all__ = ["PixelLevels", "PixelRounding"]


@dataclass(frozen=True, kw_only=True)
class PixelLevels(Options):
    """Pixels of a batch are rounded to what so many bits can say, as hardware takes them.

    Turned and scaled views hold values between those of the images that they were made of; a
    recipe that has such views and few ``pixel_bits`` needs this piece.

    Parameters
    ----------
    bits
        1 to 8.
    """

    bits: int

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= 8:
            raise ValueError(f"bits is {self.bits}; it must be 1 to 8")

    def start(self, network: nn.Module, run: Run) -> "PixelRounding":
        """See `augend.gen.training.piece.Options`."""
        return PixelRounding(self.bits)


class PixelRounding(Piece):
    """Rounds what a network sees; see `PixelLevels`."""

    def __init__(self, bits: int) -> None:
        self._most = (1 << bits) - 1

    def inputs(self, images: torch.Tensor) -> torch.Tensor:
        """The nearest levels."""
        return (images * self._most + 0.5).floor() / self._most
