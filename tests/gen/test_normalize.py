import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from augend.gen.fold import fold
from augend.gen.frontends.pytorch import graph_of
from augend.gen.normalize import (
    QUIET,
    data_scale,
    model_scale,
    mse_scale,
    percentile_scale,
    squared_error,
)
from augend.gen.stage import Activation, Stage
from augend.gen.term import Term


def mlp(seed):
    torch.manual_seed(seed)
    module = nn.Sequential(
        *(nn.Linear(6, 5, bias=False), nn.ReLU(), nn.Linear(5, 4, bias=False), nn.ReLU()),
        nn.Linear(4, 3, bias=False),
    ).double()
    return module, fold(graph_of(module, (6,))).stages


def weights(module):
    return [layer.weight.detach().tolist() for layer in module if isinstance(layer, nn.Linear)]


def diehl_algorithm_1(layers):
    """Literal: factors by which the weights of each layer are divided."""
    factors = []
    for layer in layers:
        max_pos_input = 0.0
        for neuron in layer:
            input_sum = 0.0
            for input_wt in neuron:
                input_sum += max(0.0, input_wt)
            max_pos_input = max(max_pos_input, input_sum)
        factors.append(max_pos_input)
    return factors


def diehl_algorithm_2(layers, inputs):
    """Literal: factors by which the weights of each layer are divided."""
    activations = inputs
    factors = []
    previous_factor = 1.0
    for layer in layers:
        max_wt = 0.0
        max_act = 0.0
        outputs = [
            [max(0.0, sum(w * x for w, x in zip(neuron, image, strict=True))) for neuron in layer]
            for image in activations
        ]
        for index, neuron in enumerate(layer):
            for input_wt in neuron:
                max_wt = max(max_wt, input_wt)
            for image in outputs:
                max_act = max(max_act, image[index])
        scale_factor = max(max_wt, max_act)
        factors.append(scale_factor / previous_factor)
        previous_factor = scale_factor
        activations = outputs
    return factors


@given(st.integers(0, 10**6), st.sampled_from([1.0, 255.0]))
@settings(max_examples=20, deadline=None)
def test_model_based_is_algorithm_1(seed, greatest_pixel) -> None:
    module, stages = mlp(seed)
    bounds, bound, factors = {"input": greatest_pixel}, greatest_pixel, []
    for stage in stages:
        scale = model_scale(stage, bounds)
        factors.append(scale / bound)
        bounds[stage.name] = bound = scale
    np.testing.assert_allclose(factors, diehl_algorithm_1(weights(module)))


@given(st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_data_based_is_algorithm_2(seed) -> None:
    module, stages = mlp(seed)
    images = np.random.default_rng(seed).random((7, 6))
    x, previous, factors = images, 1.0, []
    for stage in stages:
        x = np.maximum(x @ stage.terms[0].weight.T, 0)
        scale = data_scale(stage, x, dict.fromkeys(stage.sources, 1.0))
        factors.append(scale / previous)
        previous = scale
    np.testing.assert_allclose(factors, diehl_algorithm_2(weights(module), images.tolist()))


def test_data_based_takes_the_weight_where_it_is_greater() -> None:
    _, stages = mlp(0)
    greatest = stages[0].terms[0].weight.max()
    assert data_scale(stages[0], np.zeros((2, 5)), {"input": 1.0}) == greatest
    assert data_scale(stages[0], np.zeros((2, 5)), {"input": 255.0}) == greatest * 255


def test_model_based_counts_positive_biases() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2)).double()
    with torch.no_grad():
        module[0].weight.copy_(torch.tensor([[1.0, -3.0], [0.5, 0.25]]))
        module[0].bias.copy_(torch.tensor([-1.0, 2.0]))
    stage = fold(graph_of(module, (2,))).stages[0]
    assert model_scale(stage, {"input": 4.0}) == 0.75 * 4 + 2


