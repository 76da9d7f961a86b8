"""Exact rewritings of a graph that leave less to be folded."""

from dataclasses import replace

import numpy as np

from augend.gen.graph import BatchNorm, Binary, Graph, Layer, Linear, MaxPool, Relu

__all__ = ["rewritten"]


def rewritten(graph: Graph) -> Graph:
    """The same function: normalised vectors fold forwards, max-pools move behind activations."""
    return _pools_behind_activations(_vector_norms_forwards(graph))


def _vector_norms_forwards(graph: Graph) -> Graph:
    """Fold the normalisation of a vector into the nn.Linear layers that alone use it."""
    layers = list(graph.layers)
    for norm in graph.layers:
        users = graph.users(norm.name)
        if not (
            isinstance(norm, BatchNorm)
            and len(norm.shape) == 1
            and users
            and all(isinstance(user, Linear) for user in users)
        ):
            continue
        for place, layer in enumerate(layers):
            if isinstance(layer, Linear) and layer.sources == (norm.name,):
                layers[place] = replace(
                    layer,
                    sources=norm.sources,
                    weight=layer.weight * norm.scale,
                    bias=layer.bias + layer.weight @ norm.shift,
                )
        layers = [
            replace(layer, sources=norm.sources) if layer.sources == (norm.name,) else layer
            for layer in layers
        ]
        graph = replace(graph, layers=tuple(x for x in layers if x.name != norm.name))
        layers = list(graph.layers)
    return graph


def _pools_behind_activations(graph: Graph) -> Graph:
    """Move max-pools behind activations that keep the order of values.

    The greatest of a window stays the greatest, and the pool then has spikes to choose from that
    are never below 0. A normalisation between keeps the order where no scale is below 0; where one
    is, a binary activation behind it is turned round for that channel, and back behind the pool.
    """
    for pool in graph.layers:
        if not isinstance(pool, MaxPool):
            continue
        moved: list[Layer] = []
        last: Layer = pool
        while True:
            users = graph.users(last.name)
            if len(users) != 1 or len(users[0].shape) != 3:
                break
            last = users[0]
            if isinstance(last, BatchNorm) and np.all(last.scale >= 0):
                moved.append(last)
                continue
            after = graph.users(last.name)
            if isinstance(last, BatchNorm) and len(after) == 1 and isinstance(after[0], Binary):
                turned, binary, back = _turned(last, after[0])
                graph = _swapped(graph, pool, [*moved, turned, binary], back)
            elif isinstance(last, (Relu, Binary)):
                graph = _swapped(graph, pool, [*moved, last])
            break
    return graph


def _turned(norm: BatchNorm, binary: Binary) -> tuple[BatchNorm, Binary, BatchNorm]:
    """The same with no scale below 0, and what turns those channels back behind a max-pool."""
    sign = np.where(norm.scale < 0, -1.0, 1.0)
    turned = replace(norm, scale=norm.scale * sign, shift=norm.shift * sign)
    reversed_zero = np.where(sign < 0, np.logical_not(binary.zero), binary.zero)
    shift = np.where(sign < 0, 1.0, 0.0) if binary.function == "heaviside" else 0 * sign
    back = BatchNorm(name=f"{binary.name}.back", shape=binary.shape, scale=sign, shift=shift)
    return turned, replace(binary, zero=reversed_zero), back


def _swapped(
    graph: Graph, pool: MaxPool, moved: list[Layer], back: BatchNorm | None = None
) -> Graph:
    """Put a pool behind layers that follow it one by one, and ``back`` behind the pool."""
    source = pool.sources[0]
    shape = graph.shape_of(source)
    changed: dict[str, Layer] = {}
    for layer in moved:
        changed[layer.name] = replace(layer, sources=(source,), shape=(layer.shape[0], *shape[1:]))
        source = layer.name
    behind: list[Layer] = [replace(pool, sources=(source,))]
    if back is not None:
        behind.append(replace(back, sources=(pool.name,)))
    layers: list[Layer] = []
    for layer in graph.layers:
        if layer.name == pool.name:
            continue
        renamed = changed.get(layer.name)
        if renamed is None:
            sources = tuple(behind[-1].name if name == source else name for name in layer.sources)
            layers.append(replace(layer, sources=sources))
            continue
        layers.append(renamed)
        if layer.name == source:
            layers += behind
    return replace(graph, layers=tuple(layers))
