"""Neurons with a synaptic current as two populations, where that is asked for.

A population has one state variable, CubaLIF two. The current becomes a population of its own that
tells its potential in every step by up to 255 signed spikes and gets back what they took, so that
it decays as the current does; the membrane is a second one. A spike is worth a quantum of current,
and rounding to the nearest quantum is the approximation: potentials are kept half a quantum up, so
that spikes are due from half a quantum on, of either sign.
"""

from dataclasses import replace
from typing import Literal

import numpy as np

from augend.gen.frontends.nir_graph import FlatGraph, numbers, refusal
from augend.gen.frontends.nir_maps import Map
from augend.gen.frontends.nir_network import Link, Links
from augend.gen.frontends.nir_neurons import Neurons, stepped
from augend.gen.frontends.nir_semantics import Semantics

__all__ = ["Synapses", "split_synapses"]

Synapses = Literal["refuse", "spikes"]
MOST_QUANTA = 255


def split_synapses(
    flat: FlatGraph, links: Links, semantics: Semantics, dt: float
) -> tuple[Links, dict[str, Neurons]]:
    """Links with a current population before every CubaLIF, and the neurons of both.

    255 spikes tell the current of all excitatory, or all inhibitory, synapses of a neuron spiking
    in every step, the greatest that there can be.
    """
    neurons: dict[str, Neurons] = {}
    order: list[str] = []
    bias, shapes, every = dict(links.bias), dict(links.shapes), list(links.links)
    for name in links.order:
        node = flat.nodes.get(name)
        if node is None or node.kind != "CubaLIF":
            order.append(name)
            continue
        shape, synapse = shapes[name], f"{name}.current"
        tau = numbers(name, node, "tau_syn").reshape(-1)
        if tau.min() <= 0 or numbers(name, node, "tau_mem").min() <= 0:
            raise refusal(name, node, "its time constants must be above 0.")
        kept = np.unique(semantics.leaky.kept_share(tau, dt))
        if np.ptp(kept) > 1e-4:
            raise refusal(name, node, "its tau_syn differ; a population has one leak.")
        w_in = numbers(name, node, "w_in") if "w_in" in node.values else np.ones(1)
        gain = semantics.leaky.input_gain(w_in.reshape(-1), tau, dt)
        gain = np.broadcast_to(gain, (int(np.prod(shape)),)).reshape(shape)
        if gain.min() <= 0:
            raise refusal(name, node, f"its w_in is {w_in.min():g}; it must be above 0.")
        into = [link for link in every if link.target == name]
        quantum = _greatest(into, shape[0]) / (1 - min(float(kept[0]), 0.99)) / MOST_QUANTA
        quantum = np.broadcast_to(quantum.reshape(-1, *(1,) * (len(shape) - 1)), shape)
        zero = np.zeros(shape)
        neurons[synapse] = Neurons(
            shape=shape,
            kept=float(kept[0]),
            gain=gain,
            threshold=quantum,
            bias=(1 - float(kept[0])) * quantum / 2,
            start=quantum / 2,
            reset="subtract",
            above=False,
            most_spikes=MOST_QUANTA,
            bipolar=True,
            returned=True,
        )
        membrane = numbers(name, node, "tau_mem").reshape(-1)
        resistance = numbers(name, node, "r")
        neurons[name] = stepped(
            name, node, shape, semantics.leaky, membrane, resistance, semantics, dt
        )
        every = [replace(x, target=synapse) if x.target == name else x for x in every]
        told = Map(source=shape, target=shape, scale=quantum * gain).as_projection()
        every.append(Link(source=synapse, target=name, map=told, delay=0))
        bias[synapse], bias[name], shapes[synapse] = bias[name], zero, shape
        order += [synapse, name]
    changed = Links(order=tuple(order), links=tuple(every), bias=bias, shapes=shapes)
    return changed, neurons


def _greatest(into: list[Link], channels: int) -> np.ndarray:
    """Greatest current, of either sign, that one step can bring a channel, ``(C,)``."""
    sums = np.zeros((2, channels))
    for link in into:
        rows = link.map.weight.reshape(channels, -1)
        if link.map.matrix is not None and len(link.map.target) == 3:
            rows = link.map.weight.reshape(channels, -1, link.map.weight.shape[1]).max(1)
        sums += np.maximum(rows, 0).sum(1), np.maximum(-rows, 0).sum(1)
    return np.maximum(sums.max(0), 1e-9)
