"""The loops of the compiled engine for neurons of any rules, and for gates.

Potentials wrap around on their way through a step, which is why their callers prove the type wide
enough: then the final one, whatever happens on the way, is exact.
"""

import numpy as np
from numba import njit

__all__ = ["COUNT", "LATEST", "RATE", "advance", "pass_gate"]

COUNT, RATE, LATEST = 0, 1, 2
"""Rules of a gate."""


@njit(cache=True, nogil=True)
def advance(
    threshold,
    initial,
    negative,
    negative_step,
    floor,
    leak,
    fires,
    zeroes,
    takes_back,
    most,
    rest,
    clamp_steps,
    inhibition,
    potentials,
    emitted,
    totals,
    resting,
    constant,
    arrivals,
    first,
    trains,
    kept,
):
    """Run (images, neurons) through the steps of ``trains``, whose spikes it leaves there.

    ``constant`` has a row for every image, or one for all; ``arrivals`` and ``kept``, (images,
    steps, neurons), have no steps where there is nothing to add, or nothing to keep.
    """
    images, steps, neurons = trains.shape
    often = most > 1 or rest > 0
    for image in range(images):
        membrane, before = potentials[image], emitted[image]
        total, pause = totals[image], resting[image]
        added = constant[image if len(constant) > 1 else 0]
        for step in range(steps):
            if len(leak):
                drain(membrane, leak)
            if arrivals.shape[1]:
                arrived = arrivals[image, step]
                for n in range(neurons):
                    membrane[n] += arrived[n]
            if inhibition:
                inhibit(membrane, before, inhibition)
            for n in range(neurons):
                membrane[n] += added[n]
            if first + step < clamp_steps:
                membrane[:] = initial
            train = trains[image, step]
            if not fires:
                train[:] = 0
            elif often:
                fire_often(
                    membrane,
                    train,
                    total,
                    pause,
                    threshold,
                    negative,
                    negative_step,
                    zeroes,
                    takes_back,
                    most,
                    rest,
                )
            else:
                fire_once(
                    membrane, train, total, threshold, negative, negative_step, zeroes, takes_back
                )
            for n in range(neurons):
                membrane[n] = max(membrane[n], floor[n])
            if inhibition:
                before[:] = train
            if kept.shape[1]:
                kept[image, step] = membrane


@njit(cache=True, nogil=True)
def drain(membrane, leak):
    """Let (neurons,) potentials leak by all shifts at once."""
    for n in range(len(membrane)):
        before = membrane[n]
        left = before
        for place in range(len(leak)):
            left -= before >> leak[place]
        membrane[n] = left


@njit(cache=True, nogil=True)
def inhibit(membrane, before, inhibition):
    """Take ``inhibition`` off each neuron for every spike of another in the step before."""
    spent = np.int64(0)
    for n in range(len(before)):
        spent += abs(np.int64(before[n]))
    if spent:
        for n in range(len(before)):
            membrane[n] -= inhibition * (spent - abs(np.int64(before[n])))


@njit(cache=True, nogil=True)
def fire_once(membrane, train, total, threshold, negative, negative_step, zeroes, takes_back):
    """Fire at most one spike each, without branches."""
    least = np.int32(0 if takes_back else -(1 << 31))
    left = np.int32(0 if zeroes else 1)
    for n in range(len(membrane)):
        value = membrane[n]
        up = value >= threshold[n]
        down = (value <= -negative[n]) & (total[n] > least)
        spent = np.int32(value - threshold[n]) if up else np.int32(value + negative_step[n])
        membrane[n] = np.int32(spent * left) if up | down else value
        spike = np.int8(up) - np.int8(down)
        train[n] = spike
        total[n] += spike


@njit(cache=True, nogil=True)
def fire_often(
    membrane,
    train,
    total,
    pause,
    threshold,
    negative,
    negative_step,
    zeroes,
    takes_back,
    most,
    rest,
):
    """Fire up to ``most`` spikes each, unless at rest."""
    for n in range(len(membrane)):
        spikes = 0
        if pause[n]:
            pause[n] -= 1
        elif membrane[n] >= threshold[n]:
            if zeroes:
                spikes = 1
            else:
                spikes = min(most, membrane[n] // threshold[n])
                membrane[n] -= spikes * threshold[n]
        elif membrane[n] <= -negative[n] and not (takes_back and total[n] <= 0):
            if zeroes:
                spikes = most if negative[n] == 0 else 1
            else:
                spikes = min(most, (-negative[n] - membrane[n]) // negative_step[n] + 1)
            if takes_back:
                spikes = min(spikes, total[n])
            if not zeroes:
                membrane[n] += spikes * negative_step[n]
            spikes = -spikes
        if spikes != 0:
            pause[n] = rest
            total[n] += spikes
            if zeroes:
                membrane[n] = 0
        train[n] = spikes


@njit(cache=True, nogil=True)
def pass_gate(rule, decay, channels, bounds, sites, leads, spikes, passed):
    """Leave in ``passed``, (images, steps, windows), the spikes of each window's leader."""
    best = np.empty(channels, np.int64)
    for image in range(len(leads)):
        lead = leads[image]
        for step in range(spikes.shape[1]):
            spike, out = spikes[image, step], passed[image, step]
            if rule == COUNT:
                for n in range(len(lead)):
                    lead[n] += spike[n]
            elif rule == RATE:
                for n in range(len(lead)):
                    lead[n] += (np.int64(spike[n]) << 16) - (lead[n] >> decay)
            else:
                for n in range(len(lead)):
                    lead[n] = spike[n]
            for window in range(len(bounds) - 1):
                target = np.uint64(window * channels)
                for place in range(bounds[window], bounds[window + 1]):
                    source = np.uint64(sites[place] * channels)
                    if place == bounds[window]:
                        for c in range(np.uint64(channels)):
                            best[c] = lead[source + c]
                            out[target + c] = spike[source + c]
                    else:
                        for c in range(np.uint64(channels)):
                            ahead = lead[source + c] > best[c]
                            best[c] = lead[source + c] if ahead else best[c]
                            out[target + c] = spike[source + c] if ahead else out[target + c]
