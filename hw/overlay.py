"""The smallest accelerator that runs each of several programs, loaded one after the other."""

from collections.abc import Callable, Sequence
from dataclasses import asdict

from augend.gen.place import Placement
from augend.hw.configuration import AcceleratorConfig
from augend.hw.fit import FitError, check_fit, smallest_config

__all__ = ["overlay_config"]


def overlay_config(
    placements: Sequence[Placement],
    alone: Callable[[Placement], AcceleratorConfig] = smallest_config,
) -> AcceleratorConfig:
    """Configuration that every one of some programs fits; for a single one, that of it alone.

    Potentials lie in block RAM where they do for one of the programs.

    Parameters
    ----------
    placements
        Of the programs.
    alone
        What a program gets for itself.

    Raises
    ------
    FitError
        The programs are placed for different lanes or cores, which one accelerator cannot have.
    """
    placed = {(placement.lanes, len(placement.cores)) for placement in placements}
    if len(placed) > 1:
        found = ", ".join(f"{lanes} x {cores}" for lanes, cores in sorted(placed))
        raise FitError(
            f"The programs are placed for lanes x cores of {found}; one accelerator has one of "
            f"them. Convert them with the same lanes and cores."
        )
    each = [asdict(alone(placement)) for placement in placements]
    widest = {name: max(one[name] for one in each) for name in each[0]}
    kinds = {one["potential_memory"] for one in each}
    widest["potential_memory"] = "block" if "block" in kinds else "distributed"
    config = AcceleratorConfig(**widest)
    for placement in placements:
        check_fit(config, placement)
    return config
