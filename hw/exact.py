"""The accelerator that is made for some programs alone, with nothing that they do not fill."""

from collections.abc import Sequence
from dataclasses import asdict, replace

from augend.gen.place import Placement
from augend.hw.configuration import AcceleratorConfig
from augend.hw.fit import FitError, check_fit, smallest_config

__all__ = ["common_config", "exact_config"]


def exact_config(placement: Placement, **chosen: int | str) -> AcceleratorConfig:
    """The smallest accelerator for a program, with memories no deeper than it fills them.

    Parameters
    ----------
    placement
        What is to fit.
    chosen
        Parameters set otherwise.
    """
    cores = placement.cores
    config = smallest_config(placement)
    exact: dict[str, int | str] = {
        "weight_words": max(len(core.weight) for core in cores),
        "potential_words": max(core.potential_words for core in cores),
        "parameter_words": max(len(core.parameter) for core in cores),
        "row_entries": max(len(core.row) for core in cores),
        "column_entries": max(len(core.column) for core in cores),
        "group_entries": max(len(core.group) for core in cores),
        "lane_entries": max(len(core.lane) for core in cores),
        "target_entries": max(len(core.target) for core in cores),
        "instructions": max(len(core.instructions) for core in cores),
        "populations": len(placement.numbers),
    }
    if placement.network.input.encoding != "events":
        exact["input_rows"] = placement.layouts["input"].words
    config = replace(config, **(exact | chosen))
    narrower = replace(config, potential_bits=config.potential_bits - 1)
    try:
        check_fit(narrower, placement)
    except FitError:
        return config
    return narrower


def common_config(placements: Sequence[Placement], **chosen: int | str) -> AcceleratorConfig:
    """The smallest accelerator that runs each of some programs, loaded one after the other.

    Raises
    ------
    FitError
        They are placed for different lanes or cores.
    """
    each = [asdict(exact_config(placement, **chosen)) for placement in placements]
    for name in ("lanes", "cores"):
        found = sorted({str(one[name]) for one in each})
        if len(found) > 1:
            raise FitError(
                f"The programs are placed for {' and '.join(found)} {name}; one accelerator has "
                f"one number of them. Place them alike with augend place"
            )
    widest = {name: max(one[name] for one in each) for name in each[0]}
    kinds = {one["potential_memory"] for one in each}
    widest["potential_memory"] = "block" if "block" in kinds else "distributed"
    config = AcceleratorConfig(**widest)
    for placement in placements:
        check_fit(config, placement)
    return config
