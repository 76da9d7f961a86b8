"""The accelerator that is made for one program alone, with nothing that it does not fill."""

from dataclasses import replace

from augend.gen.place import place
from augend.gen.program import Program
from augend.hw.configuration import AcceleratorConfig
from augend.hw.fit import FitError, check_fit, smallest_config

__all__ = ["exact_config"]


def exact_config(program: Program, **chosen: int | str) -> AcceleratorConfig:
    """The smallest accelerator, with memories no deeper than the program fills them.

    Parameters
    ----------
    program
        What is to fit.
    chosen
        Parameters set otherwise.

    Returns
    -------
    AcceleratorConfig
        Of one core. Short tables lie in distributed RAM; there is no watchdog.
    """
    placement = place(program.network, lanes=program.lanes)
    (core,) = placement.cores
    config = smallest_config(placement, link_words=128)
    exact: dict[str, int | str] = {
        "short_memories": "distributed",
        "weight_words": len(core.weight),
        "potential_words": core.potential_words,
        "parameter_words": len(core.parameter),
        "row_entries": len(core.row),
        "column_entries": len(core.column),
        "group_entries": len(core.group),
        "lane_entries": len(core.lane),
        "target_entries": len(core.target),
        "instructions": len(core.instructions),
        "populations": len(placement.numbers),
        "input_rows": placement.layouts["input"].words,
        "watchdog_bits": 0,
    }
    config = replace(config, **(exact | chosen))
    narrower = replace(config, potential_bits=config.potential_bits - 1)
    try:
        check_fit(narrower, placement)
    except FitError:
        return config
    return narrower
