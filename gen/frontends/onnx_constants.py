"""What an ONNX model says without an image: constants, which operators matter, and shapes."""

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np
import onnx
from onnx import helper, shape_inference
from onnx.reference import ReferenceEvaluator

from augend.gen.frontends.onnx_call import Array

__all__ = ["compute", "inferred_shapes", "leading_to_outputs", "steady"]

LARGE = 1024
"""Elements from which on a weight's values are not needed to infer shapes."""

IMPLEMENTED_FROM = {"DequantizeLinear": 19, "QuantizeLinear": 19}
"""Operators whose older versions ONNX's evaluator lacks; the newer compute the same and more."""


def leading_to_outputs(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Operators that an output of the model depends on, in order."""
    needed = {output.name for output in graph.output}
    kept: list[onnx.NodeProto] = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(node.input)
            kept.append(node)
    return kept[::-1]


def steady(node: onnx.NodeProto) -> bool:
    """Whether an operator gives the same result every time, and has no operators of its own."""
    inner = {onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS}
    if any(attribute.type in inner for attribute in node.attribute):
        return False
    return not node.op_type.startswith(("Random", "Bernoulli", "Multinomial"))


def compute(
    node: onnx.NodeProto, inputs: Sequence[Array | None], opsets: Sequence[onnx.OperatorSetIdProto]
) -> dict[str, Array]:
    """Outputs of an operator whose inputs are all constant, by name."""
    feeds = {
        name: value
        for name, value in zip(node.input, inputs, strict=True)
        if name and value is not None
    }
    graph = helper.make_graph(
        [node],
        "constant",
        [helper.make_value_info(name, onnx.TypeProto()) for name in feeds],
        [helper.make_value_info(name, onnx.TypeProto()) for name in node.output if name],
    )
    least = IMPLEMENTED_FROM.get(node.op_type, 1)
    imports = [helper.make_opsetid(x.domain, max(x.version, least)) for x in opsets]
    results = ReferenceEvaluator(helper.make_model(graph, opset_imports=imports)).run(None, feeds)
    assert isinstance(results, list)
    names = [name for name in node.output if name]
    return {name: np.asarray(value) for name, value in zip(names, results, strict=True)}


def inferred_shapes(
    model: onnx.ModelProto, given: Mapping[str, Sequence[int]]
) -> dict[str, tuple[int, ...]]:
    """Shapes of the tensors for one image, where ONNX can tell them; ``given`` are the input's."""
    graph = onnx.GraphProto(name=model.graph.name or "graph")
    graph.node.extend(model.graph.node)
    graph.output.extend(model.graph.output)
    for tensor in model.graph.initializer:
        if prod(tensor.dims) < LARGE:
            graph.initializer.append(tensor)
        else:
            graph.initializer.add(name=tensor.name, dims=tensor.dims, data_type=tensor.data_type)
    types = {x.name: x.type.tensor_type.elem_type for x in model.graph.input}
    for name, dims in given.items():
        graph.input.append(helper.make_tensor_value_info(name, types[name], list(dims)))
    unnamed = {node.domain for node in graph.node} - {x.domain for x in model.opset_import}
    imports = [*model.opset_import, *(helper.make_opsetid(domain, 1) for domain in unnamed)]
    try:
        found = shape_inference.infer_shapes(
            helper.make_model(graph, opset_imports=imports), data_prop=True
        )
    except (shape_inference.InferenceError, ValueError):
        return {}
    shapes = {}
    for info in (*found.graph.value_info, *found.graph.output):
        dims = [
            x.dim_value if x.HasField("dim_value") else 0 for x in info.type.tensor_type.shape.dim
        ]
        if len(dims) > 1 and min(dims[1:]) > 0:
            shapes[info.name] = (1, *dims[1:])
    return shapes
