"""Clocks by formula: what an empty step costs, and how well the lanes are used."""

import numpy as np
import pytest

from augend.gen.network import INPUT, Input, Population, Projection, SpikingNetwork
from augend.gen.place import place
from augend.sim.golden import GoldenModel
from augend.sim.link import LinkModel, Request
from augend.sim.timing import TimingModel


def perceptron(timesteps, hidden=256, schedule="synchronous", bias=0):
    rng = np.random.default_rng(0)

    def population(name, size, **options):
        return Population(
            name=name,
            shape=(size,),
            threshold=np.full(size, 100),
            bias=np.full(size, bias),
            initial=np.full(size, 50),
            **options,
        )

    def dense(source, target, size):
        return Projection(
            source=source, target=target, kind="dense", weight=rng.integers(-20, 60, size)
        )

    return SpikingNetwork(
        input=Input(shape=(64,), encoding="events", bits=1),
        populations=(
            population("first", hidden),
            population("second", hidden),
            population("out", 16, reset="none"),
        ),
        projections=(
            dense(INPUT, "first", (hidden, 64)),
            dense("first", "second", (hidden, hidden)),
            dense("second", "out", (16, hidden)),
        ),
        timesteps=timesteps,
        schedule=schedule,
    )


def cycles(network, density, lanes=16, memory="distributed", skips=None):
    rng = np.random.default_rng(1)
    events = (rng.random((2, network.timesteps, 64)) < density).astype(np.uint8)
    golden = GoldenModel(network, record="trains").run(events)
    placement = place(network, lanes=lanes)
    timing = TimingModel(placement, potential_memory=memory, skips=skips)
    return timing.run(events, golden.trains), golden


def empty_step(**options):
    """Clocks of a step without any event."""
    network = {name: options.pop(name) for name in ("bias", "schedule") if name in options}
    few, many = (cycles(perceptron(n, **network), 0.0, **options)[0] for n in (60, 80))
    return (many.cycles - few.cycles) / 20


@pytest.mark.parametrize("options", [{"skips": False}, {"bias": -1}], ids=str)
def test_an_empty_step_costs_its_sweeps_and_a_fixed_change_over(options):
    """256 neurons on 16 lanes: 16 words each, 19 clocks beside them, 11 to take an empty input."""
    np.testing.assert_array_equal(empty_step(**options), 2 * (16 + 19) + 11)


@pytest.mark.parametrize("schedule", ["synchronous", "phased"])
@pytest.mark.parametrize("lanes", [1, 16])
def test_an_empty_step_of_quiet_neurons_costs_no_sweep(schedule, lanes):
    """Of any number of neurons: 2 + 3 clocks each population, 3 to take an empty input.

    In the phased schedule the input's loop takes the 5.5 clocks in which the encoder can follow.
    """
    step = 2 * (2 + 3) + (5.5 if schedule == "phased" else 3)
    np.testing.assert_array_equal(empty_step(schedule=schedule, lanes=lanes), step)


def test_a_step_that_only_some_images_use_is_swept_for_these_alone():
    network = perceptron(8)
    events = np.zeros((3, 8, 64), np.uint8)
    events[1, 3, 5] = 1
    events[2, 3:5] = 1
    golden = GoldenModel(network, record="trains").run(events)
    timing = TimingModel(place(network, lanes=16)).run(events, golden.trains)
    # The first and last step, those with events, and those behind spikes, and no other.
    swept = events.any(2)  # (images, steps)
    swept[:, 1:] |= golden.trains["first"].any(2)[:, :-1]
    swept[:, [0, -1]] = True
    assert len(set(swept.sum(1))) == 3
    np.testing.assert_array_equal(timing.updates["first"], 256 * swept.sum(1))
    np.testing.assert_array_equal(golden.updates["first"], 8 * 256)


def test_few_events_leave_many_sweeps_out():
    """64-256-256-16, of 100 steps every twentieth with events."""
    network = perceptron(100)
    rng = np.random.default_rng(3)
    events = np.zeros((4, 100, 64), np.uint8)
    events[:, ::20] = rng.random((4, 5, 64)) < 0.03
    golden = GoldenModel(network, record="trains").run(events)
    placement = place(network, lanes=16)
    swept, skipped = (
        TimingModel(placement, skips=skips).run(events, golden.trains) for skips in (False, True)
    )
    assert (skipped.cycles < 0.95 * swept.cycles).all()
    for name in ("first", "second"):
        np.testing.assert_array_equal(swept.updates[name], golden.updates[name])
        assert (skipped.updates[name] <= swept.updates[name]).all()
    assert skipped.updates["second"].sum() < 0.9 * swept.updates["second"].sum()


def test_busy_lanes_are_used():
    timing, golden = cycles(perceptron(4), 0.5)
    for name in ("first", "second", "out"):
        busy = golden.operations[name] / (timing.clocks[name] * 16)
        assert busy.min() > 0.85, name
    total = sum(golden.operations.values()) / (timing.cycles * 16)
    assert total.min() > 0.9


def test_a_word_that_comes_back_is_held_in_block_memory_only(monkeypatch):
    monkeypatch.setattr("augend.gen.place.partial_sums", lambda *_: 1)
    block, golden = cycles(perceptron(4), 0.5, memory="block")
    distributed, _ = cycles(perceptron(4), 0.5)
    spikes = golden.trains["second"].sum(2)  # (images, steps)
    np.testing.assert_array_equal(block.stalls["held"][:, 0], 3 * np.maximum(spikes - 1, 0).sum(1))
    np.testing.assert_array_equal(block.cycles - distributed.cycles, block.stalls["held"][:, 0])


def test_link_answers_before_the_next_head():
    link = LinkModel(classes=10, counters=35)
    starts = link.starts(
        [
            Request(kind="start", length=2, arrived=10, busy=30),
            Request(kind="run", length=3, arrived=20, busy=100),
            Request(kind="run", length=3, arrived=1000, busy=100),
        ]
    )
    # Head two clocks after the CRC, then length and hash, then the start.
    assert starts == [16, 53, 1007]


def test_a_write_into_the_other_bank_takes_no_clocks_between_inferences():
    def starts(bank, banks=2):
        requests = [Request(kind="run", length=3, arrived=10, busy=1000)]
        requests += [Request(kind="write", length=100, arrived=500, bank=bank)]
        requests += [Request(kind="run", length=3, arrived=510, busy=1000, bank=bank)]
        return LinkModel(classes=10, counters=35, banks=banks).starts(requests)

    assert starts(0) == starts(0, banks=1) == starts(1, banks=1)
    assert starts(0)[0] == starts(1)[0]
    assert starts(0)[1] - starts(1)[1] == 100  # the words of its payload
