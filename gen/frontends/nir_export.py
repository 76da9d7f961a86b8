"""A program as a NIR file: IF neurons with integers for weights, and all that NIR cannot say."""

import json
import os
from typing import Any

import numpy as np

from augend.gen.contract import INPUT
from augend.gen.frontends.nir_exported import ARRAYS, DESCRIPTION
from augend.gen.frontends.nir_file import NirNode, write_nir_file
from augend.gen.graph import ConversionError, Pair, Shape
from augend.gen.network import Ints, Population, Projection, SpikingNetwork
from augend.gen.program import Program

__all__ = ["export_nir", "nir_graph_of"]

OWN = "own"


def export_nir(program: Program, path: str | os.PathLike[str], *, dt: float = 1e-4) -> None:
    """Write a program's network so that any reader of NIR can read it.

    Weights and thresholds are the integers as floats, so the file computes what the program does
    where the reader subtracts at `>=`. What NIR has no word for - schedule, time steps, start,
    encoding, pixel scaling, floors and the like - is in the metadata, with the program's hash;
    `import_nir` makes the same program of it.

    Parameters
    ----------
    program
        What to write.
    path
        File to write; it is there whole or not at all.
    dt
        Seconds that a step stands for in Delay and LIF nodes.

    Raises
    ------
    ConversionError
        The network has max-pool gates, for which NIR has no node, or the file cannot be written.
    """
    write_nir_file(path, nir_graph_of(program, dt=dt))


def nir_graph_of(program: Program, *, dt: float = 1e-4) -> NirNode:
    """NIR graph of a program; see `export_nir`."""
    network = program.network
    if network.gates:
        raise ConversionError(
            "NIR has no node for a max-pool.",
            layer=network.gates[0].name,
            kind="Gate",
            instead="Convert the network with average pooling or strides.",
        )
    description, arrays = program.description()
    nodes = {"input": NirNode(kind="Input", values={"shape": np.array(network.input.shape)})}
    edges: list[tuple[str, str]] = []
    for index, population in enumerate(network.populations):
        kept = {k: v for k, v in arrays.items() if k.startswith(f"population.{index}.")}
        nodes[population.name] = _neurons(population, kept, f"population.{index}.threshold", dt)
    for index, projection in enumerate(network.projections):
        kept = {k: v for k, v in arrays.items() if k.startswith(f"projection.{index}.")}
        _connect(network, index, projection, kept, nodes, edges, dt)
    last = network.readout
    if len(last.shape) > 1:
        nodes["flatten"] = _flatten(last.shape)
        edges.append((last.name, "flatten"))
    nodes["output"] = NirNode(kind="Output", values={"shape": np.array([last.size])})
    edges.append(("flatten" if len(last.shape) > 1 else last.name, "output"))
    placed = ("population.", "projection.")
    metadata = {
        DESCRIPTION: json.dumps(description, sort_keys=True),
        ARRAYS: _metadata({k: v for k, v in arrays.items() if not k.startswith(placed)}, {}),
        "timesteps": network.timesteps,
        "schedule": network.schedule,
        "encoding": network.input.encoding,
        "input_bits": network.input.bits,
        "weight_bits": network.weight_bits,
        "decode": network.decode,
        "program": program.hash,
        "semantics": "reset by subtraction at >=, a step adds r times the input, unless a node's "
        "metadata differ",
    }
    return NirNode(kind="NIRGraph", nodes=nodes, edges=tuple(edges), metadata=metadata)


def _neurons(population: Population, kept: dict[str, Ints], key: str, dt: float) -> NirNode:
    shape = population.shape
    values: dict[str, Any] = {"r": np.ones(shape)}
    kind = "IF" if population.fires else "I"
    if population.leak:
        lost = min(sum(2.0**-a for a in population.leak), 1.0)
        kind = "LIF" if population.fires else "LI"
        tau = np.full(shape, dt / lost)
        values = {"r": tau / dt, "tau": tau, "v_leak": np.zeros(shape)}
    if population.fires:
        values["v_threshold"] = population.per_neuron(population.threshold).astype(np.float64)
        values["v_reset"] = np.zeros(shape)
    own = {}
    if population.fires and kept[key].shape == shape:
        own = {key: _own("v_threshold", kept[key])}
    metadata = {"reset": population.reset, "most_spikes": population.most_spikes}
    metadata[ARRAYS] = _metadata(kept, own)
    return NirNode(kind=kind, values=values, metadata=metadata)


