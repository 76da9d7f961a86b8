"""A NIR graph made flat, checked and ordered, with every node's shape found from its weights."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from augend.gen.frontends.nir_file import NirFile, NirNode
from augend.gen.graph import ConversionError, Pair, Shape

__all__ = ["LINEAR", "NEURONS", "FlatGraph", "flatten", "numbers", "pair", "refusal"]

NEURONS = frozenset({"IF", "LIF", "CubaLIF", "Threshold", "LI", "I", "CubaLI"})
LINEAR = frozenset(
    {"Linear", "Affine", "Conv2d", "SumPool2d", "AvgPool2d", "Flatten", "Scale", "Delay", "Pass"}
)
ADVICE = {
    "Conv1d": "Use Conv2d with a kernel of height 1 on inputs of (C, 1, L).",
}
KNOWN = "Use Conv2d, Linear, Affine, Scale, SumPool2d, AvgPool2d, Flatten, Delay, IF and LIF."


@dataclass(frozen=True, kw_only=True, eq=False)
class FlatGraph:
    """A graph without sub-graphs.

    Parameters
    ----------
    nodes
        By name, in an order in which, but for recurrent edges, each comes after its sources.
        A node of a sub-graph is named ``subgraph.node``; what only passes on is of kind ``Pass``.
    sources
        Names of the nodes that feed each node.
    shapes
        Of what each node gives out, ``(N,)`` or ``(C, H, W)``.
    """

    nodes: Mapping[str, NirNode]
    sources: Mapping[str, tuple[str, ...]]
    shapes: Mapping[str, Shape]

    @property
    def input(self) -> str:
        """Name of the node where the network begins."""
        return next(name for name, node in self.nodes.items() if node.kind == "Input")

    @property
    def output(self) -> str:
        """Name of the node where the network ends."""
        return next(name for name, node in self.nodes.items() if node.kind == "Output")

    def feeding_shape(self, name: str) -> Shape:
        """Shape of what comes into a node."""
        return next(self.shapes[source] for source in self.sources[name] if source in self.shapes)


def refusal(name: str, node: NirNode, reason: str, instead: str | None = None) -> ConversionError:
    """Refuse a node by name."""
    return ConversionError(reason, layer=name, kind=node.kind, instead=instead)


def numbers(name: str, node: NirNode, key: str) -> np.ndarray:
    """Finite numbers that a node must have, as double-precision array."""
    if key not in node.values:
        raise refusal(name, node, f"the file gives no {key}.", "Write it again with nir.write.")
    value = np.asarray(node.values[key])
    if value.dtype.kind not in "fiub" or not np.isfinite(value.astype(np.float64)).all():
        raise refusal(name, node, f"its {key} holds values that are no finite numbers.")
    return value.astype(np.float64)


def pair(name: str, node: NirNode, key: str) -> Pair:
    """Two whole numbers, (vertical, horizontal), that a node gives as two or as one."""
    value = numbers(name, node, key).reshape(-1)
    if value.size not in (1, 2) or np.any(value != np.floor(value)):
        raise refusal(name, node, f"its {key} must be one or two whole numbers, not {value}.")
    return int(value[0]), int(value[-1])


def flatten(file: NirFile) -> FlatGraph:
    """Flatten sub-graphs, order the nodes and find their shapes.

    Raises
    ------
    ConversionError
        Edges lead nowhere, a node is of an unknown kind, several inputs or outputs, or shapes
        that do not fit.
    """
    nodes: dict[str, NirNode] = {}
    edges: list[tuple[str, str]] = []
    _unfold("", file.graph, nodes, edges)
    for kind in ("Input", "Output"):
        found = [name for name, node in nodes.items() if node.kind == kind]
        if len(found) != 1:
            raise ConversionError(
                f"The graph has {len(found)} nodes of kind {kind} ({', '.join(found) or 'none'}).",
                instead=f"Write a graph with one {kind}.",
            )
    sources = {
        name: tuple(dict.fromkeys(source for source, target in edges if target == name))
        for name in nodes
    }
    for name, node in nodes.items():
        if not sources[name] and node.kind != "Input":
            raise refusal(name, node, "nothing leads to it.", "Leave it out, or connect it.")
        if node.kind not in NEURONS | LINEAR | {"Input", "Output"}:
            instead = ADVICE.get(node.kind, KNOWN)
            raise refusal(name, node, "it has no counterpart in the contract.", instead)
    order: list[str] = []
    shapes: dict[str, Shape] = {}
    while len(order) < len(nodes):
        name = _next(nodes, sources, order)
        incoming = [shapes[source] for source in sources[name] if source in shapes]
        shapes[name] = _shape(name, nodes[name], incoming)
        order.append(name)
    for name, node in nodes.items():  # recurrent edges too
        for source in sources[name]:
            expected = shapes[next(s for s in sources[name] if s in shapes)]
            if np.prod(shapes[source]) != np.prod(expected):
                reason = f"{source!r} of shape {shapes[source]} does not fit beside {expected}."
                raise refusal(name, node, reason)
    return FlatGraph(nodes={name: nodes[name] for name in order}, sources=sources, shapes=shapes)


def _unfold(
    scope: str, graph: NirNode, nodes: dict[str, NirNode], edges: list[tuple[str, str]]
) -> None:
    entries, exits = {}, {}
    for name, node in graph.nodes.items():
        place = f"{scope}{name}"
        entries[name] = exits[name] = place
        if node.kind == "NIRGraph":
            _unfold(f"{place}.", node, nodes, edges)
            ends = {
                kind: [inner for inner, n in node.nodes.items() if n.kind == kind]
                for kind in ("Input", "Output")
            }
            for kind, found in ends.items():
                if len(found) != 1:
                    raise refusal(place, node, f"the sub-graph has {len(found)} nodes {kind}.")
            entries[name] = f"{place}.{ends['Input'][0]}"
            exits[name] = f"{place}.{ends['Output'][0]}"
        elif scope and node.kind in ("Input", "Output"):
            nodes[place] = NirNode(kind="Pass")
        else:
            nodes[place] = node
    for source, target in graph.edges:
        for end in (source, target):
            if end not in entries:
                raise ConversionError(
                    f"The edge {scope}{source} -> {scope}{target} leads to {end!r}, which is no "
                    f"node of the graph.",
                    instead="Write the graph again with all its nodes.",
                )
        edges.append((exits[source], entries[target]))


def _next(
    nodes: Mapping[str, NirNode], sources: Mapping[str, tuple[str, ...]], order: list[str]
) -> str:
    """Next node whose sources are all there; where a loop keeps all waiting, a neuron in it."""
    done = set(order)
    waiting = [name for name in nodes if name not in done]
    for name in waiting:
        if all(source in done for source in sources[name]):
            return name
    begun = [name for name in waiting if any(source in done for source in sources[name])]
    begun.sort(key=lambda name: min(order.index(s) for s in sources[name] if s in done))
    for name in [n for n in begun if nodes[n].kind in NEURONS] + begun:
        return name
    raise refusal(waiting[0], nodes[waiting[0]], "no path leads to it from the input.")


def _shape(name: str, node: NirNode, incoming: list[Shape]) -> Shape:
    """Shape of what a node gives out."""
    if node.kind == "Input":
        shape = tuple(int(n) for n in numbers(name, node, "shape").reshape(-1))
        if len(shape) not in (1, 3) or min(shape) < 1:
            instead = "Write a graph whose input is (N,) or (C, H, W), without time and batch."
            raise refusal(name, node, f"its shape is {shape}.", instead)
        return shape
    source = incoming[0]
    if node.kind in ("Linear", "Affine"):
        weight = numbers(name, node, "weight")
        if weight.ndim != 2 or weight.shape[1] != np.prod(source):
            reason = f"its weights of shape {weight.shape} do not fit an input of {source}."
            raise refusal(name, node, reason, "Put a Flatten before it.")
        return (weight.shape[0],)
    if node.kind == "Flatten":
        return (int(np.prod(source)),)
    if node.kind in ("SumPool2d", "AvgPool2d"):
        kernel = pair(name, node, "kernel_size")
        padding = pair(name, node, "padding")
        return source[0], *_places(name, node, source, kernel, (padding, padding), (1, 1))
    if node.kind == "Conv2d":
        weight = numbers(name, node, "weight")
        groups = int(numbers(name, node, "groups"))
        if weight.ndim != 4 or len(source) != 3 or weight.shape[1] * groups != source[0]:
            reason = (
                f"its weights of shape {weight.shape} in {groups} groups do not fit an input of "
                f"{source}."
            )
            raise refusal(name, node, reason)
        kernel = weight.shape[2], weight.shape[3]
        dilation = pair(name, node, "dilation")
        padding = conv_padding(name, node, source, kernel)
        return weight.shape[0], *_places(name, node, source, kernel, padding, dilation)
    if node.kind in NEURONS | {"Scale"}:
        key = {"Scale": "scale", "Threshold": "threshold", "LI": "r", "I": "r", "CubaLI": "r"}
        size = numbers(name, node, key.get(node.kind, "v_threshold")).size
        if size not in (1, np.prod(source)):
            raise refusal(name, node, f"it has {size} values for an input of shape {source}.")
    return source


def conv_padding(name: str, node: NirNode, source: Shape, kernel: Pair) -> tuple[Pair, Pair]:
    """Zeros before and behind, each (vertical, horizontal); ``same`` as PyTorch and JAX place it.

    ``same`` gives ceil(size / stride) places; where an odd number of zeros is needed, one more
    follows than precedes.
    """
    given = node.values.get("padding")
    if not isinstance(given, str):
        both = pair(name, node, "padding")
        return both, both
    if given == "valid":
        return (0, 0), (0, 0)
    if given != "same":
        raise refusal(name, node, f"its padding is {given!r}; it may be numbers, same or valid.")
    stride, dilation = pair(name, node, "stride"), pair(name, node, "dilation")
    need = [
        max((-(-source[1 + a] // stride[a]) - 1) * stride[a] + d * (kernel[a] - 1) + 1, 0)
        for a, d in enumerate(dilation)
    ]
    total = [max(n - source[1 + a], 0) for a, n in enumerate(need)]
    before = total[0] // 2, total[1] // 2
    return before, (total[0] - before[0], total[1] - before[1])


def _places(
    name: str,
    node: NirNode,
    source: Shape,
    kernel: Pair,
    padding: tuple[Pair, Pair],
    dilation: Pair,
) -> Pair:
    stride = pair(name, node, "stride")
    if len(source) != 3 or min(stride) < 1 or min(dilation) < 1:
        raise refusal(name, node, f"it does not fit an input of shape {source}.")
    rows, columns = (
        (source[1 + a] + padding[0][a] + padding[1][a] - dilation[a] * (kernel[a] - 1) - 1)
        // stride[a]
        + 1
        for a in (0, 1)
    )
    if min(rows, columns) < 1:
        raise refusal(name, node, f"its kernel {kernel} is larger than its input {source}.")
    return rows, columns
