"""What the accelerator does not run is refused by name, with where and what to do."""

import dataclasses

import numpy as np
import pytest

from augend.gen.network import Gate, Input, Population, Projection, SpikingNetwork
from augend.gen.place import RUNS, PlacementError, place
from augend.gen.schedule import Consume, Select, Sweep, Take


def population(name, shape, **options):
    size = shape[0]
    given = {"threshold": np.full(size, 9), "bias": np.zeros(size, int)}
    return Population(name=name, shape=shape, initial=np.zeros(size, int), **given, **options)


def chain(*, hidden=None, last=None, into=None, outof=None, **options):
    """Events into a hidden population into a readout, with changes to each part."""
    shape = (2, 2, 2)
    network = {
        "input": Input(shape=(4,), encoding="events", bits=1),
        "populations": (
            population("hidden", shape, **(hidden or {})),
            population("scores", (3,), **({"reset": "none"} | (last or {}))),
        ),
        "projections": (
            Projection(
                source="input",
                target="hidden",
                kind="dense",
                **({"weight": np.ones((8, 4), int)} | (into or {})),
            ),
            Projection(
                source="hidden",
                target="scores",
                kind="dense",
                **({"weight": np.ones((3, 8), int)} | (outof or {})),
            ),
        ),
        "timesteps": 2,
    }
    return SpikingNetwork(**(network | options))


def pooled(*, rule="count", decay=4, **options):
    """A chain with a gate that nothing needs."""
    places = {"shape": (2, 1, 1), "kernel": (2, 2), "stride": (2, 2)}
    gate = Gate(name="pool", source="hidden", rule=rule, decay=decay, **places)
    return chain(gates=(gate,), **options)


REFUSED = {
    "a delay (hidden to scores)": chain(outof={"delay": 1}),
    "a max-pool gate (pool)": pooled(),
}


@pytest.fixture
def older(monkeypatch):
    """An accelerator that does not run these yet."""
    lacks = {name.split(" (")[0] for name in REFUSED}
    monkeypatch.setattr("augend.gen.place.RUNS", RUNS - lacks)


@pytest.mark.usefixtures("older")
@pytest.mark.parametrize("name", REFUSED)
def test_what_the_accelerator_does_not_run_is_refused_by_name(name) -> None:
    with pytest.raises(PlacementError) as caught:
        place(REFUSED[name], lanes=4)
    assert str(caught.value) == f"The accelerator does not run {name}: use --backend golden"


@pytest.mark.usefixtures("older")
def test_everything_that_is_in_the_way_is_named_at_once() -> None:
    with pytest.raises(PlacementError) as caught:
        place(pooled(outof={"delay": 1}), lanes=4)
    assert str(caught.value) == (
        "The accelerator does not run a delay (hidden to scores) and a max-pool gate (pool): use "
        "--backend golden"
    )


def test_one_core_keeps_a_step_with_its_first_projection_and_replays_it_with_the_others() -> None:
    network = chain()
    twice = (*network.projections, network.projections[1])
    core = place(dataclasses.replace(network, projections=twice), lanes=4).cores[0]
    consumes = [i for i in core.instructions if isinstance(i, Consume)]
    assert [(i.source, i.keeps, i.replays) for i in consumes] == [
        ("input", False, False),
        ("hidden", True, False),
        ("hidden", False, True),
    ]


def test_cores_that_listen_to_one_source_take_its_steps_together() -> None:
    network = chain()
    to_scores = dataclasses.replace(
        network.projections[0], target="scores", weight=np.ones((3, 4), int)
    )
    wired = dataclasses.replace(network, projections=(*network.projections, to_scores))
    placement = place(wired, lanes=4, cores=2)
    assert placement.listeners("input") == [0, 1]
    for core in placement.cores:
        takes = [i for i in core.instructions if isinstance(i, Take)]
        consumes = [i for i in core.instructions if isinstance(i, Consume)]
        assert [i.source for i in takes] == ["input"]
        assert [i.replays for i in consumes if i.source == "input"] == [True]


def test_a_plain_chain_is_placed() -> None:
    assert place(chain(), lanes=4).core_of == {"hidden": 0, "scores": 0}


def test_a_gate_passes_its_spikes_right_after_its_source() -> None:
    network = pooled()
    inner = Gate(name="inner", source="pool", shape=(2, 1, 1), kernel=(1, 1), stride=(1, 1))
    taken = dataclasses.replace(network.projections[1], source="inner", weight=np.ones((3, 2), int))
    wired = dataclasses.replace(
        network, gates=(*network.gates, inner), projections=(*network.projections, taken)
    )
    placement = place(wired, lanes=4, cores=2)
    assert placement.core_of == {"hidden": 0, "scores": 1, "pool": 0, "inner": 0}
    assert placement.numbers == {"input": 0, "hidden": 1, "scores": 2, "pool": 3, "inner": 4}
    first, second = placement.cores
    loop = [i for i in first.instructions if i.times == 2]
    assert [(type(i), i.population) for i in loop] == [
        (Consume, "hidden"),
        (Sweep, "hidden"),
        (Select, "pool"),
        (Sweep, "pool"),
        (Select, "inner"),
        (Sweep, "inner"),
    ]
    assert [i.emits for i in loop if isinstance(i, Select)] == [False, True]
    assert [i.source for i in second.instructions if isinstance(i, Consume)] == ["hidden", "inner"]


def test_a_gate_by_any_spike_needs_no_words() -> None:
    words = [place(pooled(rule=r), lanes=4).cores[0].potential_words for r in ("count", "any")]
    assert words == [4 + 1 + 4, 4 + 1]


def test_gates_that_the_accelerator_does_not_run_are_refused() -> None:
    several = pooled(hidden={"most_spikes": 3})
    with pytest.raises(PlacementError, match="'pool' passes up to 3 spikes a step of 'hidden'"):
        place(several, lanes=4)
    place(pooled(hidden={"most_spikes": 3, "single_spike": True}), lanes=4)
    readout = population("scores", (3, 1, 1), reset="none")
    gate = Gate(name="pool", source="scores", shape=(3, 1, 1), kernel=(1, 1), stride=(1, 1))
    silent = chain(populations=(population("hidden", (2, 2, 2)), readout), gates=(gate,))
    with pytest.raises(PlacementError, match="on the readout 'scores', which does not spike"):
        place(silent, lanes=4)
    place(pooled(rule="rate", decay=15, timesteps=16383), lanes=4)
    with pytest.raises(PlacementError, match="needs 32 bits in 60000 time steps with rule 'rate'"):
        place(pooled(rule="rate", decay=15, timesteps=60000), lanes=4)


def test_populations_go_to_the_cores_that_are_asked_for():
    network = chain()
    placement = place(network, lanes=4, cores=3, core_of={"hidden": 2, "scores": 0})
    assert placement.core_of == {"hidden": 2, "scores": 0}
    assert [len(core.weight) > 0 for core in placement.cores] == [True, False, True]


@pytest.mark.parametrize("core_of", [{"hidden": 0}, {"hidden": 0, "scores": 3}])
def test_every_population_needs_a_core_that_there_is(core_of):
    with pytest.raises(PlacementError, match="'scores' needs a core of 0 to 2, not (None|3)"):
        place(chain(), lanes=4, cores=3, core_of=core_of)
