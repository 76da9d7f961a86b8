"""One Verilated build runs programs of every kind, back to back; none leaves anything behind."""

from dataclasses import asdict
from functools import cache

import pytest

from augend.host.driver import connect
from augend.hw.configuration import OPTIONAL
from augend.hw.fit import smallest_config

from .accelerators import compare_events, compare_results, complete, transport
from .overlay_programs import CORES, KINDS, LANES, drawn_input, program

SHAPE = LANES, CORES, "block"


def config():
    """The accelerator of all hardware there is."""
    return complete(*SHAPE)


@cache
def expected(kind):
    """What golden and timing model say."""
    with connect(program(kind), "golden", config=config()) as golden:
        return golden.infer(drawn_input(program(kind)))


def check(kind):
    """Load a program in the place of the one before, and compare all that it answers."""
    with connect(program(kind), "rtl", config=config(), transport=transport(config())) as rtl:
        compare_results(rtl.infer(drawn_input(program(kind))), expected(kind))


def test_the_kinds_use_all_hardware_there_is():
    needed = [asdict(smallest_config(program(kind).place())) for kind in KINDS]
    for name in OPTIONAL - {"parity"}:  # no program needs it, and none can tell
        assert any(need[name] for need in needed), name


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_event_by_event(kind):
    made = program(kind)
    with connect(made, "rtl", config=config(), transport=transport(config())) as rtl:
        with transport(config()).traced(100_000) as observations:
            compare_results(rtl.infer(drawn_input(made)), expected(kind))
        (observation,) = observations
        compare_events(observation, config(), rtl.placement, made.encode(drawn_input(made)))
    assert sum(spikes.sum() for spikes in expected(kind).spikes.values()) > 0


@pytest.mark.parametrize("step", [3, 5, 13, 21])
def test_programs_in_another_order(step):
    """Steps around the ring of kinds: backwards, and such that none follows the same one twice."""
    kinds = list(KINDS)
    order = [kinds[step * place % len(kinds)] for place in range(len(kinds))]
    assert set(order) == set(kinds)
    for kind in order:
        check(kind)
