"""A flat NIR graph as populations and the maps between them: what is folded, delayed, relayed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from augend.gen.contract import INPUT
from augend.gen.frontends.nir_graph import NEURONS, FlatGraph, numbers, refusal
from augend.gen.frontends.nir_maps import Map, after, identity, map_of
from augend.gen.graph import Floats, Shape

__all__ = ["READOUT", "Link", "Links", "links_of"]

READOUT = "readout"
"""Name of the population that adds up what a network without neurons at its end gives out."""
MOST_DELAY = 1024


@dataclass(frozen=True, kw_only=True, eq=False)
class Link:
    """A linear map from one neuron node, or the input, to another, that takes ``delay`` steps."""

    source: str
    target: str
    map: Map
    delay: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Links:
    """Neuron nodes in the order in which they step, the last read out, and what connects them.

    ``bias`` is what Affine nodes and convolutions add to each target in every step, of its shape.
    """

    order: tuple[str, ...]
    links: tuple[Link, ...]
    bias: Mapping[str, Floats]
    shapes: Mapping[str, Shape]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Flow:
    """What reaches a node: a map from each source, with its steps of delay, and a bias."""

    maps: tuple[tuple[str, Map, int], ...]
    bias: Floats


def links_of(flat: FlatGraph, *, dt: float, latency: int) -> Links:
    """Fold everything between neurons into maps; recurrent ones take a step.

    Raises
    ------
    ConversionError
        A chain of layers is too large for a matrix, layers without neurons form a loop, or a delay
        is no whole number of steps.
    """
    flows: dict[str, _Flow] = {}
    order, readout = _order(flat)
    place = {INPUT: -1, flat.input: -1} | {name: i for i, name in enumerate(order)}
    links, biases, shapes = [], {}, {}
    for target in order:
        node = readout if target == READOUT else target
        flow = _incoming(node, flat, flows, (), dt)
        shapes[target] = flat.feeding_shape(node)
        biases[target] = np.broadcast_to(flow.bias, shapes[target])
        for source, linear, steps in flow.maps:
            total = steps + latency
            if source != flat.input and place[source] >= place[target]:
                total = max(total, 1)
            name = INPUT if source == flat.input else source
            link = Link(source=name, target=target, map=linear.as_projection(), delay=total)
            links.append(link)
    return Links(order=order, links=tuple(links), bias=biases, shapes=shapes)


def _order(flat: FlatGraph) -> tuple[tuple[str, ...], str]:
    """Neuron nodes that lead to the output, the one read out last, and the output's node."""
    needed, waiting = set(), [flat.output]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += flat.sources[name]
    last = flat.output
    while len(flat.sources[last]) == 1 and flat.nodes[last].kind in ("Output", "Flatten", "Pass"):
        last = flat.sources[last][0]
    names = [n for n, node in flat.nodes.items() if n in needed and node.kind in NEURONS]
    if last in names:
        return (*(name for name in names if name != last), last), last
    return (*names, READOUT), flat.output


def _incoming(
    name: str, flat: FlatGraph, flows: dict[str, _Flow], path: Sequence[str], dt: float
) -> _Flow:
    """What reaches a node: the sum of what its sources give out."""
    shape = flat.feeding_shape(name)
    maps: list[tuple[str, Map, int]] = []
    bias = np.zeros(shape)
    for source in flat.sources[name]:
        flow = _outgoing(source, flat, flows, (*path, name), dt)
        maps += flow.maps
        bias = bias + flow.bias.reshape(shape)
    return _Flow(maps=tuple(maps), bias=bias)


def _outgoing(
    name: str, flat: FlatGraph, flows: dict[str, _Flow], path: Sequence[str], dt: float
) -> _Flow:
    """What a node gives out, as maps from neurons."""
    node, shape = flat.nodes[name], flat.shapes[name]
    if node.kind in NEURONS or node.kind == "Input":
        return _Flow(maps=((name, identity(shape), 0),), bias=np.zeros(shape))
    if name in path:
        reason = "it stands in a loop without neurons."
        raise refusal(name, node, reason, "Put a neuron into the loop.")
    if name in flows:
        return flows[name]
    before = _incoming(name, flat, flows, path, dt)
    own = map_of(name, node, flat.feeding_shape(name), shape)
    steps = _steps(name, flat, dt) if node.kind == "Delay" else 0
    try:
        maps = tuple((s, after(own, earlier), d + steps) for s, earlier, d in before.maps)
    except ValueError as error:
        raise refusal(
            name, node, f"folded with the layers before it, {error}.", "Put neurons between them."
        ) from error
    bias = own.apply(before.bias.reshape(own.source))
    if "bias" in node.values:
        added = numbers(name, node, "bias").reshape(-1)
        bias = bias + added.reshape(-1, *(1,) * (len(shape) - 1))
    flows[name] = _Flow(maps=maps, bias=bias)
    return flows[name]


def _steps(name: str, flat: FlatGraph, dt: float) -> int:
    node = flat.nodes[name]
    steps = np.unique(numbers(name, node, "delay")) / dt
    whole = np.rint(steps)
    if steps.size != 1 or abs(steps[0] - whole[0]) > 1e-3 or not 0 <= whole[0] <= MOST_DELAY:
        raise refusal(
            name,
            node,
            f"its delays are {steps.min():g} to {steps.max():g} steps of {dt:g} s.",
            f"Use one delay of a whole number of steps, 0 to {MOST_DELAY}.",
        )
    return int(whole[0])
