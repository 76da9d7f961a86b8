import json
import sys

import numpy as np
import pytest

from augend.gen.event_set import load_events
from augend.gen.frontends.nir_check import check_nir
from augend.gen.frontends.nir_file import NirFile, NirNode, write_nir_file
from augend.gen.frontends.nir_graph import flatten
from augend.gen.frontends.nir_import import import_nir, network_of
from augend.gen.frontends.nir_semantics import PRESETS, semantics_of
from augend.gen.graph import ConversionError
from augend.gen.network import INPUT
from augend.sim.golden import GoldenModel
from tests.gen.nir_graphs import (
    SHARED,
    affine,
    chain,
    conv,
    cuba,
    graph,
    integrate_and_fire,
    leaky,
    linear,
    pool,
    write,
)
from tests.measure.nir_lif import RUNS, measure

RECORDINGS = SHARED.parents[1] / "data" / "nmnist_small_1000train_100test.tar.xz"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared NIR files are absent")
needs_recordings = pytest.mark.skipif(
    not (SHARED.is_dir() and RECORDINGS.is_file()), reason="the shared recordings are absent"
)
EACH_STEP = semantics_of("sinabs", most_spikes=1, floor=None)


def network(shape, *nodes, semantics=EACH_STEP, timesteps=8, dt=1e-4, **options):
    flat = flatten(NirFile(graph=chain(shape, *nodes)))
    return network_of(flat, semantics, timesteps=timesteps, dt=dt, **options)


def trains(net, events):
    """Spikes of the readout, (steps, *shape)."""
    result = GoldenModel(net, record=True).run(np.asarray(events, np.uint8)[None])
    return result.trains[net.readout.name][0].astype(int)


def stepped(semantics, kind, currents, *, tau, dt, r, threshold, v_leak=0.0, v_reset=0.0):
    """Spikes of one neuron, as floats, written from the presets' own descriptions."""
    rules = semantics.leaky if kind == "LIF" else semantics.integrator
    a = {"none": rules.kept, "euler": 1 - dt / tau, "exponential": np.exp(-dt / tau)}[rules.decay]
    gain = {
        "r": r,
        "r dt": r * dt,
        "r dt/tau": r * dt / tau,
        "r (1-a)": r * (1 - a),
        "r dt/(tau a)": r * dt / tau / a,
    }[rules.gain]
    currents = [0.0] * semantics.latency + list(currents)[: len(currents) - semantics.latency]
    v, owed, spikes = (v_leak if semantics.start == "v_leak" else 0.0), 0.0, []
    for current in currents:
        v = a * v + (1 - a) * v_leak + gain * current - owed
        owed, count = 0.0, 0
        while count < rules.most_spikes and (
            v >= threshold if rules.compare == ">=" else v > threshold
        ):
            count += 1
            if rules.reset == "zero":
                v = v_reset
                break
            if rules.reset_next:
                owed = threshold
                break
            v -= threshold
        if rules.floor is not None:
            v = max(v, rules.floor * threshold)
        spikes.append(count)
    return spikes


@needs_shared
@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.trace)
def test_lif_traces_are_reproduced_spike_for_spike(run):
    outcome = measure(SHARED, run)
    assert len(outcome.theirs) == 4
    np.testing.assert_array_equal(outcome.ours, outcome.theirs)
    assert outcome.voltage < (1e-2 if "fixed" in run.trace or run.trace == "exact" else 2e-3)


@needs_shared
def test_the_wrong_preset_gives_other_spikes():
    sinabs = next(run for run in RUNS if run.trace == "sinabs")
    assert not measure(SHARED, sinabs, "norse").equal


@needs_recordings
def test_the_published_cnn_classifies_real_recordings():
    program = import_nir(
        SHARED / "cnn_sinabs.nir", producer="sinabs", timesteps=5, input_bits=4, dt=0.06
    )
    test = load_events(str(RECORDINGS), "test")
    events = test.binned(5, duration_us=300_000, bits=4)
    result = GoldenModel(program.network).run(events)
    assert (result.predictions == test.labels).mean() >= 0.97


