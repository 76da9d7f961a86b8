"""The photographs that come with the packages that are here anyway, and crops of them."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.datasets import load_sample_images

__all__ = ["centre", "corners", "photographs"]

Pixels = npt.NDArray[np.uint8]
SHARE = 0.75
"""Of the shorter side, that a crop of a corner has."""


def photographs() -> dict[str, Image.Image]:
    """By name: two of scikit-learn, one of matplotlib; RGB, about 600 x 500."""
    found = load_sample_images()
    names = [Path(name).stem for name in found.filenames]
    photos = {name: Image.fromarray(image) for name, image in zip(names, found.images, strict=True)}
    portrait = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    return photos | {portrait.stem: Image.open(portrait).convert("RGB")}


def centre(photo: Image.Image, size: int) -> Pixels:
    """The greatest square in the middle, ``(3, size, size)``."""
    side = min(photo.size)
    return _crop(photo, (photo.width - side) // 2, (photo.height - side) // 2, side, size)


def corners(photo: Image.Image, size: int) -> Pixels:
    """Squares in the four corners, ``(4, 3, size, size)``."""
    side = round(SHARE * min(photo.size))
    right, low = photo.width - side, photo.height - side
    places = ((0, 0), (right, 0), (0, low), (right, low))
    return np.stack([_crop(photo, x, y, side, size) for x, y in places])


def _crop(photo: Image.Image, x: int, y: int, side: int, size: int) -> Pixels:
    part = photo.resize((size, size), Image.Resampling.BICUBIC, box=(x, y, x + side, y + side))
    return np.asarray(part).transpose(2, 0, 1)
