"""Other views of the training images: turned, scaled, moved and mirrored, each at random."""

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

__all__ = ["Augmentation", "mirrored", "shifted", "turned"]


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What is done to each training image anew every time it is seen.

    All draws are PyTorch's, so its seed repeats them; what is left at zero draws nothing. Shape
    and the range from 0 to 1 are kept, and what comes in from outside the image is 0.

    Parameters
    ----------
    shift
        Each image is moved by up to this many pixels, up or down and sideways.
    rotation
        Each image is turned by up to this many degrees, either way.
    scaling
        Height and width are each stretched or shrunk by up to this share.
    mirror
        Half of the images are mirrored left to right.
    """

    shift: int = 0
    rotation: float = 0.0
    scaling: float = 0.0
    mirror: bool = False

    def __post_init__(self) -> None:
        for name, highest in (("shift", math.inf), ("rotation", 180), ("scaling", 0.9)):
            value = getattr(self, name)
            if not 0 <= value <= highest:
                raise ValueError(f"{name} is {value}; it must be from 0 to {highest}")

    def pad(self, images: torch.Tensor) -> torch.Tensor:
        """All images with the border that `view` cuts its views from."""
        return functional.pad(images, (self.shift,) * 4)

    def view(self, padded: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        """New views of some images.

        Parameters
        ----------
        padded
            All images as `pad` gave them, ``(images, C, H + 2 shift, W + 2 shift)``.
        chosen
            Indices, ``(batch,)``.

        Returns
        -------
        torch.Tensor
            The views, ``(batch, C, H, W)``.
        """
        images = shifted(padded, chosen, self.shift)
        if self.rotation or self.scaling:
            images = turned(images, self.rotation, self.scaling)
        return mirrored(images) if self.mirror else images


def shifted(padded: torch.Tensor, chosen: torch.Tensor, shift: int) -> torch.Tensor:
    """Cut the chosen images out of their padding, each at its own place.

    Parameters
    ----------
    padded
        All images with ``shift`` pixels of border, ``(images, C, H + 2 shift, W + 2 shift)``.
    chosen
        Indices, ``(batch,)``.
    shift
        Largest move in pixels.
    """
    if shift == 0:
        return padded[chosen]
    height, width = (size - 2 * shift for size in padded.shape[2:])
    device = padded.device
    top, left = torch.randint(2 * shift + 1, (2, len(chosen))).to(device)
    rows = (top[:, None] + torch.arange(height, device=device))[:, None, :, None]
    columns = (left[:, None] + torch.arange(width, device=device))[:, None, None, :]
    channels = torch.arange(padded.shape[1], device=device)[None, :, None, None]
    return padded[chosen[:, None, None, None], channels, rows, columns]


def turned(images: torch.Tensor, rotation: float, scaling: float) -> torch.Tensor:
    """Turn each image by up to ``rotation`` degrees and scale its sides by up to ``scaling``."""
    angle, tall, wide = torch.rand(3, len(images)).mul(2).sub(1).to(images.device)
    angle = angle * math.radians(rotation)
    tall, wide = 1 + scaling * tall, 1 + scaling * wide
    none = torch.zeros_like(angle)
    sideways = torch.stack([angle.cos() / wide, -angle.sin() / wide, none], dim=1)
    downwards = torch.stack([angle.sin() / tall, angle.cos() / tall, none], dim=1)
    places = functional.affine_grid(
        torch.stack([sideways, downwards], dim=1), list(images.shape), align_corners=False
    )
    return functional.grid_sample(images, places, align_corners=False).clamp(0, 1)


def mirrored(images: torch.Tensor) -> torch.Tensor:
    """Mirror each image left to right, or not, with equal chances."""
    chosen = torch.rand(len(images)).to(images.device) < 0.5
    return torch.where(chosen[:, None, None, None], images.flip(3), images)
