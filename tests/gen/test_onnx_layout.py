"""Whole ONNX models as exporters write them: their axes, inputs, pads and number formats."""

import numpy as np
import onnx
import pytest
import torch
from onnx import helper
from onnxruntime import quantization
from torch import nn
from torch.nn import functional

from augend.gen.evaluate import evaluate
from augend.gen.frontends.onnx_graph import graph_of, read
from augend.gen.graph import ConversionError

from .onnx_models import UINT8, Sketch, agree, kinds

TO_CHANNELS_FIRST, TO_CHANNELS_LAST = [0, 3, 1, 2], [0, 2, 3, 1]


def channels_last(image):
    return image.transpose(1, 2, 0)[None]


def keras_like(batch="images"):
    """What tf2onnx makes of a small Keras network with an augmentation layer in front."""
    sketch = Sketch(8, 10, 3, batch=batch)
    sketch.then("Sub", np.array([0.1, 0.2, 0.3]), name="mean")
    sketch.then("Div", np.array([0.5, 0.6, 0.7]), name="deviation")
    sketch.then("Transpose", perm=TO_CHANNELS_FIRST, name="first")
    sketch.conv(4, 3, 3, 3, auto_pad="SAME_UPPER", strides=[2, 2], name="conv")
    sketch.then("Transpose", perm=TO_CHANNELS_LAST)
    sketch.then("Add", sketch.drawn(1, 1, 1, 4), name="bias")
    sketch.then("Relu", name="relu")
    sketch.then("Transpose", perm=TO_CHANNELS_FIRST)
    branch = sketch.then("MaxPool", kernel_shape=[2, 2], strides=[2, 2], name="pool")
    sketch.conv(4, 4, 3, 3, auto_pad="SAME_UPPER", name="conv2")
    sketch.then("Add", branch, name="add")
    sketch.then("Transpose", perm=TO_CHANNELS_LAST)
    sketch.then("Reshape", np.array([-1, 16]), name="flatten")
    sketch.then("MatMul", sketch.drawn(16, 5), name="dense")
    sketch.then("Add", sketch.drawn(5))
    sketch.then("Softmax", name="softmax", axis=-1)
    return sketch


def test_a_model_with_channels_last_takes_images_with_channels_first() -> None:
    sketch = keras_like()
    model = sketch.model(sketch.nodes[-1].input[0])  # the scores
    graph = agree(model, arrange=channels_last)
    assert graph.input_shape == (3, 8, 10)
    names = ["mean", "deviation", "conv", "relu", "pool", "conv2", "add", "flatten", "dense"]
    assert [layer.name for layer in graph.layers] == names
    told = dict(graph.passed)
    assert told["pixels"] == (
        "the model takes each image as (8, 10, 3); it is given here as (3, 8, 10)"
    )
    assert told["first"] == "computes nothing"
    notes = {row.name: row.note for row in read(model).rows}
    assert notes["dense"] == "its columns are brought into the order (C, H, W)"


def test_its_open_sizes_come_from_the_shape_that_is_given() -> None:
    def model(*sizes):
        sketch = Sketch(*sizes)
        sketch.then("Transpose", perm=TO_CHANNELS_FIRST)
        sketch.conv(4, 3, 3, 3)
        sketch.then("GlobalAveragePool")
        sketch.then("Flatten")
        return sketch.model()

    assert graph_of(model("h", "w", 3), (3, 8, 10)).input_shape == (3, 8, 10)
    assert graph_of(model("h", "w", "c"), (3, 8, 10)).input_shape == (3, 8, 10)
    agree(model("h", "w", "c"), (3, 8, 10), arrange=channels_last)
    with pytest.raises(ConversionError, match=r"'pixels' \(input\): its images have no fixed size"):
        graph_of(model("h", "w", 3))
    with pytest.raises(ConversionError, match=r"its images are \(\?, \?, 3\), which cannot be"):
        graph_of(model("h", "w", 3), (1, 8, 10))