def two_sources(kind="relu"):
    """``x0 - 2 x1 + 1`` and, of the second source alone, ``-y - 3``."""
    options = {"kind": "dense", "shape": (2,)}
    return Stage(
        name="sum",
        layers=("sum",),
        terms=(
            Term(
                source="x",
                weight=np.array([[1.0, -2.0]]),
                source_shape=(2,),
                target_channels=(0, 1),
                **options,
            ),
            Term(
                source="y",
                weight=np.array([[-1.0]]),
                source_shape=(1,),
                target_channels=(1, 2),
                **options,
            ),
        ),
        bias=np.array([1.0, -3.0]),
        shape=(2,),
        activation=Activation(kind=kind),
    )


def test_model_based_adds_all_sources_into_a_channel() -> None:
    assert model_scale(two_sources(), {"x": 5.0, "y": 1.0}) == 1 * 5 + 1
    assert model_scale(two_sources(), {"x": 0.5, "y": -7.0}) == 7  # y may be as far below 0
    assert model_scale(two_sources("linear"), {"x": 0.5, "y": -7.0}) == 7 + 3
    assert data_scale(two_sources(), np.zeros((1, 2)), {"x": 9.0, "y": 1.0}) == 9


def test_signed_activations_are_scaled_by_what_is_farthest_from_0() -> None:
    rng = np.random.default_rng(2)
    a = rng.normal(size=(500, 2)).astype(np.float32)
    assert percentile_scale(a - 10, 100, per_channel=False)[0] == np.abs(a - 10).max()
    signed, clipped = mse_scale(a, 4, signed=True), mse_scale(a, 4)
    assert np.all(
        squared_error(a, a, signed, 4, signed=True) < 0.2 * squared_error(a, a, clipped, 4)
    )
    np.testing.assert_allclose(mse_scale(-a, 4, signed=True), signed, rtol=0.1)


def test_percentile_is_of_active_activations() -> None:
    rng = np.random.default_rng(0)
    a = np.maximum(rng.normal(size=(50, 3, 4, 4)), 0).astype(np.float32)
    a[:, 1] *= 10
    a[:, 2] = 0
    one = percentile_scale(a, 99, per_channel=False)
    np.testing.assert_allclose(one, np.percentile(a[a > 0], 99))
    each = percentile_scale(a, 99, per_channel=True)
    np.testing.assert_allclose(each[0], np.percentile(a[:, 0][a[:, 0] > 0], 99))
    assert each[2] == each[1]  # never active: the greatest of the layer
    assert percentile_scale(a, 100, per_channel=False)[0] == a.max()


@pytest.mark.parametrize("timesteps", [1, 2, 5, 16])
def test_mse_is_the_best_of_an_exhaustive_search(timesteps) -> None:
    rng = np.random.default_rng(1)
    a = np.maximum(rng.normal(size=(400, 3)), 0).astype(np.float32) * np.array([1, 2, 3], "f")
    scale = mse_scale(a, timesteps)
    found = squared_error(a, a, scale, timesteps)
    for channel in range(3):
        errors = []
        for candidate in np.linspace(0.05, 1.3, 400) * a[:, channel].max():
            levels = np.floor(timesteps * a[:, channel] / candidate + 0.5)
            clipped = np.clip(levels, 0, timesteps)
            errors.append(np.mean((a[:, channel] - candidate * clipped / timesteps) ** 2))
        assert found[channel] <= min(errors) * 1.03
        assert found[channel] < squared_error(a, a, a.max(0), timesteps)[channel]


def test_mse_of_silent_and_of_faint_channels() -> None:
    a = np.zeros((100, 3), np.float32)
    a[:, 0] = np.linspace(0, 4, 100)
    a[:, 2] = np.linspace(0, 1e-3, 100)
    scale = mse_scale(a, 4)
    assert scale[1] == scale[0]
    assert scale[2] == QUIET * scale[0]
    assert np.all(mse_scale(np.zeros((5, 2), np.float32), 4) == 1)


def test_mse_fits_what_the_neurons_see() -> None:
    a = np.linspace(0.1, 4, 200, dtype=np.float32)[:, None]
    assert mse_scale(a, 1, responses=a * 0) <= 1.2 * 4 * 1.2
    plain = squared_error(a, 0.5 * a, mse_scale(a, 2), 2)
    fitted = squared_error(a, 0.5 * a, mse_scale(a, 2, responses=0.5 * a), 2)
    assert fitted < plain
