"""Every ONNX operator that is read, against onnxruntime."""

import numpy as np
import onnx
import pytest
from onnx import helper

from augend.gen.frontends.onnx_graph import graph_of, read
from augend.gen.graph import SOURCE

from .onnx_models import FLOAT, Sketch, agree, kinds

SHAPE = (3, 9, 8)


def ended(sketch):
    """The model with its last tensor flattened, so that it returns one vector an image."""
    sketch.then("Flatten", name="end")
    return sketch.model()


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"pads": [1, 1, 1, 1]},
        {"pads": [0, 2, 1, 0], "strides": [2, 1]},
        {"dilations": [2, 1]},
        {"auto_pad": "VALID", "strides": [2, 2]},
        {"auto_pad": "SAME_UPPER"},
        {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
        {"auto_pad": "SAME_LOWER", "strides": [2, 3]},
        {"auto_pad": "SAME_LOWER"},
        {"auto_pad": "NOTSET", "pads": [2, 0, 0, 3]},
    ],
)
@pytest.mark.parametrize("kernel", [(3, 3), (2, 4)])
def test_conv_pads_as_onnx_does(attributes, kernel) -> None:
    sketch = Sketch(*SHAPE)
    sketch.conv(4, 3, *kernel, kernel_shape=kernel, **attributes)
    assert kinds(agree(ended(sketch))) == ["Conv", "Flatten"]


