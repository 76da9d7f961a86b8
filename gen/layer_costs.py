"""What a spiking network costs, layer by layer: synapses, additions, memory and widths."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from augend.gen.bounds import Bounds
from augend.gen.contract import INPUT, Ints, Shape
from augend.gen.gate import Gate
from augend.gen.network import SpikingNetwork
from augend.gen.population import Population

__all__ = ["LayerCost", "layer_costs"]


@dataclass(frozen=True, kw_only=True)
class LayerCost:
    """One population, gate, or the input, in figures; None where a figure does not apply.

    Parameters
    ----------
    name, shape
        Of the population, the gate, or ``input``.
    rule
        What its neurons do.
    neurons
        Neurons, windows of a gate, or pixels.
    synapses
        Synapses that end in it, those off the border of an image left out.
    fan_out_mean, fan_out_most
        Synapses that a spike of it reaches, on average over its neurons, and at most.
    additions
        Weights that are added in one step if everything spikes, of several spikes as many as
        their number can have bits set; of a current, once an image if all bits are set.
    weight_memory
        Bits of all weights into it, each stored once.
    weight_bits
        Their least and greatest width.
    potential_bits
        Width that holds every potential.
    """

    name: str
    shape: Shape
    rule: str
    neurons: int
    synapses: int = 0
    fan_out_mean: float = 0.0
    fan_out_most: int = 0
    additions: int = 0
    weight_memory: int = 0
    weight_bits: tuple[int, int] | None = None
    potential_bits: int | None = None


def layer_costs(network: SpikingNetwork, bounds: Mapping[str, Bounds]) -> tuple[LayerCost, ...]:
    """Costs of the input, and of every population and gate, each gate behind its source."""
    rows = [_input_cost(network)]
    for population in network.populations:
        rows.append(_population_cost(network, population, bounds.get(population.name)))
        rows += _gate_costs(network, population.name)
    return (rows[0], *_gate_costs(network, INPUT), *rows[1:])


def _input_cost(network: SpikingNetwork) -> LayerCost:
    entry = network.input
    mean, most = _fan_out(network, INPUT)
    return LayerCost(
        name=INPUT,
        shape=entry.shape,
        rule=f"{entry.encoding}, {entry.bits}-bit",
        neurons=int(np.prod(entry.shape)),
        fan_out_mean=mean,
        fan_out_most=most,
    )


def _population_cost(
    network: SpikingNetwork, population: Population, bounds: Bounds | None
) -> LayerCost:
    synapses, additions, memory, widths = 0, 0, 0, []
    for projection in network.into(population.name):
        source = network.shape_of(projection.source)
        count = int(projection.fan_out(source, population.shape).sum(dtype=np.int64))
        current = projection.source == INPUT and network.current_fed(population)
        low, high = network.most_spikes(projection.source)
        synapses += count
        planes = (max(-low, high) + 1).bit_length() - 1  # most bits set in a number up to that
        additions += count * (network.input.bits if current else planes)
        widths.append(network.bits_of(projection))
        memory += projection.stored * widths[-1]
    mean, most = _fan_out(network, population.name)
    return LayerCost(
        name=population.name,
        shape=population.shape,
        rule=_rule(population),
        neurons=population.size,
        synapses=synapses,
        fan_out_mean=mean,
        fan_out_most=most,
        additions=additions,
        weight_memory=memory,
        weight_bits=(min(widths), max(widths)),
        potential_bits=None if bounds is None else bounds.potential_bits,
    )


def _gate_costs(network: SpikingNetwork, source: str) -> list[LayerCost]:
    rows = []
    for gate in network.gates_on(source):
        mean, most = _fan_out(network, gate.name)
        rows.append(_gate_cost(gate, mean, most))
        rows += _gate_costs(network, gate.name)
    return rows


def _gate_cost(gate: Gate, mean: float, most: int) -> LayerCost:
    return LayerCost(
        name=gate.name,
        shape=gate.shape,
        rule=f"max-pool gate by {gate.rule}",
        neurons=gate.size,
        fan_out_mean=mean,
        fan_out_most=most,
    )


def _fan_out(network: SpikingNetwork, name: str) -> tuple[float, int]:
    """Mean and greatest number of synapses that a spike reaches."""
    shape = network.shape_of(name)
    reached: Ints = np.zeros(shape, np.int64)
    for projection in network.out_of(name):
        reached = reached + projection.fan_out(shape, network.shape_of(projection.target))
    return float(reached.mean()), int(reached.max())


def _rule(population: Population) -> str:
    if not population.fires:
        return "read out"
    if population.leak == (0,):
        return "binary, sign" if population.bipolar else "binary"
    return ", ".join(["spikes", *population.options])
