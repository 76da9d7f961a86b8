import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from augend.gen.evaluate import evaluate_stages
from augend.gen.fold import fold
from augend.gen.frontends.pytorch import graph_of
from augend.gen.graph import ConversionError


def norm(channels, rank=2, generator=None):
    layer = nn.BatchNorm2d(channels) if rank == 2 else nn.BatchNorm1d(channels)
    draw = torch.randn(4, channels, generator=generator)
    layer.running_mean, layer.running_var = draw[0], draw[1].abs() + 0.5
    with torch.no_grad():
        layer.weight.copy_(draw[2])
        layer.bias.copy_(draw[3])
    return layer


def stages_of(module, shape, *, pool="fold", scale=None, shift=None):
    return fold(graph_of(module, shape), pool=pool, scale=scale, shift=shift)


def assert_exact(module, shape, pool="fold"):
    """Stages on pixels equal the module on shifted and scaled pixels."""
    rng = np.random.default_rng(0)
    scale, shift = rng.uniform(0.2, 1, shape[0]), rng.normal(size=shape[0])
    pixels = rng.integers(0, 4, (4, *shape)).astype(float)
    extra = (1,) * (len(shape) - 1)
    module = module.double().eval()
    with torch.no_grad():
        images = pixels * scale.reshape(-1, *extra) + shift.reshape(-1, *extra)
        expected = module(torch.from_numpy(images)).numpy()
    folded = stages_of(module, shape, pool=pool, scale=scale, shift=shift)
    found = evaluate_stages(folded.stages, folded.rectified, pixels)
    np.testing.assert_allclose(found, expected, atol=1e-10 * max(1, np.abs(expected).max()))
    return folded, expected


@st.composite
def networks(draw):
    """Random chain of convolutions, poolings, normalisations and ReLUs that ends in a Linear."""
    seed = draw(st.integers(0, 10**6))
    torch.manual_seed(seed)
    channels, height, width = draw(st.integers(1, 3)), draw(st.integers(5, 9)), 7
    shape = (channels, height, width)
    x = torch.zeros(2, *shape)
    layers = []

    def grow(layer):
        nonlocal x
        with torch.no_grad():
            y = layer.eval()(x)
        layers.append(layer)
        x = y

    def maybe_norm():
        if draw(st.booleans()):
            grow(norm(x.shape[1]))

    def maybe_pool(padded):
        if draw(st.booleans()) and min(x.shape[2:]) >= 3:
            kernel = draw(st.integers(1, 3))
            pad = draw(st.integers(0, kernel // 2)) if padded else 0
            grow(nn.AvgPool2d(kernel, draw(st.integers(1, 3)), pad))

    for _ in range(draw(st.integers(1, 3))):
        maybe_norm()
        maybe_pool(padded=True)
        maybe_norm()
        kernel = draw(st.integers(1, min(3, *x.shape[2:])))
        out = 2 * draw(st.integers(1, 2))
        groups = x.shape[1] if draw(st.booleans()) and out % x.shape[1] == 0 else 1
        grow(
            nn.Conv2d(
                x.shape[1],
                out,
                kernel,
                stride=draw(st.integers(1, 2)),
                padding=draw(st.integers(0, 2)),
                dilation=draw(st.integers(1, 2)) if min(x.shape[2:]) > 2 * kernel else 1,
                groups=groups,
                bias=draw(st.booleans()),
            )
        )
        maybe_norm()
        maybe_pool(padded=False)
        maybe_norm()
        grow(nn.ReLU())
    maybe_norm()
    maybe_pool(padded=True)
    grow(nn.Flatten())
    if draw(st.booleans()):
        grow(norm(x.shape[1], rank=1))
    grow(nn.Linear(x.shape[1], 3))
    return nn.Sequential(*layers), shape


@given(networks(), st.sampled_from(["fold", "spike"]))
@settings(max_examples=30, deadline=None)
def test_folding_is_exact(network, pool) -> None:
    module, shape = network
    folded, _ = assert_exact(module, shape, pool)
    assert all(stage.spiking for stage in folded.stages[:-1])
    assert not folded.stages[-1].spiking


@pytest.mark.parametrize("pool", ["fold", "spike"])
def test_the_papers_cnn(pool) -> None:
    torch.manual_seed(1)
    module = nn.Sequential(
        *(nn.Conv2d(1, 12, 5, bias=False), nn.ReLU(), nn.AvgPool2d(2)),
        *(nn.Conv2d(12, 64, 5, bias=False), nn.ReLU(), nn.AvgPool2d(2)),
        *(nn.Flatten(), nn.Linear(1024, 10, bias=False)),
    )
    folded, expected = assert_exact(module, (1, 28, 28), pool)
    assert np.abs(expected).max() > 0.01
    shapes = [(stage.name, stage.shape, stage.terms[0].weight.shape) for stage in folded.stages]
    assert all(len(stage.terms) == 1 for stage in folded.stages)
    assert [stage.activation.kind for stage in folded.stages[:-1]] == ["relu"] * (len(shapes) - 1)
    if pool == "fold":
        assert shapes == [
            ("0", (12, 24, 24), (12, 1, 5, 5)),
            ("3", (64, 8, 8), (64, 12, 10, 10)),
            ("7", (10,), (10, 4096)),
        ]
        assert folded.stages[1].terms[0].stride == (2, 2)
        assert folded.stages[1].layers == ("2", "3", "4")
    else:
        assert [stage.name for stage in folded.stages] == ["0", "2", "3", "5", "7"]
        assert folded.stages[1].terms[0].groups == 12
        assert np.all(folded.stages[1].terms[0].weight == 0.25)


def test_pooling_before_padding_is_folded_only_where_exact() -> None:
    torch.manual_seed(2)

    def names(pool, size, stride=1):
        module = nn.Sequential(
            *(nn.Conv2d(1, 2, 1), nn.ReLU(), pool, nn.Conv2d(2, 3, 3, stride, 1), nn.ReLU()),
            *(nn.Flatten(), nn.LazyLinear(2)),
        )
        module(torch.zeros(1, 1, size, size))
        folded, expected = assert_exact(module, (1, size, size))
        assert np.abs(expected).max() > 0.01
        return [stage.name for stage in folded.stages]

    assert names(nn.AvgPool2d(2), 8) == ["0", "3", "6"]
    assert names(nn.AvgPool2d(3, stride=2), 9) == ["0", "2", "3", "6"]  # overlaps
    assert names(nn.AvgPool2d(2), 9) == ["0", "2", "3", "6"]  # leaves a row away
    assert names(nn.AvgPool2d(2), 9, stride=2) == ["0", "3", "6"]  # which the stride never reaches
    assert names(nn.AvgPool2d(3, stride=2), 9, stride=2) == ["0", "2", "3", "6"]  # above the image


def test_batch_norm_before_padded_zeros_gives_a_bias_that_knows_the_border() -> None:
    torch.manual_seed(3)
    module = nn.Sequential(
        norm(2), nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(75, 2)
    )
    folded, _ = assert_exact(module, (2, 5, 5))
    assert not folded.stages[0].uniform_bias
    bias = folded.stages[0].bias
    np.testing.assert_allclose(bias[:, 1:4, 1:4], np.broadcast_to(bias[:, 2:3, 2:3], (3, 3, 3)))


@pytest.mark.parametrize("end", [[], [nn.Flatten()]])
def test_a_last_relu_is_kept(end) -> None:
    torch.manual_seed(4)
    layers = [nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3), nn.ReLU(), *end]
    folded, expected = assert_exact(nn.Sequential(*layers), (6,))
    assert folded.rectified
    assert (expected == 0).any()
    assert (expected > 0).any()


def test_a_network_that_ends_in_pooling() -> None:
    torch.manual_seed(5)
    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AvgPool2d(4), nn.Flatten())
    for pool in ("fold", "spike"):
        folded, expected = assert_exact(module, (1, 6, 6), pool)
        assert [stage.shape for stage in folded.stages] == [(4, 4, 4), (4, 1, 1)]
        assert (expected > 0).any()


