"""Leaky neurons of training do in floats what the contract says in integers."""

import numpy as np
import pytest
import torch

from augend.gen.contract import INPUT
from augend.gen.entry import Input
from augend.gen.network import SpikingNetwork
from augend.gen.population import Population
from augend.gen.projection import Projection
from augend.gen.training.spiking_neurons import LeakyRules, respond, traces
from augend.sim.golden import GoldenModel

STEPS, IMAGES, INPUTS, NEURONS = 7, 5, 12, 9


@pytest.mark.parametrize("inhibition", [0, 8])
@pytest.mark.parametrize("leak", [(), (0,), (1, 1)])
def test_spikes_are_those_of_the_golden_model(inhibition, leak):
    rng = np.random.default_rng(3)
    threshold = np.full(NEURONS, 32)
    weight = rng.integers(-20, 40, (NEURONS, INPUTS))
    events = rng.integers(0, 2, (IMAGES, STEPS, INPUTS)).astype(np.uint8)
    nothing = np.zeros(NEURONS, np.int64)
    neurons = Population(
        name="neurons",
        shape=(NEURONS,),
        threshold=threshold,
        bias=nothing,
        initial=nothing,
        floor=-threshold,
        leak=(0,) if sum(0.5**a for a in leak) == 1 else leak,
        inhibition=inhibition,
    )
    network = SpikingNetwork(
        input=Input(shape=(INPUTS,), encoding="events", bits=1),
        populations=(neurons,),
        projections=(Projection(source=INPUT, target="neurons", kind="dense", weight=weight),),
        timesteps=STEPS,
        decode="count",
    )
    expected = GoldenModel(network).run(events).scores
    spikes = torch.from_numpy(events).transpose(0, 1).float()
    currents = spikes @ torch.from_numpy(weight).float().T
    rules = LeakyRules(leak=leak, inhibition=inhibition / 32)
    found = respond(currents, torch.from_numpy(threshold).float(), rules)
    np.testing.assert_array_equal(found.counts.numpy(), expected)
    np.testing.assert_array_equal(found.spikes.sum(0).numpy(), expected)
    assert found.counts.sum() > 0


def test_traces_are_what_a_leak_leaves_of_each_spike():
    spikes = (torch.rand(STEPS, IMAGES, INPUTS) < 0.4).float()
    ages = torch.arange(STEPS - 1, -1, -1.0)
    expected = (spikes * (0.75**ages)[:, None, None]).sum(0)  # Lee 2016, eq. 3
    torch.testing.assert_close(traces(spikes, 0.75), expected)
    found = respond(spikes, torch.full((INPUTS,), 0.5), LeakyRules(leak=(2,)))
    torch.testing.assert_close(found.traces, traces(found.spikes, 0.75))


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"leak": (0, 1)}, "must leave something"),
        ({"leak": (32,)}, "shifts of 0 to 31"),
        ({"inhibition": -0.1}, "inhibition must be 0 to below 2, not -0.1"),
    ],
)
def test_rules_that_cannot_be_are_refused(fields, text):
    with pytest.raises(ValueError, match=text):
        LeakyRules(**fields)
