"""What turns an image, as the module takes it, into the integer pixels that the hardware takes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from augend.gen.network import Input

__all__ = ["InputScaling", "PixelError"]


class PixelError(ValueError):
    """Images that a network cannot take; the message says what they are and what is allowed."""


@dataclass(frozen=True, kw_only=True)
class InputScaling:
    """The module's input is ``x = (raw - mean) / std`` per channel, ``raw`` in ``[low, high]``.

    The hardware's pixel is ``p = round((raw - low) / (high - low) * (2**bits - 1))``.

    Parameters
    ----------
    low, high
        Range of raw intensities.
    mean, std
        One for each channel, or one for all.
    """

    low: float = 0.0
    high: float = 1.0
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        values = (self.low, self.high, *self.mean, *self.std)
        if not np.isfinite(values).all():
            raise PixelError(f"pixel_range, mean and std must be finite, not {values}.")
        if not self.low < self.high:
            raise PixelError(
                f"pixel_range must run from a lower to a higher value, not "
                f"({self.low:g}, {self.high:g})."
            )
        if len(self.mean) != len(self.std) or not self.mean:
            raise PixelError(
                f"mean and std need one value for each channel, not {len(self.mean)} and "
                f"{len(self.std)}."
            )
        if min(self.std) <= 0:
            raise PixelError(f"std must be above 0, not {min(self.std):g}.")

    def affine(self, entry: Input) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Per channel ``(scale, shift)`` of ``x = scale p + shift``, ``(C,)`` each."""
        mean, std = self._per_channel(entry)
        scale = (self.high - self.low) / ((1 << entry.bits) - 1) / std
        return scale, (self.low - mean) / std

    def scaled(self, images: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """Images ``(images, C, ...)`` of 0 to 1, as of a data set, as the module takes them."""
        wide = (-1,) + (1,) * (images.ndim - 2)
        raw = images * (self.high - self.low) + self.low
        mean, std = np.asarray(self.mean).reshape(wide), np.asarray(self.std).reshape(wide)
        if images.shape[1] % len(self.mean):
            raise PixelError(
                f"mean and std have {len(self.mean)} values for images of {images.shape[1]} "
                f"channels."
            )
        plain = self.low == 0 and self.high == 1 and not mean.any() and np.all(std == 1)
        return images if plain else (raw - mean) / std

    def encode(self, images: npt.ArrayLike, entry: Input) -> npt.NDArray[np.uint8]:
        """Integer pixels ``(images, *shape)``.

        Parameters
        ----------
        images
            ``(images, *shape)``: floats as the module takes them, or uint8, which are raw
            intensities from 0 to 255 whatever the float convention.
        entry
            The network's input.

        Raises
        ------
        PixelError
            Wrong shape or type, NaN, or values outside the range.
        """
        array = np.asarray(images)
        if array.ndim != 1 + len(entry.shape) or array.shape[1:] != entry.shape:
            raise PixelError(
                f"Images must have shape (images, {', '.join(map(str, entry.shape))}), not "
                f"{array.shape}."
            )
        greatest = (1 << entry.bits) - 1
        if array.dtype == np.uint8:
            return np.floor(array * (greatest / 255) + 0.5).astype(np.uint8)
        if array.dtype.kind not in "fiub":
            raise PixelError(f"Images must be floats or uint8, not {array.dtype}.")
        if not len(array):
            return array.astype(np.uint8)
        mean, std = (
            value.reshape(-1, *(1,) * (len(entry.shape) - 1)) for value in self._per_channel(entry)
        )
        share = ((array.astype(np.float64) * std + mean) - self.low) / (self.high - self.low)
        if not np.isfinite(share).all():
            image = int(np.argwhere(~np.isfinite(share))[0][0])
            raise PixelError(
                f"Images hold {np.count_nonzero(~np.isfinite(share))} values that are NaN or "
                f"infinite; the first is in image {image}."
            )
        slack = 1e-4 / greatest
        if share.min() < -slack or share.max() > 1 + slack:
            raise PixelError(
                f"Images run from {array.min():g} to {array.max():g}, and raw intensities "
                f"x * std + mean from {share.min() * (self.high - self.low) + self.low:g} to "
                f"{share.max() * (self.high - self.low) + self.low:g}; the program takes "
                f"{self.low:g} to {self.high:g}. Set pixel_range to the range of raw intensities "
                f"(e.g. (0, 255)), and mean and std to what they were normalised with."
            )
        return np.floor(np.clip(share, 0, 1) * greatest + 0.5).astype(np.uint8)

    def _per_channel(self, entry: Input) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        channels = entry.shape[0]
        if len(self.mean) not in (1, channels):
            raise PixelError(
                f"mean and std have {len(self.mean)} values for images of {channels} channels."
            )
        mean, std = (
            np.broadcast_to(np.asarray(value, np.float64), (channels,))
            for value in (self.mean, self.std)
        )
        return mean, std
