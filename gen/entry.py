"""What enters a spiking network, and how it becomes current or spikes."""

from dataclasses import dataclass
from typing import Literal, get_args

from augend.gen.contract import ContractError, Shape, check_shape

__all__ = ["Encoding", "Input"]

Encoding = Literal["current", "rate", "ttfs", "hybrid", "events"]


@dataclass(frozen=True, kw_only=True)
class Input:
    """What enters the network.

    ``current``: unsigned integer intensities, the same in every time step, integrated once.
    ``rate``: in each step an intensity p spikes with probability p / (2**bits - 1), to the nearest
    2**-bits, times ``rate`` / 2**16, drawn from an LFSR (Diehl 2015, section IV-C).
    ``ttfs``: one spike, the earlier the brighter (Datta 2021, eq. 4, from the first step on).
    ``hybrid``: current in the first step, then one spike in the others (Datta 2021, eq. 4 and 5).
    ``events``: spikes of a sensor for every time step; with more than one bit, several at once.
    How intensities become spikes, bit for bit, is in `augend.gen.encoding` and docs/encodings.md.

    Parameters
    ----------
    shape
        ``(C, H, W)`` or ``(N,)``.
    encoding
        See above.
    bits
        Width of an intensity, or of the number of events of a neuron in a step, 1 to 8.
    seed
        Start of the LFSR of ``rate``, 1 to 2**32 - 1; every image starts there. Seeds that differ
        in few bits give spikes that resemble; `augend.gen.lfsr.seed_of_run` makes good ones.
    rate
        For ``rate``: with what probability the brightest intensity spikes in a step, in 2**-16, 1
        to 65536, which is every step. `augend.gen.encoding.input_rate` makes it of hertz.
    """

    shape: Shape
    encoding: Encoding = "current"
    bits: int = 8
    seed: int = 0x9E3779B9
    rate: int = 1 << 16

    def __post_init__(self) -> None:
        check_shape("the input", self.shape)
        if self.encoding not in get_args(Encoding):
            raise ContractError(
                f"Input encoding must be one of {', '.join(map(repr, get_args(Encoding)))}, "
                f"not {self.encoding!r}"
            )
        if not 1 <= self.bits <= 8:
            raise ContractError(f"Input bits must be 1 to 8, not {self.bits!r}")
        if not 1 <= self.seed < 1 << 32:
            raise ContractError(f"Input seed must be 1 to {(1 << 32) - 1}, not {self.seed!r}")
        if not 1 <= self.rate <= 1 << 16:
            raise ContractError(f"Input rate must be 1 to {1 << 16}, not {self.rate!r}")

    @property
    def is_current(self) -> bool:
        """Whether intensities drive neurons as a current, in all steps or in the first."""
        return self.encoding in ("current", "hybrid")

    @property
    def spikes(self) -> bool:
        """Whether the input emits spikes."""
        return self.encoding != "current"

    @property
    def most_spikes(self) -> int:
        """Greatest number of spikes of one input neuron in one step."""
        return (1 << self.bits) - 1 if self.encoding == "events" else 1
