"""Spiking max-pool: the spike that leads its window passes (Rueckauer 2017, 2.2.6)."""

from dataclasses import dataclass
from typing import Literal, get_args

from augend.gen.contract import ContractError, Shape, check_shape

__all__ = ["Gate", "GateRule"]

GateRule = Literal["count", "rate", "any"]


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Passes, for every window and step, the spikes of the neuron that leads the window.

    ``count``: the leader has the greatest sum of (signed) spikes up to and with this step.
    ``rate``: the leader has the greatest r, where r -= r >> ``decay`` and r += 65536 times the
    spikes in every step: an online estimate of the rate. ``any``: the greatest (signed) number of
    spikes of this step passes. Ties go to the lowest (row, column). Places of a window that lie
    off the source are not there.

    Parameters
    ----------
    name
        Unique among populations and gates.
    source
        Population or gate whose spikes come in.
    shape
        ``(C, H, W)`` of what goes out.
    kernel, stride, padding, dilation
        Of the windows, (vertical, horizontal); padding is what precedes the first row and column.
    rule, decay
        See above; decay is 1 to 15.
    """

    name: str
    source: str
    shape: Shape
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    rule: GateRule = "count"
    decay: int = 4

    def __post_init__(self) -> None:
        where = f"gate {self.name!r}"
        check_shape(where, self.shape)
        if len(self.shape) != 3:
            raise ContractError(f"Shape of {where} must be (C, H, W), not {self.shape}")
        if self.rule not in get_args(GateRule):
            raise ContractError(
                f"Rule of {where} must be one of {', '.join(map(repr, get_args(GateRule)))}, not "
                f"{self.rule!r}"
            )
        for key, least in (("kernel", 1), ("stride", 1), ("padding", 0), ("dilation", 1)):
            if min(getattr(self, key)) < least:
                raise ContractError(
                    f"{key.capitalize()} of {where} must be at least {least}, "
                    f"not {getattr(self, key)!r}"
                )
        if not 1 <= self.decay <= 15:
            raise ContractError(f"Decay of {where} must be 1 to 15, not {self.decay!r}")

    @property
    def size(self) -> int:
        """Number of windows."""
        channels, height, width = self.shape
        return channels * height * width
