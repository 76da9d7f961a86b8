"""Diagnosis of planted faults, and its arithmetic against one neuron at a time."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from augend.gen import ConversionError, convert
from augend.gen import calibrate as calibration
from augend.gen.counterpart import counterpart
from augend.gen.error_causes import CAUSES, drive, response, stage_chain
from augend.gen.error_measure import measure
from augend.gen.graph import Add, Conv, Flatten, Graph, Linear, MaxPool, Relu
from augend.gen.remedies import remedy
from augend.sim.golden import GoldenModel

IMAGES = 60


def linear(name, inputs, outputs, rng, bias=0.05):
    return Linear(
        name=name,
        shape=(outputs,),
        weight=rng.normal(0, (2 / inputs) ** 0.5, (outputs, inputs)),
        bias=rng.normal(0, bias, outputs),
    )


def chain_graph(depth, width=24, seed=0):
    rng = np.random.default_rng(seed)
    layers, inputs = [], 12
    for place in range(depth):
        name = f"layer{place + 1}"
        layers += [
            linear(name, inputs, width, rng),
            Relu(name=f"relu{place + 1}", shape=(width,)),
        ]
        inputs = width
    return Graph(input_shape=(12,), layers=(*layers, linear("scores", inputs, 5, rng)))


def gated_graph(seed=1):
    """Max-pool, a shortcut and a flattening."""
    rng = np.random.default_rng(seed)

    def conv(name, inputs, outputs, sources=()):
        return Conv(
            name=name,
            shape=(outputs, 6, 6),
            weight=rng.normal(0, (2 / 9 / inputs) ** 0.5, (outputs, inputs, 3, 3)),
            bias=rng.normal(0, 0.05, outputs),
            padding=(1, 1),
            sources=sources,
        )

    return Graph(
        input_shape=(2, 6, 6),
        layers=(
            conv("first", 2, 4),
            Relu(name="first.relu", shape=(4, 6, 6)),
            conv("second", 4, 4),
            Add(name="add", shape=(4, 6, 6), sources=("second", "first.relu"), gains=(1.0, 1.0)),
            Relu(name="relu", shape=(4, 6, 6)),
            MaxPool(name="pool", shape=(4, 3, 3), kernel=(2, 2), stride=(2, 2)),
            Flatten(name="flat", shape=(36,)),
            linear("scores", 36, 3, rng),
        ),
    )


def images_for(graph, seed=7, images=IMAGES):
    return np.random.default_rng(seed).uniform(0, 1, (images, *graph.input_shape))


def counts_of(program):
    golden = GoldenModel(program.network, record="trains")

    def counts(pixels):
        return {name: train.sum(1) for name, train in golden.run(pixels).trains.items()}

    return counts


def diagnosed(graph, program, chunk=32, images=None):
    images = images_for(graph) if images is None else images
    labels = np.arange(len(images)) % 3
    return measure(counterpart(program, graph), images, labels, counts_of(program), chunk=chunk)


def verdict(graph, program):
    errors = diagnosed(graph, program)
    guilty = errors.guilty
    return guilty.name, guilty.own_cause, remedy(errors, program, guilty, guilty.own_cause)


def test_a_scale_that_is_too_small_is_clipping(monkeypatch) -> None:
    graph = chain_graph(3)
    whole = calibration.percentile_scale
    calls = []

    def planted(wanted, *args, **options):
        calls.append(1)
        return whole(wanted, *args, **options) / (4 if len(calls) == 2 else 1)

    monkeypatch.setattr(calibration, "percentile_scale", planted)
    program = convert(graph, images_for(graph), norm="percentile", percentile=99.9, timesteps=32)
    assert len(calls) == 3
    name, cause, advice = verdict(graph, program)
    assert (name, cause) == ("layer2", "clipping")
    assert advice.options == {"percentile": 99.99}
    assert "--percentile 99.99" in advice.text


def test_two_bits_in_one_layer_are_weights() -> None:
    graph = chain_graph(3)
    program = convert(
        graph, images_for(graph), norm="percentile", timesteps=64, layer_bits={"layer2": 2}
    )
    name, cause, advice = verdict(graph, program)
    assert (name, cause) == ("layer2", "weights")
    assert advice.options == {"layer_bits": {"layer2": 4}}
    assert "--layer-bits layer2=4" in advice.text


def test_two_steps_are_levels() -> None:
    graph = chain_graph(2)
    program = convert(graph, images_for(graph), norm="percentile", percentile=100.0, timesteps=2)
    _, cause, advice = verdict(graph, program)
    assert cause == "levels"
    assert advice.options == {"timesteps": 4}


def test_a_zero_start_is_levels_and_half_a_threshold_mends_it() -> None:
    graph = chain_graph(2)
    program = convert(
        graph, images_for(graph), norm="percentile", initial="zero", timesteps=4, schedule="phased"
    )
    _, cause, advice = verdict(graph, program)
    assert cause == "levels"
    assert advice.options == {"initial": "half"}


def test_late_arrival_in_a_deep_chain_is_transient_and_phased_has_none() -> None:
    graph = chain_graph(6)
    options = {"norm": "percentile", "percentile": 100.0, "timesteps": 48}
    program = convert(graph, images_for(graph), **options)
    _, cause, advice = verdict(graph, program)
    assert cause == "transient"
    assert advice.options == {"schedule": "phased"}
    mended = convert(graph, images_for(graph), **options | advice.options)
    errors = diagnosed(graph, mended)
    assert all(layer.squares.get("transient", 0) == 0 for layer in errors.layers)
    assert errors.score_error < 0.6 * diagnosed(graph, program).score_error


def test_reset_to_zero_is_transient_and_its_remedy_is_subtraction() -> None:
    graph = chain_graph(2)
    program = convert(graph, images_for(graph), norm="percentile", timesteps=64, reset="zero")
    _, cause, advice = verdict(graph, program)
    assert cause == "transient"
    assert advice.options == {"reset": "subtract"}


def test_coarse_pixels_are_the_inputs_levels() -> None:
    graph = chain_graph(2)
    program = convert(graph, images_for(graph), timesteps=64, schedule="phased", pixel_bits=1)
    name, cause, advice = verdict(graph, program)
    assert (name, cause) == ("input", "levels")
    assert advice.options == {"pixel_bits": 3}


def test_random_input_spikes_are_the_inputs_transient() -> None:
    graph = chain_graph(2)
    program = convert(graph, images_for(graph), timesteps=8, encoding="rate")
    errors = diagnosed(graph, program)
    entry = errors.layers[0]
    assert entry.own_cause == "transient"
    binomial = math.sqrt(np.mean([p * (1 - p) / 8 for p in np.linspace(0, 1, 1001)]))
    assert entry.cause_rms("transient") == pytest.approx(binomial / math.sqrt(1 / 3), rel=0.1)


@pytest.mark.parametrize("schedule", ["synchronous", "phased"])
@pytest.mark.parametrize("graph", [chain_graph(3), gated_graph()], ids=["chain", "gated"])
def test_causes_sum_to_the_errors_whatever_the_chunks(graph, schedule) -> None:
    program = convert(graph, images_for(graph), timesteps=6, weight_bits=4, schedule=schedule)
    errors, others = (diagnosed(graph, program, chunk=chunk) for chunk in (16, 60))
    for layer, other in zip(errors.layers, others.layers, strict=True):
        if layer.error > 0:
            assert sum(layer.share(cause) for cause in CAUSES) == pytest.approx(1, abs=1e-5)
        assert layer.rms == pytest.approx(other.rms, rel=1e-5)
        for cause in CAUSES:
            assert layer.cause_rms(cause) == pytest.approx(other.cause_rms(cause), abs=1e-5)
    shares = [errors.reach_share(layer, cause) for layer in errors.layers for cause in CAUSES]
    assert sum(shares) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"schedule": "phased"},
        {"signed": True},
        {"encoding": "ttfs"},
        {"encoding": "hybrid"},
        {"encoding": "rate"},
        {"reset": "zero", "leak": (4,)},
        {"initial": "optimised"},
    ],
    ids=str,
)
def test_the_last_link_is_what_the_golden_model_reads(options) -> None:
    graph = gated_graph()
    program = convert(graph, images_for(graph), timesteps=6, **options)
    images = images_for(graph, seed=3)
    golden = GoldenModel(program.network).run(program.encode(images))
    unit = np.asarray(program.metadata["unit"]["scores"])
    scores = golden.scores * unit / program.network.timesteps
    errors = diagnosed(graph, program, images=images)
    expected = np.mean(scores.argmax(1) == np.arange(len(images)) % 3)
    assert errors.layers[-1].correct / errors.images == expected
    assert errors.layers[-1].sums[3] == pytest.approx(np.square(scores).sum(), rel=1e-5)
    activations = graph_scores(graph, images)
    assert errors.layers[-1].error == pytest.approx(np.square(scores - activations).sum(), rel=1e-4)


def graph_scores(graph, images):
    """Scores of `gated_graph`, written out in NumPy."""
    layers = {layer.name: layer for layer in graph.layers}

    def conv(name, x):
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
        weight, bias = layers[name].weight, layers[name].bias
        return np.einsum("nchwyx,ocyx->nohw", windows, weight) + bias[:, None, None]

    first = np.maximum(conv("first", images), 0)
    second = np.maximum(conv("second", first) + first, 0)
    pooled = second.reshape(len(images), 4, 3, 2, 3, 2).max((3, 5)).reshape(len(images), -1)
    return pooled @ layers["scores"].weight.T + layers["scores"].bias


def test_the_chain_of_a_layer_one_neuron_at_a_time() -> None:
    graph = chain_graph(2, width=5)
    steps = 5
    program = convert(
        graph, images_for(graph), norm="percentile", percentile=70.0, timesteps=steps, weight_bits=3
    )
    pairing = counterpart(program, graph)
    pair, network = pairing.pairs["layer2"], program.network
    rng = np.random.default_rng(0)
    spikes = {name: rng.integers(0, steps + 1, (40, 5)) for name in ("layer1", "layer2")}
    gain1, gain2 = (np.array(program.metadata["scales"][f"layer{n}"]) for n in (1, 2))
    weight, bias = graph.layers[2].weight, graph.layers[2].bias
    reference = rng.uniform(0, 2, (40, 5)) * gain2
    value = {"layer1": (spikes["layer1"] / steps * gain1).astype(np.float32)}
    found = dict(
        stage_chain(
            pair,
            reference=reference.astype(np.float32),
            responses=response(pair, value),
            arrived=drive(pair, {"layer1": spikes["layer1"]}, {}, steps),
            spiked=spikes["layer2"],
            gain=gain2,
            timesteps=steps,
        )
    )
    population, whole = network.population("layer2"), network.into("layer2")[0].weight
    seen = {"clipping": 0, "saturation": 0}
    for image in range(40):
        for n in range(5):
            at = (image, n)
            theta, scale = int(population.threshold[n]), gain2[n]
            inputs = value["layer1"][image] @ weight[n]
            left = int(population.bias[n]) * steps + int(population.initial[n]) - theta // 2
            total = int(spikes["layer1"][image] @ whole[n])
            assert found["inherited"][at] == pytest.approx(max(inputs + bias[n], 0), abs=1e-5)
            weighed = total * scale / theta / steps + bias[n]
            assert found["weights"][at] == pytest.approx(max(weighed, 0), abs=1e-5)
            moved = max((total + left) * scale / theta / steps, 0)
            assert found["bias"][at] == pytest.approx(moved, abs=1e-5)
            above = reference[at] > scale
            clipped = min(moved, scale) if above else moved
            assert found["clipping"][at] == pytest.approx(clipped, abs=1e-5)
            assert found["saturation"][at] == pytest.approx(min(moved, scale), abs=1e-5)
            seen["clipping" if above else "saturation"] += moved > scale
            level = min(max((total + left + theta // 2) // theta, 0), steps)
            assert found["levels"][at] == pytest.approx(level / steps * scale, abs=1e-5)
            emitted = spikes["layer2"][at] / steps * scale
            assert found["transient"][at] == pytest.approx(emitted, abs=1e-5)
    assert min(seen.values()) > 0


def test_what_reaches_the_scores_past_a_shortcut() -> None:
    """Scores of networks that are the integer network's up to a layer, written out in NumPy."""
    rng = np.random.default_rng(4)
    one, two, three, scores = (
        linear(name, inputs, outputs, rng)
        for name, inputs, outputs in (("one", 12, 9), ("two", 9, 9), ("three", 9, 9), ("out", 9, 4))
    )
    graph = Graph(
        input_shape=(12,),
        layers=(
            one,
            Relu(name="a", shape=(9,)),
            two,
            Relu(name="b", shape=(9,)),
            three,
            Add(name="add", shape=(9,), sources=("three", "a"), gains=(1.0, 1.0)),
            Relu(name="c", shape=(9,)),
            scores,
        ),
    )
    program = convert(graph, images_for(graph), timesteps=3, pixel_bits=2)
    images = images_for(graph, seed=8, images=20)
    pixels = program.encode(images)
    spikes = counts_of(program)(pixels)
    value = {
        name: total.reshape(20, 9) / 3 * np.array(program.metadata["scales"][name])
        for name, total in spikes.items()
    }

    def apply(layer, x):
        return x @ layer.weight.T + layer.bias

    def rest(x, a=None, b=None, c=None):
        a = np.maximum(apply(one, x), 0) if a is None else a
        b = np.maximum(apply(two, a), 0) if b is None else b
        c = np.maximum(apply(three, b) + a, 0) if c is None else c
        found = apply(scores, c)
        return found - found.mean(1, keepdims=True)

    first, second, third = (value[name] for name in spikes)
    stages = [
        rest(images),
        rest(pixels / 3),
        rest(pixels, first),
        rest(pixels, first, second),
        rest(pixels, first, second, third),
    ]
    errors = diagnosed(graph, program, chunk=7, images=images)
    for layer, (before, after) in zip(errors.layers[:-1], pairwise(stages), strict=True):
        assert layer.whole_reach == pytest.approx(np.square(after - before).sum(), rel=1e-3)
    assert errors.scores == pytest.approx(np.square(stages[0]).sum(), rel=1e-4)


