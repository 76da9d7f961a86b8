import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augend.gen.evaluate import evaluate, evaluate_stages
from augend.gen.fold import fold
from augend.gen.graph import (
    Add,
    BatchNorm,
    Binary,
    Concat,
    Conv,
    ConversionError,
    Graph,
    MaxPool,
    Pick,
    Relu,
)
from augend.gen.stage import Gating

from .drawn_graphs import graphs_and_pixels
from .float_oracle import outputs


def wide(values, rank):
    return values.reshape(-1, *(1,) * (rank - 1))


def assert_well_formed(folded):
    names = ["input"]
    for step in folded.stages:
        assert step.name not in names
        assert set(step.sources) <= set(names)
        names.append(step.name)
    assert not isinstance(folded.stages[-1], Gating)
    assert [getattr(step, "spiking", True) for step in folded.stages] == [True] * (
        len(folded.stages) - 1
    ) + [False]
    needed = {name for step in folded.stages for name in step.sources}
    assert needed >= set(names[1:-1]), "a stage that nothing uses"


def assert_folds(case, pool):
    graph, scale, shift, pixels = case
    rank = len(graph.input_shape)
    images = pixels * wide(scale, rank) + wide(shift, rank)
    expected = outputs(graph, images)
    tolerance = 1e-9 * max(1.0, np.abs(expected).max())
    folded = fold(graph, pool=pool, scale=scale, shift=shift)
    assert_well_formed(folded)
    np.testing.assert_allclose(evaluate(graph, images), expected, atol=tolerance, rtol=0)
    found = evaluate_stages(folded.stages, folded.rectified, pixels)
    np.testing.assert_allclose(found, expected.reshape(len(pixels), -1), atol=tolerance, rtol=0)
    return folded


@given(graphs_and_pixels(), st.sampled_from(["fold", "spike"]))
@settings(max_examples=120, deadline=None)
def test_folding_any_graph_is_exact_or_refused_by_name(case, pool) -> None:
    try:
        assert_folds(case, pool)
    except ConversionError as error:
        assert error.layer is None or error.layer in str(error)
        assert error.instead


