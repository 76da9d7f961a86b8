"""An ONNX model, operator by operator: each becomes a layer, is passed, or is refused."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import prod

import numpy as np
import onnx
from onnx import checker, numpy_helper

from augend.gen.frontends.onnx_builder import Builder, LayoutFound
from augend.gen.frontends.onnx_call import Call, Input
from augend.gen.frontends.onnx_constants import (
    compute,
    inferred_shapes,
    leading_to_outputs,
    steady,
)
from augend.gen.frontends.onnx_file import opset_of
from augend.gen.frontends.onnx_moves import MOVES, move
from augend.gen.frontends.onnx_operations import AFTER_SCORES, ON_CODES, OPERATORS, SCORES
from augend.gen.frontends.onnx_refusals import advice
from augend.gen.frontends.onnx_value import Condition, Value
from augend.gen.frontends.walk import Reading, Row
from augend.gen.graph import SOURCE, ConversionError, Graph, Shape

__all__ = ["Walk"]

Known = Value | Condition


@dataclass(kw_only=True)
class Walk:
    """Takes the operators of a model in order and keeps what each tensor means.

    Parameters
    ----------
    model
        Without functions of its own.
    given
        The model's input, as places of an image.
    input_name
        Its name in the model.
    images
        Number of images that the model was exported for, or None for any.
    notes
        What to say about the input.
    build
        Takes the layers; a scouting one only finds the order in which the input is read.
    """

    model: onnx.ModelProto
    given: Value
    input_name: str
    images: int | None
    notes: Sequence[str] = ()
    build: Builder = field(default_factory=Builder)
    values: dict[str, Input] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        graph = self.model.graph
        self.opset = opset_of(self.model)
        self.nodes = leading_to_outputs(graph)
        self.weights = {tensor.name: tensor for tensor in graph.initializer}
        self.readers = Counter(name for node in self.nodes for name in set(node.input))
        self.readers.update(output.name for output in graph.output)
        self.names: Counter[str] = Counter()
        self.shapes: dict[str, tuple[int, ...]] | None = None
        self.values = {"": None}
        self._keep(self.input_name, self.given)

    def run(self) -> Reading:
        """Take all operators that lead to an output, and say what they come to."""
        for info in self.model.graph.input:
            if info.name in self.readers and info.name not in (self.input_name, *self.weights):
                error = ConversionError(
                    f"the model takes a second input, {info.name!r}.",
                    layer=info.name,
                    kind="input",
                    instead="Use one input; make the others constants.",
                )
                self._refused(info.name, "input", error)
        for node in self.nodes:
            self._visit(node)
        output = self._output()
        graph = None
        if output is not None and not any(row.error for row in self.rows):
            graph = self._graph(output)
        kept = {layer.name for layer in graph.layers} if graph else set(self.build.layers)
        return Reading(rows=tuple(self._verdict(row, kept) for row in self.rows), graph=graph)

    def _visit(self, node: onnx.NodeProto) -> None:
        label = node.name or next(iter(node.output), node.op_type)
        self.names[label] += 1
        name = label if self.names[label] == 1 else f"{label}#{self.names[label]}"
        call = Call(name=name, node=node, inputs=(), opset=self.opset, images=self.images)
        try:
            unknown = [x for x in node.input if x not in self.values and x not in self.weights]
            if unknown:
                if any(row.error for row in self.rows):
                    return  # what it takes depends on what has been refused
                raise call.refuse(
                    f"it takes {unknown[0]!r}, which no operator here gives.",
                    "Export the network again.",
                )
            call.inputs = [self._input(x) for x in node.input]
            results = self._results(call)
        except LayoutFound:
            raise
        except ConversionError as error:
            self._refused(name, call.kind, error, node)
            return
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            problem = call.refuse(f"it cannot be read ({reason}).", "Export the network again.")
            self._refused(name, call.kind, problem, node)
            return
        known = [x for x in results if isinstance(x, (Value, Condition))]
        if known:
            note = "; ".join(call.remarks)
            shape = _shape(known[0])
            self.rows.append(
                Row(name=name, kind=call.kind, shape=shape, verdict="passed", note=note)
            )
        for output, result in zip(node.output, results, strict=False):
            self._keep(output, result)

    def _results(self, call: Call) -> Sequence[Input]:
        """What the outputs mean: constants where nothing depends on the image."""
        kind, node = call.kind, call.node
        values = call.values()
        if not any(isinstance(x, (Value, Condition)) for x in call.inputs):
            if not steady(node):
                raise call.refuse("it has no counterpart among layers.", advice(kind))
            arrays = [x for x in call.inputs if x is None or isinstance(x, np.ndarray)]
            found = compute(node, arrays, self.model.opset_import)
            return [found.get(output) for output in node.output]
        if kind == "Shape":
            cut = slice(call.attribute("start", None), call.attribute("end", None))
            return [np.array(call.value().dims[cut], np.int64)]
        if kind == "Size":
            return [np.array(call.value().size, np.int64)]
        scored = next((x for x in values if x.scores), None)
        if scored is not None:
            if kind not in AFTER_SCORES:
                raise call.refuse(
                    f"it works on what {scored.scores!r} made of the scores.",
                    f"Leave out {scored.scores!r}, and what follows it.",
                )
            call.remark(f"follows {scored.scores!r}")
            return [scored] * len(node.output)
        if kind in SCORES:
            return [self._scores(call)] * len(node.output)
        if any(x.codes for x in values) and kind not in ON_CODES and kind not in MOVES:
            raise call.refuse(
                "it works on integer codes.", "Quantise the model in the QDQ format, or not at all."
            )
        if kind in MOVES:
            return move(call)
        if kind not in OPERATORS:
            raise call.refuse(
                "it has no counterpart among layers of spiking neurons.", advice(kind)
            )
        return [OPERATORS[kind](self.build, call)]

    def _scores(self, call: Call) -> Value:
        value = call.value()
        last = -1 if self.opset >= 13 else 1
        axis = call.attribute("axis", 0 if call.kind == "ArgMax" else last)
        if self.opset < 13 and call.kind in ("Softmax", "LogSoftmax", "Hardmax"):
            classes = prod(value.dims[axis % len(value.dims) :])
        else:
            classes = value.dims[axis]
        if classes != value.size:
            raise call.refuse(
                f"it works on axis {axis} of {value.dims[1:]} for each image.",
                "Use it on the scores at the end of the network, or leave it out.",
            )
        call.remark("keeps which class has the highest score")
        return replace(value, scores=call.name)

    def _input(self, name: str) -> Input:
        if name not in self.values:
            try:
                self.values[name] = numpy_helper.to_array(self.weights[name])
            except (OSError, TypeError, ValueError, checker.ValidationError) as error:
                raise ConversionError(
                    "its values are not all there.",
                    layer=name,
                    kind="initializer",
                    instead="Copy the model again, and all files that hold its weights.",
                ) from error
        return self.values[name]

    def _keep(self, name: str, found: Input) -> None:
        if isinstance(found, Value):
            found = replace(found, shared=found.shared or self.readers[name] > 1)
        if name:
            self.values[name] = found

    def _refused(
        self, name: str, kind: str, error: ConversionError, node: onnx.NodeProto | None = None
    ) -> None:
        """Note a refusal; what follows is read as if a layer of the right shape were there."""
        shape = None
        for output in () if node is None or self.build.scouting else node.output:
            if self.shapes is None:
                dims = {self.input_name: self.given.dims}
                self.shapes = inferred_shapes(self.model, dims)
            dims = self.shapes.get(output)
            if dims is None:
                continue
            inner = dims[1:] if len(dims) in (2, 4) else (prod(dims),)
            shape = shape or dims[1:]
            self._keep(output, Value(source=self.build.free(name), shape=inner, dims=dims))
        self.rows.append(Row(name=name, kind=kind, shape=shape, verdict="refused", error=error))

    def _output(self) -> str | None:
        """Layer that the model returns, or None, with a refusal, where there is no such."""
        sources: dict[str, str] = {}
        for info in self.model.graph.output:
            found = self.values.get(info.name)
            node = onnx.NodeProto(op_type="output")
            call = Call(
                name=info.name, node=node, inputs=[found], opset=self.opset, images=self.images
            )
            try:
                if not isinstance(found, Value):
                    raise call.refuse(
                        "the model returns something that is no tensor of the network.",
                        "Return scores, (images, classes).",
                    )
                if not found.is_vector:
                    raise call.refuse(
                        f"the model returns {found.dims[1:]} for each image.",
                        "End it with Flatten, so that it returns (images, classes).",
                    )
                sources.setdefault(self.build.vector(call, found).source, info.name)
                if len(sources) > 1:
                    raise call.refuse(
                        f"the model returns {' and '.join(map(repr, sources.values()))}.",
                        "Keep one of them, e.g. with onnx.utils.extract_model.",
                    )
                if SOURCE in sources:
                    raise call.refuse(
                        "the model returns its input.", "Put layers with weights into it."
                    )
            except ConversionError as error:
                if not any(row.error for row in self.rows):  # else it follows from those
                    self._refused(info.name, "output", error)
                return None
        return next(iter(sources), None)

    def _graph(self, output: str) -> Graph:
        layers = list(self.build.layers.values())
        last = [layer.name for layer in layers].index(output)
        graph = Graph(input_shape=self.given.shape, layers=tuple(layers[: last + 1]))
        kept = {layer.name for layer in graph.layers}
        rows = [self._verdict(row, kept) for row in self.rows]
        passed = [(self.input_name, note) for note in self.notes]
        passed += [(row.name, row.note) for row in rows if row.verdict == "passed"]
        return replace(graph, passed=tuple(passed))

    def _verdict(self, row: Row, kept: set[str]) -> Row:
        """The row with its verdict, once it is known which layers there are."""
        if row.verdict == "refused":
            return row
        if row.name in kept:
            return replace(row, verdict="converted")
        if row.name in self.build.absorbed and not row.note:
            return replace(row, note=f"joins {self.build.absorbed[row.name]!r}")
        return row if row.note else replace(row, note="computes nothing")


def _shape(found: Known) -> Shape:
    dims = found.dims if isinstance(found, Value) else found.value.dims
    return dims[1:] if dims and dims[0] == 1 else dims
