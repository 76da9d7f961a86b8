"""The accelerator of measurements: for one program alone, on one core."""

from augend.gen.place import place
from augend.gen.program import Program
from augend.hw import exact
from augend.hw.configuration import AcceleratorConfig

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
    usual = {"short_memories": "distributed", "watchdog_bits": 0, "link_words": 128}
    placement = place(program.network, lanes=program.lanes)
    rows = {"input_rows": placement.layouts["input"].words}
    return exact.exact_config(placement, **(usual | rows | chosen))
