"""The golden model against the contract transcribed, and its engines against each other."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from augend.gen.network import INPUT, Input, Population, Projection, SpikingNetwork
from augend.sim.event_walk import COMPILED
from augend.sim.golden import GoldenModel, run
from augend.sim.pooling import PooledSynapses, pools
from augend.sim.reference import REFERENCE
from augend.sim.synapses import ConvSynapses, exact_type

from .drawn_networks import network_and_pixels
from .literal_model import run_image, synapses

ENGINES = {"compiled": COMPILED, "reference": REFERENCE}
drawn = settings(
    max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
)


def population(name, shape, *, reset="subtract", shift=None, **values):
    size = shape[0]
    given = {"threshold": 10, "bias": 0, "initial": 0} | values
    return Population(
        name=name,
        shape=shape,
        reset=reset,
        current_shift=None if shift is None else np.full(size, shift),
        **{key: np.broadcast_to(value, size) for key, value in given.items()},
    )


def dense(source, target, weight, **options):
    return Projection(source=source, target=target, kind="dense", weight=weight, **options)


def two_layers(**options):
    """Two pixels, one neuron, one readout: small enough to follow by hand."""
    return SpikingNetwork(
        input=Input(shape=(2,)),
        populations=(
            population("hidden", (1,), shift=1, initial=5, bias=1),
            population("readout", (2,), reset="none", bias=2),
        ),
        projections=(
            dense(INPUT, "hidden", np.array([[3, -2]])),
            dense("hidden", "readout", np.array([[7], [-1]])),
        ),
        timesteps=3,
        **options,
    )


@pytest.mark.parametrize("engine", ENGINES)
@given(case=network_and_pixels())
@drawn
def test_every_spike_potential_and_addition_is_the_contracts(engine, case):
    network, pixels = case
    result = GoldenModel(network, record=True, engine=ENGINES[engine]).run(pixels)
    steps = network.timesteps
    for image, entry in enumerate(pixels):
        is_current = network.input.encoding == "current"
        flat = entry.ravel() if network.input.encoding != "events" else entry.reshape(steps, -1)
        literal = run_image(network, flat.tolist())
        assert result.scores[image].tolist() == literal["scores"]
        assert result.predictions[image] == literal["prediction"]
        bits = np.bitwise_count(entry).sum() if is_current else entry.sum()
        assert result.input_spikes[image] == bits
        for p in network.populations:
            spikes = np.array(literal["trains"][p.name])
            potentials = result.potentials[p.name][image].reshape(steps, -1)
            assert potentials.tolist() == literal["potentials"][p.name]
            assert result.operations[p.name][image] == sum(literal["step_operations"][p.name])
            assert result.spikes[p.name][image] == spikes.sum()
            readout = p is network.readout
            assert result.updates[p.name][image] == p.size * (1 if readout else steps)
            assert (p.name in result.trains) == (not readout)
            if not readout:
                assert np.array_equal(result.trains[p.name][image].reshape(steps, -1), spikes)
            assert (p.name in result.current) == (p.current_shift is not None)
            if p.name in result.current:
                current = result.current[p.name][image].ravel().tolist()
                assert current == literal["current"][p.name]


@given(case=network_and_pixels(), record=st.sampled_from([False, "trains", True]))
@drawn
def test_engines_and_what_is_recorded_do_not_change_the_result(case, record):
    network, pixels = case
    expected = GoldenModel(network, record=True, engine=REFERENCE).run(pixels)
    small = dataclasses.replace(COMPILED, working_set=1)  # an image a chunk
    for engine in (COMPILED, small):
        result = GoldenModel(network, record=record, engine=engine).run(pixels)
        for key in ("predictions", "scores", "input_spikes"):
            assert np.array_equal(getattr(result, key), getattr(expected, key))
            assert getattr(result, key).dtype == np.int64
        for key in ("spikes", "operations", "updates"):
            assert list(getattr(result, key)) == [p.name for p in network.populations]
            for name, values in getattr(result, key).items():
                assert np.array_equal(values, getattr(expected, key)[name])
                assert values.dtype == np.int64
        assert set(result.trains) == (set(expected.trains) if record else set())
        assert all(np.array_equal(v, expected.trains[k]) for k, v in result.trains.items())
        assert set(result.potentials) == (set(expected.potentials) if record is True else set())


def test_a_small_network_followed_by_hand():
    # I = (3 * 5 - 2 * 4) >> 1 = 3; V = 5, +4 = 9, +4 = 13 spikes and leaves 3, +4 = 7.
    result = run(two_layers(), np.array([[5, 4]]), record=True)
    assert result.current["hidden"].tolist() == [[3]]
    assert result.trains["hidden"].ravel().tolist() == [False, True, False]
    assert result.potentials["hidden"].ravel().tolist() == [9, 3, 7]
    assert result.potentials["readout"].tolist() == [[[2, 2], [11, 3], [13, 5]]]
    assert result.scores.tolist() == [[13, 5]]
    assert result.input_spikes.tolist() == [3]  # 5 is 0b101, 4 is 0b100
    assert result.operations["hidden"].tolist() == [3]
    assert result.operations["readout"].tolist() == [2]
    assert result.updates["hidden"].tolist() == [3]
    assert result.updates["readout"].tolist() == [2]


def test_the_current_is_shifted_towards_minus_infinity():
    result = run(two_layers(), np.array([[0, 1]]), record=True)
    assert result.current["hidden"].tolist() == [[-1]]


def test_ties_go_to_the_lowest_class_and_rectified_scores_to_zero():
    network = dataclasses.replace(two_layers(rectified=True), projections=two_layers().projections)
    readout = population("readout", (2,), reset="none", initial=[-9, -5])
    network = dataclasses.replace(network, populations=(network.populations[0], readout))
    result = run(network, np.array([[0, 200]]))
    assert result.scores.tolist() == [[0, 0]]
    assert result.predictions.tolist() == [0]


@pytest.mark.parametrize("engine", ENGINES)
def test_sums_beyond_16_bits_of_two_projections_are_exact(engine):
    rows = np.full((1, 250), 127)
    network = SpikingNetwork(
        input=Input(shape=(250,), encoding="events", bits=1),
        populations=(
            population("hidden", (1,), threshold=63_500),
            population("readout", (1,), reset="none"),
        ),
        projections=(
            dense(INPUT, "hidden", rows),
            dense(INPUT, "hidden", rows),
            dense("hidden", "readout", np.array([[1]])),
        ),
        timesteps=2,
    )
    model = GoldenModel(network, engine=ENGINES[engine])
    assert model.run(np.ones((1, 2, 250), int)).scores.tolist() == [[2]]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("bias", [(1 << 31) - 300, 1 << 31, 1 << 55])
def test_potentials_past_32_bits_are_exact(engine, bias):
    network = two_layers()
    hidden = population("hidden", (1,), shift=0, bias=bias, threshold=bias + 1)
    network = dataclasses.replace(network, populations=(hidden, network.populations[1]))
    result = GoldenModel(network, record=True, engine=ENGINES[engine]).run([[0, 0], [1, 0]])
    assert result.trains["hidden"][:, :, 0].tolist() == [[False, True, True], [True, True, True]]
    literal = [run_image(network, entry)["potentials"]["hidden"] for entry in ([0, 0], [1, 0])]
    assert result.potentials["hidden"].tolist() == literal


def test_potentials_past_62_bits_are_refused():
    readout = population("readout", (2,), reset="none", bias=1 << 61)
    network = dataclasses.replace(two_layers(), populations=(two_layers().populations[0], readout))
    with pytest.raises(ValueError, match="Potentials of population 'readout' could reach .* past"):
        run(network, [[0, 0]])


def test_a_sum_is_taken_in_floats_only_where_every_partial_sum_is_one():
    assert exact_type(1 << 24) is np.float32
    assert exact_type((1 << 24) + 1) is np.float64
    assert int(np.float32((1 << 24) + 1)) != (1 << 24) + 1
    assert exact_type(1 << 53) is np.float64
    assert exact_type((1 << 53) + 1) is np.int64


@pytest.mark.parametrize("engine", ENGINES)
@example(seed=0, size=(24, 24), block=(2, 2), padding=(0, 0), groups=1, greatest=1)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    block=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    groups=st.sampled_from([1, 2]),
    greatest=st.sampled_from([1, 8, 255]),
)
@drawn
def test_pooling_taken_out_of_a_kernel_leaves_every_sum(
    engine, seed, size, block, padding, groups, greatest
):
    rng = np.random.default_rng(seed)
    taps = rng.integers(1, 4, 2)
    weight = rng.integers(-128, 128, (6, 4 // groups, *taps))
    source, target = (4, *size), (6, *rng.integers(1, 6, 2))
    projection = Projection(
        source="a",
        target="b",
        kind="conv",
        weight=weight.repeat(block[0], 2).repeat(block[1], 3),
        stride=block,
        padding=(padding[0] * block[0], padding[1] * block[1]),
        groups=groups,
    )
    values = rng.integers(0, greatest, (3, 4 * size[0] * size[1]), endpoint=True)
    expected = ConvSynapses(projection, source, target, (0, greatest)).sums(values)
    connected = ENGINES[engine].connect(projection, source, target, (0, greatest))
    assert np.array_equal(connected.sums(values.astype(np.int32)), expected)
    assert pools(projection) == (block != (1, 1))
    if pools(projection) and engine == "reference":
        assert isinstance(connected, PooledSynapses)
    uneven = projection.weight.copy()
    uneven[0, 0, 0, 0] = 127 - abs(uneven[0, 0, 0, 0])
    changed = dataclasses.replace(projection, weight=uneven)
    if block != (1, 1) and uneven[0, 0, 0, 0] != projection.weight[0, 0, 0, 0]:
        assert not pools(changed)


def test_operations_are_counted_synapse_by_synapse():
    rng = np.random.default_rng(3)
    projection = Projection(
        source=INPUT,
        target="readout",
        kind="conv",
        weight=rng.integers(-8, 8, (4, 1, 3, 2)),
        stride=(2, 3),
        padding=(1, 2),
        dilation=(1, 2),
        groups=2,
    )
    network = SpikingNetwork(
        input=Input(shape=(2, 7, 8), bits=4),
        populations=(population("readout", (4, 4, 4), reset="none", shift=0),),
        projections=(projection,),
        timesteps=2,
    )
    pixels = rng.integers(0, 16, (3, 2, 7, 8))
    reached = np.bincount([source for source, _, _ in synapses(network, projection)], minlength=112)
    assert 0 < reached.min() or reached.max() > reached.min()
    expected = (np.bitwise_count(pixels.astype(np.uint8)).reshape(3, -1) * reached).sum(1)
    assert run(network, pixels).operations["readout"].tolist() == expected.tolist()


@pytest.mark.parametrize("engine", sorted(ENGINES))
@pytest.mark.parametrize("record", [False, "steps"])
def test_several_spikes_cost_the_bits_of_their_number(engine, record):
    network = SpikingNetwork(
        input=Input(shape=(3,), encoding="events", bits=8),
        populations=(
            dataclasses.replace(
                population("hidden", (1,), threshold=1),
                most_spikes=255,
                negative_threshold=np.array([1]),
                negative_step=np.array([1]),
            ),
            population("readout", (2,), reset="none"),
        ),
        projections=(
            dense(INPUT, "hidden", np.array([[1, -1, 1]])),
            dense("hidden", "readout", np.array([[1], [0]])),
        ),
        timesteps=2,
    )
    events = np.array([[[255, 4, 0], [0, 7, 0]]])
    result = GoldenModel(network, record=record, engine=ENGINES[engine]).run(events)
    assert result.scores.tolist() == [[255 - 4 - 7, 0]]
    assert result.input_spikes.tolist() == [255 + 4 + 7]
    assert result.spikes["hidden"].tolist() == [251 + 7]
    assert result.operations["hidden"].tolist() == [8 + 1 + 3]
    assert result.operations["readout"].tolist() == [2 * (7 + 3)]  # 251 and -7
    if record:
        assert result.step_operations["hidden"].tolist() == [[9, 3]]
        assert result.step_operations["readout"].tolist() == [[14, 6]]


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros((1, 2)), "must be integers of 0 to 255, not float64; quantise"),
        (np.zeros((1, 3), int), r"shape \(images, 2\), not \(1, 3\)"),
        (np.zeros(2, int), r"shape \(images, 2\), not \(2,\)"),
        (np.array([[0, 256]]), "must be 0 to 255, not 0 to 256"),
        (np.array([[-1, 0]]), "must be 0 to 255, not -1 to 0"),
    ],
)
def test_wrong_pixels_are_refused(pixels, message):
    with pytest.raises(ValueError, match=message):
        run(two_layers(), pixels)


def test_events_need_their_steps_and_may_be_booleans():
    network = SpikingNetwork(
        input=Input(shape=(2,), encoding="events", bits=1),
        populations=(population("readout", (2,), reset="none"),),
        projections=(dense(INPUT, "readout", np.eye(2, dtype=int)),),
        timesteps=3,
    )
    events = np.array([[[1, 0], [1, 0], [0, 1]]], dtype=bool)
    assert run(network, events).scores.tolist() == [[2, 1]]
    with pytest.raises(ValueError, match=r"'events' must have shape \(images, 3, 2\)"):
        run(network, np.zeros((1, 2), int))
    with pytest.raises(ValueError, match="must be 0 to 1, not 0 to 2"):
        run(network, events.astype(int) * 2)


def test_importing_the_model_loads_neither_the_compiler_nor_torch():
    program = (
        "import sys, augend.sim.golden\n"
        "print([m for m in ('numba', 'torch', 'augend.hw') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert out.stdout.strip() == "[]", out.stderr
