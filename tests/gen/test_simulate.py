"""What calibration simulates is what the golden model does, spike for spike."""

from unittest.mock import patch

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from augend.gen import ContractError, ConversionError, convert
from augend.gen.calibrate import _Run
from augend.gen.gate import Gate
from augend.gen.graph import Add, Binary, Concat, Conv, Flatten, Graph, Linear, MaxPool, Relu
from augend.gen.network import Input, Population, Projection, SpikingNetwork
from augend.gen.simulate import gated, spike_counts
from augend.gen.stage import Gating
from augend.sim.golden import run

from .drawn_graphs import graphs


def converted(graph, pixels, **options):
    """Program, and the trains of all populations and gates as calibration saw them."""
    kept = {}
    stage, gate = _Run.stage, _Run.gate

    def spied(method):
        def call(self, step):
            method(self, step)
            if step.name in self.trains:
                kept[step.name] = self.trains[step.name].copy()

        return call

    with patch.object(_Run, "stage", spied(stage)), patch.object(_Run, "gate", spied(gate)):
        program = convert(graph, pixels, **options)
    return program, kept


def assert_alike(graph, pixels, **options):
    program, kept = converted(graph, pixels, **options)
    network = program.network
    result = run(network, program.encode(pixels), record="trains")
    names = {p.name for p in network.populations if p.fires} | {g.name for g in network.gates}
    assert set(kept) == names
    for name, train in kept.items():
        golden = np.moveaxis(result.trains[name].astype(np.int64), 1, 0)  # (steps, images, ...)
        if len(train) < len(golden):  # only numbers of spikes matter there
            golden = golden.sum(0, keepdims=True)
        np.testing.assert_array_equal(train, golden, err_msg=name)
    return result


def values(rng, *size):
    return rng.normal(size=size) / np.sqrt(np.prod(size[1:]))


def everything(seed=0, *, activation=None, last=None):
    """Two branches with a max-pool, a residual sum of a linear tensor, a concat, and vectors."""
    rng = np.random.default_rng(seed)
    pad, same, pooled = {"padding": (1, 1)}, (4, 6, 6), (4, 3, 3)

    def conv(name, source, shape, inputs, **options):
        weight, bias = values(rng, shape[0], inputs, 3, 3), rng.normal(size=shape[0]) / 4
        return Conv(
            name=name, shape=shape, sources=(source,), weight=weight, bias=bias, **pad, **options
        )

    def active(name, source, shape):
        made = activation or (lambda **keys: Relu(**keys))
        return made(name=name, shape=shape, sources=(source,))

    layers = (
        conv("stem", "input", same, 2),
        active("stem.act", "stem", same),
        conv("linear", "stem.act", same, 4),
        MaxPool(name="pool", shape=pooled, sources=("linear",), kernel=(2, 2), stride=(2, 2)),
        conv("down", "stem.act", pooled, 4, stride=(2, 2)),
        Add(name="sum", shape=pooled, sources=("pool", "down"), gains=(1.0, -0.5)),
        active("sum.act", "sum", pooled),
        MaxPool(
            name="wide",
            shape=pooled,
            sources=("sum.act",),
            kernel=(3, 3),
            stride=(1, 1),
            padding=(1, 1),
        ),
        Concat(name="both", shape=(8, 3, 3), sources=("wide", "sum.act")),
        Flatten(name="flat", shape=(72,)),
        Linear(name="hidden", shape=(6,), weight=values(rng, 6, 72), bias=np.zeros(6)),
        active("hidden.act", "hidden", (6,)),
        Linear(name="scores", shape=(3,), weight=values(rng, 3, 6), bias=np.zeros(3)),
    )
    return Graph(input_shape=(2, 6, 6), layers=layers)


PIXELS = np.random.default_rng(1).integers(0, 256, (12, 2, 6, 6)).astype(np.uint8)


def leaky(**keys):
    return Relu(slope=0.25, **keys)


def clipped(**keys):
    return Relu(ceiling=0.4, **keys)


def sign(**keys):
    return Binary(function="sign", **keys)


def heaviside(**keys):
    return Binary(function="heaviside", **keys)


@pytest.mark.parametrize("gate", ["count", "rate", "any"])
@pytest.mark.parametrize("activation", [None, leaky, clipped])
@pytest.mark.parametrize("schedule", ["synchronous", "phased"])
def test_graphs_of_branches_sums_and_gates(schedule, activation, gate) -> None:
    graph = everything(activation=activation)
    result = assert_alike(graph, PIXELS, timesteps=7, schedule=schedule, gate=gate)
    assert all(np.abs(train).sum() > 0 for train in result.trains.values())
    assert result.trains["linear"].min() == -1


@pytest.mark.parametrize("bits", [1, 8])
@pytest.mark.parametrize("activation", [sign, heaviside])
def test_binary_networks(activation, bits) -> None:
    assert_alike(everything(activation=activation), PIXELS, timesteps=3, weight_bits=bits)


