"""What of an ONNX model is refused: the operator by name, the reason, and what to do instead."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from augend.gen.frontends.onnx_graph import graph_of, read
from augend.gen.graph import ConversionError

from .onnx_models import Sketch, agree

SHAPE = (3, 8, 8)


def refused(sketch, *outputs):
    """The only error of a model, which is also what asking for its graph raises."""
    model = sketch.model(*outputs)
    reading = read(model)
    assert reading.graph is None
    (error,) = reading.errors
    with pytest.raises(ConversionError) as raised:
        graph_of(model)
    assert str(raised.value) == str(error)
    assert error.layer and error.kind and error.instead
    return error


def branch(inside):
    """A graph for If and Loop that returns a constant."""
    value = helper.make_tensor("v", TensorProto.FLOAT, [1], [1.0])
    output = helper.make_tensor_value_info(inside, TensorProto.FLOAT, [1])
    return helper.make_graph(
        [helper.make_node("Constant", [], [inside], value=value)], "b", [], [output]
    )


ACTIVATIONS = ["Sigmoid", "Tanh", "Elu", "Selu", "HardSigmoid", "Softplus", "ThresholdedRelu"]


@pytest.mark.parametrize("kind", ["HardSwish", "Erf", "Exp", "Abs", *ACTIVATIONS])
def test_other_activations(kind) -> None:
    sketch = Sketch(*SHAPE, opset=14)
    sketch.conv(2, 3, 3, 3)
    sketch.then(kind, name="act")
    sketch.then("Flatten")
    error = refused(sketch)
    assert (error.layer, error.kind) == ("act", kind)
    assert error.instead == "Use ReLU, and train or fine-tune with it."


@pytest.mark.parametrize(
    ("kind", "inputs", "attributes", "opset", "reason", "instead"),
    [
        ("Clip", (np.float32(-1), np.float32(1)), {}, 13, "from -1 to 1", "Clip from 0"),
        ("LeakyRelu", (), {"alpha": -0.5}, 13, "slope below 0 is -0.5", "from 0 to 1"),
        ("PRelu", (np.array([1.5]),), {}, 13, "from 1.5 to 1.5", "slopes from 0 to 1"),
        ("LRN", (), {"size": 3}, 13, "no counterpart", "BatchNormalization"),
        ("InstanceNormalization", (np.ones(3), np.ones(3)), {}, 13, "no count", "BatchNormal"),
        ("LayerNormalization", (np.ones(8),), {}, 17, "no counterpart", "BatchNormalization"),
        ("ConvTranspose", (np.ones((3, 2, 2, 2)),), {}, 13, "no counterpart", "enlarge"),
        ("Resize", ("", np.float32([1, 1, 2, 2])), {"mode": "linear"}, 13, "no count", "enlarge"),
        ("Upsample", (np.float32([1, 1, 2, 2]),), {}, 9, "no counterpart", "enlarge"),
        ("LpPool", (), {"kernel_shape": [2, 2]}, 13, "no counterpart", "AveragePool"),
        ("DepthToSpace", (), {"blocksize": 1}, 13, "no counterpart", "Reshape"),
        ("Einsum", (), {"equation": "nchw->nchw"}, 13, "no counterpart", "attention"),
        ("Pow", (np.float32(2),), {}, 13, "no counterpart", "ReLU"),
        ("Pad", (np.array([0, 0, 1, 1, 0, 0, 1, 1]),), {"mode": "reflect"}, 13, "'ref", "zeros"),
        ("Pad", (np.array([0, 0, 1, 1, 0, 0, 1, 1]), np.float32(2)), {}, 13, "with 2", "zeros"),
        ("AveragePool", (), {"kernel_shape": [3, 3], "pads": [1] * 4}, 13, "off the", "include"),
        (
            *("AveragePool", (), {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}),
            *(13, "off the image", "no padding"),
        ),
        ("MaxPool", (), {"kernel_shape": [9, 9]}, 13, "does not fit into", "smaller kernel"),
        ("ReduceMean", (), {"axes": [1]}, 13, r"axes \[1\]", "rows and columns"),
        ("ReduceMean", (), {}, 13, "axes of all", "GlobalAveragePool"),
        ("Div", (np.float32(0),), {}, 13, "or by 0", "not 0"),
        (
            "Add",
            (np.ones((8, 1)) * np.arange(8.0)[:, None],),
            {},
            13,
            "place to pl",
            "each channel",
        ),
        ("Mul", (np.full((1, 1), np.nan),), {}, 13, "NaN or infinite", "lower learning rate"),
        ("Expand", (np.array([1, 2, 3, 8, 8]),), {}, 13, "it repeats values", "Leave it out"),
        ("Tile", (np.array([1, 1, 2, 2]),), {}, 13, "no counterpart", "enlarge"),
        ("Reshape", (np.array([7, -1]),), {}, 13, r"\[7, -1\] of 192 values", "Export"),
        ("Softmax", (), {"axis": 1}, 13, "axis 1 of", "scores at the end"),
        ("Cast", (), {"to": TensorProto.INT64}, 13, "integers or truth", "Greater"),
        ("MaxPool", (), {"kernel_shape": [2, 2], "outputs": 2}, 13, "places of its max", "maxima"),
        ("FusedConv", (np.ones((2, 3, 1, 1)),), {"domain": "com.microsoft"}, 13, "no", "runtime"),
        ("MyLayer", (), {"domain": "my.company"}, 13, "no counterpart", "standard ONNX"),
    ],
)
def test_operators_on_images(kind, inputs, attributes, opset, reason, instead) -> None:
    sketch = Sketch(*SHAPE, opset=opset)
    if kind == "ReduceMean":
        attributes = {"keepdims": 0, **attributes}
    sketch.then(kind, *inputs, name="it", **attributes)
    sketch.last = sketch.nodes[-1].output[0]
    sketch.then("Flatten")
    error = refused(sketch)
    assert (error.layer, error.kind.rpartition(".")[2]) == ("it", kind)
    with pytest.raises(ConversionError, match=reason):
        raise error
    assert error.instead is not None and instead in error.instead


def test_products_of_branches() -> None:
    sketch = Sketch(*SHAPE)
    pooled = sketch.then("GlobalAveragePool")
    sketch.add("Mul", "pixels", pooled, name="gate")
    sketch.then("Flatten")
    error = refused(sketch)
    assert str(error) == (
        "Layer 'gate' (Mul): it multiplies two tensors of the network. Use a network without gates "
        "or attention; scale by constants only."
    )


def test_sums_that_repeat_a_tensor() -> None:
    sketch = Sketch(*SHAPE)
    sketch.add("Add", "pixels", sketch.then("GlobalAveragePool"), name="sum")
    sketch.then("Flatten")
    assert "(3, 1, 1) and (3, 8, 8)" in refused(sketch).reason


def test_matrices_of_two_tensors() -> None:
    sketch = Sketch(6)
    sketch.add("MatMul", "pixels", sketch.dense(6, 6), name="attend")
    error = refused(sketch)
    assert error.reason == "its weight 't0_0' depends on the input."


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_recurrence(kind) -> None:
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[kind]
    sketch = Sketch(5, 6)
    sketch.then(kind, sketch.drawn(1, gates * 4, 6), sketch.drawn(1, gates * 4, 4), hidden_size=4)
    error = refused(sketch)
    assert error.instead == "Use a feed-forward network."


@pytest.mark.parametrize("kind", ["If", "Loop"])
def test_branches_and_loops(kind) -> None:
    sketch = Sketch(6)
    if kind == "If":
        sketch.add("If", np.array(True), then_branch=branch("a"), else_branch=branch("b"))
    else:
        body = branch("a")
        sketch.add("Loop", np.array(3), np.array(True), body=body)
    sketch.add("Add", "pixels", sketch.last)
    assert refused(sketch).instead.startswith("Export the network without branches and loops")


def test_weights_that_depend_on_the_input() -> None:
    sketch = Sketch(4, 3, 3)
    sketch.add("Conv", sketch.drawn(1, 4, 5, 5), "pixels", name="dynamic")
    assert refused(sketch).layer == "dynamic"


def test_weights_that_are_no_numbers() -> None:
    sketch = Sketch(4)
    sketch.then("Gemm", np.full((4, 3), np.inf), name="dense")
    assert "its weight holds 12 values that are NaN or infinite, of 12" in refused(sketch).reason


def test_weights_that_do_not_fit() -> None:
    sketch = Sketch(*SHAPE)
    sketch.conv(2, 4, 3, 3, name="conv")
    sketch.then("Flatten")
    assert "does not fit 3 channels" in refused(sketch).reason
    dense = Sketch(*SHAPE)
    dense.then("Flatten")
    dense.dense(100, 3, name="dense")
    assert "(100, 3) (in, out) does not fit (192,)" in refused(dense).reason


def test_one_dimensional_convolutions() -> None:
    sketch = Sketch(3, 8)
    sketch.conv(2, 3, 3)
    sketch.then("Flatten")
    assert "(3, 8) for each image" in refused(sketch).reason


def test_a_reshape_that_takes_apart_what_a_layer_gives() -> None:
    sketch = Sketch(4)
    sketch.dense(4, 9)
    sketch.then("Reshape", np.array([-1, 1, 3, 3]))
    sketch.conv(2, 1, 3, 3, name="conv")
    sketch.then("Flatten")
    assert "in an order that is no choice of channels, rows and columns" in refused(sketch).reason


def test_what_follows_a_softmax() -> None:
    sketch = Sketch(6)
    sketch.then("Softmax", name="soft")
    sketch.dense(6, 3, name="dense")
    error = refused(sketch)
    assert error.layer == "dense" and error.instead == "Leave out 'soft', and what follows it."


def test_quantised_operators() -> None:
    sketch = Sketch(4)
    codes = sketch.then("QuantizeLinear", np.float32(0.1), np.uint8(0))
    weight, one, zero = np.ones((4, 3), np.uint8), np.float32(0.1), np.uint8(0)
    sketch.add("QLinearMatMul", codes, one, zero, weight, one, zero, one, zero, name="coded")
    error = refused(sketch)
    assert error.reason == "it works on integer codes." and "QDQ" in error.instead


def test_several_inputs_and_several_outputs() -> None:
    sketch = Sketch(4)
    sketch.add("Add", sketch.dense(4, 3), "other")
    model = sketch.model()
    model.graph.input.append(helper.make_tensor_value_info("other", TensorProto.FLOAT, [1, 3]))
    with pytest.raises(ConversionError, match="takes a second input, 'other'. Use one input"):
        graph_of(model)
    sketch = Sketch(4)
    one, two = sketch.dense(4, 3), sketch.dense(3, 3)
    assert refused(sketch, one, two).reason == f"the model returns {one!r} and {two!r}."


def test_outputs_that_are_no_scores() -> None:
    sketch = Sketch(*SHAPE)
    sketch.conv(2, 3, 3, 3)
    assert "returns (2, 6, 6) for each image" in refused(sketch).reason
    sketch = Sketch(4)
    sketch.then("Identity")
    assert refused(sketch).reason == "the model returns its input."


def test_every_operator_that_is_refused_is_a_row_and_what_follows_is_judged() -> None:
    sketch = Sketch(*SHAPE)
    sketch.conv(4, 3, 3, 3, name="conv")
    sketch.then("Sigmoid", name="one")
    sketch.then("Resize", "", np.float32([1, 1, 2, 2]), name="two")
    sketch.then("Relu", name="relu")
    sketch.then("GlobalAveragePool", name="pool")
    sketch.then("Flatten")
    sketch.then("Mystery", domain="own", name="three")
    sketch.dense(4, 2, name="dense")
    rows = [(row.name, row.verdict, row.shape) for row in read(sketch.model()).rows]
    assert rows == [
        ("conv", "converted", (4, 6, 6)),
        ("one", "refused", (4, 6, 6)),
        ("two", "refused", (4, 12, 12)),
        ("relu", "converted", (4, 12, 12)),
        ("pool", "converted", (4, 1, 1)),
        ("Flatten_5", "passed", (4,)),
        ("three", "refused", None),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it has no operators"),
        (b"no model at all, but text", "is no ONNX model, or not all of it is there"),
        (bytes(range(255)), "is no ONNX model, or not all of it is there"),
    ],
)
def test_files_that_are_no_models(tmp_path, data, message) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(data)
    with pytest.raises(ConversionError, match=message):
        read(path)


def test_files_that_are_cut_off_or_missing(tmp_path) -> None:
    sketch = Sketch(4)
    sketch.dense(4, 30)
    path = tmp_path / "net.onnx"
    onnx.save(sketch.model(), path)
    agree(onnx.load(path))
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ConversionError, match="not all of it is there .* Copy or download"):
        read(path)
    with pytest.raises(ConversionError, match="There is no ONNX file"):
        read(tmp_path / "other.onnx")
    with pytest.raises(ConversionError, match="There is no ONNX file"):
        read(tmp_path)
    with pytest.raises(ConversionError, match="or the path of one, is needed, not int"):
        read(3)


def test_weights_in_a_file_that_is_cut_off(tmp_path) -> None:
    sketch = Sketch(4)
    sketch.dense(4, 30)
    path = tmp_path / "net.onnx"
    onnx.save(sketch.model(), path, save_as_external_data=True, location="w.bin", size_threshold=0)
    weights = tmp_path / "w.bin"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(ConversionError, match=r"w\.bin cannot be read|'w\d' .*not all there"):
        graph_of(path)
    model = onnx.load(path, load_external_data=False)
    with pytest.raises(ConversionError, match=r"'w\d' \(initializer\): its values are not all"):
        graph_of(model)


def test_outputs_that_nothing_here_gives() -> None:
    sketch = Sketch(4)
    value, mask = sketch.add("Dropout", outputs=2)
    sketch.add("Mul", value, mask, name="masked")
    assert "which no operator here gives" in refused(sketch).reason


def test_models_without_weights_at_hand() -> None:
    sketch = Sketch(4)
    sketch.dense(4, 3)
    model = sketch.model()
    del model.graph.initializer[0]
    with pytest.raises(ConversionError, match="'w0', which no operator here gives"):
        graph_of(model)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((3, None, None), r"model declares \(3, \?, \?\)"),
        ((2, 3, 8, 8), r"'pixels' \(input\): it has 5 axes"),
    ],
)
def test_inputs_that_are_no_images(sizes, message) -> None:
    sketch = Sketch(*sizes)
    sketch.then("Flatten")
    sketch.dense(4, 3)
    with pytest.raises(ConversionError, match=message):
        read(sketch.model())


@pytest.mark.parametrize("shape", [(1, 28), (0, 8, 8), (3, 4, 4)])
def test_shapes_that_do_not_fit(shape) -> None:
    sketch = Sketch(*SHAPE)
    sketch.then("Flatten")
    sketch.dense(192, 3)
    with pytest.raises(ConversionError, match="must be|cannot be"):
        read(sketch.model(), shape)
