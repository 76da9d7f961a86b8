"""What a sparse network reads, by hand."""

from types import SimpleNamespace

import numpy as np

from tests.measure.sparse_mlp import index_reads, read_pixels


def test_a_spike_reads_where_its_words_begin_and_a_word_which_neurons_it_is_for():
    hidden, output = SimpleNamespace(name="hidden"), SimpleNamespace(name="output")
    weight = np.array([[1, 0, 0], [0, 0, -2]])
    network = SimpleNamespace(
        populations=(hidden, output),
        hidden=(hidden,),
        projections=(SimpleNamespace(weight=weight),),
    )
    program = SimpleNamespace(network=network)
    result = SimpleNamespace(
        words={"hidden": np.array([3, 5]), "output": np.array([1, 2])},
        spikes={"hidden": np.array([2, 1]), "output": np.array([9, 9])},
    )
    pixels = np.array([[[[1, 0, 1]]], [[[0, 1, 0]]]])
    assert index_reads(program, result, pixels).tolist() == [4 + 2 + 2, 7 + 1 + 1]
    assert read_pixels(program) == 2
