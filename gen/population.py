"""Neurons with one set of rules."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from augend.gen.contract import ContractError, Ints, Shape, check_shape, per_neuron

__all__ = ["Population", "Reset"]

Reset = Literal["subtract", "zero", "none"]

LATEST = 1 << 16
REQUIRED = ("threshold", "bias", "initial")
OPTIONAL = ("current_shift", "negative_threshold", "negative_step", "floor")


@dataclass(frozen=True, kw_only=True, eq=False)
class Population:
    """Neurons with one set of rules.

    One time step, for every neuron, in this order:

    1. leak: V -= (V >> a) for every ``a`` of ``leak``, all of the V before;
    2. V += arriving weights; V -= ``inhibition`` for every spike, of either sign, that another
       neuron of the population emitted in the step before; V += bias (+ current);
    3. in the first ``clamp_steps`` steps V becomes ``initial`` again;
    4. unless it is refractory, or ``single_spike`` and has spiked: V >= threshold emits a spike;
       else, where bipolar, V <= -negative_threshold emits a spike of -1, with ``takes_back`` only
       if the sum of all its spikes so far is above 0;
    5. reset: ``subtract`` takes the threshold off V for a spike and adds ``negative_step`` for a
       spike of -1; ``zero`` sets V to 0; ``none`` never fires, it accumulates. With
       ``most_spikes`` above 1, 4 and 5 repeat up to so many times while spikes of the same sign
       are due;
    6. V becomes ``floor`` where it is below.

    Parameters
    ----------
    name
        Unique in the network.
    shape
        ``(C, H, W)`` or ``(N,)``.
    threshold, bias, initial
        Integers, per channel ``(C,)`` or per neuron ``shape``; thresholds are at least 1.
    reset
        ``subtract``, ``zero`` or ``none``.
    current_shift
        For a population fed by a ``current`` or ``hybrid`` input, the arithmetic right shift
        ``(C,)`` that the once-computed input current undergoes before it is added; else None.
    negative_threshold
        Of bipolar neurons, at least 0; None where there are no spikes of -1.
    negative_step
        What a spike of -1 adds to V, at least 1; ``negative_threshold`` where left out.
    takes_back
        Spikes of -1 only take back spikes of before, so that their sum, as that of a ReLU, is
        never below 0 (the signed neuron with memory of Wang et al. 2022).
    leak
        Right shifts, up to four, each 0 to 31; 0 forgets everything in each step.
    floor
        Lowest potential after a step, at most 0 and at most ``initial``; None for no floor.
    single_spike
        A neuron spikes at most once an image, whatever the sign of that spike.
    clamp_steps
        Steps from the first on in which V is held (Rueckauer 2017, 3.3.1).
    refractory
        Steps after a spike in which a neuron integrates and does not fire.
    inhibition
        Winner-take-all: what each spike takes off every other neuron, in the next step.
    most_spikes
        Most spikes of a neuron in a step.
    """

    name: str
    shape: Shape
    threshold: Ints
    bias: Ints
    initial: Ints
    reset: Reset = "subtract"
    current_shift: Ints | None = None
    negative_threshold: Ints | None = None
    negative_step: Ints | None = None
    takes_back: bool = False
    leak: tuple[int, ...] = ()
    floor: Ints | None = None
    single_spike: bool = False
    clamp_steps: int = 0
    refractory: int = 0
    inhibition: int = 0
    most_spikes: int = 1

    def __post_init__(self) -> None:
        where = f"population {self.name!r}"
        check_shape(where, self.shape)
        if self.reset not in ("subtract", "zero", "none"):
            raise ContractError(
                f"Reset of {where} must be 'subtract', 'zero' or 'none', not {self.reset!r}"
            )
        if self.negative_step is None:
            object.__setattr__(self, "negative_step", self.negative_threshold)
        for key in (*REQUIRED, *OPTIONAL):
            value = getattr(self, key)
            if value is None and key in OPTIONAL:
                continue
            value = np.asarray(value)
            if value.dtype.kind not in "iu" or value.shape not in ((self.channels,), self.shape):
                raise ContractError(
                    f"{key.capitalize()} of {where} must be integers of shape "
                    f"({self.channels},) or {self.shape}, not {value.dtype} of shape {value.shape}"
                )
            object.__setattr__(self, key, value.astype(np.int64))
        if self.threshold.min() < 1:
            raise ContractError(
                f"Thresholds of {where} must be at least 1, not {self.threshold.min()}"
            )
        if self.current_shift is not None and not (
            self.current_shift.shape == (self.channels,)
            and 0 <= self.current_shift.min()
            and self.current_shift.max() < 32
        ):
            raise ContractError(f"Current shifts of {where} must be 0 to 31, one per channel")
        self._check_options(where)

    def _check_options(self, where: str) -> None:
        compare, step = self.negative_threshold, self.negative_step
        if compare is None or step is None:
            if self.takes_back or step is not None:
                raise ContractError(f"Spikes of -1 of {where} need a negative threshold")
        elif compare.min() < 0 or step.min() < (1 if self.reset == "subtract" else 0):
            raise ContractError(
                f"Negative thresholds of {where} must be at least 0, and negative steps at least "
                f"1 where they reset, not {compare.min()} and {step.min()}"
            )
        if len(self.leak) > 4 or any(not 0 <= shift < 32 for shift in self.leak):
            raise ContractError(
                f"Leak of {where} must be up to four shifts of 0 to 31, not {self.leak!r}"
            )
        if self.floor is not None and np.any(
            self.per_neuron(self.floor) > np.minimum(self.per_neuron(self.initial), 0)
        ):
            raise ContractError(
                f"Floor of {where} must be at most 0 and at most its initial potential"
            )
        for key, least, most in (
            ("clamp_steps", 0, LATEST),
            ("refractory", 0, LATEST),
            ("inhibition", 0, (1 << 24) - 1),
            ("most_spikes", 1, 255),
        ):
            value = getattr(self, key)
            if not least <= value <= most:
                raise ContractError(
                    f"{key.capitalize()} of {where} must be {least} to {most}, not {value!r}"
                )

    @property
    def fires(self) -> bool:
        """Whether it emits spikes."""
        return self.reset != "none"

    @property
    def bipolar(self) -> bool:
        """Whether it emits spikes of -1 too."""
        return self.negative_threshold is not None

    @property
    def plain(self) -> bool:
        """Whether it only integrates, fires once a step at a threshold, and subtracts it."""
        return self.reset in ("subtract", "none") and not self.options

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the rules beyond integrate, fire and subtract that it uses."""
        used = {
            "reset to zero": self.reset == "zero",
            "bipolar spikes": self.bipolar,
            "spikes that are taken back": self.takes_back,
            "leak": bool(self.leak),
            "floor": self.floor is not None,
            "single spike": self.single_spike,
            "clamp": self.clamp_steps > 0,
            "refractory steps": self.refractory > 0,
            "inhibition": self.inhibition > 0,
            "several spikes a step": self.most_spikes > 1,
        }
        return tuple(name for name, is_used in used.items() if is_used)

    @property
    def channels(self) -> int:
        """Number of channels: C of (C, H, W), N of (N,)."""
        return self.shape[0]

    @property
    def size(self) -> int:
        """Number of neurons."""
        return int(np.prod(self.shape))

    def per_neuron(self, values: Ints) -> Ints:
        """Broadcast values per channel, or per neuron, to ``shape``."""
        return per_neuron(values, self.shape)
