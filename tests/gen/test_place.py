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
    "reset to zero (hidden)": chain(hidden={"reset": "zero"}),
    "bipolar spikes (hidden)": chain(hidden={"negative_threshold": np.array([3, 4])}),
    "leak (hidden)": chain(hidden={"leak": (3,)}),
    "floor (hidden)": chain(hidden={"floor": np.array([-3, -3])}),
    "single spike (hidden)": chain(hidden={"single_spike": True}),
    "clamp (scores)": chain(last={"clamp_steps": 1}),
    "refractory steps (hidden)": chain(hidden={"refractory": 1}),
    "inhibition (hidden)": chain(hidden={"inhibition": 1}),
    "several spikes a step (hidden)": chain(hidden={"most_spikes": 2}),
    "shifted weights (input to hidden)": chain(into={"shift": 1}),
    "weights of their own width (hidden to scores)": chain(outof={"bits": 4}),
    "a range of channels (hidden to scores)": chain(
        outof={"source_channels": (0, 1), "weight": np.ones((3, 4), int)}
    ),
    "a delay (hidden to scores)": chain(outof={"delay": 1}),
    "a max-pool gate (pool)": pooled(),
    "several input events a step": chain(input=Input(shape=(4,), encoding="events", bits=2)),
    "readout by count": chain(last={"reset": "subtract"}, decode="count"),
    "early exit": chain(exit_margin=2),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_accelerator_does_not_run_is_refused_by_name(name) -> None:
    with pytest.raises(PlacementError) as caught:
        place(REFUSED[name], lanes=4)
    assert str(caught.value) == f"The accelerator does not run {name}: use --backend golden"


def test_everything_that_is_in_the_way_is_named_at_once() -> None:
    network = chain(hidden={"leak": (3,), "refractory": 1}, exit_margin=2)
    with pytest.raises(PlacementError) as caught:
        place(network, lanes=4)
    assert str(caught.value) == (
        "The accelerator does not run leak (hidden), refractory steps (hidden) and early exit: "
        "use --backend golden"
    )


def test_several_projections_out_of_a_population_are_refused() -> None:
    network = chain()
    twice = (*network.projections, network.projections[1])
    with pytest.raises(PlacementError, match="through one projection: use --backend golden"):
        place(dataclasses.replace(network, projections=twice), lanes=4)


def test_a_plain_chain_is_placed() -> None:
    assert place(chain(), lanes=4).core_of == {"hidden": 0, "scores": 0}