def _connect(
    network: SpikingNetwork,
    index: int,
    projection: Projection,
    kept: dict[str, Ints],
    nodes: dict[str, NirNode],
    edges: list[tuple[str, str]],
    dt: float,
) -> None:
    """Add the nodes of a projection, and the edges from its source to its target."""
    source, target = network.shape_of(projection.source), network.shape_of(projection.target)
    population = network.population(projection.target)
    first = network.into(projection.target)[0] is projection
    bias = population.bias.astype(np.float64) if first else np.zeros(population.channels)
    whole = np.ldexp(_on_all_channels(projection, source, target), projection.shift)
    if population.current_shift is not None and projection.source == INPUT:
        each = population.current_shift.reshape(-1, *(1,) * (whole.ndim - 1))
        if projection.kind == "dense":
            each = np.repeat(each, population.size // population.channels, 0)
        whole = np.ldexp(whole, -each)
    key, name = f"projection.{index}.weight", f"synapses_{index}"
    plain = projection.plain or set(projection.options) <= {"a delay", "shifted weights"}
    plain = plain and population.current_shift is None
    own = {key: _own("weight", kept[key], projection.shift)} if plain else {}
    before = projection.source
    if projection.delay and network.populations.index(
        network.population(before)
    ) < network.populations.index(population):  # in a loop, NIR takes it for granted
        nodes[f"delay_{index}"] = NirNode(
            kind="Delay", values={"delay": np.full(source, dt)}, metadata={"steps": 1}
        )
        edges.append((before, f"delay_{index}"))
        before = f"delay_{index}"
    if projection.kind == "dense":
        if len(source) > 1:
            nodes[f"flatten_{index}"] = _flatten(source)
            edges.append((before, f"flatten_{index}"))
            before = f"flatten_{index}"
        every = population.per_neuron(bias.astype(np.int64)).reshape(-1).astype(np.float64)
        values = {"weight": whole, "bias": every}
        kind = "Affine"
    else:
        kind = "Conv2d"
        values = _convolution(projection, whole, source, target)
        same = own and np.array_equal(values["weight"].shape, kept[key].shape)
        own = own if same else {}
        values["bias"] = bias.reshape(population.channels, -1).mean(1)
    nodes[name] = NirNode(kind=kind, values=values, metadata={ARRAYS: _metadata(kept, own)})
    edges += [(before, name), (name, projection.target)]


def _convolution(
    projection: Projection, weight: np.ndarray, source: Shape, target: Shape
) -> dict[str, Any]:
    """Convolution as NIR says it, as many zeros behind as before: taps of 0 make up for it."""
    stride, dilation = projection.stride, projection.dilation
    padding, sizes = [], []
    for axis in (0, 1):
        before, step, size = projection.padding[axis], stride[axis], source[1 + axis]
        taps = (weight.shape[2 + axis] - 1) * dilation[axis] + 1
        reach = (target[1 + axis] - 1) * step
        lead = max(0, -before, taps + reach - size - 2 * before)
        least = size + 2 * (before + lead) - reach - step + 1  # else there were one place more
        padding.append(before + lead)
        sizes.append((lead, max(0, least - (taps + lead))))
    if any(lead or behind for lead, behind in sizes):
        spread = np.zeros((*weight.shape[:2], *(_taps(weight, dilation, a) for a in (0, 1))))
        spread[:, :, :: dilation[0], :: dilation[1]] = weight
        weight, dilation = np.pad(spread, ((0, 0), (0, 0), *sizes)), (1, 1)
    return {
        "input_shape": np.array(source[1:]),
        "weight": weight,
        "stride": np.array(stride),
        "padding": np.array(padding),
        "dilation": np.array(dilation),
        "groups": 1 if weight.shape[1] == source[0] else projection.groups,
    }


def _taps(weight: np.ndarray, dilation: Pair, axis: int) -> int:
    return (weight.shape[2 + axis] - 1) * dilation[axis] + 1


def _on_all_channels(projection: Projection, source: Shape, target: Shape) -> np.ndarray:
    """Weights of all channels at both ends, zeros where the projection names a part of them."""
    weight = projection.weight.astype(np.float64)
    if projection.source_channels is None and projection.target_channels is None:
        return weight
    into = slice(*(projection.source_channels or (0, source[0])))
    out = slice(*(projection.target_channels or (0, target[0])))
    if projection.kind == "dense":
        every = np.zeros((target[0], int(np.prod(target[1:])), source[0], int(np.prod(source[1:]))))
        part = every[out, :, into]
        every[out, :, into] = weight.reshape(part.shape)
        return every.reshape(int(np.prod(target)), int(np.prod(source)))
    every = np.zeros((target[0], source[0], *weight.shape[2:]))
    outs, ins = weight.shape[0] // projection.groups, weight.shape[1]
    for g in range(projection.groups):
        rows = slice(out.start + g * outs, out.start + (g + 1) * outs)
        every[rows, into.start + g * ins : into.start + (g + 1) * ins] = weight[
            g * outs : (g + 1) * outs
        ]
    return every


def _own(value: str, array: Ints, shift: int = 0) -> dict[str, Any]:
    """How integers are found again in a value of the node itself."""
    return {
        "value": value,
        "shift": shift,
        "type": array.dtype.str,
        "shape": list(array.shape),
    }


def _metadata(kept: dict[str, Ints], own: dict[str, Any]) -> dict[str, Any]:
    arrays: dict[str, Any] = {k: v for k, v in kept.items() if k not in own}
    return arrays | {OWN: json.dumps(own, sort_keys=True)}


def _flatten(shape: Shape) -> NirNode:
    values = {"start_dim": 0, "end_dim": -1, "input_type": np.array(shape)}
    return NirNode(kind="Flatten", values=values)
