"""The spiking softmax in the golden model: as the contract says, and as the float softmax says."""

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from augend.gen.gumbel import softmax_of, tick_steps
from augend.gen.lfsr import seed_of_run
from augend.gen.network import ContractError, Input, Population, Projection, Softmax, SpikingNetwork
from augend.gen.place import place
from augend.gen.program import Program
from augend.gen.program_file import pack_network, unpack_network
from augend.sim.decoding import output_spikes
from augend.sim.event_walk import COMPILED
from augend.sim.golden import GoldenModel
from augend.sim.reference import REFERENCE

from .drawn_everything import some_softmax
from .drawn_networks import network_and_pixels
from .literal_model import run_image

ENGINES = {"compiled": COMPILED, "reference": REFERENCE}
PIXELS = np.zeros((1, 1), int)


def readout(*, start=(0, 0), bias=(0, 0), **options):
    """A network of a readout alone, whose potentials are start + steps * bias on a dark pixel."""
    classes = len(start)
    population = Population(
        name="scores",
        shape=(classes,),
        threshold=np.ones(classes, int),
        bias=np.array(bias),
        initial=np.array(start),
        reset="none",
        current_shift=np.zeros(classes, int),
    )
    weight = np.ones((classes, 1), int)
    return SpikingNetwork(
        input=Input(shape=(1,)),
        populations=(population,),
        projections=(Projection(source="input", target="scores", kind="dense", weight=weight),),
        **{"decode": "softmax", "softmax": Softmax(temperature=16), "timesteps": 4} | options,
    )


def softmax(logits):
    powers = np.exp(np.asarray(logits, float) - np.max(logits))
    return powers / powers.sum()


def scores(network, pixels=PIXELS, **options):
    return GoldenModel(network, **{"engine": REFERENCE} | options).run(pixels).scores


@st.composite
def softmax_and_pixels(draw):
    """A drawn network that ends in a softmax, with a few images."""
    network, pixels = draw(network_and_pixels())
    options = draw(some_softmax(network.timesteps))
    end = {"schedule": "synchronous", "decode": "softmax", "softmax": options}
    return dataclasses.replace(network, **end), pixels


@pytest.mark.parametrize("engine", ENGINES)
@given(case=softmax_and_pixels())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_softmax_is_the_contracts(engine, case):
    network, pixels = case
    result = GoldenModel(network, record="steps", engine=ENGINES[engine]).run(pixels)
    unrecorded = GoldenModel(network, engine=ENGINES[engine], threads=3).run(pixels)
    events = network.input.encoding == "events"
    for image, entry in enumerate(pixels):
        flat = entry.reshape(network.timesteps, -1) if events else entry.ravel()
        literal = run_image(network, flat.tolist())
        assert result.step_scores[image].tolist() == literal["step_scores"]
        for each in (result, unrecorded):
            assert each.scores[image].tolist() == literal["scores"]
            assert each.predictions[image] == literal["prediction"]
            updates = {name: values[image] for name, values in each.updates.items()}
            assert updates == literal["updates"]
    ticks = len(tick_steps(network.softmax, network.timesteps, network.readout.size))
    assert np.all(result.scores.sum(1) == ticks)


@pytest.mark.parametrize("clock", [{}, {"clock": "poisson", "rate": 30_000}, {"period": 3}])
def test_output_spikes_are_drawn_from_the_softmax_of_the_potentials(clock):
    start = (40, 0, -40, 90, 10)
    options = Softmax(temperature=40 * 16, seed=seed_of_run(3), **clock)
    network = readout(start=start, bias=(0,) * 5, timesteps=60_000, softmax=options)
    found = scores(network)[0]
    expected = found.sum() * softmax(np.array(start) / 40)
    assert found.sum() == len(tick_steps(options, 60_000, 5))
    assert ((found - expected) ** 2 / expected).sum() < 4 + 5 * np.sqrt(8)


LOGITS = np.array([1.5, -0.5, 0.25, 0.0, -2.0, 1.0])
UNIT = 0.05


def output_shares(timesteps, runs, **clock):
    """Shares of the classes in all output spikes of runs with different seeds."""
    total = np.zeros(len(LOGITS))
    bias = np.round(LOGITS / UNIT).astype(int)
    for run in range(runs):
        made = softmax_of(UNIT, timesteps, classes=len(LOGITS), seed=seed_of_run(run), **clock)
        network = readout(start=bias * 0, bias=bias, timesteps=timesteps, softmax=made)
        total += scores(network)[0]
    return total


def test_output_spikes_of_all_steps_approximate_the_float_softmax():
    for clock in ({}, {"clock": "poisson", "rate": 40_000}):
        total = output_shares(32, 200, **clock)
        distance = np.abs(total / total.sum() - softmax(LOGITS)).sum() / 2
        assert distance < 0.06, (clock, distance)
        assert total.argmax() == LOGITS.argmax()