@needs_recordings
def test_operations_of_the_innuce_network_are_in_the_recorded_ratio():
    recorded = json.loads((SHARED / "inNuCE" / "saved_models_all_results.json").read_text())["10"]
    program = import_nir(
        SHARED / "inNuCE" / "exported_models_10.nir",
        producer="sinabs",
        timesteps=30,
        input_bits=4,
        dt=0.01,
    )
    net = program.network
    test = load_events(str(RECORDINGS), "test")
    events = test.binned(30, duration_us=300_000, bits=4)
    result = GoldenModel(net, record="trains").run(events)
    assert (result.predictions == test.labels).mean() >= 0.95  # recorded 96.1 %, all 10,000
    trains = {INPUT: events, **result.trains}
    # Recorded with each of several spikes in a step as an operation of its own.
    ours = np.zeros(len(net.populations))
    for place, population in enumerate(net.populations):
        for projection in net.into(population.name):
            spikes = np.abs(trains[projection.source].astype(np.int64)).sum(1).mean(0)
            reached = projection.fan_out(net.shape_of(projection.source), population.shape)
            ours[place] += (spikes * reached).sum()
    counted = np.array([counts.mean() for counts in result.operations.values()])
    assert (counted <= ours).all()  # they travel as bit planes
    ratio = ours / recorded["synops_per_layer"]  # steps, and events of ours beside all 10,000
    np.testing.assert_allclose(ratio, ratio.mean(), rtol=0.03)
    for layer, (rate, operations) in enumerate(
        zip(recorded["fire_rate_per_layer"][:-1], recorded["synops_per_layer"][1:], strict=True)
    ):
        before, after = net.populations[layer], net.populations[layer + 1]
        fan_out = net.into(after.name)[0].fan_out(before.shape, after.shape)
        each = operations / (rate * before.size)
        assert fan_out.min() * (1 - 1e-6) <= each <= fan_out.max() * (1 + 1e-6)
    assert fan_out.min() == fan_out.max() == 10


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("kind", ["IF", "LIF"])
def test_every_preset_steps_as_it_says(preset, kind):
    random = np.random.default_rng(5)
    steps, dt, tau = 400, 1e-4, 3.2e-3  # Euler's leak is 2**-5
    events = (random.random((steps, 3)) < 0.3).astype(np.uint8)
    weight = np.array([[64, 39, -30]]) / 64
    semantics = PRESETS[preset]
    rules = semantics.leaky if kind == "LIF" else semantics.integrator
    r = float(1 / rules.input_gain(np.ones(1), np.array([tau]), dt)[0])
    threshold = 117 / 64
    neuron = (
        leaky(1, tau=tau, threshold=threshold, r=r)
        if kind == "LIF"
        else integrate_and_fire(1, threshold, r=r)
    )
    net = network((3,), linear(weight), neuron, semantics=semantics, timesteps=steps, dt=dt)
    expected = stepped(
        semantics, kind, events @ weight[0], tau=tau, dt=dt, r=r, threshold=threshold
    )
    ours = trains(net, events)[:, 0]
    assert sum(expected) > 20
    np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("reset", ["subtract", "zero"])
@pytest.mark.parametrize(("compare", "first"), [(">=", 1), (">", 2)])
def test_a_potential_at_the_threshold(reset, compare, first):
    semantics = semantics_of(semantics=EACH_STEP, reset=reset, compare=compare)
    net = network((1,), linear([[0.5]]), integrate_and_fire(1, 1.0), semantics=semantics)
    spikes = trains(net, np.ones((8, 1)))[:, 0]
    expected = stepped(semantics, "IF", [0.5] * 8, tau=1, dt=1, r=1, threshold=1.0)
    assert spikes.tolist() == expected and np.flatnonzero(spikes)[0] == first


def test_bias_leak_potential_and_reset_potential_are_folded():
    semantics = semantics_of("norse")
    options = {"tau": 1e-3, "threshold": 1.0, "r": 2.0, "v_leak": 0.3, "v_reset": -0.2}
    net = network(
        (1,),
        affine([[0.9]], [0.35]),
        leaky(1, **options),
        semantics=semantics,
        timesteps=200,
    )
    events = np.random.default_rng(1).integers(0, 2, (200, 1))
    expected = stepped(semantics, "LIF", 0.9 * events[:, 0] + 0.35, dt=1e-4, **options)
    assert sum(expected) > 5
    assert trains(net, events)[:, 0].tolist() == expected


@pytest.mark.parametrize("kind", ["SumPool2d", "AvgPool2d"])
def test_pools_fold_into_the_synapses(kind):
    random = np.random.default_rng(2)
    weight = random.integers(-3, 4, (2, 1, 3, 3)) / 4.0
    events = random.integers(0, 2, (8, 1, 6, 6))
    net = network(
        (1, 6, 6), pool(kind, (2, 2)), conv(weight, padding=(1, 1)), integrate_and_fire((2, 3, 3))
    )
    assert [p.kind for p in net.projections] == ["conv"]
    share = 1.0 if kind == "SumPool2d" else 0.25
    pooled = events.reshape(8, 1, 3, 2, 3, 2).sum((3, 5)) * share
    padded = np.pad(pooled[:, 0], ((0, 0), (1, 1), (1, 1)))
    current = np.zeros((8, 2, 3, 3))
    for y, x in np.ndindex(3, 3):
        current += padded[:, None, y : y + 3, x : x + 3] * weight[:, 0, y, x].reshape(1, 2, 1, 1)
    v, expected = np.zeros((2, 3, 3)), []
    for step in current:
        v = v + step
        expected.append((v >= 1).astype(int))
        v = v - expected[-1]
    np.testing.assert_array_equal(trains(net, events), expected)


