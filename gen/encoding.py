"""How intensities become input spikes, in integers that hardware repeats bit for bit."""

from math import prod

import numpy as np
import numpy.typing as npt

from augend.gen.entry import Input
from augend.gen.lfsr import DRAW_BITS, draws_by_step

__all__ = ["EncodingError", "input_rate", "spike_steps", "spike_thresholds", "spike_trains"]


class EncodingError(ValueError):
    """Intensities or rates that an encoding cannot take; the message says what it takes."""


def spike_trains(pixels: npt.ArrayLike, entry: Input, timesteps: int) -> npt.NDArray[np.uint8]:
    """Input spikes of images, for the encodings ``rate``, ``ttfs`` and ``hybrid``.

    They are a function of the image alone: the LFSR of ``rate`` starts again for every image. In
    ``hybrid`` the first step holds no spike, since the current comes there.

    Parameters
    ----------
    pixels
        Integers of 0 to 2**bits - 1, ``(images, *shape)``.
    entry
        The network's input.
    timesteps
        Number of time steps T.

    Returns
    -------
    ndarray
        0 or 1, ``(images, steps, *shape)``.

    Raises
    ------
    EncodingError
        When the encoding emits no spikes of its own, or the pixels do not fit the input.
    """
    if entry.encoding in ("current", "events"):
        why = (
            "an input current has no spikes"
            if entry.encoding == "current"
            else "its spikes come from a sensor; augend.gen.aer bins recordings into steps"
        )
        raise EncodingError(f"Input encoding {entry.encoding!r} cannot be turned to spikes: {why}")
    if timesteps < 1:
        raise EncodingError(f"Time steps must be at least 1, not {timesteps!r}")
    levels = _checked(np.asarray(pixels), entry)  # (images, neurons)
    images, neurons = levels.shape
    trains = np.empty((images, timesteps, neurons), np.bool_)
    if entry.encoding == "rate":
        words = draws_by_step(entry.seed, timesteps, neurons).astype(np.uint32)
        np.less(words, spike_thresholds(entry)[levels][:, None], out=trains)
    else:
        times = spike_steps(entry, timesteps)[levels][:, None]
        np.equal(np.arange(timesteps, dtype=times.dtype)[:, None], times, out=trains)
    return trains.view(np.uint8).reshape(images, timesteps, *entry.shape)


def spike_thresholds(entry: Input) -> npt.NDArray[np.uint32]:
    """What a 16-bit draw must stay below for a spike of ``rate``, for every intensity.

    ``q * rate >> bits``, where q is the intensity p, and p + 1 from half the range on, so that q
    runs from exactly 0 to exactly 2**bits: black never spikes, and white does with probability
    rate / 2**16, which for a rate of 2**16 is every step. No q is further than half a unit from
    p * 2**bits / (2**bits - 1). A table that counts up by ``rate``, so nothing is multiplied.

    Returns
    -------
    ndarray
        0 to 2**16, ``(2**bits,)``.
    """
    level = np.arange(1 << entry.bits, dtype=np.int64)
    share = level + (level >> (entry.bits - 1))
    return (share * entry.rate >> entry.bits).astype(np.uint32)


def spike_steps(entry: Input, timesteps: int) -> npt.NDArray[np.int32]:
    """Step of the one spike of ``ttfs`` or ``hybrid``, from 0, for every intensity.

    Datta 2021, eq. 4, with steps counted from 1: ``T_i = round(T + (2 - T) p / (2**bits - 1))`` for
    ``hybrid``; with 1 for the 2 in ``ttfs``, which has no step of current to wait for. White spikes
    first and black in the last step. 2**bits - 1 is odd, so nothing lies half-way. With a single
    time step ``hybrid`` has no step for a spike: its table is -1, which no step is.

    Returns
    -------
    ndarray
        -1 to T - 1, ``(2**bits,)``.
    """
    first = 2 if entry.encoding == "hybrid" else 1
    if timesteps < first:
        return np.full(1 << entry.bits, -1, np.int32)
    most = (1 << entry.bits) - 1
    level = np.arange(most + 1, dtype=np.int64)
    advance = (2 * (timesteps - first) * level + most) // (2 * most)
    return (timesteps - 1 - advance).astype(np.int32)


def input_rate(hertz: float, *, step_us: float = 1000.0) -> int:
    """`Input.rate` of a Poisson input whose brightest pixel fires at so many spikes a second.

    Diehl 2015, section IV-C: spike trains of rates proportional to the intensity, in steps of 1 ms
    (section III-A). In a step a neuron spikes once, with probability rate times step; at 1000 Hz
    the brightest spike in every step (section VI).

    Parameters
    ----------
    hertz
        Greatest input rate, in spikes a second.
    step_us
        Length of a time step in microseconds.

    Raises
    ------
    EncodingError
        When more than one spike would fall into a step, or none ever.
    """
    rate = round(hertz * step_us * (1 << DRAW_BITS) / 1e6)
    if not 1 <= rate <= 1 << DRAW_BITS:
        raise EncodingError(
            f"{hertz:g} Hz in steps of {step_us:g} us is {hertz * step_us / 1e6:g} spikes a step; "
            f"a step holds at most 1 and at least 2**-{DRAW_BITS}. With this step the rate is "
            f"{1e6 / step_us / (1 << DRAW_BITS):g} to {1e6 / step_us:g} Hz"
        )
    return rate


def _checked(pixels: npt.NDArray, entry: Input) -> npt.NDArray[np.integer]:
    """Pixels as ``(images, neurons)``, or a refusal."""
    greatest = (1 << entry.bits) - 1
    if pixels.dtype.kind not in "iub":
        raise EncodingError(
            f"Pixels must be integers of 0 to {greatest}, not {pixels.dtype}; quantise them first"
        )
    if pixels.shape[1:] != entry.shape or pixels.ndim != 1 + len(entry.shape):
        raise EncodingError(
            f"Pixels for input encoding {entry.encoding!r} must have shape "
            f"(images, {', '.join(map(str, entry.shape))}), not {pixels.shape}"
        )
    if pixels.size and (pixels.min() < 0 or pixels.max() > greatest):
        raise EncodingError(f"Pixels must be 0 to {greatest}, not {pixels.min()} to {pixels.max()}")
    return pixels.reshape(len(pixels), prod(entry.shape)).astype(np.uint8, copy=False)
