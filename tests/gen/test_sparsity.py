import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augend.gen.contract import ContractError
from augend.gen.frontends.nir_export import nir_graph_of
from augend.gen.frontends.nir_exported import exported_program
from augend.gen.lane_layout import LaneLayout
from augend.gen.network import Input, Population, Projection, SpikingNetwork
from augend.gen.place import PlacementError, place
from augend.gen.program import Program
from augend.gen.sparsity import without_pruned
from augend.gen.synapse_tables import synapse_tables
from augend.sim.event_walk import COMPILED
from augend.sim.golden import GoldenModel
from augend.sim.reference import REFERENCE

LANES = 4


def network(weight, target, **options):
    sources = weight.shape[1]
    return SpikingNetwork(
        input=Input(shape=(sources,), encoding="events", bits=1),
        populations=(
            Population(
                name="p",
                shape=target,
                threshold=np.full(target[:1], 3),
                bias=np.zeros(target[:1], int),
                initial=np.zeros(target[:1], int),
                reset="none",
            ),
        ),
        projections=(
            Projection(source="input", target="p", kind="dense", weight=weight, **options),
        ),
        timesteps=2,
    )


def drawn_words(rng, target, sources, share):
    """Weights of which whole words are 0, and the words that are not, (words, sources)."""
    layout = LaneLayout(shape=target, lanes=LANES)
    there = rng.random((sources, layout.words)) < share
    size = int(np.prod(target))
    number = layout.pack(np.arange(size).reshape(target), fill=-1)
    weight = np.zeros((size, sources), np.int64)
    for source, word in np.argwhere(there):
        lanes = number[word][number[word] >= 0]
        weight[lanes, source] = rng.choice([-3, 1, 5], len(lanes))
    return weight, there.T, number


@settings(deadline=None)
@given(
    st.sampled_from([(24,), (30,), (8, 2, 3), (6, 3, 2)]),
    st.integers(20, 40),
    st.sampled_from([0.0, 0.05, 0.2]),
    st.integers(0, 2**32 - 1),
)
def test_words_of_zeros_are_left_out(target, sources, share, seed):
    weight, there, number = drawn_words(np.random.default_rng(seed), target, sources, share)
    (made,) = without_pruned(network(weight, target), LANES).projections
    for word, neurons in enumerate(number):
        for neuron in neurons[neurons >= 0]:
            assert made.kept[neuron].tolist() == there[word].tolist()
    assert made.weight.tolist() == weight.tolist()


def test_a_word_with_one_weight_is_kept_whole():
    weight = np.zeros((16, 32), int)
    weight[5, 3] = 1
    (made,) = without_pruned(network(weight, (16,)), LANES).projections
    assert np.argwhere(made.kept).tolist() == [[4, 3], [5, 3], [6, 3], [7, 3]]
    assert made.stored == 4
    assert made.fan_out((32,), (16,)).tolist() == [4 * (n == 3) for n in range(32)]


def test_what_saves_nothing_stays_as_it_is():
    weight = np.ones((16, 32), int)
    weight[:4, 0] = 0
    (made,) = without_pruned(network(weight, (16,)), LANES).projections
    assert made.kept is None


def test_sums_are_the_same_and_additions_are_those_of_kept_synapses():
    rng = np.random.default_rng(1)
    weight, there, _ = drawn_words(rng, (30,), 40, 0.2)
    dense = network(weight, (30,))
    sparse = without_pruned(dense, LANES)
    events = rng.integers(0, 2, (5, 2, 40))
    for engine in (COMPILED, REFERENCE):
        one, other = (GoldenModel(n, engine=engine).run(events) for n in (dense, sparse))
        assert one.scores.tolist() == other.scores.tolist()
        neurons = np.full(len(there), LANES)
        neurons[-1] = 30 % LANES
        expected = np.einsum("its,ws,w->i", events, there, neurons)
        assert other.operations["p"].tolist() == expected.tolist()


def test_a_program_keeps_it(tmp_path):
    weight, _, _ = drawn_words(np.random.default_rng(2), (24,), 40, 0.1)
    made = without_pruned(network(weight, (24,)), LANES)
    Program(network=made, lanes=LANES).save(tmp_path / "p.augend")
    read = Program.load(tmp_path / "p.augend").network
    assert np.array_equal(read.projections[0].kept, made.projections[0].kept)
    assert read.options == ("pruned synapses (input to p)",)


def test_nir_carries_it():
    weight, _, _ = drawn_words(np.random.default_rng(2), (24,), 40, 0.1)
    program = Program(network=without_pruned(network(weight, (24,)), LANES), lanes=LANES)
    read = exported_program(nir_graph_of(program))
    assert read.hash == program.hash


@pytest.mark.parametrize("shape", [(40,), (2, 4, 5)])
def test_placed_entries_are_the_synapses(shape):
    weight, there, _ = drawn_words(np.random.default_rng(3), (30,), 40, 0.3)
    made = without_pruned(network(weight, (30,)), LANES)
    (projection,) = made.projections
    source = LaneLayout(shape=shape, lanes=LANES, along="neurons")
    tables = synapse_tables(projection, source, LaneLayout(shape=(30,), lanes=LANES))
    for neuron in range(40):
        _, first, count = tables.lane[neuron]
        words = tables.target[first : first + count]
        assert words[:, 0].tolist() == np.flatnonzero(there[:, neuron]).tolist()
        assert words[:, 1].tolist() == [word == 7 for word in words[:, 0]]
        for at, word in enumerate(words[:, 0]):
            held = weight[LANES * word : LANES * (word + 1), neuron]
            assert tables.weight[first + at][: len(held)].tolist() == held.tolist()
    assert tables.additions == 30 % LANES
    assert len(tables.weight) == there.sum()


def test_hardware_refuses_what_it_cannot_look_up():
    weight = np.zeros((16, 32), int)
    weight[:4, 3] = 1
    kept = weight != 0
    kept[0] = True
    with pytest.raises(PlacementError, match="in other pieces than whole words of 4 lanes"):
        place(network(weight * kept, (16,), kept=kept), lanes=4)
    kept = np.repeat(weight[::4] != 0, 4, axis=0)
    fits = network(weight, (16,), kept=kept)
    assert len(place(fits, lanes=4).cores[0].target) == 1
    with pytest.raises(PlacementError, match="in other pieces than whole words of 8 lanes"):
        place(fits, lanes=8)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kept": np.ones((4, 3), int)}, r"must be booleans of shape \(4, 3\), not int64"),
        ({"kept": np.ones((3, 4), bool)}, r"not bool of shape \(3, 4\)"),
        ({"kept": np.eye(4, 3, dtype=bool)}, "must be 0 where no synapse is kept"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(ContractError, match=message):
        network(np.ones((4, 3), int), (4,), **options)


def test_a_convolution_keeps_all_its_synapses():
    with pytest.raises(ContractError, match="can be left out of 'dense', not 'conv'"):
        Projection(
            source="a",
            target="b",
            kind="conv",
            weight=np.ones((1, 1, 2, 2), int),
            kept=np.ones((1, 1, 2, 2), bool),
        )
