"""A readout whose classes compete for output spikes: the options of the spiking softmax."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from augend.gen.contract import ContractError

__all__ = ["FRACTION_BITS", "MOST_TEMPERATURE", "Softmax"]

FRACTION_BITS = 4
"""A temperature counts sixteenths of the potential's integers."""

MOST_TEMPERATURE = 1 << 32


@dataclass(frozen=True, kw_only=True)
class Softmax:
    """An output spike of one class, drawn by the softmax of the potentials, in each clock tick.

    The output spikes of Rueckauer 2017, section 2.2.5, after Nessler 2009: the last population only
    accumulates, and when a clock ticks, which it does without looking at the image, one class
    spikes, class i with probability exp(V_i / temperature) / sum_j exp(V_j / temperature), V after
    the step in which it ticks. Hardware adds a random number from a table to every V and takes the
    greatest; `augend.gen.gumbel` and docs/decisions/0012-gumbel-max-softmax.md say it bit for bit.

    Parameters
    ----------
    temperature
        In sixteenths of the potential's integers, 1 to 2**32.
    clock
        ``external`` ticks in every ``period``-th step; ``poisson`` ticks in each step with
        probability ``rate`` / 2**16, drawn from an LFSR.
    period
        Of the external clock, at least 1: it first ticks in the step of that number, counted from
        1. 1 where there is none.
    rate
        Of the Poisson clock, 1 to 65536, which is every step; 65536 where there is none.
    seed
        Start of the LFSR, 1 to 2**32 - 1; every image starts there. For runs that are to differ by
        chance take `augend.gen.lfsr.seed_of_run`.
    """

    temperature: int
    clock: Literal["external", "poisson"] = "external"
    period: int = 1
    rate: int = 1 << 16
    seed: int = 0x9E3779B9

    def __post_init__(self) -> None:
        if self.clock not in ("external", "poisson"):
            raise ContractError(
                f"The softmax's clock must be 'external' or 'poisson', not {self.clock!r}"
            )
        for key, most in (
            ("temperature", MOST_TEMPERATURE),
            ("period", 1 << 16),
            ("rate", 1 << 16),
            ("seed", (1 << 32) - 1),
        ):
            value = getattr(self, key)
            if not isinstance(value, int | np.integer) or not 1 <= value <= most:
                raise ContractError(
                    f"The softmax's {key} must be a whole number of 1 to {most}, not {value!r}"
                )
        unused = ("rate", 1 << 16) if self.clock == "external" else ("period", 1)
        if getattr(self, unused[0]) != unused[1]:
            raise ContractError(
                f"A softmax with the {self.clock} clock has no {unused[0]}; leave out "
                f"{getattr(self, unused[0])!r}, or take the other clock"
            )