def test_activations_need_no_order_of_their_own() -> None:
    sketch = Sketch(6, 6, 1)
    sketch.then("Reshape", np.array([-1, 1, 6, 6]))  # one channel: no transposition needed
    sketch.conv(4, 1, 2, 2)
    sketch.then("Transpose", perm=TO_CHANNELS_LAST)
    sketch.then("PRelu", sketch.constant(np.array([0.1, 0.2, 0.3, 0.4])))
    sketch.then("ReduceMean", axes=[1, 2], keepdims=0)
    sketch.dense(4, 2)
    graph = agree(sketch.model(), arrange=channels_last)
    assert graph.input_shape == (1, 6, 6)
    assert kinds(graph) == ["Conv", "Relu", "AvgPool", "Flatten", "Linear"]


def test_branches_with_channels_last_are_joined() -> None:
    sketch = Sketch(6, 6, 2)
    sketch.then("Transpose", perm=TO_CHANNELS_FIRST)
    one = sketch.conv(3, 2, 3, 3, pads=[1, 1, 1, 1])
    last = sketch.then("Transpose", perm=TO_CHANNELS_LAST)
    sketch.add("Concat", last, "pixels", axis=3)
    padded = sketch.then("Pad", np.array([0, 0, 0, 1, 0, 0, 0, 2]))
    sketch.add("Transpose", padded, perm=TO_CHANNELS_FIRST)
    two = sketch.conv(3, 8, 1, 1)
    sketch.add("Add", sketch.add("Transpose", two, perm=TO_CHANNELS_LAST), last)
    sketch.then("Slice", np.array([1]), np.array([3]), np.array([3]))
    sketch.then("Relu")
    sketch.then("Flatten")
    sketch.dense(72, 3)
    assert one in sketch.nodes[2].input
    graph = agree(sketch.model(), arrange=channels_last)
    assert kinds(graph).count("Concat") == kinds(graph).count("Add") == 1


def test_a_flat_input_is_an_image_where_it_is_read_as_one() -> None:
    sketch = Sketch(36)
    sketch.then("Reshape", np.array([-1, 1, 6, 6]))
    sketch.conv(2, 1, 3, 3)
    sketch.then("Flatten")
    graph = agree(sketch.model(), arrange=lambda image: image.reshape(1, 36))
    assert graph.input_shape == (1, 6, 6)
    dense = Sketch(36)
    dense.dense(36, 3)
    assert graph_of(dense.model()).input_shape == (36,)
    assert graph_of(dense.model(), (1, 6, 6)).input_shape == (1, 6, 6)
    agree(dense.model(), (1, 6, 6), arrange=lambda image: image.reshape(1, 36))


@pytest.mark.parametrize(
    ("sizes", "batch", "shape"),
    [
        ((28, 28), "images", (1, 28, 28)),
        ((28, 28), 1, (1, 28, 28)),
        ((784,), None, (784,)),
        ((3, 8, 8), None, (3, 8, 8)),
        ((28, 28, 1), "images", (1, 28, 28)),
        ((1, 28, 28), "images", (1, 28, 28)),
        ((32, 32, 3), "images", (3, 32, 32)),
    ],
)
def test_inputs_that_only_a_flattening_follows(sizes, batch, shape) -> None:
    sketch = Sketch(*sizes, batch=batch)
    size = int(np.prod(sizes))
    sketch.then("Reshape", np.array([1 if batch is None else -1, size]))
    sketch.dense(size, 3)

    def arrange(image):
        image = image.transpose(1, 2, 0) if sizes[-1] in (1, 3) else image
        return image.reshape(sizes if batch is None else (1, *sizes))

    assert agree(sketch.model(), arrange=arrange).input_shape == shape


def test_a_cropped_input_is_chosen_from_the_image() -> None:
    sketch = Sketch(8, 9, 3)
    sketch.then("Slice", np.array([1, 1]), np.array([7, 7]), np.array([1, 2]))
    sketch.then("Transpose", perm=TO_CHANNELS_FIRST)
    sketch.conv(2, 3, 3, 3)
    sketch.then("Flatten")
    graph = agree(sketch.model(), arrange=channels_last)
    assert (graph.input_shape, graph.layers[0].kind) == ((3, 8, 9), "Pick")


