"""What the accelerator does not run is refused by name, with where and what to do."""

import dataclasses

import numpy as np
import pytest

from augend.gen.network import Gate, Input, Population, Projection, SpikingNetwork
from augend.gen.place import PlacementError, place


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
    "shifted weights (input to hidden)": chain(into={"shift": 1}),
    "weights of their own width (hidden to scores)": chain(outof={"bits": 4}),
    "a range of channels (hidden to scores)": chain(
        outof={"source_channels": (0, 1), "weight": np.ones((3, 4), int)}
    ),
    "a delay (hidden to scores)": chain(outof={"delay": 1}),
    "a max-pool gate (pool)": pooled(),
    "input encoding rate": chain(input=Input(shape=(4,), encoding="rate")),
    "several input events a step": chain(input=Input(shape=(4,), encoding="events", bits=2)),
    "early exit": chain(exit_margin=2),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_accelerator_does_not_run_is_refused_by_name(name) -> None:
    with pytest.raises(PlacementError) as caught:
        place(REFUSED[name], lanes=4)
    assert str(caught.value) == f"The accelerator does not run {name}: use --backend golden"


def test_everything_that_is_in_the_way_is_named_at_once() -> None:
    network = chain(into={"shift": 1}, outof={"bits": 4}, exit_margin=2)
    with pytest.raises(PlacementError) as caught:
        place(network, lanes=4)
    assert str(caught.value) == (
        "The accelerator does not run shifted weights (input to hidden), weights of their own "
        "width (hidden to scores) and early exit: use --backend golden"
    )


def test_several_projections_out_of_a_population_are_refused() -> None:
    network = chain()
    twice = (*network.projections, network.projections[1])
    with pytest.raises(PlacementError, match="through one projection: use --backend golden"):
        place(dataclasses.replace(network, projections=twice), lanes=4)


@pytest.mark.parametrize(
    ("options", "spikes"),
    [({"negative_threshold": np.array([3, 4])}, "-1 to 1"), ({"most_spikes": 2}, "0 to 2")],
)
def test_signed_and_several_spikes_are_refused_where_others_listen(options, spikes) -> None:
    with pytest.raises(PlacementError, match=f"'hidden' emits {spikes} spikes in a step"):
        place(chain(hidden=options), lanes=4)


def test_a_plain_chain_is_placed() -> None:
    assert place(chain(), lanes=4).core_of == {"hidden": 0, "scores": 0}
