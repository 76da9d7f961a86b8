"""The loops of the compiled engine; each states what it leaves in its arrays.

Sums wrap around in their array's type, which is why their callers prove the type wide enough: then
the final sum, whatever happens on the way, is exact.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["Events", "add_rows", "add_windows", "events_of", "fire", "pooled_events_of", "tally"]

Events = tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int32]]
"""Where each row's events begin, and the source and value of every event."""

PATCH = 1024
"""Neurons whose potentials, thresholds and counts stay in the first cache over all steps."""


@njit(cache=True, nogil=True)
def events_of(values, events):
    """List what is not zero in (rows, sources), given the number of it.

    Returns
    -------
    Where each row's events begin, (rows + 1,), and the source and value of every event.
    """
    rows, sources = values.shape
    bounds = np.empty(rows + 1, np.int64)
    index = np.empty(events + 1, np.int32)
    value = np.empty(events + 1, np.int32)
    bounds[0] = 0
    for row in range(rows):
        bounds[row + 1] = list_row(values[row], bounds[row], index, value)
    return bounds, index, value


@njit(cache=True, nogil=True)
def list_row(values, first, index, value):
    """List what is not zero in (sources,) from place ``first`` on; return the place after it."""
    event = np.uint64(first)
    for source in range(np.uint64(len(values))):
        # Written always and kept sometimes: no branch to mispredict.
        index[event] = source
        event += np.uint64(values[source] != 0)
    for place in range(np.uint64(first), event):
        value[place] = values[np.uint64(index[place])]
    return event


@njit(cache=True, nogil=True)
def add_rows(bounds, index, value, weight, sums):
    """Add to ``sums``, (rows, targets), each event's weights, (sources, targets)."""
    for row in range(len(bounds) - 1):
        total = sums[row]
        event, end = bounds[row], bounds[row + 1]
        while event + 4 <= end:  # four at a time: the sums are loaded and stored a quarter as often
            w0, w1 = weight[index[event]], weight[index[event + 1]]
            w2, w3 = weight[index[event + 2]], weight[index[event + 3]]
            v0, v1, v2, v3 = value[event], value[event + 1], value[event + 2], value[event + 3]
            for n in range(len(total)):
                total[n] += w0[n] * v0 + w1[n] * v1 + w2[n] * v2 + w3[n] * v3
            event += 4
        while event < end:
            w0, v0 = weight[index[event]], value[event]
            for n in range(len(total)):
                total[n] += w0[n] * v0
            event += 1


@njit(cache=True, nogil=True)
def add_windows(
    bounds, index, value, places, row_bounds, row_runs, column_bounds, column_runs, weight, sums
):
    """Add to ``sums``, (rows, targets), each event's weights at every position it reaches."""
    for row in range(len(bounds) - 1):
        total = sums[row]
        event, end = bounds[row], bounds[row + 1]
        while event < end:
            y, x, s0, first_target, site = places[index[event]]
            # Events of one site reach the same targets: up to four are added in one go.
            together = 1
            while (
                together < 4
                and event + together < end
                and places[index[event + together], 4] == site
            ):
                together += 1
            v0 = value[event]
            s1 = s2 = s3 = s0
            v1 = v2 = v3 = np.int32(0)
            if together > 1:
                s1, v1 = places[index[event + 1], 2], value[event + 1]
            if together > 2:
                s2, v2 = places[index[event + 2], 2], value[event + 2]
            if together > 3:
                s3, v3 = places[index[event + 3], 2], value[event + 3]
            event += together
            for r in range(row_bounds[y], row_bounds[y + 1]):
                for c in range(column_bounds[x], column_bounds[x + 1]):
                    # Unsigned: an index that cannot count from the end lets the loops be vectors.
                    target = np.uint64(first_target + row_runs[r, 0] + column_runs[c, 0])
                    start = row_runs[r, 1] + column_runs[c, 1]
                    length = np.uint64(column_runs[c, 2])
                    a0, a1 = np.uint64(s0 + start), np.uint64(s1 + start)
                    a2, a3 = np.uint64(s2 + start), np.uint64(s3 + start)
                    if together == 1:
                        for n in range(length):
                            total[target + n] += weight[a0 + n] * v0
                    elif together == 2:
                        for n in range(length):
                            total[target + n] += weight[a0 + n] * v0 + weight[a1 + n] * v1
                    else:
                        for n in range(length):
                            total[target + n] += (
                                weight[a0 + n] * v0
                                + weight[a1 + n] * v1
                                + weight[a2 + n] * v2
                                + weight[a3 + n] * v3
                            )


