"""A converted network beside the float network that it came from, layer for layer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from augend.gen.contract import Ints
from augend.gen.fold import PoolMode, fold
from augend.gen.graph import SOURCE, ConversionError, Floats, Graph
from augend.gen.network import Population
from augend.gen.program import Program
from augend.gen.stage import Activation, Gating, Stage, Step

__all__ = ["Counterpart", "Pair", "counterpart"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """A float stage and the integers that stand for it.

    Parameters
    ----------
    stage
        Floats.
    population
        Integers.
    weights
        For each term of the stage, integers with their shifts, as floats.
    unit
        Activation that an integer of potential stands for, ``(C,)``.
    begin
        Part of the initial potential that only rounds spike counts, of the shape of the initial
        potential; what it has beyond that is bias.
    """

    stage: Stage
    population: Population
    weights: tuple[Floats, ...]
    unit: Floats
    begin: Ints


@dataclass(frozen=True, kw_only=True, eq=False)
class Counterpart:
    """Float steps, the integers beside them, and what their spikes stand for.

    Parameters
    ----------
    program
        The integer network.
    steps
        Stages and gates of the float network on real-valued pixels, in order.
    pairs
        For each stage its pair, by name.
    gains
        For each source, ``(C,)``: the activation that one spike in every step stands for; that of
        a unit of a pixel is 1.
    """

    program: Program
    steps: tuple[Step, ...]
    pairs: Mapping[str, Pair]
    gains: Mapping[str, Floats]

    def pixels(self, images: npt.NDArray[np.floating]) -> Floats:
        """Real-valued pixels, not rounded, of images as the module takes them."""
        scale, shift = self.program.scaling.affine(self.program.network.input)
        extra = (1,) * (images.ndim - 2)
        return (np.asarray(images, np.float64) - shift.reshape(-1, *extra)) / scale.reshape(
            -1, *extra
        )


def counterpart(program: Program, graph: Graph) -> Counterpart:
    """Put a program beside the float graph that it was converted from.

    Raises
    ------
    ConversionError
        The program does not tell how it was converted, or it was converted from another network.
    """
    metadata = program.metadata
    if not {"scales", "unit", "pool", "initial"} <= metadata.keys():
        raise ConversionError(
            "The program does not tell which activations its spikes stand for.",
            instead="Convert the network with this version of augend, from a network of floats.",
        )
    network = program.network
    if graph.input_shape != network.input.shape or dict(graph.macs) != dict(program.ann_macs):
        raise ConversionError(
            f"The program was converted from {metadata.get('source')!r}, which has other layers.",
            instead="Name that network with --source.",
        )
    pool: PoolMode = metadata["pool"]
    scale, shift = program.scaling.affine(network.input)
    steps = list(fold(graph, pool=pool, scale=scale, shift=shift).stages)
    if network.readout.fires and isinstance(steps[-1], Stage):
        kind = "linear" if network.readout.bipolar else "relu"
        steps[-1] = replace(steps[-1], activation=Activation(kind=kind))
    names = [step.name for step in steps if isinstance(step, Stage)]
    if names != [population.name for population in network.populations]:
        raise ConversionError(
            f"The network folds to {', '.join(names)}, and the program has "
            f"{', '.join(p.name for p in network.populations)}.",
            instead="Convert the network again with this version of augend.",
        )
    gains = {SOURCE: np.ones(network.input.shape[0])}
    pairs = {}
    for step in steps:
        if isinstance(step, Gating):
            gains[step.name] = gains[step.source]
            continue
        pairs[step.name] = _pair(program, step)
        if step.name in metadata["scales"]:
            gains[step.name] = np.asarray(metadata["scales"][step.name], np.float64)
    return Counterpart(program=program, steps=tuple(steps), pairs=pairs, gains=gains)


def _pair(program: Program, stage: Stage) -> Pair:
    network = program.network
    population = network.population(stage.name)
    weights = tuple(
        projection.weight.astype(np.float64) * (1 << projection.shift)
        for projection in network.into(stage.name)
    )
    if [weight.shape for weight in weights] != [term.weight.shape for term in stage.terms]:
        raise ConversionError(
            "its weights have other shapes in the program.",
            layer=stage.name,
            instead="Convert the network again with this version of augend.",
        )
    if population.fires:
        scale = np.asarray(program.metadata["scales"][stage.name], np.float64)
        unit = scale / population.threshold
    else:
        unit = np.asarray(program.metadata["unit"][stage.name], np.float64)
    return Pair(
        stage=stage,
        population=population,
        weights=weights,
        unit=unit,
        begin=_begin(population, program.metadata["initial"]),
    )


def _begin(population: Population, initial: str) -> Ints:
    """Share of the threshold that conversion started the potentials at."""
    if not population.fires or initial == "zero" or population.leak == (0,):
        return np.zeros_like(population.initial)
    threshold = population.threshold
    if population.initial.shape != threshold.shape:
        threshold = population.per_neuron(threshold)
    if initial == "half":
        return threshold // 2
    eighths = np.floor(8 * float(np.mean(population.initial / threshold)) + 0.5)
    return np.floor(threshold * np.clip(eighths, 0, 8) / 8).astype(np.int64)