def test_the_spike_at_the_end_is_drawn_from_the_float_softmax():
    total = output_shares(16, 3000, period=16)
    expected = total.sum() * softmax(LOGITS)
    assert total.sum() == 3000
    assert ((total - expected) ** 2 / expected).sum() < 5 + 5 * np.sqrt(10)


def test_every_image_starts_the_register_again():
    network = readout(start=(3, 0, 1), bias=(0, 1, 0), timesteps=50)
    alone = scores(network)
    assert np.array_equal(scores(network), alone)
    many = scores(network, np.zeros((9, 1), int), threads=2)
    assert np.array_equal(many, np.repeat(alone, 9, 0))
    other = dataclasses.replace(network, softmax=Softmax(temperature=16, seed=77))
    assert not np.array_equal(scores(other), alone)


def test_a_potential_far_above_wins_always_and_no_sum_overflows():
    most = (1 << 61) - 1
    for start in ((-most, most, most - 1), (most, most, -most)):
        network = readout(start=start, bias=(0, 0, 0), timesteps=30)
        found = scores(network)[0]
        assert (
            found.tolist()
            == GoldenModel(network, engine=COMPILED).run(PIXELS).scores[0].tolist()
            == run_image(network, [0])["scores"]
        )
        assert found[np.argmin(start)] == 0
        assert np.count_nonzero(found) == 2


def test_a_rectified_network_draws_from_potentials_of_at_least_0():
    options = {"timesteps": 20_000, "softmax": Softmax(temperature=16)}
    found = scores(readout(start=(-50, 0), rectified=True, **options))[0]
    assert abs(found[0] / 20_000 - 0.5) < 0.02
    assert scores(readout(start=(-50, 0), **options))[0].tolist() == [0, 20_000]


def test_neurons_are_numbered_channel_by_channel():
    population = Population(
        name="map",
        shape=(2, 2, 2),
        threshold=np.ones(2, int),
        bias=np.zeros(2, int),
        initial=np.arange(8).reshape(2, 2, 2),
        reset="none",
        current_shift=np.zeros(2, int),
    )
    weight = np.zeros((8, 1), int)
    map_network = dataclasses.replace(
        readout(timesteps=200),
        populations=(population,),
        projections=(Projection(source="input", target="map", kind="dense", weight=weight),),
    )
    flat = readout(start=range(8), bias=(0,) * 8, timesteps=200)
    assert np.array_equal(scores(map_network), scores(flat))
    held = np.zeros((1, 200, 8), np.int64)
    assert output_spikes(map_network, held).sum() == 200


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"softmax": None}, "Decode 'softmax', and only it, needs a Softmax with temperature"),
        ({"decode": "potential"}, "Decode 'softmax', and only it, needs a Softmax"),
        ({"schedule": "phased"}, "phased schedule has no meaning for; use schedule 'synchronous'"),
        (
            {"softmax": Softmax(temperature=1, period=5)},
            "clock must tick in the 4 time steps; its period is 5",
        ),
        ({"exit_margin": 3}, "An exit margin is at least 1, for scores by potential"),
        ({"decode": "entropy"}, "one of 'potential', 'count', 'first_spike', 'softmax', not"),
    ],
)
def test_what_has_no_meaning_is_refused(options, message):
    with pytest.raises(ContractError, match=message):
        readout(**options)


def test_a_softmax_needs_a_readout_that_accumulates():
    network = readout()
    fires = dataclasses.replace(network.readout, reset="subtract")
    with pytest.raises(ContractError, match="The last population, and only it, has reset 'none'"):
        dataclasses.replace(network, populations=(fires,))


def test_the_accelerator_has_a_place_for_it():
    assert readout().options == ("readout by softmax",)
    assert place(readout(), lanes=4).core_of == {readout().readout.name: 0}


def test_a_program_holds_it(tmp_path):
    made = Softmax(temperature=np.int64(99), clock="poisson", rate=5000, seed=4)
    network = readout(softmax=made)
    Program(network=network).save(tmp_path / "net.augend")
    assert Program.load(tmp_path / "net.augend").network.softmax == made
    changes = {"temperature": 98, "rate": 5001, "seed": 5}
    changed = [dataclasses.replace(made, **{key: value}) for key, value in changes.items()]
    changed += [Softmax(temperature=99, period=period) for period in (1, 2)]
    hashes = {Program(network=readout(softmax=each)).hash for each in (made, *changed)}
    assert len(hashes) == 6
    description, arrays = pack_network(readout(decode="potential", softmax=None))
    assert "softmax" not in description
    description, arrays = pack_network(network)
    description["softmax"]["mood"] = "good"
    with pytest.raises(TypeError, match="Softmax has no mood"):
        unpack_network(description, arrays)