@njit(cache=True, nogil=True)
def fire(start, constant, arrivals, threshold, steps, counts, trains, potentials):
    """Run (images, neurons) through some steps and leave their spikes in ``counts``.

    ``start`` and ``constant`` have a row for every image, or one for all. ``arrivals``, ``trains``
    and ``potentials``, (images, steps, neurons), have no steps where there is nothing to add, or
    nothing to keep.
    """
    images, neurons = counts.shape
    membranes = np.empty(PATCH, np.int32)
    unkept = np.empty(PATCH, np.uint8)
    for image in range(images):
        for first in range(0, neurons, PATCH):
            patch = slice(first, min(first + PATCH, neurons))
            begun = start[image if len(start) > 1 else 0, patch]
            added = constant[image if len(constant) > 1 else 0, patch]
            count, limit = counts[image, patch], threshold[patch]
            membrane = membranes[: len(count)]
            for n in range(len(count)):
                membrane[n] = begun[n]
                count[n] = 0
            for step in range(steps):
                if arrivals.shape[1]:
                    arrived = arrivals[image, step, patch]
                    for n in range(len(count)):
                        membrane[n] += arrived[n]
                train = trains[image, step, patch] if trains.shape[1] else unkept[: len(count)]
                for n in range(len(count)):
                    total = np.int32(membrane[n] + added[n])
                    spike = total >= limit[n]
                    membrane[n] = np.int32(total - limit[n]) if spike else total
                    train[n] = spike
                    count[n] += spike
                if potentials.shape[1]:
                    potentials[image, step, patch] = membrane


@njit(cache=True, nogil=True)
def pooled_events_of(values, shape, block, events):
    """List the sums of blocks that are not zero in (rows, sources) of an (H, W, C) shape.

    Returns
    -------
    As ``events_of``, with blocks for sources; ``events`` bounds their number.
    """
    height, width, channels = shape
    tall, wide = -(-height // block[0]), -(-width // block[1])
    # Unsigned throughout, and no slices, which cost more than what they would hold.
    channels, length = np.uint64(channels), np.uint64(width * channels)
    size = np.uint64(wide * block[1]) * channels
    added = np.zeros(size, np.int32)
    summed = np.zeros(size, np.int32)
    bounds = np.empty(len(values) + 1, np.int64)
    index = np.empty(events + 1, np.int32)
    value = np.empty(events + 1, np.int32)
    bounds[0] = 0
    event = np.uint64(0)
    for row in range(len(values)):
        for y in range(tall):
            for n in range(length):
                added[n] = 0
            for line in range(y * block[0], min((y + 1) * block[0], height)):
                first = np.uint64(line) * length
                for n in range(length):
                    added[n] += values[row, first + n]
            for n in range(size):
                summed[n] = added[n]
            for column in range(np.uint64(1), np.uint64(block[1])):
                shift = column * channels
                for n in range(size - shift):
                    summed[n] += added[n + shift]
            site, start = np.int32(y * wide) * np.int32(channels), np.uint64(0)
            for _ in range(wide):
                for channel in range(channels):
                    index[event] = site
                    value[event] = summed[start + channel]
                    event += np.uint64(summed[start + channel] != 0)
                    site += 1
                start += np.uint64(block[1]) * channels
        bounds[row + 1] = event
    return bounds, index, value


@njit(cache=True, nogil=True)
def tally(counts, fan_out):
    """Sum (images, sources) spikes times their (sources,) fan-out."""
    totals = np.zeros(len(counts), np.int64)
    for image in range(len(counts)):
        total = 0
        for source in range(len(fan_out)):
            total += counts[image, source] * fan_out[source]
        totals[image] = total
    return totals
