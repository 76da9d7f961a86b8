"""The accelerator made for a program alone: enough, and nothing to spare."""

from dataclasses import replace

import pytest

from augend.gen.place import place
from augend.gen.program import Program
from augend.hw.fit import FitError, check_fit
from tests.measure.exact_config import exact_config
from tests.regression.cases import Case

CASE = Case(network="perceptron", lanes=4, cores=1, timesteps=3, images=2)
DEPTHS = (
    "weight_words",
    "potential_words",
    "parameter_words",
    "group_entries",
    "instructions",
    "input_rows",
    "potential_bits",
)


@pytest.mark.parametrize("depth", DEPTHS)
def test_one_less_is_refused(depth):
    network, _ = CASE.build()
    program = Program(network=network, lanes=4, cores=1)
    config = exact_config(program)
    placement = place(network, lanes=4)
    check_fit(config, placement)
    with pytest.raises(FitError, match=depth):
        check_fit(replace(config, **{depth: getattr(config, depth) - 1}), placement)


def test_parameters_can_be_chosen():
    network, _ = CASE.build()
    program = Program(network=network, lanes=4, cores=1)
    assert exact_config(program, potential_memory="block").potential_memory == "block"
    assert exact_config(program, short_memories="block").short_memories == "block"
