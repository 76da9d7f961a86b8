"""The networks and images that every mutant is given: those of the fast tests, of every kind."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import zip_longest

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from augend.gen.network import SpikingNetwork
from augend.gen.place import Placement, PlacementError, place
from augend.gen.program import Program
from augend.hw.configuration import AcceleratorConfig
from augend.hw.fit import smallest_config
from tests.mutation.directed import directed, heated
from tests.regression.cases import Case
from tests.sim.drawn_chains import chains
from tests.sim.drawn_everything import everything_and_pixels
from tests.sim.drawn_readouts import competing, exiting, shaped
from tests.sim.drawn_rules import rules
from tests.sim.drawn_wide import wide
from tests.sim.drawn_wiring import wirings

__all__ = ["CORES", "LANES", "Given", "common_config", "given_programs"]

LANES, CORES = 4, 2
SETTINGS: dict = {"lanes": LANES, "cores": CORES}
FIXED = (
    Case(network="convolutional", images=4, **SETTINGS),
    Case(network="convolutional", schedule="phased", density=1.0, **SETTINGS),
    Case(network="convolutional", density=0.0, images=1, seed=3, **SETTINGS),
    Case(network="perceptron", timesteps=5, **SETTINGS),
    Case(network="perceptron", schedule="phased", seed=4, density=0.7, **SETTINGS),
    Case(network="recording", timesteps=4, **SETTINGS),
    Case(network="recording", schedule="phased", density=0.05, **SETTINGS),
)
DRAWN = (
    ("rules", rules(), 12),
    ("wirings", wirings(), 8),
    ("wirings of every rule", wirings(rules=True), 8),
    ("gates", wirings(gated=True), 8),
    ("gates on every rule", wirings(rules=True, gated=True), 12),
    ("shapes of scores", shaped(), 4),
    ("early exit", exiting(), 8),
    ("softmax", competing(), 8),
    ("softmax of any heat", heated(), 10),
    ("rate", chains(encodings=("rate",)), 4),
    ("ttfs", chains(encodings=("ttfs",)), 4),
    ("hybrid", chains(encodings=("hybrid",)), 4),
    ("several events", chains(encodings=("several events",)), 4),
    ("quiet", wirings(quiet=True), 5),
    ("quiet of every rule", wirings(rules=True, quiet=True), 5),
    ("pruned", wirings(pruned=LANES), 4),
    ("pruned of every rule", wirings(rules=True, pruned=LANES), 4),
    ("everything", everything_and_pixels().filter(lambda drawn: len(drawn[1]) > 0), 18),
    ("wide values", wide(), 20),
)
"""What the tests of ``tests/sim/test_rtl*.py`` draw from, and how much of it."""

APART = 8
"""Of so many examples one is taken: Hypothesis makes some out of those before."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
    """A program, where it lies, and images or events for it."""

    name: str
    program: Program
    placement: Placement
    images: np.ndarray


def given_programs() -> list[Given]:
    """All that can be placed, always the same; small and mixed ones first."""
    found = []
    for name, strategy, count in DRAWN:
        drawn = _examples(strategy, APART * 2 * count)[::APART]
        found.append([one for pair in drawn for one in _placed(name, *pair)][-count:])
    each = [one for of_all in zip_longest(*found) for one in of_all if one is not None]
    each += [one for name, *rest in directed() for one in _placed(name, *rest)]
    return [*each, *(one for case in FIXED for one in _placed(case.name, *case.build()))]


def _placed(
    name: str,
    network: SpikingNetwork,
    pixels: np.ndarray,
    core_of: dict[str, int] | None = None,
) -> Iterator[Given]:
    try:
        placement = place(network, core_of=core_of, **SETTINGS)
    except PlacementError:
        return
    events = network.input.encoding == "events"
    yield Given(
        name=name,
        program=Program(network=network, **SETTINGS),
        placement=placement,
        images=pixels if events else pixels / ((1 << network.input.bits) - 1),
    )


def _examples(strategy: st.SearchStrategy, count: int) -> list:
    """What Hypothesis draws first, which grows."""
    drawn = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(one=strategy)
    def keep(one):
        drawn.append(one)

    keep()
    return drawn


def common_config(programs: list[Given], **options: int) -> AcceleratorConfig:
    """The smallest accelerator that runs them all."""
    found = [smallest_config(one.placement) for one in programs]
    values = {
        field.name: max(getattr(one, field.name) for one in found)
        for field in fields(AcceleratorConfig)
        if field.name != "potential_memory"
    }
    return AcceleratorConfig(**(values | options))