def cntk(**lists):
    """MNIST as CNTK exports it; ``lists`` replaces the attributes of its second convolution."""
    sketch = Sketch(1, 9, 9, batch=1, opset=7, name="Input3")
    sketch.then("Div", np.float32(255), name="Times1")
    weight = sketch.drawn(4, 1, 5, 5)
    sketch.then("Conv", weight, auto_pad="SAME_UPPER", dilations=[1, 1], name="Convolution1")
    sketch.then("Add", sketch.drawn(4, 1, 1), name="Plus1")
    sketch.then("Relu", name="Relu1")
    pooled = sketch.then("MaxPool", kernel_shape=[2, 2], strides=[2, 2], pads=[0, 0, 0, 0])
    weight = sketch.add("Reshape", sketch.drawn(4, 2, 2, 3), np.array([16, 3]), name="weights")
    sketch.add("Conv", pooled, sketch.drawn(4, 4, 3, 3), **lists)
    sketch.then("Reshape", np.array([1, 16]), name="Times_reshape0")
    sketch.then("MatMul", weight, name="Times")
    sketch.then("Add", sketch.drawn(1, 3), name="Plus")
    return sketch.model()


def test_cntk_counts_channels_in_every_list() -> None:
    graph = agree(cntk(strides=[1, 1], pads=[0, 0, 0, 0]))
    names = ["Times1", "Convolution1", "Relu1", "MaxPool_4", "Conv_6", "Times_reshape0", "Times"]
    assert [layer.name for layer in graph.layers] == names
    odd = graph_of(cntk(strides=[1, 1, 1], dilations=[1, 1, 1], pads=[0, 0, 0, 0, 0, 0]))
    images = np.random.default_rng(0).normal(size=(2, 1, 9, 9))
    np.testing.assert_array_equal(evaluate(odd, images), evaluate(graph, images))


def test_pads_of_channels_are_zero_channels() -> None:
    sketch = Sketch(2, 5, 5)
    sketch.conv(3, 5, 3, 3, pads=[1, 1, 0, 2, 1, 0], name="conv")
    sketch.then("Flatten")
    same = Sketch(2, 5, 5)
    same.then("Pad", np.array([0, 1, 1, 0, 0, 2, 1, 0]))
    same.conv(3, 5, 3, 3)
    same.then("Flatten")
    graph, expected = graph_of(sketch.model()), agree(same.model())
    assert [(x.name, x.kind) for x in graph.layers][:2] == [("conv.pad", "Pick"), ("conv", "Conv")]
    images = np.random.default_rng(0).normal(size=(2, 2, 5, 5))
    np.testing.assert_allclose(evaluate(graph, images), evaluate(expected, images), atol=1e-12)


def test_integer_pixels_are_scaled_in_the_model() -> None:
    sketch = Sketch(5, 6, 3, elem=UINT8)
    sketch.then("Cast", to=1)
    sketch.then("Mul", np.float32(1 / 255))
    sketch.then("Transpose", perm=TO_CHANNELS_FIRST)
    sketch.conv(2, 3, 3, 3)
    sketch.then("Flatten")
    graph = agree(
        sketch.model(),
        arrange=channels_last,
        draw=lambda random, graph: random.integers(0, 256, (3, *graph.input_shape)),
    )
    assert ("pixels", "the model takes 8-bit pixels, 0 to 255, not scaled") in graph.passed


def test_integer_pixels_are_dequantised_in_the_model() -> None:
    sketch = Sketch(2, 4, 4, elem=UINT8)
    sketch.then("DequantizeLinear", np.float32(0.02), np.uint8(128))
    sketch.conv(3, 2, 2, 2)
    sketch.then("Flatten")
    graph = agree(
        sketch.model(),
        draw=lambda random, graph: random.integers(0, 256, (3, *graph.input_shape)),
    )
    assert kinds(graph) == ["BatchNorm", "Conv", "Flatten"]


class Calibration(quantization.CalibrationDataReader):
    def __init__(self, shape) -> None:
        images = np.random.default_rng(2).normal(size=(20, 1, *shape)).astype(np.float32)
        self.images = iter([{"pixels": image} for image in images])

    def get_next(self):
        return next(self.images, None)


