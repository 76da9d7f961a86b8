"""What ``convert`` is asked for, checked before any work is done."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import torch

from augend.gen.calibrate import Norm
from augend.gen.entry import Encoding
from augend.gen.fold import PoolMode
from augend.gen.graph import ConversionError
from augend.gen.levels import WeightForm
from augend.gen.network import Decode
from augend.gen.scaling import InputScaling, PixelError

__all__ = ["Schedule", "calibration_images", "check_options", "input_scaling"]

Schedule = Literal["synchronous", "phased"]


def calibration_images(calibration: npt.ArrayLike) -> npt.NDArray[np.generic]:
    """Images as an array, ``(images, C, H, W)`` or ``(images, N)`` with at least one image."""
    if isinstance(calibration, torch.Tensor):
        calibration = calibration.detach().cpu().numpy()
    images = np.asarray(calibration)
    if images.ndim not in (2, 4):
        raise ConversionError(
            f"Calibration images must have shape (images, C, H, W) or (images, N), not "
            f"{images.shape}."
        )
    if not len(images):
        raise ConversionError(
            "Calibration needs at least one image, and there is none.",
            instead="Give some hundred images of the training set.",
        )
    return images


def input_scaling(
    pixel_range: tuple[float, float],
    mean: float | Sequence[float] | None,
    std: float | Sequence[float] | None,
) -> InputScaling:
    """Scaling of the input from ``convert``'s options; a single value holds for all channels."""

    def listed(value: float | Sequence[float] | None, default: float) -> list[float]:
        return np.atleast_1d(np.asarray(default if value is None else value, float)).tolist()

    means, stds = listed(mean, 0.0), listed(std, 1.0)
    length = max(len(means), len(stds))
    if len(means) == 1:
        means *= length
    if len(stds) == 1:
        stds *= length
    try:
        low, high = (float(value) for value in pixel_range)
        return InputScaling(low=low, high=high, mean=tuple(means), std=tuple(stds))
    except PixelError as error:
        raise ConversionError(str(error)) from error
    except (TypeError, ValueError) as error:
        raise ConversionError(
            f"pixel_range must be a lowest and a highest value, not {pixel_range!r}."
        ) from error


def check_options(options: Mapping[str, Any]) -> None:
    """Refuse the first option that is out of range, naming it and what is allowed."""
    for key, most in (
        ("weight_bits", 8),
        ("timesteps", 1 << 16),
        ("pixel_bits", 8),
        ("lanes", None),
        ("cores", None),
    ):
        value = options[key]
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, np.integer))
            or value < 1
            or (most is not None and value > most)
        ):
            allowed = "an integer of at least 1" if most is None else f"an integer of 1 to {most}"
            raise ConversionError(f"{key} must be {allowed}, not {value!r}.")
    for key, kinds in (
        ("norm", Norm),
        ("schedule", Schedule),
        ("pool", PoolMode),
        ("decode", Decode),
        ("encoding", Encoding),
        ("weights", WeightForm),
    ):
        if options[key] not in get_args(kinds):
            allowed = " or ".join(repr(kind) for kind in get_args(kinds))
            raise ConversionError(f"{key} must be {allowed}, not {options[key]!r}.")
    if not 0 < options["percentile"] <= 100:
        raise ConversionError(
            f"percentile must be above 0 and at most 100, not {options['percentile']!r}."
        )