def test_a_recurrent_edge_takes_one_step():
    nodes = {
        **chain((2,), linear(np.eye(2)), integrate_and_fire(2)).nodes,
        "loop": linear([[0.0, -0.5], [-0.5, 0.0]]),
    }
    edges = [("input", "0"), ("0", "1"), ("1", "loop"), ("loop", "1"), ("1", "output")]
    flat = flatten(NirFile(graph=graph(nodes, edges)))
    net = network_of(flat, EACH_STEP, timesteps=6, dt=1e-4)
    loop = next(p for p in net.projections if p.source == p.target)
    assert loop.delay == 1 and len(net.populations) == 1
    events = np.array([[1, 0], [1, 1], [1, 1], [0, 1], [1, 1], [1, 1]])
    v, before, expected = np.zeros(2), np.zeros(2), []
    for step in events:
        v = v + step - 0.5 * before[::-1]
        before = (v >= 1).astype(int)
        v = v - before
        expected.append(before)
    np.testing.assert_array_equal(trains(net, events), expected)


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_delays_are_relayed(steps):
    delay = NirNode(kind="Delay", values={"delay": np.full(2, steps * 1e-4)})
    net = network(
        (2,),
        delay,
        integrate_and_fire(2),
        delay,
        linear([[1.0, 1.0]]),
        integrate_and_fire(1, 2.0),
        timesteps=12,
    )
    events = np.zeros((12, 2))
    events[1] = 1
    assert np.flatnonzero(trains(net, events)[:, 0]).tolist() == [1 + 2 * steps]


def test_latency_counts_for_every_layer():
    neurons = [integrate_and_fire(1, 0.5), linear([[1.0]]), integrate_and_fire(1, 0.5)]
    net = network((1,), linear([[1.0]]), *neurons, semantics=semantics_of("lava"))
    assert np.flatnonzero(trains(net, np.eye(8, 1))[:, 0]).tolist() == [2]


def test_a_threshold_node_has_no_memory():
    node = NirNode(kind="Threshold", values={"threshold": np.array([1.5])})
    net = network((2,), linear([[1.0, 1.0]]), node)
    events = np.array([[1, 0], [1, 0], [1, 1], [0, 0], [1, 1], [0, 1], [1, 0], [1, 0]])
    assert trains(net, events)[:, 0].tolist() == [0, 0, 1, 0, 1, 0, 0, 0]


def test_without_neurons_at_its_end_a_network_adds_up():
    net = network((2,), integrate_and_fire(2), affine([[1.0, 0.0], [0.0, 2.0]], [0.5, 0.0]))
    assert net.decode == "potential" and net.readout.reset == "none"
    result = GoldenModel(net).run(np.array([[[1, 0]] * 8], np.uint8))
    first, second = result.scores[0].astype(float)
    assert second == 0 and first > 0
    silent = GoldenModel(net).run(np.zeros((1, 8, 2), np.uint8)).scores[0, 0]
    assert first / silent == pytest.approx(3, rel=0.01)


def test_thresholds_may_differ_inside_a_channel():
    neuron = integrate_and_fire((1, 1, 2))
    values = {**neuron.values, "v_threshold": np.array([[[1.0, 2.0]]])}
    net = network((1, 1, 2), conv(np.ones((1, 1, 1, 1))), NirNode(kind="IF", values=values))
    assert trains(net, np.ones((8, 1, 1, 2))).sum(0).ravel().tolist() == [8, 4]


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits(bits):
    net = network(
        (4,),
        linear([[1.0, -1.0, 1.0, 1.0]]),
        leaky(1, r=25.0),
        semantics=semantics_of("spyx"),
        weight_bits=bits,
    )
    assert net.weight_bits == bits
    assert trains(net, np.ones((8, 4))).sum() > 0


def cuba_network(**options):
    random = np.random.default_rng(8)
    weight, loop = random.normal(0.1, 1, (6, 5)), random.normal(-0.2, 0.5, (6, 6))
    dt, tau_syn, tau_mem = 1e-4, 4e-4, 6.7e-4
    neuron = cuba(6, tau_syn, tau_mem, tau_syn / dt, tau_mem / dt, 4.0)
    nodes = {**chain((5,), linear(weight), neuron).nodes, "loop": linear(loop)}
    edges = [("input", "0"), ("0", "1"), ("1", "loop"), ("loop", "1"), ("1", "output")]
    flat = flatten(NirFile(graph=graph(nodes, edges)))
    semantics = semantics_of("snntorch", reset="subtract")
    net = network_of(flat, semantics, timesteps=120, dt=dt, **options)
    return net, weight, loop, 1 - dt / tau_syn, 1 - dt / tau_mem


