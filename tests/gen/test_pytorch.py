import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from augend.gen.evaluate import evaluate
from augend.gen.frontends.pytorch import graph_of, read
from augend.gen.graph import AvgPool, BatchNorm, Conv, ConversionError, Flatten, Linear, Relu

SHAPE = (2, 8, 8)


class Functional(nn.Module):
    """Everything spelled as a function: what a peer converts without one spiking layer."""

    def __init__(self, relu, flatten) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3)
        self.kernel = nn.Parameter(torch.randn(4, 3, 2, 2))
        self.weight = nn.Parameter(torch.randn(5, 4))
        self.relu, self.flatten = relu, flatten

    def forward(self, x):
        x = self.relu(self.conv(x))
        x = F.avg_pool2d(x, 2)
        x = self.relu(F.conv2d(x, self.kernel, stride=2))
        x = F.dropout(x, 0.5, training=self.training)
        return F.linear(self.flatten(x), self.weight)


def agree(module, graph, shape) -> None:
    images = np.random.default_rng(1).normal(size=(3, *shape))
    module = module.double().eval()
    with torch.no_grad():
        expected = module(torch.from_numpy(images)).numpy()
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(evaluate(graph, images), expected, atol=1e-12)


def relu_once_in_place(x):
    F.relu(x, inplace=True)  # the result is not used; the argument is
    return x


@pytest.mark.parametrize(
    "relu",
    [
        F.relu,
        torch.relu,
        lambda x: x.relu(),
        lambda x: x.relu_(),
        torch.relu_,
        lambda x: F.relu(x, inplace=True),
        relu_once_in_place,
        nn.ReLU(),
        nn.ReLU(inplace=True),
    ],
)
@pytest.mark.parametrize("flatten", [lambda x: x.view(x.size(0), -1)])
def test_every_spelling_of_relu_is_a_layer(relu, flatten) -> None:
    torch.manual_seed(0)
    module = Functional(relu, flatten)
    graph = graph_of(module, SHAPE)
    assert [type(x) for x in graph.layers] == [Conv, Relu, AvgPool, Conv, Relu, Flatten, Linear]
    agree(module, graph, SHAPE)


@pytest.mark.parametrize(
    "flatten",
    [
        nn.Flatten(),
        lambda x: torch.flatten(x, 1),
        lambda x: torch.flatten(x, start_dim=1),
        lambda x: x.flatten(1),
        lambda x: x.view(x.shape[0], -1),
        lambda x: x.view(-1, 4),
        lambda x: x.reshape(x.size()[0], 4),
        lambda x: torch.reshape(x, (x.size(0), x.size(1) * x.size(2) * x.size(3))),
    ],
)
def test_every_spelling_of_flatten_is_a_layer(flatten) -> None:
    torch.manual_seed(0)
    module = Functional(F.relu, flatten)
    graph = graph_of(module, SHAPE)
    assert isinstance(graph.layers[5], Flatten)
    agree(module, graph, SHAPE)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(2, 4, 3, stride=(2, 1), padding=(0, 2), dilation=(1, 2), groups=2),
        nn.Conv2d(2, 3, 3, padding="same", dilation=2),
        nn.Conv2d(2, 3, (2, 4), padding="same"),
        nn.Conv2d(2, 3, 3, padding="valid", bias=False),
        nn.AvgPool2d(3, stride=2, padding=1),
        nn.AvgPool2d((2, 3), divisor_override=5),
        nn.AvgPool2d(2, ceil_mode=True),
        nn.BatchNorm2d(2),
        nn.BatchNorm2d(2, affine=False),
    ],
)
def test_layers_agree_with_torch(layer) -> None:
    torch.manual_seed(0)
    if isinstance(layer, nn.BatchNorm2d):
        layer.running_mean = torch.randn(2)
        layer.running_var = torch.rand(2) + 0.5
    module = nn.Sequential(layer, nn.Flatten())
    agree(module, graph_of(module, SHAPE), SHAPE)


def test_the_module_is_left_as_it_was() -> None:
    module = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(inplace=True))
    module = nn.Sequential(module, nn.Flatten(), nn.Dropout(), nn.Linear(108, 4)).train()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    graph = graph_of(module, SHAPE)
    assert all(part.training for part in module.modules())
    assert all(torch.equal(before[key], value) for key, value in module.state_dict().items())
    assert [layer.name for layer in graph.layers] == ["0.0", "0.1", "0.2", "1", "3"]
    assert graph.passed == (("2", "changes nothing outside training"),)
    assert isinstance(graph.layers[1], BatchNorm)