@pytest.mark.parametrize("per_channel", [False, True])
def test_quantised_weights_are_what_their_codes_stand_for(tmp_path, per_channel) -> None:
    sketch = Sketch(2, 8, 8)
    sketch.conv(4, 2, 3, 3, pads=[1, 1, 1, 1])
    sketch.then("Relu")
    sketch.then("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    sketch.then("Flatten")
    sketch.dense(64, 5)
    plain, coded = tmp_path / "plain.onnx", tmp_path / "coded.onnx"
    onnx.save(sketch.model(), plain)
    quantization.quantize_static(
        plain,
        coded,
        Calibration((2, 8, 8)),
        quant_format=quantization.QuantFormat.QDQ,
        per_channel=per_channel,
    )
    model = onnx.load(coded)
    graph = agree(model, tolerance=0.03)  # the rounding of activations is left out
    weights = [x.weight for x in graph.layers if x.kind in ("Conv", "Linear")]
    assert len(np.unique(weights[0][0])) <= 18 and "Relu" in kinds(graph)
    remarks = " ".join(note for _, note in graph.passed)
    assert "rounding to 8 bits is left out" in remarks


def test_weights_in_another_file_are_read(tmp_path) -> None:
    sketch = Sketch(2, 8, 8)
    sketch.conv(4, 2, 3, 3)
    sketch.then("Flatten")
    sketch.dense(144, 5)
    path, model = tmp_path / "net.onnx", sketch.model()
    onnx.save(
        sketch.model(), path, save_as_external_data=True, location="net.data", size_threshold=0
    )
    images = np.random.default_rng(0).normal(size=(2, 2, 8, 8))
    expected = evaluate(graph_of(model), images)
    np.testing.assert_array_equal(evaluate(graph_of(path), images), expected)
    np.testing.assert_array_equal(evaluate(graph_of(str(path)), images), expected)
    (tmp_path / "net.data").unlink()
    with pytest.raises(ConversionError, match=r"weights in other files, and net\.data cannot"):
        graph_of(path)


def test_functions_of_the_model_are_written_out() -> None:
    sketch = Sketch(4)
    sketch.dense(4, 3)
    sketch.then("Rectified", domain="own")
    model = sketch.model()
    nodes = [helper.make_node("Relu", ["x"], ["y"], name="relu")]
    imports = [helper.make_opsetid("", 13)]
    model.functions.append(helper.make_function("own", "Rectified", ["x"], ["y"], nodes, imports))
    model.opset_import.append(helper.make_opsetid("own", 1))
    assert kinds(agree(model)) == ["Linear", "Relu"]


def test_opsets_before_numpys_broadcasting() -> None:
    def model(opset, shape, **axis):
        sketch = Sketch(2, 6, 6, opset=opset)
        sketch.conv(3, 2, 3, 3)
        sketch.then("Add", sketch.drawn(*shape), **axis)
        sketch.then("PRelu", sketch.constant(np.array([0.1, 0.2, 0.3]).reshape(shape)))
        sketch.then("Flatten")
        return sketch.model()

    graph = agree(model(7, (3, 1, 1)))
    older = graph_of(model(6, (3,), broadcast=1, axis=1))
    images = np.random.default_rng(0).normal(size=(2, 2, 6, 6))
    np.testing.assert_array_equal(evaluate(older, images), evaluate(graph, images))


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU6())
        self.down = nn.Conv2d(4, 8, 1, stride=2)
        self.body = nn.Conv2d(4, 8, 3, stride=2, padding=1, groups=2)
        self.pool, self.dense = nn.MaxPool2d(3, 2, 1), nn.Linear(12, 5)

    def forward(self, x):
        x = self.head(x)
        x = torch.relu(self.body(x) + self.down(x))
        x = torch.cat([self.pool(x), functional.avg_pool2d(x, 2)], 1)
        x = functional.pad(x[:, 4:], (1, 0, 0, 1)).unflatten(1, (2, 6)).transpose(1, 2)
        return self.dense(x.flatten(1, 2).mean((2, 3)))


@pytest.mark.parametrize("dynamo", [True, False])
@pytest.mark.filterwarnings("ignore")  # what PyTorch says of its own exporters
def test_a_network_exported_by_pytorch(tmp_path, dynamo) -> None:
    torch.manual_seed(0)
    module, path = Small().eval(), tmp_path / "net.onnx"
    example = torch.randn(1, 3, 8, 8)
    torch.onnx.export(module, (example,), path, dynamo=dynamo, verbose=False)
    images = np.random.default_rng(0).normal(size=(4, 3, 8, 8))
    with torch.no_grad():
        expected = module.double()(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(evaluate(graph_of(path), images), expected, atol=1e-5)
