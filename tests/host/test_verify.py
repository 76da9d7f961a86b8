from dataclasses import replace

import numpy as np

from augend.gen.place import place
from augend.gen.program import Program
from augend.host import connect
from augend.host.verify import first_difference, verify

from .small_program import small_program, some_images


def test_no_difference():
    with connect(small_program(), "golden") as golden:
        result = golden.infer(some_images())
    outcome = verify(result, result)
    assert (outcome.different, outcome.first) == ((), "")
    assert outcome.compared > 6 * 10


def test_every_compared_quantity_can_differ():
    with connect(small_program(), "golden") as golden:
        result = golden.infer(some_images())
    changes = {
        "prediction": {"predictions": bumped(result.predictions)},
        "scores": {"scores": bumped(result.scores)},
        "clocks": {"cycles": bumped(result.cycles)},
        "spikes of conv": {"spikes": {**result.spikes, "conv": bumped(result.spikes["conv"])}},
        "operations of fc": {
            "operations": {**result.operations, "fc": bumped(result.operations["fc"])}
        },
    }
    for name, change in changes.items():
        outcome = verify(result, replace(result, **change))
        assert outcome.different == (2,)
        assert outcome.first.startswith(f"image 2: {name} is")


def bumped(values):
    values = values.copy()
    values[2] += 1
    return values


def test_the_first_wrong_event_is_named():
    """The RTL is given lower thresholds: in step 0 it fires what golden does not."""
    program = small_program()
    network = program.network
    conv = network.population("conv")
    altered = replace(conv, threshold=conv.threshold - 30, initial=conv.initial)
    wrong = replace(
        network, populations=tuple(altered if p is conv else p for p in network.populations)
    )
    with connect(program, "rtl") as rtl:
        rtl.placement = place(wrong, lanes=program.lanes)
        rtl._load()
        rtl.placement = place(network, lanes=program.lanes)
        difference = first_difference(rtl, some_images(1)[0])
    assert difference.startswith("step ")
    assert "'conv' in clock " in difference
    assert "the RTL has" in difference
    assert isinstance(program, Program)


def test_equal_events_have_no_difference():
    with connect(small_program(), "rtl") as rtl:
        assert first_difference(rtl, np.asarray(some_images(1)[0])) == ""