@pytest.mark.parametrize(("groups", "outputs"), [(1, 5), (2, 4), (4, 8)])
def test_conv_has_groups_and_may_have_no_bias(groups, outputs) -> None:
    sketch = Sketch(4, 6, 7)
    sketch.conv(outputs, 4 // groups, 3, 3, bias=False, group=groups)
    agree(ended(sketch))


@pytest.mark.parametrize("opset", [7, 9, 11, 13, 18, 22])
@pytest.mark.parametrize(
    "attributes", [{}, {"alpha": 0.5, "beta": -2.0}, {"transB": 1}, {"transB": 1, "alpha": 3.0}]
)
def test_gemm_in_every_opset(opset, attributes) -> None:
    sketch = Sketch(6, opset=opset)
    shape = (5, 6) if attributes.get("transB") else (6, 5)
    sketch.then("Gemm", sketch.drawn(*shape), sketch.drawn(5), **attributes)
    assert kinds(agree(sketch.model())) == ["Linear"]


@pytest.mark.parametrize("bias", [(), (1,), (1, 5), (5,)])
def test_gemm_bias_may_have_any_shape(bias) -> None:
    sketch = Sketch(6)
    sketch.then("Gemm", sketch.drawn(6, 5), sketch.constant(sketch.random.normal(size=bias) + 1.5))
    agree(sketch.model())


def test_matmul_takes_the_bias_that_follows() -> None:
    sketch = Sketch(6)
    sketch.then("MatMul", sketch.drawn(6, 5), name="dense")
    sketch.add("Add", sketch.drawn(1, 5), sketch.last, name="bias")
    graph = agree(sketch.model())
    assert kinds(graph) == ["Linear"]
    assert graph.passed == (("bias", "joins the bias of 'dense'"),)


def test_a_bias_stays_apart_where_the_sum_without_it_is_used_too() -> None:
    sketch = Sketch(6)
    plain = sketch.then("MatMul", sketch.drawn(6, 5), name="dense")
    sketch.then("Add", sketch.drawn(5), name="bias")
    sketch.add("Sub", plain, sketch.then("Relu"))
    assert kinds(agree(sketch.model())) == ["Linear", "BatchNorm", "Relu", "Add"]


def test_a_bias_stays_apart_behind_a_transposition_of_what_is_used_too() -> None:
    sketch = Sketch(2, 4, 5)
    plain = sketch.conv(3, 2, 1, 1)
    sketch.then("Transpose", perm=[0, 2, 3, 1])
    sketch.then("Add", sketch.drawn(3))
    sketch.then("Transpose", perm=[0, 3, 1, 2])
    sketch.add("Add", plain, sketch.then("Relu"))
    assert kinds(agree(ended(sketch))) == ["Conv", "BatchNorm", "Relu", "Add", "Flatten"]


def test_matmul_on_the_channels_of_an_image_is_a_convolution() -> None:
    sketch = Sketch(3, 4, 5)
    sketch.then("Transpose", perm=[0, 2, 3, 1])
    sketch.then("MatMul", sketch.drawn(3, 6))
    sketch.then("Add", sketch.drawn(6))
    assert kinds(agree(ended(sketch)))[0] == "Conv"


def normalised(opset, shape, channels, **attributes):
    sketch = Sketch(*shape, opset=opset)
    parameters = [sketch.drawn(channels) for _ in range(3)]
    variance = sketch.constant(sketch.random.uniform(0.5, 2, channels))
    sketch.then("BatchNormalization", *parameters, variance, **attributes)
    return sketch


@pytest.mark.parametrize("opset", [7, 9, 14, 15, 22])
@pytest.mark.parametrize("shape", [(3, 4, 5), (6,)])
def test_batch_normalization(opset, shape) -> None:
    sketch = normalised(opset, shape, shape[0], epsilon=1e-3)
    assert kinds(agree(ended(sketch)))[0] == "BatchNorm"


def test_batch_normalization_exported_for_training_uses_what_it_has_stored() -> None:
    sketch = normalised(15, (3, 4, 5), 3, training_mode=1, outputs=3)
    training = ended(sketch)
    (row, _) = read(training).rows
    assert row.note == "exported for training; its stored mean and variance are used"
    graph = graph_of(training)
    stored = graph_of(ended(normalised(15, (3, 4, 5), 3)))
    np.testing.assert_array_equal(graph.layers[0].shift, stored.layers[0].shift)


@pytest.mark.parametrize(
    ("opset", "kind", "inputs", "attributes"),
    [
        (7, "Relu", (), {}),
        (14, "Relu", (), {}),
        (13, "LeakyRelu", (), {"alpha": 0.2}),
        (13, "LeakyRelu", (), {}),
        (13, "PRelu", (np.array([0.25]),), {}),
        (13, "PRelu", (np.array([0.1, 0.2, 0.3, 0.4]).reshape(4, 1, 1),), {}),
        (9, "PRelu", (np.full((4, 1, 1), 0.3),), {}),
        (7, "Clip", (), {"min": 0.0, "max": 1.5}),
        (7, "Clip", (), {"min": 0.0}),
        (7, "Clip", (), {"max": 0.5}),
        (11, "Clip", (np.float32(0), np.float32(1.5)), {}),
        (13, "Clip", (np.float32(0),), {}),
        (13, "Clip", ("", np.float32(0.75)), {}),
        (13, "Max", (np.float32(0),), {}),
        (13, "Min", (np.float32(1),), {}),
        (13, "Neg", (), {}),
        (13, "Sign", (), {}),
        (13, "Identity", (), {}),
        (13, "Dropout", (), {}),
        (10, "Dropout", (), {"ratio": 0.5}),
        (13, "Cast", (), {"to": FLOAT}),
    ],
)
@pytest.mark.parametrize("flat", [False, True])
def test_elementwise(opset, kind, inputs, attributes, flat) -> None:
    if flat:  # a slope a channel is one a neuron there
        inputs = [np.repeat(x.ravel(), 12) if np.ndim(x) == 3 else x for x in inputs]
    sketch = Sketch(3, 4, 5, opset=opset)
    sketch.conv(4, 3, 2, 2)
    if flat:
        sketch.then("Flatten")
    sketch.then(kind, *inputs, **attributes)
    sketch.then("Flatten")
    sketch.dense(4 * 3 * 4, 3)
    agree(sketch.model())


def test_maximum_and_minimum_are_one_rectification() -> None:
    sketch = Sketch(6)
    sketch.then("Max", np.float32(0), name="low")
    sketch.then("Min", np.float32(0.5), name="high")
    graph = agree(sketch.model())
    assert [(x.kind, x.slope, x.ceiling) for x in graph.layers] == [("Relu", 0.0, 0.5)]
    assert graph.passed == (("low", "joins 'high'"),)


@pytest.mark.parametrize(("first", "second"), [(0.5, 0.75), (0.75, 0.5)])
def test_the_lower_of_two_ceilings_counts(first, second) -> None:
    sketch = Sketch(6)
    sketch.then("Clip", np.float32(0), np.float32(first))
    sketch.then("Clip", np.float32(0), np.float32(second))
    graph = agree(sketch.model())
    assert [(x.kind, x.ceiling) for x in graph.layers] == [("Relu", 0.5)]


@pytest.mark.parametrize("kind", ["Greater", "GreaterOrEqual", "Less", "LessOrEqual"])
@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("opposite", [False, True])
def test_comparisons_are_binary_activations(kind, behind, opposite) -> None:
    sketch = Sketch(6, opset=16)
    bound = sketch.constant(np.float32(0.5))
    sketch.add(kind, *((bound, sketch.last) if behind else (sketch.last, bound)))
    if opposite:
        sketch.then("Not")
    sketch.then("Cast", to=FLOAT)
    values = np.array([[-0.5, 0.25, 0.5, 0.75, 2.0, 0.5]])
    graph = agree(sketch.model(), draw=lambda *_: values)
    assert "Binary" in kinds(graph)


@pytest.mark.parametrize(("yes", "no"), [(1, -1), (1, 0), (-1, 1), (2.5, 0.5)])
def test_where_is_a_binary_activation(yes, no) -> None:
    sketch = Sketch(6, opset=16)
    condition = sketch.then("GreaterOrEqual", np.float32(0))
    sketch.add("Where", condition, np.float32(yes), np.float32(no))
    agree(sketch.model(), draw=lambda random, _: np.round(random.normal(size=(4, 6))))


POOLS = [
    {"kernel_shape": [2, 2], "strides": [2, 2]},
    {"kernel_shape": [3, 2], "strides": [2, 1]},
    {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1},
    {"kernel_shape": [3, 3], "strides": [3, 3], "ceil_mode": 1},
    {"kernel_shape": [2, 2]},
]


@pytest.mark.parametrize(
    "attributes",
    [
        *POOLS,
        {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [2, 2]},
        {"kernel_shape": [3, 3], "pads": [0, 1, 1, 0]},
        {"kernel_shape": [2, 2], "dilations": [2, 3]},
        {"kernel_shape": [3, 3], "auto_pad": "SAME_UPPER", "strides": [2, 2]},
        {"kernel_shape": [2, 2], "auto_pad": "SAME_LOWER"},
        {"kernel_shape": [2, 2], "strides": [3, 3], "pads": [0, 0, 1, 1], "ceil_mode": 1},
    ],
)
def test_max_pool(attributes) -> None:
    sketch = Sketch(*SHAPE)
    sketch.then("MaxPool", **attributes)
    assert kinds(agree(ended(sketch)))[0] == "MaxPool"


@pytest.mark.parametrize(
    "attributes",
    [
        *(x for x in POOLS if x["kernel_shape"] != [3, 3]),
        {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1},
        {"kernel_shape": [3, 2], "pads": [1, 0, 2, 1], "count_include_pad": 1, "strides": [2, 3]},
        {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [0, 0, 0, 0]},
        {"kernel_shape": [3, 2], "auto_pad": "SAME_UPPER", "strides": [3, 2]},
    ],
)
def test_average_pool(attributes) -> None:
    sketch = Sketch(*SHAPE)
    sketch.then("AveragePool", **attributes)
    assert kinds(agree(ended(sketch)))[0] == "AvgPool"


@pytest.mark.parametrize("kind", ["GlobalAveragePool", "GlobalMaxPool"])
def test_global_pools(kind) -> None:
    sketch = Sketch(*SHAPE)
    sketch.then(kind)
    agree(ended(sketch))


@pytest.mark.parametrize("kind", ["ReduceMean", "ReduceMax", "ReduceSum"])
@pytest.mark.parametrize("axes", [[2, 3], [-1, -2]])
@pytest.mark.parametrize("keep", [0, 1])
@pytest.mark.parametrize("opset", [11, 18])
def test_reductions_over_rows_and_columns(kind, axes, keep, opset) -> None:
    sketch = Sketch(*SHAPE, opset=opset)
    if opset == 18:
        sketch.then(kind, np.array(axes, np.int64), keepdims=keep)
    else:
        sketch.then(kind, axes=axes, keepdims=keep)
    sketch.then("Flatten")
    sketch.dense(3, 4)
    assert kinds(agree(sketch.model()))[1:] == ["Flatten", "Linear"]


@pytest.mark.parametrize("kind", ["Add", "Sub", "Mul", "Div", "Add of a", "Sub of a", "Mul of a"])
@pytest.mark.parametrize("shape", [(), (1,), (3, 1, 1), (1, 3, 1, 1)])
def test_arithmetic_with_constants(kind, shape) -> None:
    kind, _, behind = kind.partition(" ")
    sketch = Sketch(*SHAPE)
    constant = sketch.constant(sketch.random.uniform(0.5, 2, size=shape))
    sketch.add(kind, *((constant, sketch.last) if behind else (sketch.last, constant)))
    sketch.conv(4, 3, 3, 3, pads=[1, 1, 1, 1])
    assert kinds(agree(ended(sketch))) == ["BatchNorm", "Conv", "Flatten"]


def test_arithmetic_with_one_constant_a_neuron() -> None:
    sketch = Sketch(2, 3, 3)
    sketch.conv(2, 2, 2, 2)
    sketch.then("Flatten")
    sketch.then("Mul", sketch.drawn(8))
    assert kinds(agree(sketch.model())) == ["Conv", "Flatten", "BatchNorm"]


@pytest.mark.parametrize(
    ("kind", "gains"), [("Add", (1, 1)), ("Sub", (1, -1)), ("Sum", (1, 1)), ("Mean", (0.5, 0.5))]
)
def test_branches_are_added(kind, gains) -> None:
    sketch = Sketch(*SHAPE)
    one = sketch.conv(3, 3, 3, 3, pads=[1, 1, 1, 1])
    sketch.add(kind, one, "pixels", name="sum")
    graph = agree(ended(sketch))
    assert (graph.layers[1].sources, graph.layers[1].gains) == (("Conv_0", SOURCE), gains)


def test_a_tensor_added_to_itself_counts_twice() -> None:
    sketch = Sketch(4)
    sketch.add("Add", "pixels", "pixels")
    assert kinds(agree(sketch.model())) == ["BatchNorm"]


def test_concat_of_branches_and_of_pieces() -> None:
    sketch = Sketch(4, 5, 5)
    one, two = sketch.add("Split", "pixels", np.array([3, 1]), outputs=2, axis=1)
    left = sketch.add("Conv", one, sketch.drawn(2, 3, 1, 1))
    right = sketch.add("Conv", two, sketch.drawn(3, 1, 1, 1))
    sketch.add("Concat", right, left, "pixels", axis=1)
    sketch.conv(3, 9, 2, 2)
    graph = agree(ended(sketch))
    assert kinds(graph) == ["Pick", "Conv", "Pick", "Conv", "Concat", "Conv", "Flatten"]
    again = Sketch(4, 5, 5)
    again.add("Concat", *again.add("Split", outputs=2, axis=1)[::-1], axis=-3)
    again.conv(3, 4, 2, 2)
    assert kinds(agree(ended(again))) == ["Pick", "Conv", "Flatten"]


def test_two_halves_of_a_layer_are_two_choices() -> None:
    sketch = Sketch(4, 5, 5)
    one, two = sketch.add("Split", outputs=2, axis=1)
    left = sketch.add("Conv", one, sketch.drawn(2, 2, 1, 1))
    right = sketch.add("Conv", two, sketch.drawn(2, 2, 1, 1))
    sketch.add("Sub", left, sketch.add("Add", right, one))
    assert kinds(agree(ended(sketch))).count("Pick") == 2


def test_concat_of_vectors() -> None:
    sketch = Sketch(4)
    one = sketch.add("Gemm", "pixels", sketch.drawn(4, 3))
    two = sketch.add("Gemm", "pixels", sketch.drawn(4, 2))
    sketch.add("Concat", one, two, axis=-1)
    sketch.dense(5, 3)
    assert kinds(agree(sketch.model())) == ["Linear", "Linear", "Concat", "Linear"]


@pytest.mark.parametrize("opset", [9, 10, 13])
def test_slices_and_steps(opset) -> None:
    sketch = Sketch(*SHAPE, opset=opset)
    starts, ends, axes = [1, -1], [100, 2], [2, 3]
    if opset == 9:
        sketch.then("Slice", starts=[1, 2], ends=[100, 7], axes=axes)
    else:
        sketch.then("Slice", *(np.array(x) for x in (starts, ends, axes, [2, -1])))
    sketch.conv(2, 3, 2, 2)
    assert kinds(agree(ended(sketch)))[0] == "Pick"


@pytest.mark.parametrize("opset", [7, 11, 18])
@pytest.mark.parametrize("pads", [[0, 0, 1, 2, 0, 0, 3, 0], [0, 1, 0, -1, 0, 2, -2, 1]])
def test_pad_with_zeros(opset, pads) -> None:
    sketch = Sketch(*SHAPE, opset=opset)
    sketch.then("Pad", pads=pads) if opset == 7 else sketch.then("Pad", np.array(pads))
    sketch.then("MaxPool", kernel_shape=[2, 2])
    assert kinds(agree(ended(sketch)))[0] == "Pick"


@pytest.mark.parametrize("kind", ["Conv", "AveragePool"])
@pytest.mark.parametrize("more", [[0, 0, 0, 0], [1, 1, 0, 1]])
def test_padding_before_windows_is_theirs(kind, more) -> None:
    sketch = Sketch(*SHAPE)
    sketch.then("Pad", np.array([0, 0, 1, 2, 0, 0, 3, 0]))
    if kind == "Conv":
        sketch.conv(2, 3, 3, 2, pads=more, strides=[2, 1])
    else:
        sketch.then(kind, kernel_shape=[3, 2], pads=more, strides=[2, 1], count_include_pad=1)
    graph = agree(ended(sketch))
    assert graph.layers[0].kind == ("Conv" if kind == "Conv" else "AvgPool")
    assert graph.layers[0].padding == (1 + more[0], 2 + more[1])


def test_padding_before_an_activation_is_padded_in_fact() -> None:
    sketch = Sketch(*SHAPE)
    sketch.then("Pad", np.array([0, 0, 1, 1, 0, 0, 1, 1]))
    sketch.then("Add", np.float32(0.5))
    assert kinds(agree(ended(sketch))) == ["Pick", "BatchNorm", "Flatten"]


def test_channels_are_gathered_and_shuffled() -> None:
    sketch = Sketch(3, 4, 4)
    sketch.then("Gather", np.array([2, 1, 0]), axis=1)
    sketch.conv(6, 3, 1, 1)
    sketch.then("Reshape", np.array([0, 2, 3, 4, 4]))
    sketch.then("Transpose", perm=[0, 2, 1, 3, 4])
    sketch.then("Reshape", np.array([-1, 6, 4, 4]))
    sketch.conv(6, 1, 3, 3, group=6)
    graph = agree(ended(sketch))
    assert graph.layers[0].channels == (2, 1, 0)
    assert graph.layers[2].channels == (0, 3, 1, 4, 2, 5)


@pytest.mark.parametrize("opset", [11, 13])
def test_shapes_computed_by_the_model_are_constants(opset) -> None:
    sketch = Sketch(*SHAPE, opset=opset)
    features = sketch.conv(4, 3, 3, 3)
    sketch.then("Shape")
    count = sketch.then("Gather", np.int64(0), axis=0)
    axis = {"axes": [0]} if opset == 11 else {}
    extra = () if opset == 11 else (np.array([0]),)
    first = sketch.add("Unsqueeze", count, *extra, **axis)
    target = sketch.add("Concat", first, np.array([-1]), axis=0)
    sketch.add("Reshape", features, target, name="flatten")
    sketch.dense(4 * 7 * 6, 3)
    graph = agree(sketch.model())
    assert [(x.kind, x.name) for x in graph.layers][1] == ("Flatten", "flatten")


def test_squeezed_and_unsqueezed_axes_are_nothing() -> None:
    sketch = Sketch(*SHAPE)
    sketch.then("GlobalAveragePool")
    sketch.then("Squeeze", np.array([2, 3]))
    sketch.then("Unsqueeze", np.array([2, -1]))
    sketch.conv(4, 3, 1, 1)
    sketch.then("Squeeze")
    sketch.dense(4, 2)
    assert kinds(agree(sketch.model())) == ["AvgPool", "Conv", "Flatten", "Linear"]


@pytest.mark.parametrize("images", [1, 8])
def test_a_fixed_number_of_images_in_a_shape_is_that_of_one(images) -> None:
    sketch = Sketch(*SHAPE, batch=images)
    sketch.then("Reshape", np.array([images, 216]))
    sketch.dense(216, 3)
    graph = graph_of(sketch.model())
    assert kinds(graph) == ["Flatten", "Linear"]
    one = Sketch(*SHAPE, batch=1)
    one.then("Reshape", np.array([1, 216]))
    one.dense(216, 3)
    agree(one.model())


@pytest.mark.parametrize("opset", [11, 13])
@pytest.mark.parametrize("kind", ["Softmax", "LogSoftmax"])
def test_a_softmax_at_the_end_is_passed(opset, kind) -> None:
    sketch = Sketch(6, opset=opset)
    sketch.dense(6, 3)
    sketch.then(kind, name="probabilities", axis=1)
    sketch.then("ArgMax", axis=1, name="class")
    graph = graph_of(sketch.model())
    assert kinds(graph) == ["Linear"]
    assert graph.passed == (
        ("probabilities", "keeps which class has the highest score"),
        ("class", "follows 'probabilities'"),
    )


def test_a_zip_map_of_labels_and_probabilities_is_passed() -> None:
    sketch = Sketch(6)
    sketch.dense(6, 3)
    scores = sketch.then("Softmax")
    label = sketch.add("ArgMax", scores, axis=1)
    sketch.add("ZipMap", scores, domain="ai.onnx.ml", classlabels_int64s=[0, 1, 2])
    assert kinds(graph_of(sketch.model(label, sketch.last))) == ["Linear"]


def test_constants_may_be_operators() -> None:
    sketch = Sketch(6)
    tensor = onnx.numpy_helper.from_array(np.arange(12, dtype=np.float32).reshape(2, 6))
    sketch.nodes.append(helper.make_node("Constant", [], ["c"], value=tensor))
    sketch.add("Transpose", "c", perm=[1, 0])
    sketch.add("MatMul", "pixels", sketch.last)
    zeros = sketch.add("ConstantOfShape", np.array([2]), value=helper.make_tensor("v", 1, [1], [2]))
    sketch.add("Add", "t2_0", zeros)
    assert kinds(agree(sketch.model())) == ["Linear"]


def test_features_standardised_by_scikit_learn() -> None:
    sketch = Sketch(3)
    sketch.then("Scaler", domain="ai.onnx.ml", offset=[1.0, 2.0, -0.5], scale=[2.0, 0.5, 1.0])
    sketch.dense(3, 2)
    assert kinds(agree(sketch.model())) == ["BatchNorm", "Linear"]


def test_unused_operators_are_no_rows() -> None:
    sketch = Sketch(6)
    scores = sketch.dense(6, 3)
    sketch.add("Sigmoid", "pixels")
    assert [row.kind for row in read(sketch.model(scores)).rows] == ["Gemm"]


def test_unnamed_operators_are_called_by_their_output() -> None:
    sketch = Sketch(6)
    scores = sketch.then("Gemm", sketch.drawn(6, 3), name="")
    assert graph_of(sketch.model()).layers[0].name == scores


def test_operators_of_one_name_are_numbered() -> None:
    sketch = Sketch(6)
    for _ in range(2):
        sketch.dense(6, 6, name="dense")
    assert [x.name for x in graph_of(sketch.model()).layers] == ["dense", "dense#2"]
