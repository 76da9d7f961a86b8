import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, prune

from augend.gen.evaluate import evaluate
from augend.gen.frontends.pytorch import evaluation_copy, graph_of, read
from augend.gen.graph import AvgPool, BatchNorm, Conv, Flatten, Graph, Relu

from .torchvision_networks import network

SHAPE = (4, 8, 8)


def agree(module: nn.Module, shape=SHAPE, graph: Graph | None = None) -> Graph:
    """Read a module, and compare every score on images that the reading has not seen."""
    graph = graph_of(module, shape) if graph is None else graph
    images = np.random.default_rng(5).normal(size=(3, *shape))
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            expected = evaluation_copy(module)(torch.from_numpy(images)).numpy()
    finally:
        torch.set_default_dtype(torch.float32)
    scores = evaluate(graph, images)
    assert np.ptp(expected) > 0
    np.testing.assert_allclose(
        scores, expected.reshape(scores.shape), rtol=0, atol=1e-9 * np.abs(expected).max()
    )
    return graph


def norm(channels: int) -> nn.BatchNorm2d:
    """Batch normalisation with statistics, scales and shifts of its own."""
    module = nn.BatchNorm2d(channels)
    with torch.no_grad():
        for value in (module.running_mean, module.weight, module.bias):
            assert value is not None
            value.normal_()
        assert module.running_var is not None
        module.running_var.uniform_(0.5, 1.5)
    return module


class Net(nn.Module):
    """Layers to pick from, and a forward method that is given."""

    def __init__(self, work) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.other = nn.Conv2d(4, 4, 3, padding=1)
        self.down = nn.Conv2d(4, 8, 3, stride=2, padding=1)
        self.one = nn.Conv2d(4, 8, 1, stride=2)
        self.valid = nn.Conv2d(4, 4, 3, stride=2)
        self.deep = nn.Conv2d(16, 4, 3, padding=1)
        self.row = nn.Conv1d(4, 3, 3, stride=2, padding=2, dilation=2)
        self.n1, self.n2 = norm(4), norm(8)
        self.prelu = nn.PReLU(4)
        self.matrix = nn.Parameter(torch.randn(256, 3))
        self.fc = nn.Linear(4, 3)
        self.work = work

    def forward(self, x):
        return self.work(self, x)


def option_a(s, x):
    """Akamaster's ResNet-20: a strided slice with zero channels on both sides."""
    shortcut = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2), "constant", 0)
    return F.relu(s.n2(s.down(F.relu(s.n1(x)))) + shortcut).flatten(1)


