from dataclasses import replace

import numpy as np
import pytest

from augend.gen.network import INPUT, Input, Population, Projection, SpikingNetwork
from augend.gen.place import PlacementError, place
from augend.hw.fit import FitError, check_fit, smallest_config


def network(readout=(10,), shape=(64,)):
    population = Population(
        name="out",
        shape=readout,
        threshold=np.ones(readout[0], int),
        bias=np.zeros(readout[0], int),
        initial=np.zeros(readout[0], int),
        reset="none",
        current_shift=np.zeros(readout[0], int),
    )
    weight = np.ones((int(np.prod(readout)), int(np.prod(shape))), int)
    projection = Projection(source=INPUT, target="out", kind="dense", weight=weight)
    return SpikingNetwork(
        input=Input(shape=shape), populations=(population,), projections=(projection,)
    )


def test_the_smallest_fits():
    placement = place(network(), lanes=4, cores=2)
    check_fit(smallest_config(placement), placement)


@pytest.mark.parametrize("name", ["weight_words", "potential_bits", "input_rows", "instructions"])
def test_what_is_too_small_is_named_with_need_and_capacity(name):
    placement = place(network(), lanes=4)
    config = replace(smallest_config(placement), **{name: 1})
    with pytest.raises(FitError, match=rf"It needs {name} \d+ \(has 1\)\. Build a larger one"):
        check_fit(config, placement)


@pytest.mark.parametrize("name", ["lanes", "cores"])
def test_lanes_and_cores_must_be_those_it_was_placed_for(name):
    placement = place(network(), lanes=4, cores=2)
    config = replace(smallest_config(placement), **{name: 8})
    with pytest.raises(FitError, match=rf"needs {name} \d \(has 8\)"):
        check_fit(config, placement)


@pytest.mark.parametrize(("readout", "need"), [((10,), 16), ((3, 4, 4), 4), ((70,), 32)])
def test_the_readout_keeps_the_lanes_that_have_scores(readout, need):
    placement = place(network(readout=readout), lanes=32)
    config = smallest_config(placement)
    assert config.readout_lanes == need
    fewer = replace(config, readout_lanes=need // 2)
    with pytest.raises(FitError, match=rf"needs readout_lanes \d+ \(has {need // 2}\)"):
        check_fit(fewer, placement)
    check_fit(replace(config, readout_lanes=128), placement)


def test_few_potential_words_lie_in_distributed_memory_and_many_in_blocks():
    assert smallest_config(place(network(), lanes=4)).potential_memory == "distributed"
    many = place(network(shape=(4,), readout=(600,)), lanes=1)
    assert smallest_config(many).potential_memory == "block"


@pytest.mark.parametrize("lanes", [0, 3, 12])
def test_lanes_are_a_power_of_two(lanes):
    with pytest.raises(PlacementError, match=f"Lanes must be a power of two, not {lanes}"):
        place(network(), lanes=lanes)


def spiking(bias=0, timesteps=4):
    """Events into neurons that spike into a readout."""

    def population(name, **options):
        one = np.ones(6, int)
        added = {"threshold": 4 * one, "bias": bias * one, "initial": 0 * one}
        return Population(name=name, shape=(6,), **added, **options)

    ends = ((INPUT, "hidden"), ("hidden", "out"))
    return SpikingNetwork(
        input=Input(shape=(6,), encoding="events", bits=1),
        populations=(population("hidden"), population("out", reset="none")),
        projections=tuple(
            Projection(source=source, target=target, kind="dense", weight=np.eye(6, dtype=int))
            for source, target in ends
        ),
        timesteps=timesteps,
    )


@pytest.mark.parametrize(
    ("network", "skips"),
    [(spiking(), 1), (spiking(bias=1), 0), (spiking(timesteps=2), 0)],
    ids=["quiet", "a bias", "no step between the first and the last"],
)
def test_sweeps_are_skipped_where_one_can_be_and_need_not_be(network, skips):
    placement = place(network, lanes=4)
    config = smallest_config(placement)
    assert config.skips == skips
    check_fit(replace(config, skips=0), placement)
