import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from augend.gen.frontends.pytorch import graph_of, read
from augend.gen.graph import ConversionError

SHAPE = (4, 8, 8)


class Net(nn.Module):
    """A convolution, what is to be refused, and a classifier."""

    def __init__(self, work, **parts) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.other = nn.Conv2d(4, 4, 3, padding=1)
        self.fc = nn.Linear(256, 3)
        self.work = work
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.work(self, x)


def after(module):
    """Network in which a module named ``it`` follows the convolution."""
    return Net(lambda s, x: s.it(s.conv(x)).flatten(1), it=module)


def of(function):
    """Network in which a function is applied to what the convolution makes."""
    return Net(lambda s, x: function(s.conv(x)).flatten(1))


def gate(s, x):
    y = s.conv(x)
    return s.fc((y * s.other(y).mean((2, 3), keepdim=True)).flatten(1))


def loop(s, x):
    y = s.conv(x)
    while y.abs().max() > 1:
        y = y / 2
    return y.flatten(1)


def tokens(s, x):
    return s.it(x.long()).flatten(1)


def lstm(s, x):
    return s.it(s.conv(x).flatten(2))[0].flatten(1)


def attention(s, x):
    y = s.conv(x).flatten(2)
    return s.it(y, y, y)[0].flatten(1)


class Packed(torch.autograd.Function):
    """A function whose inside PyTorch cannot show: it leaves through NumPy."""

    @staticmethod
    def forward(ctx, x):
        return torch.from_numpy(np.sign(x.numpy()))


CASES = {
    "sigmoid": (of(torch.sigmoid), "sigmoid", "ReLU"),
    "tanh": (of(torch.tanh), "tanh", "ReLU"),
    "gelu": (after(nn.GELU()), "it", "ReLU"),
    "silu": (after(nn.SiLU()), "it", "ReLU"),
    "elu": (after(nn.ELU()), "it", "ReLU"),
    "softplus": (after(nn.Softplus()), "it", "ReLU"),
    "hardswish": (after(nn.Hardswish()), "it", "ReLU"),
    "mish": (after(nn.Mish()), "it", "ReLU"),
    "hardtanh": (after(nn.Hardtanh()), "it", "ReLU"),
    "threshold": (after(nn.Threshold(0.5, 0)), "it", "ReLU"),
    "steep LeakyReLU": (after(nn.LeakyReLU(1.5)), "it", "slopes from 0 to 1"),
    "negative PReLU": (after(nn.PReLU(init=-0.2)), "it", "slopes from 0 to 1"),
    "softmax inside": (
        Net(lambda s, x: s.fc(s.it(s.conv(x).flatten(1))), it=nn.Softmax(1)),
        "it",
        "Leave it out",
    ),
    "softmax over columns": (after(nn.Softmax(3)), "it", "Leave it out"),
    "lstm": (Net(lstm, it=nn.LSTM(64, 5)), "it", "feed-forward"),
    "gru": (Net(lstm, it=nn.GRU(64, 5)), "it", "feed-forward"),
    "attention": (Net(attention, it=nn.MultiheadAttention(64, 2)), "it", "without attention"),
    "scaled dot product": (
        of(lambda y: F.scaled_dot_product_attention(y, y, y)),
        "scaled_dot_product_attention",
        "without attention",
    ),
    "transposed conv": (after(nn.ConvTranspose2d(4, 4, 2)), "it", "nn.Upsample"),
    "embedding": (Net(tokens, it=nn.Embedding(9, 2)), "long", "cast"),
    "group norm": (after(nn.GroupNorm(2, 4)), "it", "nn.BatchNorm2d"),
    "layer norm": (after(nn.LayerNorm((4, 8, 8))), "it", "nn.BatchNorm2d"),
    "instance norm": (after(nn.InstanceNorm2d(4)), "it", "nn.BatchNorm2d"),
    "response norm": (after(nn.LocalResponseNorm(2)), "it", "nn.BatchNorm2d"),
    "batch statistics": (
        after(nn.BatchNorm2d(4, track_running_stats=False)),
        "it",
        "track_running_stats=True",
    ),
    "branch on data": (
        Net(lambda s, x: s.fc(x.flatten(1)) if x[0, 0, 0, 0] > 0 else s.fc(-x.flatten(1))),
        "bool",
        "branches",
    ),
    "loop on data": (Net(loop), "abs", "ReLU"),
    "masked": (of(lambda y: y[y > 0]), "getitem", "does not depend on the values"),
    "item": (of(lambda y: y * y[0, 0, 0, 0].item()), "item", "branches"),
    "matmul": (of(lambda y: y @ y), "matmul", "without attention"),
    "einsum": (of(lambda y: torch.einsum("nchw,ncwk->nchk", y, y)), "einsum", "without attention"),
    "gate": (Net(gate), "mul", "squeeze-and-excitation"),
    "division": (of(lambda y: 1 / (y + 3)), "rdiv", "constants"),
    "channel max": (of(lambda y: y.amax(1)), "amax", "nn.AdaptiveMaxPool2d"),
    "places of the max": (of(lambda y: y.max(3)[1] * 1.0), "max", "greatest values only"),
    "cumsum": (of(lambda y: y.cumsum(1)), "cumsum", "one after the other"),
    "stack": (Net(lambda s, x: s.other(torch.stack([x, x])[0])), "output", "nn.Flatten()"),
    "bilinear": (
        of(lambda y: F.interpolate(y, scale_factor=2, mode="bilinear")),
        "interpolate",
        "nearest",
    ),
    "grid": (
        of(lambda y: F.grid_sample(y, torch.zeros(len(y), 8, 8, 2), align_corners=False)),
        "grid_sample",
        "nearest",
    ),
    "reflection": (after(nn.ReflectionPad2d(1)), "it", "padding_mode='zeros'"),
    "circular": (
        after(nn.Conv2d(4, 4, 3, padding=1, padding_mode="circular")),
        "it",
        "padding_mode='zeros'",
    ),
    "pads ones": (of(lambda y: F.pad(y, (1, 1), value=1.0)), "pad", "Pad with 0"),
    "complex": (of(lambda y: torch.fft.fft2(y).real), "fft_fft2", "real numbers"),
    "rounding": (of(torch.round), "round", "rounding"),
    "random": (of(lambda y: y + torch.randn_like(y)), "randn_like", "training only"),
    "dropout": (of(lambda y: F.dropout(y, 0.5)), "dropout", "training=self.training"),
    "permuted": (
        Net(lambda s, x: s.other(s.conv(x).permute(0, 1, 3, 2).reshape(-1, 4, 4, 16)[..., :8])),
        "getitem",
        "nn.Flatten()",
    ),
    "images mixed": (of(lambda y: y.view(1, -1)[:, :9]), "view", "nn.Flatten()"),
    "mean of all": (of(lambda y: y - y.mean()), "mean", "dim="),
    "linear on columns": (after(nn.Linear(8, 4)), "it", "nn.Flatten() before it"),
    "two outputs": (Net(lambda s, x: (s.conv(x), x)), "output", "one tensor"),
    "image out": (Net(lambda s, x: s.conv(x)), "output", "nn.Flatten()"),
    "nothing out": (Net(lambda s, x: torch.zeros(3, 2)), "output", "one tensor"),
    "numpy": (of(Packed.apply), "numpy", "branches"),
    "conv3d": (
        of(lambda y: F.conv3d(y[:, None], torch.ones(1, 1, 1, 3, 3))),
        "conv3d",
        "nn.Conv2d",
    ),
}