def shuffled(s, x):
    y = s.conv(x)
    n, c, h, w = y.size()
    y = torch.transpose(y.view(n, 2, c // 2, h, w), 1, 2).contiguous().view(n, -1, h, w)
    one, two = y.chunk(2, dim=1)
    return s.other(torch.cat((one, F.relu(two)), 1)).flatten(1)


def written(s, x):
    y = torch.zeros(x.size(0), 8, 8, 8)
    y[:, ::2] = s.conv(x)
    y[:, 1::2] += s.other(x)
    y[:, :2].relu_()
    return y.flatten(1)


def focus(s, x):
    y = s.conv(x)
    corners = [y[..., i::2, j::2] for i in (0, 1) for j in (0, 1)]
    return s.deep(torch.cat(corners, 1)).flatten(1)


def shapes(s, x):
    assert x.dim() == 4 and x.shape[1] == len(x[0]), f"not {tuple(x.shape)}: {x.dtype}"
    if x.shape[-1] > 4:
        x = s.conv(x)
    return x.reshape(x.shape[0], int(np.prod(x.shape[1:])))


def transformed(s, x):
    """Torchvision's transform_input."""
    parts = [torch.unsqueeze(x[:, c], 1) * (0.2 + c) + (c - 0.5) / 0.5 for c in range(4)]
    return s.conv(torch.cat(parts, 1)).flatten(1)


def scripted(s, x):
    return SCRIPT(s.conv(x)).flatten(1)


@torch.jit.script
def SCRIPT(x):
    return torch.relu(x) * 2.0 + x


class Sign(torch.autograd.Function):
    """Straight-through estimator, as binary networks are trained with."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.sign()


def binary(s, x):
    y = F.hardtanh(s.n1(s.conv(x)))
    return F.conv2d(Sign.apply(y), s.other.weight.sign(), padding=1).flatten(1)


def in_place_data(s, x):
    x = torch.tanh(s.conv(x))
    x.data = x.data.sign()
    return s.other(x).flatten(1)


FORWARDS = {
    "identity shortcut": lambda s, x: F.relu(s.conv(F.relu(s.n1(s.conv(x)))) + x).flatten(1),
    "option A": option_a,
    "1x1 shortcut": lambda s, x: F.relu(s.n2(s.down(x)).add_(s.one(x))).flatten(1),
    "iadd": lambda s, x: [y := s.conv(x), y.__iadd__(s.other(y))][0].flatten(1),
    "gains": lambda s, x: torch.sub(s.conv(x), s.other(x), alpha=0.5).flatten(1),
    "twice itself": lambda s, x: (s.conv(x) + s.conv(x) * 1.0 + x + x).flatten(1),
    "broadcast": lambda s, x: (s.conv(x) - x.mean((2, 3), keepdim=True)).flatten(1),
    "into a constant": lambda s, x: torch.ones(len(x), 4, 8, 8).add_(s.conv(x)).flatten(1),
    "sum of a list": lambda s, x: sum([s.conv(x), s.other(x), x]).flatten(1),
    "constants": lambda s, x: (1 - 2 * s.conv(x) / torch.arange(1, 5).view(4, 1, 1)).flatten(1),
    "constant first": lambda s, x: torch.sub(torch.tensor(2.0), s.conv(x), alpha=3).flatten(1),
    "minus": lambda s, x: (-s.conv(x)).flatten(1) - 0.5,
    "shuffle": shuffled,
    "nn.ChannelShuffle": lambda s, x: s.other(nn.ChannelShuffle(2)(s.conv(x))).flatten(1),
    "split": lambda s, x: torch.cat(s.conv(x).split([1, 3], 1)[::-1], 1).flatten(1),
    "narrow": lambda s, x: s.conv(x).narrow(1, 1, 2).flatten(1),
    "flip": lambda s, x: s.other(s.conv(x).flip(3)).flatten(1),
    "written into": written,
    "focus": focus,
    "pixel unshuffle": lambda s, x: s.deep(F.pixel_unshuffle(s.conv(x), 2)).flatten(1),
    "zero channels": lambda s, x: torch.cat([s.conv(x), torch.zeros_like(x)], 1).flatten(1),
    "crop": lambda s, x: s.other(F.pad(s.conv(x), (-1, -2, 1, -1))).flatten(1),
    "nearest": lambda s, x: s.other(F.interpolate(s.conv(x), scale_factor=2)).flatten(1),
    "permuted and back": lambda s, x: s.other(
        F.relu(s.conv(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    ).flatten(1),
    "channels last": lambda s, x: s.conv(x).permute(0, 2, 3, 1).flatten(1),
    "stacked": lambda s, x: torch.stack([s.conv(x), x], 2).flatten(1, 2).flatten(1),
    "vectors joined": lambda s, x: torch.cat([s.fc(s.conv(x).mean((2, 3))), x.amax((2, 3))], 1),
    "mean by view": lambda s, x: s.conv(x).view(x.size(0), 4, -1).mean(2),
    "mean by steps": lambda s, x: s.conv(x).mean(3).mean(2),
    "mean of channels": lambda s, x: s.conv(x).mean(1, keepdim=True).flatten(1),
    "max by view": lambda s, x: s.conv(x).flatten(2).max(2)[0],
    "global, squeezed": lambda s, x: s.fc(
        F.adaptive_avg_pool2d(s.conv(x), 1).squeeze(3).squeeze(2)
    ),
    "global, indexed": lambda s, x: s.fc(F.adaptive_max_pool2d(s.conv(x), 1)[:, :, 0, 0]),
    "fully convolutional": lambda s, x: F.adaptive_avg_pool2d(s.conv(x), 1),
    "max pool": lambda s, x: F.max_pool2d(s.conv(x), 3, 2, 1, ceil_mode=True).flatten(1),
    "dilated max pool": lambda s, x: F.max_pool2d(s.conv(x), (3, 2), 1, 1, 2).flatten(1),
    "borders left out": lambda s, x: F.avg_pool2d(
        s.conv(x), 3, 2, 1, count_include_pad=False
    ).flatten(1),
    "windows cut short": lambda s, x: F.avg_pool2d(s.conv(x), 3, 2, ceil_mode=True).flatten(1),
    "adaptive 8 to 3x5": lambda s, x: F.adaptive_avg_pool2d(s.conv(x), (3, 5)).flatten(1),
    "adaptive 8 to 12": lambda s, x: F.adaptive_avg_pool2d(s.conv(x), 12).flatten(1),
    "adaptive max": lambda s, x: F.adaptive_max_pool2d(s.conv(x), (3, 4)).flatten(1),
    "ReLU6": lambda s, x: F.relu6(3 * s.conv(x)).flatten(1),
    "clamp": lambda s, x: s.conv(x).clamp(0, 0.5).flatten(1),
    "clamp_min": lambda s, x: torch.clamp(F.relu(s.conv(x)), max=0.5).flatten(1),
    "maximum": lambda s, x: torch.maximum(s.conv(x), torch.tensor(0.0)).flatten(1),
    "max with zeros": lambda s, x: torch.max(s.conv(x), torch.zeros_like(x)).flatten(1),
    "leaky": lambda s, x: F.leaky_relu(s.conv(x), 0.2, inplace=True).flatten(1),
    "PReLU": lambda s, x: s.prelu(s.conv(x)).flatten(1),
    "threshold": lambda s, x: F.threshold(s.conv(x), 0, 0).flatten(1),
    "binary": binary,
    "data replaced": in_place_data,
    "heaviside": lambda s, x: (s.conv(x) > 0).float().flatten(1),
    "above a limit": lambda s, x: (s.conv(x) >= 0.3).to(x.dtype).flatten(1),
    "below a limit": lambda s, x: (s.conv(x) < 0.3).type_as(x).flatten(1),
    "two values": lambda s, x: torch.where(s.conv(x) > 0, 2.0, -1.0).flatten(1),
    "shapes": shapes,
    "transform_input": transformed,
    "shared": lambda s, x: s.conv(F.relu(s.conv(x))).flatten(1),
    "scripted": scripted,
    "matrix": lambda s, x: F.relu(x.flatten(1)) @ s.matrix + 1.0,
    "own kernel": lambda s, x: F.conv2d(x, torch.ones(4, 1, 3, 3) / 9, groups=4).flatten(1),
    "Conv1d": lambda s, x: s.row(F.max_pool2d(s.conv(x), (8, 1)).squeeze(2)).flatten(1),
    "casts": lambda s, x: s.other(s.conv(x).double().to("cpu").contiguous().clone()).flatten(1),
    "batch norm alone": lambda s, x: s.n1(s.conv(s.n1(x))).flatten(1),
}


@pytest.mark.parametrize("forward", FORWARDS.values(), ids=FORWARDS.keys())
def test_what_was_read_computes_what_the_module_computes(forward) -> None:
    agree(Net(forward))


@pytest.mark.parametrize("end", [nn.Softmax(1), nn.LogSoftmax(1), nn.Softmax(-1)])
def test_a_softmax_at_the_end_is_passed(end) -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(256, 5), end)
    reading = read(net, SHAPE)
    assert reading.graph is not None
    assert [layer.name for layer in reading.graph.layers] == ["0", "1"]
    assert reading.rows[2].verdict == "passed"
    assert "argmax unchanged" in reading.rows[2].note
    agree(net[:2], graph=reading.graph)


def test_zeros_padded_before_a_convolution_become_its_padding() -> None:
    graph = agree(Net(lambda s, x: s.valid(F.pad(F.relu(x), (0, 1, 1, 2))).flatten(1)))
    assert [type(layer) for layer in graph.layers] == [Relu, Conv, Flatten]
    assert isinstance(graph.layers[1], Conv)
    assert graph.layers[1].padding == (1, 0)


def test_sources_and_names_of_a_residual_block() -> None:
    graph = agree(Net(option_a))
    sources = {layer.name: layer.sources for layer in graph.layers}
    assert sources["add"] == ("n2", "pad")
    assert sources["pad"] == ("input",)
    assert sources["down"] == ("relu",)


def test_weights_that_a_module_computes_are_read_as_computed() -> None:
    torch.manual_seed(0)
    pruned = nn.Conv2d(4, 4, 3, padding=1)
    prune.l1_unstructured(pruned, "weight", 0.5)
    weighted = torch.nn.utils.weight_norm(nn.Conv2d(4, 4, 3))
    spectral = torch.nn.utils.spectral_norm(nn.Conv2d(4, 4, 3))
    module = nn.Sequential(
        pruned,
        nn.ReLU(),
        parametrizations.weight_norm(nn.Conv2d(4, 4, 3)),
        nn.ReLU(),
        parametrizations.orthogonal(nn.Conv2d(4, 4, 2)),
        weighted,
        spectral,
        nn.Flatten(),
    ).eval()
    module(torch.randn(2, 4, 12, 12))
    graph = agree(module, (4, 12, 12))
    assert [layer.name for layer in graph.layers] == ["0", "1", "2", "3", "4", "5", "6", "7"]
    assert [row.kind for row in read(module, (4, 12, 12)).rows][:3] == ["Conv2d", "ReLU", "Conv2d"]


@pytest.mark.parametrize("type", [torch.float16, torch.bfloat16])
def test_weights_of_low_precision_are_read(type) -> None:
    graph = agree(nn.Sequential(nn.Conv2d(4, 2, 3), nn.ReLU(), nn.Flatten()).to(type))
    assert isinstance(graph.layers[0], Conv)
    assert graph.layers[0].weight.dtype == np.float64


def test_a_module_that_no_hook_sees_still_has_its_weights() -> None:
    class Listed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = [nn.Conv2d(4, 2, 3), nn.ReLU()]  # no ModuleList

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x.flatten(1)

    graph = graph_of(Listed(), SHAPE)
    assert [layer.kind for layer in graph.layers] == ["Conv", "Relu", "Flatten"]


class Inception(nn.Module):
    """Four branches that join, one of them pooled."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(4, 2, 1)
        self.b = nn.Sequential(nn.Conv2d(4, 3, 1), nn.ReLU(), nn.Conv2d(3, 4, 3, padding=1))
        self.c = nn.Sequential(nn.Conv2d(4, 2, (1, 3), padding=(0, 1)), norm(2), nn.ReLU(True))
        self.d = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(4, 3, 1))

    def forward(self, x):
        return F.relu(torch.cat([self.a(x), self.b(x), self.c(x), self.d(x)], dim=1)).mean((2, 3))


class Dense(nn.Module):
    """Every layer sees all before it."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList(norm(4 + 2 * i) for i in range(4))
        self.convs = nn.ModuleList(nn.Conv2d(4 + 2 * i, 2, 3, padding=1) for i in range(4))

    def forward(self, x):
        features = [x]
        for layer, conv in zip(self.norms, self.convs, strict=True):
            features.append(conv(F.relu(layer(torch.cat(features, 1)))))
        return torch.cat(features, 1).flatten(1)


class Inverted(nn.Module):
    """MobileNetV2: a linear bottleneck around a depthwise convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(nn.Conv2d(4, 12, 1, bias=False), norm(12), nn.ReLU6(inplace=True)),
            *(nn.Conv2d(12, 12, 3, padding=1, groups=12), norm(12), nn.ReLU6(inplace=True)),
            *(nn.Conv2d(12, 4, 1, bias=False), norm(4)),
        )

    def forward(self, x):
        return (x + self.body(x)).flatten(1)


