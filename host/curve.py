"""What ``augend curve`` writes: accuracy against time steps, operations and input spikes."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

__all__ = ["Amount", "Count", "Curve", "CurveFile", "ExitPoint", "FirstOutput", "Point", "Share"]

Amount = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, kw_only=True)
class Point:
    """An accuracy, and what it took: means of an image, from its start on.

    Parameters
    ----------
    steps
        Time steps.
    accuracy, low, high
        Share of images classified as labelled, and its 95 % confidence interval (Wilson).
    operations
        Additions into all populations, those of the input too, and counts of max-pool gates.
    input_spikes
        Spikes of the input; of an input current the set bits of its pixels, all in the first step.
    spikes
        Spikes of all populations.
    """

    steps: Amount
    accuracy: Share
    low: Share
    high: Share
    operations: Amount
    input_spikes: Amount
    spikes: Amount


@dataclass(frozen=True, kw_only=True)
class ExitPoint:
    """As `Point`, where every image ends by its own margin."""

    margin: int
    steps: Amount
    accuracy: Share
    low: Share
    high: Share
    operations: Amount


@dataclass(frozen=True, kw_only=True)
class FirstOutput:
    """When images have their first output, and what it is worth (Diehl 2015, fig. 4).

    A network that is read by spikes has an output with the first spike of its last population; one
    that is read by potential, with the first spike that reaches its last population.

    Parameters
    ----------
    unanswered
        (steps,): share of images without an output after each step.
    mean_step
        Of the images that have one; None where none has.
    accuracy, low, high
        Of the class that leads in the step of the first output, over all images; those that never
        have an output count as wrong.
    """

    unanswered: Annotated[tuple[Share, ...], Field(min_length=1)]
    mean_step: Amount | None
    accuracy: Share
    low: Share
    high: Share


@dataclass(frozen=True, kw_only=True)
class Curve:
    """All points of one program on one test set.

    Parameters
    ----------
    name
        For the legend.
    program_hash, data, images, timesteps, schedule, decode, encoding
        What ran on what.
    points
        After each time step; of a phased program, whose scores mean nothing before its last step,
        that one alone.
    early_exit
        By rising margin; none for a phased program or one step.
    first_output
        None for a phased program.
    ann_accuracy, ann_macs
        Of the network it was converted from, where known; multiply-accumulates an image.
    """

    name: str
    program_hash: str
    data: str
    images: Count
    timesteps: Count
    schedule: Literal["synchronous", "phased"]
    decode: str
    encoding: str
    points: Annotated[tuple[Point, ...], Field(min_length=1)]
    early_exit: tuple[ExitPoint, ...] = ()
    first_output: FirstOutput | None = None
    ann_accuracy: Share | None = None
    ann_macs: Count | None = None


@dataclass(frozen=True, kw_only=True)
class CurveFile:
    """What ``augend curve`` writes."""

    format: Literal["augend-curve"] = "augend-curve"
    version: Literal[1] = 1
    curves: Annotated[tuple[Curve, ...], Field(min_length=1)]
