"""Comparison of two runs of a program, down to the first event that differs."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from augend.gen.network import INPUT
from augend.gen.place import Placement
from augend.gen.program import Program
from augend.host.driver import RtlAccelerator
from augend.host.result import Result
from augend.host.transport import InProcess
from augend.sim.event_trace import TracedEvent, observed_events, predicted_events
from augend.sim.golden import GoldenModel
from augend.sim.timing import TimingModel

__all__ = ["Verification", "first_difference", "verify"]

_COMPARED = ("spikes", "operations", "words", "updates", "stalls")


@dataclass(frozen=True, kw_only=True)
class Verification:
    """Outcome of a comparison.

    Parameters
    ----------
    images
        How many were compared.
    different
        Numbers of those that differ in anything.
    compared
        Single values compared: predictions, scores, clocks, counters.
    first
        What differs first, in words; empty where nothing does.
    """

    images: int
    different: tuple[int, ...]
    compared: int
    first: str = ""


def verify(expected: Result, result: Result) -> Verification:
    """Compare predictions, scores, clocks and all counters of every image."""
    images = len(expected.predictions)
    bad = np.zeros(images, bool)
    compared = 0
    first = ""
    pairs = [
        ("prediction", expected.predictions, result.predictions),
        ("scores", expected.scores, result.scores),
        ("clocks", expected.cycles, result.cycles),
        ("steps run", expected.exit_step, result.exit_step),
    ]
    for key in _COMPARED:
        one, other = getattr(expected, key), getattr(result, key)
        pairs += [(f"{key} of {name}", one[name], other[name]) for name in one]
    for name, one, other in pairs:
        differs = (one != other).reshape(images, -1)
        compared += differs.size
        if differs.any() and not first:
            image = int(np.argmax(differs.any(1)))
            first = f"image {image}: {name} is {other[image]}, expected {one[image]}"
        bad |= differs.any(1)
    return Verification(
        images=images, different=tuple(np.flatnonzero(bad).tolist()), compared=compared, first=first
    )


def first_difference(accelerator: RtlAccelerator, image: npt.NDArray) -> str:
    """Run one image on the RTL with a trace, and name the first event that is not as predicted.

    Parameters
    ----------
    accelerator
        Verilated, in this process.
    image
        One image, as the program takes it.

    Returns
    -------
    Step, population, neuron and clock; empty where every event word is as predicted.
    """
    program, placement, config = accelerator.program, accelerator.placement, accelerator.config
    transport = accelerator.transport
    if not isinstance(transport, InProcess):
        return ""
    pixels = program.encode(image[None])
    golden = GoldenModel(program.network, record="trains").run(pixels)
    timing = TimingModel.of_hardware(placement, config)
    timing = timing.run(pixels, golden.trains, golden.exit_step)
    expected = predicted_events(placement, timing, pixels, golden.trains, 0)
    with transport.traced(4 * len(expected) + 1000) as observations:
        accelerator.infer(image[None])
    start = int(observations[-1].starts[-1])
    observed = observed_events(config, observations[-1].events, start)
    return _compare(placement, program, expected, [e for e in observed if e.clock >= 0])


def _compare(
    placement: Placement,
    program: Program,
    expected: list[TracedEvent],
    observed: list[TracedEvent],
) -> str:
    names = {number: name for name, number in placement.numbers.items()}
    steps: Mapping[int, int] = dict.fromkeys(names, 0)
    for i in range(max(len(expected), len(observed))):
        one = expected[i] if i < len(expected) else None
        other = observed[i] if i < len(observed) else None
        if one != other:
            return (
                f"step {steps[(one or other).population]}: "  # type: ignore[union-attr]
                f"expected {_say(placement, names, one)}, the RTL has "
                f"{_say(placement, names, other)}"
            )
        if one is not None and one.token:
            steps = {**steps, one.population: steps[one.population] + 1}
    return ""


def _say(placement: Placement, names: Mapping[int, str], event: TracedEvent | None) -> str:
    if event is None:
        return "nothing more"
    name = names.get(event.population, f"number {event.population}")
    what = "the step token" if event.token else f"neurons {_neurons(placement, name, event)}"
    return f"{what} of {name!r} in clock {event.clock}"


def _neurons(placement: Placement, name: str, event: TracedEvent) -> str:
    """Coordinates of the neurons in an event word."""
    layout = placement.layouts[name if name in placement.layouts else INPUT]
    lanes = [lane for lane in range(layout.lanes) if event.mask >> lane & 1]
    numbers = [event.g * layout.lanes + lane for lane in lanes]
    if len(layout.shape) == 1:
        return ", ".join(map(str, numbers))
    if layout.along == "columns":
        return ", ".join(f"({event.b}, {event.a}, {n})" for n in numbers)
    return ", ".join(f"({n}, {event.a}, {event.b})" for n in numbers)