@pytest.mark.parametrize("block", [Inception, Dense, Inverted])
def test_blocks_of_the_literature(block) -> None:
    torch.manual_seed(1)
    agree(nn.Sequential(block()))


@pytest.mark.parametrize(
    ("name", "size", "counts"),
    [
        ("vgg11", 32, {"Conv": 8, "MaxPool": 5, "Linear": 1}),
        ("resnet18", 33, {"Conv": 20, "Add": 8, "MaxPool": 1}),
        ("googlenet", 33, {"Conv": 57, "Concat": 9, "MaxPool": 13}),
        ("inception_v3", 75, {"Conv": 94, "Concat": 11, "AvgPool": 9}),
        ("mobilenet_v2", 32, {"Conv": 52, "Add": 10}),
        ("squeezenet1_1", 33, {"Conv": 26, "Concat": 8}),
        ("densenet121", 32, {"Conv": 120, "Concat": 58}),
        ("shufflenet_v2_x0_5", 32, {"Conv": 56, "Concat": 16}),
        ("mnasnet0_5", 32, {"Conv": 52, "Add": 10}),
        ("regnet_x_400mf", 32, {"Add": 22}),
    ],
)
def test_networks_of_torchvision(name, size, counts) -> None:
    graph = agree(network(name), (3, size, size))
    kinds = [layer.kind for layer in graph.layers]
    assert {kind: kinds.count(kind) for kind in counts} == counts


@pytest.mark.parametrize(
    ("name", "layer", "kind"),
    [
        ("efficientnet_b0", "features.0.2", "SiLU"),
        ("mobilenet_v3_small", "features.0.2", "Hardswish"),
    ],
)
def test_gated_networks_are_refused_by_name(name, layer, kind) -> None:
    reading = read(network(name), (3, 32, 32))
    assert (reading.errors[0].layer, reading.errors[0].kind) == (layer, kind)
    assert any("multiplies two activations" in error.reason for error in reading.errors)


def test_wide_networks_keep_their_padding_and_statistics() -> None:
    module = nn.Sequential(nn.Conv2d(4, 4, (2, 4), padding="same"), norm(4), nn.AvgPool2d(2))
    module.append(nn.Flatten())
    graph = agree(module)
    assert [type(layer) for layer in graph.layers] == [Conv, BatchNorm, AvgPool, Flatten]
    changed = copy.deepcopy(module)
    with torch.no_grad():
        changed[1].running_mean += 1
    with pytest.raises(AssertionError):
        agree(changed, graph=graph)
