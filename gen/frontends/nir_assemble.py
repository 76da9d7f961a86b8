"""Quantised neurons and their links as a network: projections, relays, returned thresholds."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from augend.gen.contract import INPUT, Shape
from augend.gen.frontends.nir_network import Links
from augend.gen.frontends.nir_neurons import Neurons
from augend.gen.frontends.nir_quantise import Scaled, weight_range
from augend.gen.graph import Floats
from augend.gen.network import Input, Population, Projection, SpikingNetwork

__all__ = ["assemble"]


def assemble(
    links: Links,
    neurons: Mapping[str, Neurons],
    parts: Mapping[str, Scaled],
    entry: Input,
    timesteps: int,
    weight_bits: int,
) -> SpikingNetwork:
    """Build the network, with relays where spikes take more than a step.

    Parameters
    ----------
    links, neurons, parts
        What is connected how, and its integers by name.
    entry, timesteps, weight_bits
        Of the network.
    """
    most = {INPUT: entry.most_spikes} | {n: neurons[n].most_spikes for n in links.order}
    shapes = {INPUT: entry.shape, **links.shapes}
    projections: list[Projection] = []
    relays: dict[str, list[Population]] = {}
    for name in links.order:
        part = parts[name]
        own = [link for link in links.links if link.target == name]
        for link, weight in zip(own, part.weights, strict=True):
            source, delay = link.source, link.delay
            chain = relays.setdefault(source, [])
            while len(chain) < delay - (source != INPUT):
                before = chain[-1].name if chain else source
                relay = _relay(f"{source}+{len(chain) + 1}", shapes[source], most[source])
                chain.append(relay)
                projections.append(_copy(before, relay, delay=int(before != INPUT)))
            passed = delay - (source != INPUT)  # relays that the spikes go through
            projections.append(
                Projection(
                    source=chain[passed - 1].name if passed > 0 else source,
                    target=name,
                    kind="dense" if link.map.kernel is None else "conv",
                    weight=weight.astype(np.int16),
                    stride=link.map.stride,
                    padding=link.map.padding,
                    dilation=link.map.dilation,
                    groups=link.map.groups,
                    shift=part.shift,
                    delay=1 if delay else 0,
                )
            )
        threshold = part.population.threshold.astype(np.float64)
        if neurons[name].reset_next:  # off after the decay is more than off before it
            projections += _to_itself(part.population, (neurons[name].kept - 1) * threshold)
        if neurons[name].returned:
            projections += _to_itself(part.population, neurons[name].kept * threshold)
    populations = list(relays.get(INPUT, []))
    for name in links.order:
        populations += [parts[name].population, *relays.get(name, [])]
    last = parts[links.order[-1]].population
    populations = [p for p in populations if p is not last] + [last]
    return SpikingNetwork(
        input=entry,
        populations=tuple(populations),
        projections=tuple(_with_bits(p, weight_bits) for p in projections),
        timesteps=timesteps,
        weight_bits=weight_bits,
        decode="potential" if last.reset == "none" else "count",
    )


def _with_bits(projection: Projection, weight_bits: int) -> Projection:
    """Give relays and returned thresholds, which few bits cannot hold, a width of their own."""
    low, high = weight_range(weight_bits)
    weight = projection.weight
    fits = weight.min() >= low and weight.max() <= high
    if fits and not (weight_bits == 1 and np.any(weight == 0)):
        return projection
    return replace(projection, bits=8)


def _relay(name: str, shape: Shape, most_spikes: int) -> Population:
    """Neurons that pass on what they get in the same step: a step of delay for what follows."""
    ones = np.ones(shape[0], np.int64)
    return Population(
        name=name,
        shape=shape,
        threshold=ones,
        bias=0 * ones,
        initial=0 * ones,
        most_spikes=most_spikes,
    )


def _copy(source: str, target: Population, *, delay: int) -> Projection:
    channels = target.shape[0]
    dense = len(target.shape) == 1
    weight = np.eye(channels) if dense else np.ones((channels, 1, 1, 1))
    return Projection(
        source=source,
        target=target.name,
        kind="dense" if dense else "conv",
        weight=weight.astype(np.int16),
        groups=1 if dense else channels,
        delay=1 if delay else 0,
    )


def _to_itself(population: Population, wanted: Floats) -> list[Projection]:
    """Projections that give each neuron ``wanted``, whole numbers, in the step after its spike.

    A weight holds seven bits of it, so there are as many projections as it has digits of 128.
    """
    sign, projections = int(np.sign(wanted.flat[0])), []
    left = population.per_neuron(np.floor(np.abs(wanted) + 0.5).astype(np.int64))
    for shift in range(0, 15, 7):
        digits, left = left & 127, left >> 7
        if not digits.any():
            continue
        dense = len(population.shape) == 1
        each = digits if dense else digits[:, :1, :1].reshape(-1, 1, 1, 1)
        weight = sign * (np.diag(each) if dense else each)
        projections.append(
            Projection(
                source=population.name,
                target=population.name,
                kind="dense" if dense else "conv",
                weight=weight.astype(np.int16),
                groups=1 if dense else population.channels,
                shift=shift,
                delay=1,
            )
        )
    return projections
