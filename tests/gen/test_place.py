"""What the accelerator does not run is refused by name, with where and what to do."""

import dataclasses

import numpy as np
import pytest

from augend.gen.network import Gate, Input, Population, Projection, SpikingNetwork
from augend.gen.place import PlacementError, place
from augend.gen.schedule import Consume, Take


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


def pooled():
    """A chain with a gate that nothing needs."""
    gate = Gate(name="pool", source="hidden", shape=(2, 1, 1), kernel=(2, 2), stride=(2, 2))
    return chain(gates=(gate,))


REFUSED = {
    "a max-pool gate (pool)": pooled(),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_accelerator_does_not_run_is_refused_by_name(name) -> None:
    with pytest.raises(PlacementError) as caught:
        place(REFUSED[name], lanes=4)
    assert str(caught.value) == f"The accelerator does not run {name}: use --backend golden"


def test_everything_that_is_in_the_way_is_named_at_once() -> None:
    with pytest.raises(PlacementError) as caught:
        place(pooled(), lanes=4)
    assert str(caught.value) == (
        "The accelerator does not run a max-pool gate (pool): use --backend golden"
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
