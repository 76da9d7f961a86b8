"""Recordings of event sensors (address-event representation), binned into time steps."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from augend.gen.contract import Shape

__all__ = ["AerError", "BinBy", "Recording", "bin_events", "bin_recordings"]

BinBy = Literal["time", "count"]


class AerError(ValueError):
    """Events that cannot be read or binned; the message says which and what is allowed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """Events of a sensor in the order of their times.

    Parameters
    ----------
    x, y
        Column and row, from 0, ``(events,)``.
    t
        Microseconds since the recording began, never less than before, ``(events,)``.
    p
        Polarity: 0 where it became darker, 1 where it became brighter, ``(events,)``.
    """

    x: npt.NDArray[np.integer]
    y: npt.NDArray[np.integer]
    t: npt.NDArray[np.integer]
    p: npt.NDArray[np.integer | np.bool_]

    def __post_init__(self) -> None:
        fields = {"x": self.x, "y": self.y, "t": self.t, "p": self.p}
        for name, values in fields.items():
            if values.ndim != 1 or values.dtype.kind not in "iub":
                raise AerError(
                    f"Events need one integer {name} each, not {values.dtype} of shape "
                    f"{values.shape}"
                )
            if len(values) != len(self.t):
                counts = ", ".join(f"{len(v)} {name}" for name, v in fields.items())
                raise AerError(f"Events need an x, a y, a t and a p each, not {counts}")
        if not len(self.t):
            return
        for name in ("x", "y", "t", "p"):
            if fields[name].min() < 0:
                raise AerError(f"An event's {name} is at least 0, not {fields[name].min()}")
        if self.p.max() > 1:
            raise AerError(f"Polarity must be 0 or 1, not {self.p.max()}")
        # Compared, not subtracted: unsigned times have no negative difference.
        back = np.flatnonzero(self.t[1:] < self.t[:-1])
        if len(back):
            late = int(back[0])
            raise AerError(
                f"Events must be in the order of their times, but event {late + 1} at "
                f"{self.t[late + 1]} us follows one at {self.t[late]} us; sort them by time"
            )

    def __len__(self) -> int:
        return len(self.t)

    @classmethod
    def of(cls, events: npt.NDArray) -> "Recording":
        """From a structured array with the fields x, y, t and p, as tonic gives it."""
        missing = [name for name in "xytp" if name not in (events.dtype.names or ())]
        if missing:
            raise AerError(
                f"Events must be a structured array with fields x, y, t and p, not "
                f"{events.dtype}; {', '.join(missing)} missing"
            )
        return cls(x=events["x"], y=events["y"], t=events["t"], p=events["p"])


def bin_events(
    recording: Recording,
    shape: Shape,
    timesteps: int,
    *,
    by: BinBy = "time",
    duration_us: int | None = None,
    bits: int = 1,
    merge_polarity: bool = False,
) -> npt.NDArray[np.uint8]:
    """Count the events of every pixel in every time step, as far as ``bits`` can hold.

    By ``time``, an event at t comes in step ``t * timesteps // duration_us``: all steps are
    equally long. By ``count``, event i of n comes in step ``i * timesteps // n``: all steps have
    as many events, give or take one.

    Parameters
    ----------
    recording
        The events.
    shape
        ``(C, H, W)``: polarity, or 1 where polarities are merged; rows; columns. Channel 0 has the
        events of polarity 0.
    timesteps
        Number of steps.
    by
        ``time`` or ``count``.
    duration_us
        Length of all steps together, from time 0, in microseconds; later events are left away. None
        takes the whole recording, to the last event.
    bits
        Width of a count, 1 to 8; greater counts become 2**bits - 1.
    merge_polarity
        Count both polarities in the one channel.

    Returns
    -------
    ndarray
        ``(steps, C, H, W)``, what a network with the input encoding ``events`` takes.

    Raises
    ------
    AerError
        When the events do not fit the shape, or an option is not one of those above.
    """
    _check_options(shape, timesteps, by, duration_us, bits, merge_polarity)
    _check_places(recording, shape)
    bins = np.zeros((timesteps, *shape), np.uint8)
    t = recording.t.astype(np.int64)
    if duration_us is not None:
        t = t[: np.searchsorted(t, duration_us)]
    kept = len(t)
    if kept:
        if by == "time":
            step = t * timesteps // (int(t[-1]) + 1 if duration_us is None else duration_us)
        else:
            step = np.arange(kept) * timesteps // kept
        channel = 0 if merge_polarity else recording.p[:kept].astype(np.int64)
        cell = ((step * shape[0] + channel) * shape[1] + recording.y[:kept]) * shape[2]
        cells, counts = np.unique(cell + recording.x[:kept], return_counts=True)
        bins.reshape(-1)[cells] = counts.clip(max=(1 << bits) - 1)
    return bins


def bin_recordings(
    recordings: Iterable[Recording],
    shape: Shape,
    timesteps: int,
    *,
    by: BinBy = "time",
    duration_us: int | None = None,
    bits: int = 1,
    merge_polarity: bool = False,
) -> npt.NDArray[np.uint8]:
    """Bin several recordings as `bin_events` does each: ``(recordings, steps, C, H, W)``."""
    binned = [
        bin_events(
            recording,
            shape,
            timesteps,
            by=by,
            duration_us=duration_us,
            bits=bits,
            merge_polarity=merge_polarity,
        )
        for recording in recordings
    ]
    return np.stack(binned) if binned else np.empty((0, timesteps, *shape), np.uint8)


def _check_options(
    shape: Shape,
    timesteps: int,
    by: str,
    duration_us: int | None,
    bits: int,
    merge_polarity: bool,
) -> None:
    channels = 1 if merge_polarity else 2
    if len(shape) != 3 or shape[0] != channels or min(shape) < 1:
        raise AerError(
            f"The shape must be ({channels}, H, W) where polarities are "
            f"{'merged' if merge_polarity else 'kept apart'}, not {tuple(shape)}"
        )
    if timesteps < 1:
        raise AerError(f"Time steps must be at least 1, not {timesteps!r}")
    if by not in get_args(BinBy):
        raise AerError(f"Events are binned by 'time' or by 'count', not by {by!r}")
    if duration_us is not None and duration_us < 1:
        raise AerError(f"The duration must be at least 1 us, not {duration_us!r}")
    if not 1 <= bits <= 8:
        raise AerError(f"Bits must be 1 to 8, not {bits!r}")


def _check_places(recording: Recording, shape: Shape) -> None:
    for name, places, size in (("x", recording.x, shape[2]), ("y", recording.y, shape[1])):
        if len(places) and places.max() >= size:
            raise AerError(
                f"Event {int(places.argmax())} has {name} = {places.max()}, outside a sensor of "
                f"{shape[1]} rows and {shape[2]} columns; give the sensor's own shape, or crop "
                f"the recording"
            )
