"""Networks of everything that the contract has: the literal model against both engines."""

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from augend.gen.network import INPUT
from augend.sim.event_walk import COMPILED
from augend.sim.golden import GoldenModel
from augend.sim.reference import REFERENCE

from .drawn_everything import everything_and_pixels
from .literal_model import run_image

ENGINES = {"compiled": COMPILED, "reference": REFERENCE}
drawn = settings(
    max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
)


def padded(steps, length):
    """Tallies of the steps that ran, and 0 for those after an exit."""
    return [*steps, *[0] * (length - len(steps))]


def stayed(steps, length):
    """Values of the steps that ran, and the last of them after an exit."""
    return [*steps, *[steps[-1]] * (length - len(steps))]


@pytest.mark.parametrize("engine", ENGINES)
@given(case=everything_and_pixels())
@drawn
def test_everything_is_the_contracts(engine, case):
    network, pixels = case
    result = GoldenModel(network, record=True, engine=ENGINES[engine]).run(pixels)
    steps, events = network.timesteps, network.input.encoding == "events"
    for image, entry in enumerate(pixels):
        literal = run_image(
            network, (entry.reshape(steps, -1) if events else entry.ravel()).tolist()
        )
        assert result.exit_step[image] == literal["exit_step"]
        assert result.scores[image].tolist() == literal["scores"]
        assert result.predictions[image] == literal["prediction"]
        assert result.step_scores[image].tolist() == stayed(literal["step_scores"], steps)
        assert set(result.step_spikes) == set(literal["step_spikes"])
        for name, spikes in literal["step_spikes"].items():
            assert result.step_spikes[name][image].tolist() == padded(spikes, steps)
            total = result.input_spikes if name == INPUT else result.spikes[name]
            assert total[image] == sum(spikes)
        assert set(result.step_operations) == set(literal["step_operations"])
        for name, operations in literal["step_operations"].items():
            assert result.step_operations[name][image].tolist() == padded(operations, steps)
            assert result.operations[name][image] == sum(operations)
        assert {name: values[image] for name, values in result.updates.items()} == literal[
            "updates"
        ]
        for name, train in result.trains.items():
            silent = [0] * len(literal["trains"][name][0])
            expected = literal["trains"][name] + [silent] * (steps - literal["exit_step"])
            assert train[image].reshape(steps, -1).tolist() == expected
        firing = {p.name for p in network.populations if p.fires}
        assert set(result.trains) == firing | {gate.name for gate in network.gates}
        for p in network.populations:
            potentials = result.potentials[p.name][image].reshape(steps, -1)
            assert potentials.tolist() == stayed(literal["potentials"][p.name], steps)
            assert (p.name in result.current) == (p.current_shift is not None)
            if p.name in result.current:
                current = result.current[p.name][image].ravel().tolist()
                assert current == literal["current"][p.name]


@given(
    case=everything_and_pixels(),
    record=st.sampled_from([False, "trains", "steps", True]),
    engine=st.sampled_from(sorted(ENGINES)),
    threads=st.sampled_from([1, 3]),
)
@drawn
def test_what_is_recorded_and_how_it_is_run_changes_no_result(case, record, engine, threads):
    network, pixels = case
    expected = GoldenModel(network, record=True, engine=REFERENCE, threads=1).run(pixels)
    small = dataclasses.replace(ENGINES[engine], working_set=1)  # an image a chunk
    for each in (ENGINES[engine], small):
        result = GoldenModel(network, record=record, engine=each, threads=threads).run(pixels)
        for key in ("predictions", "scores", "input_spikes", "exit_step"):
            assert np.array_equal(getattr(result, key), getattr(expected, key))
            assert getattr(result, key).dtype == np.int64
        for key in ("spikes", "operations", "updates"):
            assert set(getattr(result, key)) == set(getattr(expected, key))
            for name, values in getattr(result, key).items():
                assert np.array_equal(values, getattr(expected, key)[name]), (key, name)
                assert values.dtype == np.int64
        kept = {
            "trains": record in (True, "trains"),
            "step_spikes": record in (True, "steps"),
            "step_operations": record in (True, "steps"),
            "potentials": record is True,
        }
        for key, there in kept.items():
            values, wanted = getattr(result, key), getattr(expected, key)
            assert set(values) == (set(wanted) if there else set())
            assert all(np.array_equal(value, wanted[name]) for name, value in values.items())
            assert all(value.dtype == wanted[name].dtype for name, value in values.items())
        if record in (True, "steps"):
            assert np.array_equal(result.step_scores, expected.step_scores)
        else:
            assert result.step_scores is None