@pytest.mark.parametrize(("net", "layer", "remedy"), CASES.values(), ids=CASES.keys())
def test_what_cannot_be_read_is_refused_by_name_and_with_a_remedy(net, layer, remedy) -> None:
    with pytest.raises(ConversionError) as caught, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph_of(net, SHAPE)
    assert caught.value.layer == layer, caught.value
    assert caught.value.kind
    assert caught.value.instead is not None
    assert remedy in caught.value.instead, caught.value


def test_a_second_input_is_refused() -> None:
    class Two(nn.Module):
        def forward(self, x, mask):
            return x * mask

    with pytest.raises(ConversionError, match=r"Layer 'mask' .*second input.* Use one input"):
        graph_of(Two(), SHAPE)


def test_an_optional_second_input_keeps_its_default() -> None:
    class Optional(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(256, 2)

        def forward(self, x, scale=2.0, *, debug=False):
            return self.fc(x.flatten(1)) * scale

    assert [layer.name for layer in graph_of(Optional(), SHAPE).layers] == ["flatten", "fc", "mul"]


@pytest.mark.parametrize(
    ("change", "layer", "remedy"),
    [
        (lambda net: net.to("meta"), "conv", "Load the trained weights first"),
        (lambda net: setattr(net, "other", nn.LazyConv2d(2, 3)), "other", "Run the module once"),
        (
            lambda net: net.conv.register_buffer("phase", torch.zeros(2, dtype=torch.complex64)),
            "conv",
            "real weights",
        ),
        (
            lambda net: setattr(net, "fc", torch.ao.nn.quantized.Linear(4, 2)),
            "fc",
            "in float",
        ),
        (lambda net: net.conv.weight.data.fill_(float("nan")), "conv", "lower learning rate"),
        (lambda net: net.conv.bias.data.fill_(float("inf")), "conv", "lower learning rate"),
    ],
)
def test_weights_that_cannot_be_used_are_refused(change, layer, remedy) -> None:
    net = Net(lambda s, x: s.fc(s.conv(x).flatten(1)))
    change(net)
    with pytest.raises(ConversionError) as caught, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph_of(net, SHAPE)
    assert caught.value.layer == layer
    assert remedy in str(caught.value)


def test_what_was_read_is_compared_with_the_module() -> None:
    class Changing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(256, 2)
            self.runs = 0

        def forward(self, x):
            self.runs += 1
            return self.fc(x.flatten(1)) * self.runs

    reading = read(Changing(), SHAPE)
    assert reading.graph is None
    assert "computes other scores than the module" in str(reading.errors[0])


def test_every_refusal_is_listed_once() -> None:
    net = nn.Sequential(
        nn.Conv2d(4, 2, 3), nn.GELU(), nn.GroupNorm(1, 2), nn.ReLU(), nn.Flatten(), nn.Sigmoid()
    )
    assert [error.layer for error in read(net, SHAPE).errors] == ["1", "2", "5"]
