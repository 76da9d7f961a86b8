"""The accelerator that is made for a program alone, with nothing that it does not fill."""

from dataclasses import replace

from augend.gen.place import Placement
from augend.hw.configuration import AcceleratorConfig
from augend.hw.fit import FitError, check_fit, least_sizes, smallest_config

__all__ = ["exact_config"]

_DEPTHS = (
    "weight_words",
    "potential_words",
    "parameter_words",
    "row_entries",
    "column_entries",
    "group_entries",
    "lane_entries",
    "target_entries",
    "instructions",
    "populations",
)
"""What the smallest accelerator rounds up."""


def exact_config(placement: Placement, **chosen: int | str) -> AcceleratorConfig:
    """The smallest accelerator for a program, with memories no deeper than it fills them.

    Parameters
    ----------
    placement
        What is to fit.
    chosen
        Parameters set otherwise.
    """
    needs = least_sizes(placement)
    config = smallest_config(placement)
    exact: dict[str, int | str] = {name: needs[name] for name in _DEPTHS}
    if placement.network.input.encoding != "events":
        exact["input_rows"] = needs["input_rows"]
    config = replace(config, **(exact | chosen))
    narrower = replace(config, potential_bits=config.potential_bits - 1)
    try:
        check_fit(narrower, placement)
    except FitError:
        return config
    return narrower
