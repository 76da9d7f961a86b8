"""A traced module, node by node: every one becomes a layer, is passed, or is refused."""

from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import fx, nn
from torch.fx.node import map_arg

from augend.gen.frontends.operations import FUNCTIONS, METHODS, MODULES, Call, Passed
from augend.gen.frontends.refusals import advice
from augend.gen.graph import ConversionError, Graph, Layer, Shape

__all__ = ["Reading", "Row", "Walk"]

IMAGES = 5
"""Images that are sent through the traced network: no literal in a module means this number."""

SHAPE_METHODS = frozenset({"size", "dim", "ndimension"})
SHAPE_ATTRIBUTES = frozenset({"shape", "ndim"})
INPLACE_METHODS = frozenset({"relu_"})
INPLACE_FUNCTIONS = frozenset({torch.relu_, nn.functional.relu_})


@dataclass(frozen=True, kw_only=True)
class Row:
    """Verdict on one operation of the network.

    ``shape`` is that of its output for one image; ``error`` is set where it is refused.
    """

    name: str
    kind: str
    shape: Shape | None
    verdict: Literal["converted", "passed", "refused"]
    note: str = ""
    error: ConversionError | None = None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Every operation of the network with its verdict, and the graph if none is refused."""

    rows: tuple[Row, ...]
    graph: Graph | None

    @property
    def errors(self) -> tuple[ConversionError, ...]:
        """All refusals, in the order of the operations."""
        return tuple(row.error for row in self.rows if row.error is not None)


@dataclass(kw_only=True)
class Walk:
    """Runs the nodes in order on a few images and keeps what each of them means."""

    root: nn.Module
    input_shape: Shape
    values: dict[fx.Node, Any] = field(default_factory=dict)
    position: dict[fx.Node, int] = field(default_factory=dict)  # layers before an activation
    rows: list[Row] = field(default_factory=list)
    layers: list[Layer | None] = field(default_factory=list)
    passed: list[tuple[str, str]] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)
    last: str = "input"

    def visit(self, node: fx.Node) -> None:
        """Take the next node of the graph; nodes come in the order of execution."""
        if node.op == "placeholder":
            self._placeholder(node)
        elif node.op == "output":
            self._output(node)
        elif node.op == "get_attr":
            self.values[node] = _attribute(self.root, str(node.target))
        else:
            self._operation(node)

    def _placeholder(self, node: fx.Node) -> None:
        if node.args:  # an optional second argument keeps its default
            self.values[node] = node.args[0]
        elif self.position:
            self._refuse(node, f"the module takes a second input, {node.name!r}.", "Use one input.")
            self.values[node] = None
        else:
            generator = torch.Generator().manual_seed(0)
            self.values[node] = torch.rand(
                IMAGES, *self.input_shape, generator=generator, dtype=torch.float64
            )
            self.position[node] = 0

    def _operation(self, node: fx.Node) -> None:
        sources = [n for n in node.all_input_nodes if n in self.position]
        try:
            result = self._run(node)
        except Exception as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
            raise ConversionError(
                f"It fails on images of shape {self.input_shape} ({reason}).",
                layer=self._name(node),
                kind=self._kind(node),
                instead="Check the shape of the images that the module was made for.",
            ) from error
        self.values[node] = result
        if not sources or _tells_shape(node):
            return  # a constant of the network, or shape arithmetic: its value is all it is
        name, kind = self._name(node), self._kind(node)
        if not isinstance(result, torch.Tensor):
            self._refuse(node, f"its result is a {type(result).__name__}.", advice(kind))
            self.position[node] = len(self.layers)
            return
        shape = tuple(result.shape[1:])
        try:
            meaning = self._meaning(node, sources, name, kind)
        except ConversionError as error:
            self.rows.append(Row(name=name, kind=kind, shape=shape, verdict="refused", error=error))
            self.layers.append(None)
        else:
            if isinstance(meaning, Passed):
                self.passed.append((name, meaning.reason))
                row = Row(name=name, kind=kind, shape=shape, verdict="passed", note=meaning.reason)
            else:
                self.layers.append(meaning)
                row = Row(name=name, kind=kind, shape=shape, verdict="converted")
            self.rows.append(row)
        self.last = name
        self.position[node] = len(self.layers)
        if self._in_place(node):  # whoever reads the source from now on reads the result
            self.position[sources[0]] = len(self.layers)

    def _run(self, node: fx.Node) -> Any:
        arguments = map_arg(node.args, self.values.__getitem__)
        keywords = map_arg(node.kwargs, self.values.__getitem__)
        with torch.no_grad():
            if node.op == "call_module":
                return self.root.get_submodule(str(node.target))(*arguments, **keywords)
            if node.op == "call_method":
                return getattr(arguments[0], str(node.target))(*arguments[1:], **keywords)
            assert callable(node.target)
            return node.target(*arguments, **keywords)

    def _meaning(
        self, node: fx.Node, sources: list[fx.Node], name: str, kind: str
    ) -> Layer | Passed:
        if len(sources) > 1:
            raise ConversionError(
                "it joins two branches of the network.",
                layer=name,
                kind=kind,
                instead=advice("add"),
            )
        module = self.root.get_submodule(str(node.target)) if node.op == "call_module" else None
        reader: Any = None
        if module is not None:
            reader = next((r for classes, r in MODULES if isinstance(module, classes)), None)
        elif node.op == "call_method":
            reader = METHODS.get(str(node.target))
        elif callable(node.target):
            reader = FUNCTIONS.get(node.target)
        if reader is None:
            raise ConversionError(
                "it has no counterpart among spiking neurons here.",
                layer=name,
                kind=kind,
                instead=advice(kind),
            )
        if self.position[sources[0]] != len(self.layers):
            raise ConversionError(
                f"it takes the output of {sources[0].name!r}, from which {self.last!r} branches "
                f"off.",
                layer=name,
                kind=kind,
                instead=advice("add"),
            )
        arguments = map_arg(node.args, self.values.__getitem__)
        keywords = dict(map_arg(node.kwargs, self.values.__getitem__))
        if not arguments:
            keywords.pop("input", None)
        call = Call(
            name=name,
            kind=kind,
            source=self.values[sources[0]],
            result=self.values[node],
            arguments=tuple(arguments)[1:],
            keywords=keywords,
        )
        return reader(call) if module is None else reader(call, module)

    def _in_place(self, node: fx.Node) -> bool:
        if node.op == "call_module":
            return bool(getattr(self.root.get_submodule(str(node.target)), "inplace", False))
        if node.op == "call_method":
            return node.target in INPLACE_METHODS
        return node.target in INPLACE_FUNCTIONS or bool(node.kwargs.get("inplace"))

    def _output(self, node: fx.Node) -> None:
        returned = node.args[0]
        if not isinstance(returned, fx.Node) or returned not in self.position:
            self._refuse(
                node,
                f"the module returns {_describe(returned)}.",
                "Return one tensor of scores, (images, classes).",
            )
            return
        if self.position[returned] != len(self.layers):
            self._refuse(
                node,
                f"the module returns {returned.name!r}; layers up to {self.last!r} do not lead to "
                f"its output.",
                "Leave them out of forward.",
            )
        shape = tuple(self.values[returned].shape[1:])
        if len(shape) != 1:
            self._refuse(
                node,
                f"the module returns {shape} for each image.",
                "End it with nn.Flatten() so that it returns (images, classes).",
            )

    def _refuse(self, node: fx.Node, reason: str, instead: str) -> None:
        name, kind = self._name(node), self._kind(node)
        error = ConversionError(reason, layer=name, kind=kind, instead=instead)
        self.rows.append(Row(name=name, kind=kind, shape=None, verdict="refused", error=error))

    def _name(self, node: fx.Node) -> str:
        """Place in the module; a module called again is numbered."""
        if node.op == "call_module":
            place = str(node.target)
        else:
            stack = list(node.meta.get("nn_module_stack", {}).values())
            scope = stack[-1][0] if stack else ""
            place = f"{scope}.{node.name}" if scope else node.name
        key = f"{place}/{node.name}"
        if key not in self.seen:
            again = sum(other.startswith(f"{place}/") for other in self.seen)
            self.seen[key] = again
        return place if not self.seen[key] else f"{place}#{self.seen[key] + 1}"

    def _kind(self, node: fx.Node) -> str:
        if node.op == "call_module":
            return type(self.root.get_submodule(str(node.target))).__name__
        if node.op == "call_method":
            return f".{node.target}()"
        if node.op == "call_function":
            return getattr(node.target, "__name__", str(node.target))
        return node.op

    def reading(self) -> Reading:
        """What all visited nodes come to."""
        graph = None
        if not any(row.error for row in self.rows):
            layers = tuple(layer for layer in self.layers if layer is not None)
            graph = Graph(input_shape=self.input_shape, layers=layers, passed=tuple(self.passed))
        return Reading(rows=tuple(self.rows), graph=graph)


def _attribute(root: nn.Module, path: str) -> Any:
    value: Any = root
    for part in path.split("."):
        value = getattr(value, part)
    return value


def _tells_shape(node: fx.Node) -> bool:
    """Whether a node asks for a shape, or computes with one."""
    if node.op == "call_method":
        return node.target in SHAPE_METHODS
    return node.target is getattr and len(node.args) > 1 and node.args[1] in SHAPE_ATTRIBUTES


def _describe(returned: Any) -> str:
    if isinstance(returned, (tuple, list)):
        return f"{len(returned)} values"
    if isinstance(returned, dict):
        return f"a dictionary of {len(returned)} values"
    return "nothing that depends on its input"
