"""A population's rules as the fields of its sweep and the rows of its parameters."""

from typing import Any

import numpy as np

from augend.gen.network import Ints, Population, SpikingNetwork
from augend.gen.schedule import FOREVER, Sweep

__all__ = ["changes_by_itself", "most_spikes", "negative_rows", "sweep_rules"]


def most_spikes(population: Population) -> int:
    """Most spikes of a neuron in a step that its rules can really lead to."""
    if not population.fires or population.single_spike:
        return 1
    if population.reset == "zero":
        # Only a potential of 0 can be due for a further spike, which is then one of -1.
        negative = population.negative_threshold
        return population.most_spikes if negative is not None and not negative.all() else 1
    return population.most_spikes


def negative_rows(population: Population, planes: int) -> tuple[Ints, Ints]:
    """Parameters ``negative_limit`` and ``negative_step``: see ``augend.hw.neuron``."""
    compare, step = population.negative_threshold, population.negative_step
    if compare is None or step is None or not population.fires:
        none = np.zeros(population.channels, np.int64)
        return none, none
    if compare.shape != step.shape:
        compare, step = population.per_neuron(compare), population.per_neuron(step)
    if population.reset == "zero":
        step = np.where(compare == 0, 0, -1)
        return compare + step * (planes - 1), step
    highest = step << planes - 1
    return highest + compare - step, highest


def sweep_rules(network: SpikingNetwork, population: Population) -> dict[str, Any]:
    """Fields of a population's sweep that say how its neurons fire and what they remember."""
    fires = population.fires
    most = most_spikes(population)
    rest = 0
    if fires and (population.single_spike or population.refractory >= network.timesteps):
        rest = FOREVER
    elif fires:
        rest = population.refractory
    counts = population is network.readout and network.decode in ("count", "first_spike")
    inhibition = population.inhibition if fires else 0
    takes_back = population.takes_back and fires
    return {
        "fire": fires,
        "planes": most.bit_length(),
        "most": most,
        "bipolar": population.bipolar and fires,
        "zero": population.reset == "zero",
        "sinks": population.floor is not None,
        "leak": population.leak,
        "clamp_steps": population.clamp_steps,
        "inhibition": inhibition,
        "rest": rest,
        "totals": network.decode.removesuffix("_spike") if counts else "no",
        "takes_back": takes_back,
        "remembers": bool(
            inhibition or rest or takes_back or counts or network.gates_on(population.name)
        ),
    }


def changes_by_itself(population: Population, sweep: Sweep) -> bool:
    """Whether a sweep may do other than the one before, although nothing was added in between.

    In a step in which no neuron spikes a floor leaves what is below every threshold, and a sweep
    after it finds all as it was: but for a bias or a current of every step, a leak, and rules that
    go by the step or by spikes of earlier ones.
    """
    added = sweep.current != "never" or (sweep.bias == "always" and bool(population.bias.any()))
    timed = sweep.remembers or sweep.clamp_steps > 0 or sweep.inhibition > 0
    return added or timed or bool(sweep.leak)
