"""What the encoder sends: the input's spikes, pass by pass (bit planes, then time steps)."""

import numpy as np
import numpy.typing as npt

from augend.gen.encoding import spike_trains
from augend.gen.network import INPUT
from augend.gen.place import Placement

__all__ = ["input_passes"]


def input_passes(placement: Placement, pixels: npt.NDArray) -> npt.NDArray[np.uint8]:
    """Input spikes of each pass, in words of lanes.

    Parameters
    ----------
    placement
        The placed network.
    pixels
        ``(images, *shape)``, or ``(images, T, *shape)`` for events.

    Returns
    -------
    ndarray
        0 or 1, or numbers of events, ``(images, passes, words, lanes)``.
    """
    network = placement.network
    layout = placement.layouts[INPUT]
    entry = network.input
    passes = []
    if entry.is_current:
        packed = layout.pack(pixels)  # (images, words, lanes)
        planes = np.arange(entry.bits)
        if not placement.lsb_first:
            planes = planes[::-1]
        passes.append(packed[:, None] >> planes[:, None, None] & 1)
    if entry.encoding == "events":
        passes.append(layout.pack(pixels))
    elif entry.spikes:
        passes.append(layout.pack(spike_trains(pixels, entry, network.timesteps)))
    return np.concatenate(passes, axis=1).astype(np.uint8)
