"""Partial sums of a readout whose word comes back with every spike."""

from dataclasses import replace

import numpy as np
import pytest

from augend.gen.network import Input, Population, Projection, SpikingNetwork
from augend.gen.partial_sums import partial_sums
from augend.gen.place import place
from augend.gen.schedule import Consume, Sweep
from augend.sim.golden import GoldenModel
from augend.sim.timing import TimingModel

LANES = 8


def network(outputs=10, hidden=2400, decode="potential"):
    rng = np.random.default_rng(0)

    def population(name, neurons, reset):
        values = {"threshold": 3, "bias": 0, "initial": 1}
        values = {key: np.full(neurons, value) for key, value in values.items()}
        return Population(name=name, shape=(neurons,), reset=reset, **values)

    readout = population("scores", outputs, "subtract" if decode == "count" else "none")
    return SpikingNetwork(
        input=Input(shape=(4,), encoding="events", bits=1),
        populations=(population("hidden", hidden, "subtract"), readout),
        projections=(
            Projection(
                source="input",
                target="hidden",
                kind="dense",
                weight=rng.integers(-3, 8, (hidden, 4)),
            ),
            Projection(
                source="hidden",
                target="scores",
                kind="dense",
                weight=rng.integers(-8, 8, (outputs, hidden)),
            ),
        ),
        timesteps=4,
        weight_bits=4,
        decode=decode,
    )


def test_lanes_add_to_one_partial_sum_after_the_other():
    placement = place(network(), lanes=LANES)
    (core,) = placement.cores
    (consume,) = [
        i for i in core.instructions if isinstance(i, Consume) and i.population == "scores"
    ]
    sums = partial_sums(network(), placement.layouts)
    words = placement.layouts["scores"].words
    assert sums == 8 and words == 2
    reached = {
        int(base) + word
        for base in consume.tables.lane[:, 0] + consume.tables.row[0, 0]
        for word in range(words)
    }
    assert len(reached) == sums * words
    adds = [i for i in core.instructions if isinstance(i, Sweep) and i.current == "always"]
    assert len(adds) == sums - 1
    assert core.potential_words == 300 + sums * words


@pytest.mark.parametrize("encoding", ["current", "hybrid"])
def test_an_input_current_of_the_readout_is_one_word(encoding):
    plain = network()
    (source, hidden), (into, out) = plain.populations, plain.projections
    fed = [replace(p, current_shift=np.zeros(p.size, int)) for p in (source, hidden)]
    direct = Projection(
        source="input", target="scores", kind="dense", weight=np.ones((hidden.size, 4), int)
    )
    placement = place(
        replace(
            plain,
            input=Input(shape=(4,), encoding=encoding, bits=2),
            populations=tuple(fed),
            projections=(into, direct, out),
        ),
        lanes=LANES,
    )
    taken = [i for i in placement.cores[0].instructions if isinstance(i, Consume)]
    potential = {
        source: {int(at) for i in taken if i.source == source for at in i.tables.lane[:, 0]}
        for source in ("input", "hidden")
    }
    assert len(potential["hidden"]) == 8
    assert potential["input"] == {0}


def test_no_spike_waits_for_its_word_as_often():
    one = network()
    pixels = (np.random.default_rng(1).random((3, 4, 4)) < 0.6).astype(np.uint8)
    trains = GoldenModel(one, record="trains").run(pixels).trains

    def run():
        found = TimingModel(place(one, lanes=LANES), potential_memory="block").run(pixels, trains)
        return found.stalls["held"].sum(), found.cycles.sum()

    held, cycles = run()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("augend.gen.place.partial_sums", lambda *_: 1)
        alone_held, alone_cycles = run()
    assert held < alone_held / 3 and cycles < alone_cycles


@pytest.mark.parametrize(
    "options",
    [{"hidden": 80}, {"outputs": 40}, {"decode": "count"}],
    ids=["distributed RAM", "words enough", "swept in every step"],
)
def test_a_readout_that_gains_nothing_has_one_sum(options):
    placement = place(network(**options), lanes=LANES)
    words = sum(placement.layouts[name].words for name in ("hidden", "scores"))
    assert placement.cores[0].potential_words == words