def test_two_state_variables_are_refused_unless_the_current_may_be_sent_as_spikes():
    with pytest.raises(ConversionError, match=r"two state variables.*synapses='spikes'") as caught:
        cuba_network()
    assert caught.value.layer == "1"
    net, weight, loop, alpha, beta = cuba_network(synapses="spikes")
    assert [p.name for p in net.populations] == ["1.current", "1"]
    random = np.random.default_rng(9)
    same = total = 0
    for _ in range(10):
        events = random.integers(0, 2, (120, 5))
        current, v, spikes, expected = np.zeros(6), np.zeros(6), np.zeros(6), []
        for step in events:
            current = alpha * current + weight @ step + loop @ spikes
            v = beta * v + current
            spikes = (v > 4.0).astype(int)
            v = v - 4.0 * spikes
            expected.append(spikes)
        ours = trains(net, events)
        same += int((ours == expected).sum())
        total += ours.size
        assert abs(int(ours.sum()) - int(np.sum(expected))) <= 0.02 * np.sum(expected)
    assert same / total > 0.97


@needs_shared
def test_the_braille_network_is_refused_by_name_or_sent_as_spikes():
    path = SHARED / "braille_noDelay_noBias_subtract.nir"
    rows = check_nir(path, producer="snntorch", reset="subtract")
    refused = [row.name for row in rows if row.error]
    assert refused == ["lif1.lif", "lif2"]
    program = import_nir(
        path, producer="snntorch", reset="subtract", synapses="spikes", timesteps=256
    )
    loop = next(p for p in program.network.projections if p.source == "lif1.lif")
    assert loop.delay == 1 and loop.weight.shape == (40, 40)


@pytest.mark.parametrize(
    ("nodes", "layer", "text"),
    [
        ([integrate_and_fire(2, r=0.0)], "0", "r is 0"),
        ([integrate_and_fire(2, threshold=-1.0)], "0", "not above its v_reset"),
        ([integrate_and_fire(2, v_reset=0.5)], "0", "resets to 0.5"),
        ([leaky(2, tau=0.0)], "0", "tau is 0"),
        ([leaky(2, tau=np.array([1e-3, 9e-3]))], "0", "differ; a population has one leak"),
        (
            [NirNode(kind="LI", values={k: np.ones(2) for k in ("tau", "r", "v_leak")})]
            + [integrate_and_fire(2)],
            "0",
            "never spikes",
        ),
        (
            [NirNode(kind="Delay", values={"delay": np.full(2, 1.5e-4)}), integrate_and_fire(2)],
            "0",
            "1.5 to 1.5 steps",
        ),
    ],
)
def test_what_cannot_be_said_in_integers_is_refused_by_node(nodes, layer, text):
    with pytest.raises(ConversionError, match=text) as caught:
        network((2,), *nodes)
    assert caught.value.layer == layer


def test_options_are_checked(tmp_path):
    path = write(tmp_path / "x.nir", (2,), integrate_and_fire(2))
    for options, text in (
        ({}, "timesteps must be at least 1, not None"),
        ({"timesteps": 0}, "timesteps must be at least 1, not 0"),
        ({"timesteps": 4}, "producer= one of: exact, norse"),
        ({"timesteps": 4, "producer": "norse", "dt": 0}, "dt must be above 0"),
        ({"timesteps": 4, "producer": "norse", "weight_bits": 9}, "not 9 and 1"),
    ):
        with pytest.raises(ConversionError, match=text):
            import_nir(path, **options)


def test_check_gives_a_verdict_on_every_node(tmp_path):
    path = tmp_path / "x.nir"
    write(path, (1, 4, 4), conv(np.ones((2, 1, 3, 3))), integrate_and_fire((2, 2, 2)))
    rows = check_nir(path, producer="sinabs")
    assert [(row.name, row.verdict) for row in rows] == [
        ("input", "passed"),
        ("0", "converted"),
        ("1", "converted"),
        ("output", "passed"),
    ]
    assert "8 neurons, reset subtract, threshold" in rows[2].note
    undeclared = check_nir(path)
    assert undeclared[-1].name == "network" and "producer=" in str(undeclared[-1].error)


def test_check_names_every_obstacle(tmp_path):
    nodes = [leaky(2, r=-1.0), linear(np.eye(2)), integrate_and_fire(2, threshold=0.0)]
    write_nir_file(tmp_path / "x.nir", chain((2,), *nodes))
    rows = check_nir(tmp_path / "x.nir", producer="norse")
    assert [row.name for row in rows if row.error] == ["0", "2"]


def test_without_h5py_the_extra_is_named(tmp_path, monkeypatch):
    path = write(tmp_path / "x.nir", (2,), integrate_and_fire(2))
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ConversionError, match=r"pip install 'augend\[nir\]'"):
        import_nir(path, producer="norse", timesteps=4)
