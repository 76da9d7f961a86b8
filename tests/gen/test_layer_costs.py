import numpy as np
import pytest

from augend.gen.bounds import bounds
from augend.gen.diagnosis import examine
from augend.gen.frontends.walk import Reading
from augend.gen.graph import Add, AvgPool, Binary, Conv, Flatten, Graph, Linear, MaxPool, Relu
from augend.gen.layer_costs import layer_costs
from augend.gen.network import Input, Population, Projection, SpikingNetwork
from augend.gen.population import Reset


def random(*shape):
    return np.random.default_rng(0).normal(0, 1, shape)


def conv(name, inputs, shape, kernel=3, **options):
    groups = options.get("groups", 1)
    weight = random(shape[0], inputs // groups, kernel, kernel)
    return Conv(name=name, shape=shape, weight=weight, bias=np.zeros(shape[0]), **options)


def branching():
    """Stride, padding, groups, a shortcut, a max-pool and a head."""
    return Graph(
        input_shape=(2, 7, 7),
        layers=(
            conv("stem", 2, (4, 4, 4), stride=(2, 2), padding=(1, 1)),
            Relu(name="stem.relu", shape=(4, 4, 4)),
            conv("depth", 4, (4, 4, 4), groups=4, padding=(1, 1)),
            Add(name="add", shape=(4, 4, 4), sources=("depth", "stem.relu"), gains=(1.0, 1.0)),
            Relu(name="relu", shape=(4, 4, 4)),
            MaxPool(name="pool", shape=(4, 2, 2), kernel=(2, 2), stride=(2, 2)),
            Flatten(name="flat", shape=(16,)),
            Linear(name="head", shape=(3,), weight=random(3, 16), bias=np.zeros(3)),
        ),
    )


def examined(graph, **options):
    return examine(Reading(rows=(), graph=graph), **options)


def connections(size, outputs, stride, padding, kernel=3):
    """Connections of every input position of one channel to one channel, counted one by one."""
    count = np.zeros((size, size), np.int64)
    for y in range(outputs):
        for x in range(outputs):
            for i in range(kernel):
                for j in range(kernel):
                    row, column = y * stride - padding + i, x * stride - padding + j
                    if 0 <= row < size and 0 <= column < size:
                        count[row, column] += 1
    return count


def test_synapses_fan_out_and_memory_one_by_one() -> None:
    found = examined(branching(), weight_bits=4, timesteps=3, pixel_bits=5)
    costs = {cost.name: cost for cost in found.costs}
    assert [cost.name for cost in found.costs] == ["input", "stem", "add", "pool", "head"]
    stem = connections(7, 4, 2, 1)
    assert costs["stem"].synapses == 2 * 4 * stem.sum()
    assert costs["stem"].additions == 5 * costs["stem"].synapses
    assert costs["input"].fan_out_mean == pytest.approx(4 * stem.mean())
    assert costs["input"].fan_out_most == 4 * stem.max()
    depth = connections(4, 4, 1, 1)
    assert costs["add"].synapses == 4 * depth.sum() + 64
    assert costs["add"].additions == costs["add"].synapses
    assert costs["stem"].fan_out_mean == pytest.approx(depth.mean() + 1)
    assert costs["stem"].fan_out_most == depth.max() + 1
    assert costs["add"].fan_out_most == 0  # only the gate takes its spikes
    assert costs["pool"].neurons == 16
    assert costs["pool"].fan_out_most == 3
    assert costs["head"].synapses == costs["head"].weight_memory // 4 == 48
    assert costs["stem"].weight_memory == 4 * 4 * 2 * 9
    assert costs["add"].weight_memory == 4 * 4 * 9 + 8 * 4
    assert costs["add"].weight_bits == (4, 8)
    assert costs["head"].rule == "read out"


@pytest.mark.parametrize(("bits", "planes"), [(1, 1), (2, 2), (8, 8)])
@pytest.mark.parametrize("most", [1, 2, 3, 6, 7, 255])
def test_several_spikes_cost_the_most_bits_that_their_number_can_have(bits, planes, most) -> None:
    def population(name: str, reset: Reset, spikes: int) -> Population:
        one = np.ones(1, np.int64)
        return Population(
            name=name,
            shape=(1,),
            threshold=one,
            bias=one,
            initial=one,
            reset=reset,
            most_spikes=spikes,
        )

    def dense(source: str, target: str, size: int) -> Projection:
        weight = np.ones((1, size), np.int64)
        return Projection(source=source, target=target, kind="dense", weight=weight)

    network = SpikingNetwork(
        input=Input(shape=(5,), encoding="events", bits=bits),
        populations=(population("hidden", "subtract", most), population("readout", "none", 1)),
        projections=(dense("input", "hidden", 5), dense("hidden", "readout", 1)),
    )
    additions = {cost.name: cost.additions for cost in layer_costs(network, {})}
    assert additions["hidden"] == 5 * planes
    assert additions["readout"] == max(number.bit_count() for number in range(most + 1))


def test_a_bound_that_is_not_there_leaves_the_width_open() -> None:
    network = examined(branching()).network
    assert network is not None
    assert all(cost.potential_bits is None for cost in layer_costs(network, {}))
    proved = {cost.name: cost.potential_bits for cost in layer_costs(network, bounds(network))}
    assert all(proved[name] >= 8 for name in ("stem", "add", "head"))


@pytest.mark.parametrize("bits", [1, 2, 8])
def test_guessed_weights_fill_their_width(bits) -> None:
    network = examined(branching(), weight_bits=bits).network
    assert network is not None
    weight = network.into("head")[0].weight
    most = {1: 1, 2: 1, 8: 127}[bits]
    assert np.all(np.abs(weight).max(1) == most)
    signs = np.sign(random(3, 16))
    assert np.all(np.sign(weight) * signs >= 0)


def test_a_pool_that_spikes_is_a_population_more() -> None:
    layers = (
        conv("one", 1, (2, 4, 4), padding=(1, 1)),
        Relu(name="relu", shape=(2, 4, 4)),
        AvgPool(name="pool", shape=(2, 2, 2), kernel=(2, 2), stride=(2, 2), divisor=4),
        Flatten(name="flat", shape=(8,)),
        Linear(name="head", shape=(3,), weight=random(3, 8), bias=np.zeros(3)),
    )
    graph = Graph(input_shape=(1, 4, 4), layers=layers)
    folded, spiking = (
        [cost.name for cost in examined(graph, pool=pool).costs] for pool in ("fold", "spike")
    )
    assert folded == ["input", "one", "head"]
    assert spiking == ["input", "one", "pool", "head"]


def test_binary_neurons_are_named_and_the_phased_schedule_refuses_them() -> None:
    layers = (
        Linear(name="one", shape=(6,), weight=random(6, 4), bias=np.zeros(6)),
        Binary(name="sign", shape=(6,), function="sign"),
        Linear(name="head", shape=(3,), weight=random(3, 6), bias=np.zeros(3)),
    )
    graph = Graph(input_shape=(4,), layers=layers)
    assert [cost.rule for cost in examined(graph).costs][1:] == ["binary, sign", "read out"]
    refused = examined(graph, schedule="phased").refused
    assert len(refused) == 1
    assert "phased" in str(refused[0].error)
