"""From a NIR file to a program: spiking networks that others trained, in integers."""

import os
from typing import Any

import numpy as np

from augend.gen.bounds import bounds
from augend.gen.contract import ContractError
from augend.gen.frontends.nir_assemble import assemble
from augend.gen.frontends.nir_exported import exported_program
from augend.gen.frontends.nir_file import read_nir_file
from augend.gen.frontends.nir_graph import FlatGraph, flatten
from augend.gen.frontends.nir_network import READOUT, Links, links_of
from augend.gen.frontends.nir_neurons import Neurons, neurons_of
from augend.gen.frontends.nir_quantise import Scaled, least_shift, quantise_neurons
from augend.gen.frontends.nir_semantics import Semantics, semantics_of
from augend.gen.frontends.nir_synapses import Synapses, split_synapses
from augend.gen.graph import ConversionError
from augend.gen.network import Input, SpikingNetwork
from augend.gen.program import Program

__all__ = ["import_nir", "network_of"]


def import_nir(
    path: str | os.PathLike[str],
    *,
    producer: str | None = None,
    semantics: Semantics | None = None,
    timesteps: int | None = None,
    dt: float = 1e-4,
    weight_bits: int = 8,
    input_bits: int = 1,
    synapses: Synapses = "refuse",
    lanes: int = 16,
    cores: int = 1,
    **rules: Any,
) -> Program:
    """Convert a spiking network from a NIR file to integers.

    A file that `export_nir` wrote comes back as the program that it was, and takes no options.

    Parameters
    ----------
    path
        The file.
    producer, semantics
        What the file leaves open, as `augend.gen.frontends.nir_semantics.semantics_of` takes it:
        one of the two.
    timesteps
        T: how many steps an input has.
    dt
        Seconds a step stands for; in networks of IF neurons only ``exact`` and ``spikingjelly``
        use it.
    weight_bits
        1 to 8.
    input_bits
        Most events of one input in one step are ``2**input_bits - 1``.
    synapses
        Of neurons with a synaptic current (CubaLIF): ``refuse``, or ``spikes``, which sends the
        current as signed spikes, up to 255 a step.
    lanes, cores
        Placement.
    rules
        Neuron rules that differ from the preset, e.g. ``reset="zero"``.

    Raises
    ------
    ConversionError
        The file cannot be read, or something in it, named, cannot be converted.
    """
    file = read_nir_file(path)
    program = exported_program(file.graph)
    if program is not None:
        return program
    if timesteps is None or timesteps < 1:
        raise ConversionError(f"timesteps must be at least 1, not {timesteps!r}.")
    if not dt > 0:
        raise ConversionError(f"dt must be above 0 s, not {dt!r}.")
    if not 1 <= weight_bits <= 8 or not 1 <= input_bits <= 8:
        raise ConversionError(
            f"weight_bits and input_bits must be 1 to 8, not {weight_bits!r} and {input_bits!r}."
        )
    declared = semantics_of(producer, semantics, **rules)
    network = network_of(
        flatten(file),
        declared,
        timesteps=timesteps,
        dt=dt,
        weight_bits=weight_bits,
        input_bits=input_bits,
        synapses=synapses,
    )
    metadata = {
        "source": os.fspath(path),
        "front_end": "nir",
        "producer": producer or "declared",
        "dt": dt,
        "nir_version": file.version or "",
    }
    return Program(network=network, lanes=lanes, cores=cores, metadata=metadata)


def network_of(
    flat: FlatGraph,
    semantics: Semantics,
    *,
    timesteps: int,
    dt: float,
    weight_bits: int = 8,
    input_bits: int = 1,
    synapses: Synapses = "refuse",
) -> SpikingNetwork:
    """Integer network of a flat graph; parameters as of `import_nir`."""
    links = links_of(flat, dt=dt, latency=semantics.latency)
    links, neurons = _neurons(flat, links, semantics, dt, synapses)
    finest = {name: least_shift(neurons[name], timesteps, links.bias[name]) for name in links.order}
    entry = Input(shape=flat.shapes[flat.input], encoding="events", bits=input_bits)
    most = max(finest.values())
    while True:
        parts = {
            name: _part(name, links, neurons[name], weight_bits, min(finest[name], most))
            for name in links.order
        }
        network = assemble(links, neurons, parts, entry, timesteps, weight_bits)
        try:
            bounds(network)
        except ContractError:
            if most == 0:
                raise
            most -= 1
        else:
            return network


def _neurons(
    flat: FlatGraph, links: Links, semantics: Semantics, dt: float, synapses: Synapses
) -> tuple[Links, dict[str, Neurons]]:
    neurons: dict[str, Neurons] = {}
    if synapses == "spikes":
        links, neurons = split_synapses(flat, links, semantics, dt)
    for name in links.order:
        if name in neurons:
            continue
        shape = links.shapes[name]
        if name == READOUT:
            zero = np.zeros(shape)
            neurons[name] = Neurons(
                shape=shape,
                kept=1.0,
                gain=np.ones(shape),
                threshold=None,
                bias=zero,
                start=zero,
                reset="none",
                above=False,
            )
        else:
            neurons[name] = neurons_of(name, flat.nodes[name], shape, semantics, dt)
        if neurons[name].reset == "none" and name != links.order[-1]:
            raise ConversionError(
                "it never spikes, and other neurons follow.",
                layer=name,
                kind=flat.nodes[name].kind,
                instead="Use IF or LIF.",
            )
    return links, neurons


def _part(name: str, links: Links, neurons: Neurons, weight_bits: int, shift: int) -> Scaled:
    maps = [link.map for link in links.links if link.target == name]
    return quantise_neurons(
        name, neurons, maps, bias=links.bias[name], weight_bits=weight_bits, shift=shift
    )