def conv(name, source, shape, inputs, kernel=3):
    rng = np.random.default_rng(len(name))
    return Conv(
        name=name,
        shape=shape,
        sources=(source,),
        weight=rng.normal(size=(shape[0], inputs, kernel, kernel)),
        bias=rng.normal(size=shape[0]),
        padding=(kernel // 2, kernel // 2),
    )


def names(*layers, shape=(2, 4, 4), pool="fold"):
    """Name, activation and sources of all steps that a graph folds to, exactly."""
    graph = Graph(input_shape=shape, layers=layers)
    rng = np.random.default_rng(0)
    scale, shift = rng.uniform(0.2, 1, shape[0]), rng.normal(size=shape[0])
    pixels = rng.integers(0, 4, (5, *shape)).astype(float)
    steps = assert_folds((graph, scale, shift, pixels), pool).stages
    return [
        (step.name, "max" if isinstance(step, Gating) else step.activation.kind, step.sources)
        for step in steps
    ]


SAME = (3, 4, 4)


def test_a_residual_block_is_two_populations_and_a_shortcut_of_its_own_width() -> None:
    layers = (
        conv("stem", "input", SAME, 2),
        Relu(name="r0", shape=SAME),
        conv("one", "r0", SAME, 3),
        Relu(name="r1", shape=SAME),
        conv("two", "r1", SAME, 3),
        Add(name="add", shape=SAME, sources=("two", "r0"), gains=(1.0, 1.0)),
        Relu(name="r2", shape=SAME),
        conv("head", "r2", (2, 4, 4), 3),
    )
    assert names(*layers) == [
        ("stem", "relu", ("input",)),
        ("one", "relu", ("stem",)),
        ("add", "relu", ("one", "stem")),
        ("head", "none", ("add",)),
    ]
    graph = Graph(input_shape=(2, 4, 4), layers=layers)
    added = fold(graph).stages[2]
    assert [term.handed_on for term in added.terms] == [False, True]
    assert [term.weight.shape for term in added.terms] == [(3, 3, 3, 3), (3, 1, 1, 1)]


def test_max_pools_move_behind_what_keeps_their_order() -> None:
    pooled = (3, 2, 2)

    def layers(scale, *activation):
        return (
            conv("conv", "input", SAME, 2),
            MaxPool(name="pool", shape=pooled, kernel=(2, 2), stride=(2, 2)),
            BatchNorm(name="norm", shape=pooled, scale=np.array(scale), shift=np.ones(3)),
            *activation,
            conv("head", activation[-1].name, (2, 2, 2), 3),
        )

    relu = Relu(name="relu", shape=pooled)
    gate = ("pool", "max", ("conv",))
    head = ("head", "none", ("pool",))
    assert names(*layers([1.0, 0.5, 2.0], relu)) == [("conv", "relu", ("input",)), gate, head]
    assert names(*layers([1.0, -0.5, 2.0], relu)) == [
        ("conv", "linear", ("input",)),
        gate,
        ("relu", "relu", ("pool",)),
        ("head", "none", ("relu",)),
    ]
    for function in ("sign", "heaviside"):
        binary = Binary(name="binary", shape=pooled, function=function)
        folded = names(*layers([1.0, -0.5, 2.0], binary))
        assert folded == [("conv", function, ("input",)), gate, head]


@pytest.mark.parametrize("zero", [True, False])
@pytest.mark.parametrize("function", ["sign", "heaviside"])
def test_what_is_exactly_0_counts_as_before_also_in_channels_turned_round(function, zero) -> None:
    pooled = (2, 2, 2)
    layers = (
        Conv(
            name="conv",
            shape=(2, 4, 4),
            weight=np.ones((2, 1, 1, 1)),
            bias=np.zeros(2),
            groups=2,
        ),
        MaxPool(name="pool", shape=pooled, kernel=(2, 2), stride=(2, 2)),
        BatchNorm(
            name="norm", shape=pooled, scale=np.array([1.0, -1.0]), shift=np.array([-2, 2.0])
        ),
        Binary(name="binary", shape=pooled, function=function, zero=zero),
        conv("head", "binary", (2, 2, 2), 2),
    )
    pixels = np.random.default_rng(0).integers(0, 3, (20, 2, 4, 4)).astype(float)
    case = Graph(input_shape=(2, 4, 4), layers=layers), np.ones(2), np.zeros(2), pixels
    assert [step.name for step in assert_folds(case, "fold").stages] == ["conv", "pool", "head"]


def test_max_pools_of_zeros_alone_are_not_gates() -> None:
    rows = (0, 1, 2, 3, -1, -1)
    layers = (
        conv("conv", "input", SAME, 2),
        Relu(name="relu", shape=SAME),
        Pick(name="wide", shape=(3, 6, 4), rows=rows),
        MaxPool(name="pool", shape=(3, 3, 2), kernel=(2, 2), stride=(2, 2)),
        conv("head", "pool", (2, 3, 2), 3),
    )
    assert names(*layers) == [
        ("conv", "relu", ("input",)),
        ("wide", "relu", ("conv",)),
        ("pool", "max", ("wide",)),
        ("head", "none", ("pool",)),
    ]


def test_pixels_and_what_is_normalised_of_them_are_two_populations() -> None:
    shape = (2, 4, 4)
    layers = (
        BatchNorm(name="norm", shape=shape, scale=np.array([2.0, -1.0]), shift=np.ones(2)),
        MaxPool(name="pool", shape=shape, kernel=(3, 3), stride=(1, 1), padding=(1, 1)),
        Add(name="add", shape=shape, sources=("pool", "input"), gains=(1.0, 1.0)),
        conv("head", "add", shape, 2),
    )
    assert names(*layers) == [
        ("input.spikes", "linear", ("input",)),
        ("pool", "max", ("input.spikes",)),
        ("input.spikes#2", "relu", ("input",)),
        ("head", "none", ("pool", "input.spikes#2")),
    ]


def test_a_linear_tensor_that_two_layers_use_has_spikes_of_both_signs() -> None:
    layers = (
        conv("stem", "input", SAME, 2),
        conv("one", "stem", SAME, 3),
        Relu(name="relu", shape=SAME),
        Add(name="add", shape=SAME, sources=("relu", "stem"), gains=(1.0, -2.0)),
        conv("head", "add", (2, 4, 4), 3),
    )
    assert names(*layers) == [
        ("stem", "linear", ("input",)),
        ("one", "relu", ("stem",)),
        ("head", "none", ("one", "stem")),
    ]


def test_what_nothing_uses_is_left_out() -> None:
    layers = (
        conv("conv", "input", SAME, 2),
        Binary(name="unused", shape=SAME, function="sign"),
        Concat(name="both", shape=(5, 4, 4), sources=("unused", "input")),
        Pick(name="rest", shape=(2, 4, 4), channels=(3, 4)),
        conv("head", "rest", (2, 4, 4), 2),
    )
    assert names(*layers) == [("head", "none", ("input",))]


def test_an_order_that_no_convolution_reads_is_refused_by_name() -> None:
    layers = (
        Pick(name="flip", shape=(2, 4, 4), rows=(3, 2, 1, 0)),
        conv("conv", "flip", SAME, 2),
    )
    with pytest.raises(ConversionError, match="needs rows or columns of 'input' in an order"):
        names(*layers)