class Holder(nn.Module):
    def __init__(self, forward) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, padding=1)
        self.other = nn.Conv2d(2, 2, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(128, 3)
        self.work = forward

    def forward(self, x):
        return self.work(self, x)


RELU = "Use ReLU, and train or fine-tune with it."
NONE = "it has no counterpart among spiking neurons here."


@pytest.mark.parametrize(
    ("forward", "message"),
    [
        (
            lambda s, x: s.fc(torch.sigmoid(s.conv(x)).flatten(1)),
            f"Layer 'sigmoid' (sigmoid): {NONE} {RELU}",
        ),
        (lambda s, x: s.fc(s.conv(x).tanh().flatten(1)), f"Layer 'tanh' (.tanh()): {NONE} {RELU}"),
        (
            lambda s, x: s.fc(F.dropout(x.flatten(1), 0.5)),
            (
                "Layer 'dropout' (dropout): it drops activations even when "
                "the network is used. Call "
                "it with training=self.training, or use nn.Dropout."
            ),
        ),
        (
            lambda s, x: s.fc(x.view(1, -1)[:, :128]),
            (
                "Layer 'view' (.view()): it makes (384,) of (2, 8, 8), and of 3 images 1. Use "
                "nn.Flatten() or x.flatten(1), which make (C*H*W,) of (C, H, W)."
            ),
        ),
        (
            lambda s, x: s.conv(x),
            (
                "Layer 'output' (output): the module returns (2, 8, 8) for each image. End it with "
                "nn.Flatten() so that it returns (images, classes)."
            ),
        ),
        (
            lambda s, x: (s.fc(x.flatten(1)), x),
            (
                "Layer 'output' (output): the module returns 2 values. "
                "Return one tensor of scores, "
                "(images, classes)."
            ),
        ),
    ],
)
def test_refusals_name_layer_and_alternative(forward, message) -> None:
    with pytest.raises(ConversionError) as caught:
        graph_of(Holder(forward), SHAPE)
    assert str(caught.value) == message


def test_layers_that_lead_nowhere_are_left_out() -> None:
    reading = read(Holder(lambda s, x: [y := s.fc(x.flatten(1)), y.relu()][0]), SHAPE)
    assert reading.graph is not None
    assert [layer.name for layer in reading.graph.layers] == ["flatten", "fc"]
    assert reading.graph.passed == (("relu", "does not lead to the network's output"),)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (nn.GELU(), RELU),
        (nn.GroupNorm(1, 2), "nn.BatchNorm2d"),
        (nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect"), "padding_mode='zeros'"),
        (nn.BatchNorm2d(2, track_running_stats=False), "track_running_stats=True"),
        (nn.Linear(8, 4), "nn.Flatten() before it"),
    ],
)
def test_modules_that_are_refused_or_do_not_fit(module, words) -> None:
    with pytest.raises(ConversionError) as caught:
        graph_of(nn.Sequential(module, nn.Flatten()), SHAPE)
    text = str(caught.value)
    assert "'0'" in text
    assert words in text


def test_nan_weights_are_refused_by_name() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(128, 3))
    with torch.no_grad():
        module[1].weight[0, 0] = float("nan")
        module[1].weight[1, 0] = float("inf")
    with pytest.raises(ConversionError) as caught:
        graph_of(module, SHAPE)
    assert str(caught.value) == (
        "Layer '1' (Linear): its weight holds 2 values that are NaN or infinite, of 384. Train it "
        "again, e.g. with a lower learning rate."
    )


def test_control_flow_on_data_is_refused() -> None:
    module = Holder(lambda s, x: s.fc(x.flatten(1)) if x[0, 0, 0, 0] > 0 else s.fc(-x.flatten(1)))
    with pytest.raises(ConversionError, match="Layer 'bool' .*without branches or loops"):
        graph_of(module, SHAPE)


def test_wrong_image_shape_is_refused() -> None:
    with pytest.raises(ConversionError, match=r"Layer '1' \(Linear\): It fails on images of shape"):
        graph_of(nn.Sequential(nn.Flatten(), nn.Linear(100, 3)), SHAPE)
    with pytest.raises(ConversionError, match=r"Images must be \(C, H, W\) or \(N,\)"):
        graph_of(nn.Linear(8, 3), (8, 8))


def test_a_single_layer_and_a_shared_module() -> None:
    assert [layer.name for layer in graph_of(nn.Linear(8, 3), (8,)).layers] == ["0"]
    shared = nn.ReLU()
    module = nn.Sequential(nn.Linear(8, 8), shared, nn.Linear(8, 8), shared, nn.Linear(8, 2))
    names = [layer.name for layer in graph_of(module, (8,)).layers]
    assert names == ["0", "1", "2", "1#2", "4"]


def test_every_refusal_is_listed() -> None:
    module = nn.Sequential(nn.Conv2d(2, 2, 3), nn.GELU(), nn.GroupNorm(1, 2), nn.Flatten())
    reading = read(module, SHAPE)
    assert reading.graph is None
    assert [error.kind for error in reading.errors] == ["GELU", "GroupNorm"]
    assert [row.shape for row in reading.rows] == [(2, 6, 6), (2, 6, 6), (2, 6, 6), (72,)]


def test_macs_leave_out_padded_zeros() -> None:
    module = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.Flatten(), nn.Linear(192, 5))
    macs = graph_of(module, SHAPE).macs
    with torch.no_grad():
        module[0].weight.fill_(1)
        module[0].bias.zero_()
        counted = module[0](torch.ones(1, *SHAPE)).sum()
    assert macs == {"0": int(counted), "2": 960}
