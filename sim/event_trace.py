"""Every event word with its clock: as predicted, and as observed on the RTL."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from augend.gen.network import INPUT
from augend.gen.place import Placement
from augend.hw.configuration import AcceleratorConfig
from augend.hw.event_word import event_word
from augend.sim.input_passes import input_passes
from augend.sim.timing import Timing

__all__ = ["TracedEvent", "observed_events", "predicted_events"]


_PLACE = ("a", "b", "g", "mask", "signs", "plane")


class TracedEvent(NamedTuple):
    """An event word or token, and when it was queued."""

    clock: int
    """Clocks since the inference began."""
    port: int
    """Core that emitted it; the number of cores for the encoder."""
    population: int
    """Number of the population; 0 for the input."""
    token: bool
    a: int
    b: int
    g: int
    mask: int
    signs: int = 0
    plane: int = 0


def predicted_events(
    placement: Placement,
    timing: Timing,
    pixels: npt.NDArray,
    trains: Mapping[str, npt.NDArray[np.bool_]],
    image: int,
) -> list[TracedEvent]:
    """What an inference queues until its prediction stands, in the order of clocks, then ports.

    Parameters
    ----------
    placement, timing
        The placed network, and the timing model's answer for all images.
    pixels, trains
        What that was computed from.
    image
        Which of them.
    """
    events = []
    numbers = placement.numbers
    passes = input_passes(placement, pixels[image : image + 1])[0]
    for emission in timing.emissions:
        layout = placement.layouts[emission.source]
        if emission.source == INPUT:
            packed = passes[emission.step]
        else:
            packed = layout.pack(trains[emission.source][image, emission.step])
        number = numbers[emission.source]
        first = int(emission.first[image])
        coordinates = layout.coordinates().tolist()
        masks = _planes(packed, emission.planes)
        for place, (word, plane) in enumerate(np.argwhere(masks.any(2)).tolist()):
            clock = first + word * emission.stride + plane
            if emission.offsets is not None:
                clock = first + int(emission.offsets[word])
            elif emission.compact:
                clock = first + place
            mask = masks[word, plane]
            signs = _bits(mask & (packed[word] < 0))
            a, b, g = coordinates[word]
            at = emission.planes - 1 - plane
            events.append(
                TracedEvent(clock, emission.port, number, False, a, b, g, _bits(mask), signs, at)
            )
        token = int(emission.token[image])
        events.append(TracedEvent(token, emission.port, number, True, 0, 0, 0, 0))
    return sorted(event for event in events if event.clock <= timing.cycles[image])


def _planes(spikes: npt.NDArray, planes: int) -> npt.NDArray[np.bool_]:
    """Bits of numbers of spikes (words, lanes), the highest first: (words, planes, lanes)."""
    number = np.abs(spikes.astype(np.int64))[:, None]
    return (number >> np.arange(planes)[::-1, None] & 1).astype(bool)


def _bits(lanes: npt.NDArray) -> int:
    """Return a word with a bit for each lane."""
    return sum(1 << int(lane) for lane in np.flatnonzero(lanes))


def observed_events(
    config: AcceleratorConfig, trace: npt.NDArray[np.uint64], start: int
) -> list[TracedEvent]:
    """Decode a trace of the Verilated model.

    Parameters
    ----------
    config
        The accelerator.
    trace
        ``Observation.events``.
    start
        Clock of the inference's start.
    """
    layout = event_word(config)
    events = []
    for clock, port, *words in trace.tolist():
        bits = sum(int(w) << 32 * i for i, w in enumerate(words))
        field = {
            name: bits >> layout[name].offset & ((1 << layout[name].width) - 1)
            for name in (*_PLACE, "population", "token")
        }
        token = bool(field["token"])
        place = tuple(0 if token else field[name] for name in _PLACE)
        events.append(
            TracedEvent(int(clock) - start, int(port), field["population"], token, *place)
        )
    return sorted(events)
