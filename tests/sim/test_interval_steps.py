"""Every value of an interval, through a step of one neuron, stays in the interval after it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from augend.gen.bounds import bounds
from augend.gen.intervals import Arrival, stepped
from augend.gen.network import Input, Population, Projection, SpikingNetwork
from augend.sim.golden import GoldenModel
from augend.sim.reference import REFERENCE

from .literal_rules import Neurons

few = settings(max_examples=400, deadline=None)


def one(values):
    return np.array([values])


def neuron(**options):
    given = {"threshold": 5, "bias": 0, "initial": 0} | options
    arrays = "threshold", "bias", "initial", "negative_threshold", "negative_step", "floor"
    values = {key: one(v) if key in arrays and v is not None else v for key, v in given.items()}
    return Population(name="n", shape=(1,), **values)


@given(
    reset=st.sampled_from(["subtract", "zero"]),
    threshold=st.integers(1, 6),
    negative=st.none() | st.tuples(st.integers(0, 6), st.integers(1, 9)),
    takes_back=st.booleans(),
    leak=st.lists(st.integers(0, 3), max_size=4),
    most=st.integers(1, 3),
    rules=st.sampled_from([{}, {"refractory": 1}, {"single_spike": True}, {"floor": -3}]),
    ends=st.tuples(st.integers(-9, 9), st.integers(-9, 9)),
)
@few
def test_no_arrival_of_two_steps_leads_out(
    reset, threshold, negative, takes_back, leak, most, rules, ends
):
    """All arrivals of an interval, in all combinations over three steps, of a neuron by itself."""
    options = {"takes_back": takes_back} if negative else {}
    if negative:
        options |= {"negative_threshold": negative[0], "negative_step": negative[1]}
    population = neuron(
        reset=reset, threshold=threshold, leak=tuple(leak), most_spikes=most, **options, **rules
    )
    low, high = min(ends), max(ends)
    arrival = Arrival.of(one(low), one(high))
    proved = stepped(population, arrival, arrival, 3)
    states = {(): Neurons(population)}
    for step in range(3):
        following = {}
        for state in states.values():
            for value in range(low, high + 1):
                neurons = Neurons(population)
                for key in ("potential", "emitted", "total", "last_fired"):
                    setattr(neurons, key, list(getattr(state, key)))
                neurons.leak()
                assert proved.low[0] <= neurons.potential[0] <= proved.high[0]
                neurons.add([value])
                assert proved.low[0] <= neurons.potential[0] <= proved.high[0]
                neurons.fire(step)
                neurons.sink()
                assert proved.low[0] <= neurons.potential[0] <= proved.high[0]
                key = *neurons.potential, *neurons.total, *neurons.last_fired
                following[key] = neurons
        states = following


def test_bounds_of_signed_sources_and_of_inhibition_are_reached() -> None:
    """A source may send 2 or -2 at once, and two neighbours of a neuron may spike."""
    three = {"threshold": np.full(3, 9), "bias": np.zeros(3, int), "initial": np.zeros(3, int)}
    signed = Population(
        name="signed", shape=(3,), negative_threshold=np.full(3, 9), most_spikes=2, **three
    )
    rivals = Population(
        name="rivals", shape=(3,), inhibition=7, **(three | {"threshold": np.full(3, 1000)})
    )
    last = Population(
        name="last", shape=(1,), reset="none", threshold=one(1), bias=one(0), initial=one(0)
    )

    def dense(source, target, weight):
        return Projection(source=source, target=target, kind="dense", weight=np.array(weight))

    network = SpikingNetwork(
        input=Input(shape=(1,), encoding="events", bits=1),
        populations=(signed, rivals, last),
        projections=(
            dense("input", "signed", [[1], [1], [1]]),
            dense("signed", "rivals", [[5, -3, 0]] * 3),
            dense("rivals", "last", [[1, 1, 1]]),
        ),
        timesteps=2,
    )
    proved = bounds(network)["rivals"].potential
    # 2 * (5 + 3) either way in each step, and 7 for each of two neighbours in the second.
    assert proved == (-2 * 16 - 2 * 7, 2 * 16)


def test_a_neuron_rests_for_as_many_steps_as_it_is_refractory() -> None:
    population = neuron(refractory=2, threshold=1, bias=1)
    network = SpikingNetwork(
        input=Input(shape=(1,), encoding="events", bits=1),
        populations=(population,),
        projections=(Projection(source="input", target="n", kind="dense", weight=np.array([[1]])),),
        timesteps=7,
        decode="count",
    )
    for engine in (None, REFERENCE):
        result = GoldenModel(network, record="trains", engine=engine).run(np.zeros((1, 7, 1), int))
        assert result.trains["n"].ravel().tolist() == [1, 0, 0, 1, 0, 0, 1]