@pytest.mark.parametrize(
    ("layers", "shape", "populations"),
    [
        (lambda: [nn.Linear(4, 4), nn.Linear(4, 2)], (4,), [("1", "none")]),
        (lambda: [nn.Linear(6, 2), nn.Linear(2, 6)], (6,), [("0", "linear"), ("1", "none")]),
        (
            lambda: [nn.Conv2d(1, 2, 3), nn.AvgPool2d(2, padding=1), nn.ReLU(), nn.Flatten()],
            (1, 6, 6),
            [("0", "linear"), ("1", "none")],
        ),
        (
            lambda: [nn.Conv2d(1, 2, 3), nn.Flatten(), norm(32, 1), nn.ReLU(), nn.Linear(32, 2)],
            (1, 6, 6),
            [("0", "relu"), ("4", "none")],
        ),
        (
            lambda: [nn.Linear(4, 3), nn.ReLU(), norm(3, 1), nn.ReLU(), nn.Linear(3, 2)],
            (4,),
            [("0", "relu"), ("3", "relu"), ("4", "none")],
        ),
        (lambda: [nn.ReLU(), nn.Linear(4, 2)], (4,), [("0", "relu"), ("1", "none")]),
    ],
)
def test_what_no_relu_stands_between_folds_or_spikes_with_both_signs(
    layers, shape, populations
) -> None:
    torch.manual_seed(6)
    folded, expected = assert_exact(nn.Sequential(*layers()), shape)
    assert np.abs(expected).max() > 0.01
    assert [(stage.name, stage.activation.kind) for stage in folded.stages] == populations


def test_a_network_without_weights_is_refused() -> None:
    with pytest.raises(ConversionError) as caught:
        stages_of(nn.Flatten(), (4,))
    message = "The network has no nn.Linear or nn.Conv2d. Add a layer with weights."
    assert str(caught.value) == message


def test_too_large_a_flattened_map_is_not_unrolled() -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Flatten(), nn.PReLU(8192), nn.Linear(8192, 2))
    with pytest.raises(ConversionError) as caught:
        stages_of(module, (1, 64, 64))
    assert str(caught.value) == (
        "Layer '2' (Relu): it takes single neurons of a flattened map of 8192, and 4096 are the "
        "most. Put it before the flattening, or an nn.Linear between."
    )
