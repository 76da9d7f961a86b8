"""Small ONNX models made by hand, and what they compute according to ONNX itself."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from augend.gen.evaluate import evaluate
from augend.gen.frontends.onnx_graph import graph_of

FLOAT, UINT8 = TensorProto.FLOAT, TensorProto.UINT8


class Sketch:
    """A model that is put together operator by operator; weights are drawn."""

    def __init__(self, *shape, batch="images", opset=13, elem=FLOAT, name="pixels") -> None:
        self.input = helper.make_tensor_value_info(
            name, elem, list(shape) if batch is None else [batch, *shape]
        )
        self.opset, self.nodes, self.weights = opset, [], {}
        self.random = np.random.default_rng(3)
        self.last = name

    def constant(self, array) -> str:
        """Name of an initializer."""
        array = np.asarray(array)
        name = f"w{len(self.weights)}"
        self.weights[name] = array.astype(np.float32) if array.dtype == np.float64 else array
        return name

    def drawn(self, *shape) -> str:
        return self.constant(self.random.normal(size=shape))

    def add(self, kind, *inputs, name=None, outputs=1, domain="", **attributes):
        """An operator on the last tensor, or on named ones; returns its first output's name."""
        inputs = [x if isinstance(x, str) else self.constant(x) for x in inputs or (self.last,)]
        name = f"{kind}_{len(self.nodes)}" if name is None else name
        results = [f"t{len(self.nodes)}_{i}" for i in range(outputs)]
        node = helper.make_node(kind, inputs, results, name=name, domain=domain, **attributes)
        self.nodes.append(node)
        self.last = results[0]
        return results[0] if outputs == 1 else results

    def then(self, kind, *inputs, **attributes):
        """An operator whose first input is the last tensor."""
        return self.add(kind, self.last, *inputs, **attributes)

    def conv(self, *weight, bias=True, **attributes):
        extra = [self.drawn(weight[0])] if bias else []
        return self.then("Conv", self.drawn(*weight), *extra, **attributes)

    def dense(self, inputs, outputs, **attributes):
        return self.then("Gemm", self.drawn(inputs, outputs), self.drawn(outputs), **attributes)

    def model(self, *outputs, **keywords) -> onnx.ModelProto:
        graph = helper.make_graph(
            self.nodes,
            "sketch",
            [self.input],
            [
                helper.make_tensor_value_info(x, keywords.get("type", FLOAT), None)
                for x in outputs or (self.last,)
            ],
            [numpy_helper.from_array(array, name) for name, array in self.weights.items()],
        )
        imports = [helper.make_opsetid("", self.opset), helper.make_opsetid("ai.onnx.ml", 3)]
        return helper.make_model(graph, opset_imports=imports, ir_version=8)


def computed(model, images) -> np.ndarray:
    """What onnxruntime makes of images, one by one, as the model declares them."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # its optimiser makes of Pad and a pooling a pooling that it then refuses
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: image})[0].reshape(1, -1) for image in images])


def agree(model, shape=None, arrange=None, draw=None, tolerance=1e-5):
    """Read a model, and compare with onnxruntime; ``arrange`` makes its input of an image."""
    graph = graph_of(model, shape)
    random = np.random.default_rng(5)
    images = random.normal(size=(3, *graph.input_shape)) if draw is None else draw(random, graph)
    arrange = arrange or (lambda image: image[None])
    kind = np.uint8 if model.graph.input[0].type.tensor_type.elem_type == UINT8 else np.float32
    expected = computed(model, [np.ascontiguousarray(arrange(x), kind) for x in images])
    assert np.ptp(expected) > 1e-3
    found = evaluate(graph, images)
    assert found.shape == expected.shape
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found / scale, expected / scale, atol=tolerance)
    return graph


def kinds(graph) -> list[str]:
    return [layer.kind for layer in graph.layers]