def test_correlation_is_pearsons() -> None:
    graph = chain_graph(1)
    program = convert(graph, images_for(graph), timesteps=3)
    images = images_for(graph, seed=9)
    spikes = counts_of(program)(program.encode(images))["layer1"]
    layer = graph.layers[0]
    floats = np.maximum(images @ layer.weight.T + layer.bias, 0)
    rates = spikes / 3 * np.array(program.metadata["scales"]["layer1"])
    found = diagnosed(graph, program, images=images).layers[1]
    assert found.correlation == pytest.approx(
        np.corrcoef(floats.ravel(), rates.ravel())[0, 1], abs=1e-5
    )
    assert found.rms == pytest.approx(
        np.sqrt(np.square(rates - floats).mean() / np.square(floats).mean()), rel=1e-4
    )
    assert found.saturated == np.mean(spikes == 3)
    assert found.histogram.sum() == floats.size


def test_another_network_is_refused() -> None:
    graph = chain_graph(2)
    program = convert(graph, images_for(graph), source="net.py:net")
    with pytest.raises(ConversionError, match=r"converted from 'net.py:net', which has other"):
        counterpart(program, chain_graph(3))
    bare = replace(program, metadata={"source": "x"})
    with pytest.raises(ConversionError, match="does not tell which activations"):
        counterpart(bare, graph)
