"""Rules of neurons that `convert` can be asked for, beyond integrate, fire and subtract."""

from dataclasses import dataclass
from typing import Literal, get_args

from augend.gen.gate import GateRule
from augend.gen.graph import ConversionError

__all__ = ["NeuronOptions", "Start"]

Start = Literal["half", "zero", "optimised"]


@dataclass(frozen=True, kw_only=True)
class NeuronOptions:
    """How the neurons of all hidden populations behave; see `augend.gen.population`.

    Parameters
    ----------
    initial
        Potentials start at ``half`` the threshold, which rounds spike counts, at ``zero``, or
        ``optimised``: at the share of the threshold, of 0 to 1 in eighths, that brings the
        spikes of the layer closest to the float activations.
    reset
        ``subtract`` the threshold, or ``zero``.
    signed
        ReLU neurons may take back spikes with spikes of -1.
    clamp
        Layer l is held for the first ``clamp * l`` steps (Rueckauer 2017, 3.3.1).
    leak
        Right shifts of the leak.
    floor
        Lowest potential, as a share of the threshold below 0; None for none.
    single_spike
        At most one spike a neuron.
    refractory
        Steps after a spike without another.
    inhibition
        What a spike takes from every other neuron of its layer, as a share of the mean threshold.
    gate
        Rule of max-pools: ``count``, ``rate`` or ``any``.
    """

    initial: Start = "half"
    reset: Literal["subtract", "zero"] = "subtract"
    signed: bool = False
    clamp: float = 0.0
    leak: tuple[int, ...] = ()
    floor: float | None = None
    single_spike: bool = False
    refractory: int = 0
    inhibition: float = 0.0
    gate: GateRule = "count"

    def __post_init__(self) -> None:
        for key, allowed in (
            ("initial", get_args(Start)),
            ("reset", ("subtract", "zero")),
            ("gate", get_args(GateRule)),
        ):
            value = getattr(self, key)
            if value not in allowed:
                raise ConversionError(
                    f"{key} must be {' or '.join(map(repr, allowed))}, not {value!r}."
                )
        for key in ("clamp", "floor", "refractory", "inhibition"):
            value = getattr(self, key)
            if value is not None and not 0 <= value < 1 << 16:
                raise ConversionError(f"{key} must be 0 or more, not {value!r}.")
        if len(self.leak) > 4 or any(not 0 <= shift < 32 for shift in self.leak):
            raise ConversionError(f"leak must be up to four shifts of 0 to 31, not {self.leak!r}.")
