"""Hypothesis strategy: cases of the fuzzer, of everything that the other tests draw."""

from hypothesis import assume
from hypothesis import strategies as st

from augend.gen.place import PlacementError, place
from augend.hw.fit import FitError, check_fit
from augend.sim.verilated import Stalls
from tests.sim.drawn_chains import chains
from tests.sim.drawn_everything import everything_and_pixels
from tests.sim.drawn_readouts import competing, exiting, shaped
from tests.sim.drawn_rules import rules
from tests.sim.drawn_wiring import wirings

from .case import Case, Session
from .check import configuration

__all__ = ["cases"]

ENCODINGS = ("current", "events", "several events", "rate", "ttfs", "hybrid")


def networks():
    """A network and pixels, of any of the strategies."""
    return st.one_of(
        chains(encodings=ENCODINGS),
        wirings(),
        wirings(rules=True),
        wirings(quiet=True),
        wirings(rules=True, quiet=True),
        wirings(gated=True),
        wirings(rules=True, gated=True),
        rules(),
        shaped(),
        exiting(),
        competing(),
        everything_and_pixels().filter(lambda drawn: len(drawn[1]) > 0),
    )


@st.composite
def sessions(draw, shape):
    """A network that fits the accelerator, its populations on any cores."""
    network, pixels = draw(networks())
    lanes, cores, _ = shape
    assignment = st.integers(0, cores - 1)
    core_of = {population.name: draw(assignment) for population in network.populations}
    try:
        check_fit(configuration(shape), place(network, lanes=lanes, cores=cores, core_of=core_of))
    except (PlacementError, FitError):
        assume(False)
    return Session(network=network, pixels=pixels.astype("uint8"), core_of=core_of)


@st.composite
def cases(draw, shape):
    """One program or two, and a host that may stall either way."""
    share = st.sampled_from([0.0, 0.1, 0.5, 0.9])
    stalls = Stalls(seed=draw(st.integers(0, 1 << 32)), pause=draw(share), refuse=draw(share))
    several = draw(st.lists(sessions(shape), min_size=1, max_size=2))
    return Case(shape=shape, sessions=tuple(several), stalls=stalls)