OPTIONS = [
    {"signed": True},
    {"clamp": 1.0},
    {"floor": 0.5},
    {"leak": (3,)},
    {"leak": (2, 5)},
    {"refractory": 2},
    {"single_spike": True},
    {"reset": "zero"},
    {"inhibition": 0.1},
    {"initial": "optimised"},
    {"initial": "zero"},
    {"signed": True, "leak": (4,), "refractory": 1, "floor": 1.0, "inhibition": 0.05},
]


@pytest.mark.parametrize("activation", [None, leaky])
@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(options))
def test_rules_of_neurons(options, activation) -> None:
    assert_alike(everything(2, activation=activation), PIXELS, timesteps=6, **options)


@pytest.mark.parametrize("schedule", ["synchronous", "phased"])
@pytest.mark.parametrize("encoding", ["rate", "ttfs", "hybrid"])
def test_inputs_that_spike(encoding, schedule) -> None:
    assert_alike(everything(3), PIXELS, timesteps=5, encoding=encoding, schedule=schedule)


@given(
    graphs(),
    st.sampled_from(["synchronous", "phased"]),
    st.sampled_from([1, 2, 3, 8]),
    st.integers(1, 4),
    st.sampled_from(["fold", "spike"]),
    st.sampled_from(["count", "rate", "any"]),
    st.sampled_from(["potential", "potential", "count"]),
)
@settings(max_examples=40, deadline=None)
def test_any_graph(graph, schedule, bits, timesteps, pool, gate, decode) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, *graph.input_shape)).astype(np.uint8)
    try:
        assert_alike(
            graph,
            pixels,
            schedule=schedule,
            weight_bits=bits,
            timesteps=timesteps,
            pool=pool,
            gate=gate,
            decode=decode,
        )
    except ConversionError as error:
        assert error.instead


@given(st.integers(0, 10**6), st.booleans(), st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_counts_are_those_of_one_spike_after_another(seed, bipolar, steps) -> None:
    rng = np.random.default_rng(seed)
    threshold = rng.integers(1, 30, 6)
    step = threshold + rng.integers(0, 20, 6)
    population = Population(
        name="p",
        shape=(6,),
        threshold=threshold,
        bias=rng.integers(-5, 6, 6),
        initial=rng.integers(-5, 30, 6),
        negative_threshold=step - threshold + 1 if bipolar else None,
        negative_step=step if bipolar else None,
    )
    arrived = rng.integers(-150, 150, (8, 6))
    found = spike_counts(population, torch.from_numpy(arrived), steps).numpy()
    for image in range(8):
        for neuron in range(6):
            v = int(population.initial[neuron] + arrived[image, neuron])
            v += steps * int(population.bias[neuron])
            count = 0
            for _ in range(steps):
                if v >= threshold[neuron]:
                    count, v = count + 1, v - threshold[neuron]
                elif bipolar and v <= -population.negative_threshold[neuron]:
                    count, v = count - 1, v + step[neuron]
            assert found[image, neuron] == count


@given(st.integers(0, 10**6), st.sampled_from(["count", "rate", "any"]), st.booleans())
@settings(max_examples=30, deadline=None)
def test_gates_pass_what_the_golden_model_passes(seed, rule, bipolar) -> None:
    rng = np.random.default_rng(seed)
    shape = {"kernel": (3, 2), "stride": (2, 1), "padding": (1, 1), "dilation": (1, 2)}
    gate = Gate(name="g", source="p", shape=(2, 3, 5), rule=rule, decay=4, **shape)
    weight = np.array([1, -1] if bipolar else [1, 1]).reshape(2, 1, 1, 1)
    events = rng.random((3, 9, 2, 5, 5)) < rng.choice([0.1, 0.5])
    one = np.ones(2, np.int64)
    network = SpikingNetwork(
        input=Input(shape=(2, 5, 5), encoding="events", bits=1),
        populations=(
            Population(
                name="p",
                shape=(2, 5, 5),
                threshold=one,
                bias=0 * one,
                initial=0 * one,
                negative_threshold=one,
            ),
            Population(
                name="out",
                shape=(1,),
                threshold=one[:1],
                bias=0 * one[:1],
                initial=0 * one[:1],
                reset="none",
            ),
        ),
        projections=(
            Projection(source="input", target="p", kind="conv", weight=weight, groups=2),
            Projection(source="g", target="out", kind="dense", weight=np.ones((1, 30), int)),
        ),
        gates=(gate,),
        timesteps=9,
    )
    result = run(network, events.astype(np.uint8), record="trains")
    source = np.moveaxis(result.trains["p"].astype(np.int8), 1, 0)
    step = Gating(name="g", layers=(), source="p", source_shape=(2, 5, 5), shape=(2, 3, 5), **shape)
    passed = gated(step, source, gate)
    np.testing.assert_array_equal(passed, np.moveaxis(result.trains["g"].astype(np.int64), 1, 0))


@pytest.mark.parametrize(
    "option", [{"signed": True}, {"clamp": 1.0}, {"leak": (1,)}, {"reset": "zero"}]
)
def test_rules_that_the_phased_schedule_has_not_are_refused(option) -> None:
    with pytest.raises((ConversionError, ContractError), match="phased"):
        convert(everything(), PIXELS, schedule="phased", **option)
