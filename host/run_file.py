"""What ``augend run --json`` writes, as ``augend report`` reads it."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from augend.host.curve import Amount, Count, Share

__all__ = ["Energies", "Energy", "LayerFigures", "RasterImage", "RasterLayer", "RunFile"]

Hexadecimal = Annotated[str, Field(pattern=r"^[0-9a-f]+$")]
Cells = Annotated[str, Field(pattern=r"^[.+-]+$")]


@dataclass(frozen=True, kw_only=True)
class LayerFigures:
    """One population: what it is, and what it did, mean of an image.

    Parameters
    ----------
    name, shape, neurons, synapses, fan_in, weight_bits, potential_bits, threshold, reset
        As in ``Program.summary``.
    spikes, operations, updates, words
        Spikes emitted, additions into it, neuron updates, potential words added to.
    rate
        Spikes of a neuron and time step; None where it does not fire.
    ann_macs
        Multiply-accumulates of the layer it was converted from, where they are known by its name.
    """

    name: str
    shape: tuple[int, ...]
    neurons: Count
    synapses: int
    fan_in: int
    weight_bits: int
    potential_bits: int
    threshold: tuple[int, int] | None
    reset: str
    spikes: Amount
    rate: Amount | None
    operations: Amount
    updates: Amount
    words: Amount | None = None
    ann_macs: int | None = None


@dataclass(frozen=True, kw_only=True)
class RasterLayer:
    """Spikes of some neurons of a population.

    Parameters
    ----------
    name
        Of the population.
    neurons
        How many it has.
    sampled
        Which of them are shown.
    rows
        For each of these a character a time step: ``+`` or ``-`` a spike, ``.`` none.
    """

    name: str
    neurons: Count
    sampled: tuple[int, ...]
    rows: Annotated[tuple[Cells, ...], Field(min_length=1)]

    def __post_init__(self) -> None:
        if len({len(row) for row in self.rows}) > 1 or len(self.sampled) != len(self.rows):
            raise ValueError("rows must be of one length, and as many as sampled neurons")


@dataclass(frozen=True, kw_only=True)
class RasterImage:
    """Spikes that one image made.

    Parameters
    ----------
    index
        Place in the test set.
    label, prediction
        Classes.
    scores
        (classes,), after the last step.
    step_scores
        (steps, classes), after each; None in the phased schedule.
    shape, pixels
        ``(C, H, W)``, and intensities in that order, two hexadecimal digits each; None where there
        is no picture.
    layers
        Of the populations that fire.
    """

    index: int
    label: int
    prediction: int
    scores: tuple[int, ...]
    step_scores: tuple[tuple[int, ...], ...] | None = None
    shape: tuple[Count, Count, Count] | None = None
    pixels: Hexadecimal | None = None
    layers: tuple[RasterLayer, ...]

    def __post_init__(self) -> None:
        if self.pixels is not None:
            channels, height, width = self.shape or (0, 0, 0)
            if len(self.pixels) != 2 * channels * height * width or channels not in (1, 3):
                raise ValueError(f"{len(self.pixels)} digits do not make pixels of {self.shape}")
        classes = {len(row) for row in self.step_scores or ()}
        if classes and classes != {len(self.scores)}:
            raise ValueError("step_scores must have as many classes as scores")


@dataclass(frozen=True, kw_only=True)
class Energy:
    """Picojoules an image."""

    arithmetic: Amount
    with_memory: Amount


@dataclass(frozen=True, kw_only=True)
class Energies:
    """Of the spiking network, and of the one that it was converted from."""

    snn: Energy
    ann: Energy


@dataclass(frozen=True, kw_only=True)
class RunFile:
    """A run on labelled images; a file may hold more than this.

    Parameters
    ----------
    images, correct, accuracy, accuracy_interval
        How many, how many right, the share, and its 95 % confidence interval.
    ann_accuracy
        Of the network it was converted from, where known, on the whole test set.
    backend, data, timesteps, schedule, weight_bits, lanes, cores, program_hash, versions
        What ran on what.
    operations, ann_macs
        Means of an image by population (or gate) and by layer, and ``total``.
    cycles, utilisation
        Clocks an image, mean and max, and additions for each clock and lane.
    energy_pj
        By the 45 nm table, without and with memory.
    layers
        Of every population, in order.
    program
        Origin: options and versions of the conversion.
    raster
        Of a few images, where asked for.
    mismatches
        Images in which RTL and models differ, where compared.
    """

    format: Literal["augend-run"]
    version: Literal[1]
    images: Count
    correct: int
    accuracy: Share
    accuracy_interval: tuple[Share, Share]
    ann_accuracy: Share | None
    backend: str
    data: str
    timesteps: Count
    schedule: str
    weight_bits: int
    lanes: int
    cores: int
    program_hash: str
    operations: dict[str, Amount]
    ann_macs: dict[str, int]
    layers: Annotated[tuple[LayerFigures, ...], Field(min_length=1)]
    versions: dict[str, str]
    program: dict[str, Any] = field(default_factory=dict)
    cycles: dict[str, Amount] | None = None
    utilisation: Amount | None = None
    energy_pj: Energies | None = None
    raster: tuple[RasterImage, ...] = ()
    mismatches: int | None = None

    def __post_init__(self) -> None:
        if "total" not in self.operations or "total" not in self.ann_macs:
            raise ValueError("operations and ann_macs must have a total")
        if missing := {layer.name for layer in self.layers} - set(self.operations):
            raise ValueError(f"operations must have {', '.join(sorted(missing))}")
        if self.cycles is not None and not {"mean", "max"} <= set(self.cycles):
            raise ValueError("cycles must have mean and max")

    @property
    def gates(self) -> list[str]:
        """Names in ``operations`` that are no population."""
        return [n for n in self.operations if n not in {"total", *(r.name for r in self.layers)}]
