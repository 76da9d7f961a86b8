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
