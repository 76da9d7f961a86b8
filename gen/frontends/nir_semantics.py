"""What NIR leaves open - reset, comparison, time step, clamps - declared, with one preset a tool.

NIR (Pedersen et al. 2024) gives differential equations and says "v is reset when it passes the
threshold"; each tool that writes or runs the files turns them into steps in its own way. The
presets say how, from the tools' own importers and from the paper's single-neuron runs
(paper/01_lif of neuromorphs/NIR); `docs/nir.md` lists which runs they reproduce.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np

from augend.gen.graph import ConversionError, Floats

__all__ = ["PRESETS", "Rules", "Semantics", "semantics_of"]

Gain = Literal["r", "r dt", "r dt/tau", "r (1-a)", "r dt/(tau a)"]
Decay = Literal["none", "euler", "exponential"]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How a tool steps one kind of neuron: v = a v + (1-a) v_leak + gain * input, then it fires.

    Parameters
    ----------
    decay
        What a is: 1 (``none``), 1 - dt/tau (``euler``) or exp(-dt/tau) (``exponential``).
    gain
        What the input is multiplied with.
    reset
        ``subtract`` takes the threshold off for each spike, ``zero`` sets v to v_reset.
    compare
        Whether v equal to the threshold fires: ``>=`` yes, ``>`` no.
    most_spikes
        Most spikes of a neuron in a step, 1 to 255.
    floor
        Lowest potential after a step, in thresholds, at most 0; None for none.
    kept
        Of neurons without a time constant: the share of v that a step keeps (snnTorch 1.0: 0.9).
    reset_next
        The subtraction comes off in the next step, after that step's decay.
    """

    decay: Decay
    gain: Gain
    reset: Literal["subtract", "zero"]
    compare: Literal[">=", ">"]
    most_spikes: int = 1
    floor: float | None = None
    kept: float = 1.0
    reset_next: bool = False

    def __post_init__(self) -> None:
        for key, allowed in (
            ("decay", ("none", "euler", "exponential")),
            ("gain", ("r", "r dt", "r dt/tau", "r (1-a)", "r dt/(tau a)")),
            ("reset", ("subtract", "zero")),
            ("compare", (">=", ">")),
        ):
            _check(key, getattr(self, key), allowed)
        if not 1 <= self.most_spikes <= 255:
            raise ConversionError(f"most_spikes must be 1 to 255, not {self.most_spikes!r}.")
        if self.floor is not None and self.floor > 0:
            raise ConversionError(f"floor must be at most 0 thresholds, not {self.floor!r}.")
        if not 0 < self.kept <= 1:
            raise ConversionError(f"kept must be above 0 and up to 1, not {self.kept!r}.")

    def kept_share(self, tau: Floats | None, dt: float) -> Floats:
        """Share a of the potential that one step keeps."""
        if self.decay == "none" or tau is None:
            return np.array(self.kept)
        share = 1 - dt / tau if self.decay == "euler" else np.exp(-dt / tau)
        if np.min(share) < 0:
            raise ConversionError(
                f"dt of {dt:g} s is longer than the time constant of {np.min(tau):g} s, so that "
                f"v would change its sign in every step.",
                instead="Choose a dt of at most the shortest time constant.",
            )
        return share

    def input_gain(self, r: Floats, tau: Floats | None, dt: float) -> Floats:
        """What one unit of input adds to the potential in a step."""
        kept = self.kept_share(tau, dt)
        ratio = 1.0 if tau is None else dt / tau
        factors = {"r": 1.0, "r dt": dt, "r dt/tau": ratio, "r (1-a)": 1 - kept}
        factors["r dt/(tau a)"] = ratio / kept
        return r * factors[self.gain]


@dataclass(frozen=True, kw_only=True)
class Semantics:
    """How a tool steps a network.

    Parameters
    ----------
    integrator
        Rules of IF neurons.
    leaky
        Rules of LIF neurons (and of the membrane of CubaLIF).
    latency
        Steps from a spike, or an input, to its arrival: 1 where each layer answers a step later.
    start
        Potential before the first step: ``zero`` or ``v_leak``.
    """

    integrator: Rules
    leaky: Rules
    latency: Literal[0, 1] = 0
    start: Literal["zero", "v_leak"] = "zero"

    def __post_init__(self) -> None:
        _check("latency", self.latency, (0, 1))
        _check("start", self.start, ("zero", "v_leak"))

    def changed(self, **options: Any) -> "Semantics":
        """Semantics with these rules changed for both kinds of neuron, or fields of its own."""
        own = {f.name for f in fields(Semantics)}
        rules = {k: v for k, v in options.items() if k not in own}
        unknown = set(rules) - {f.name for f in fields(Rules)}
        if unknown:
            raise ConversionError(
                f"There is no neuron rule {sorted(unknown)[0]!r}; there are "
                f"{', '.join(f.name for f in fields(Rules))}, latency and start."
            )
        leaky = {k: v for k, v in rules.items() if k != "kept"}
        changed = replace(
            self, integrator=replace(self.integrator, **rules), leaky=replace(self.leaky, **leaky)
        )
        return replace(changed, **{k: v for k, v in options.items() if k in own})


def _check(key: str, value: Any, allowed: tuple[Any, ...]) -> None:
    if value not in allowed:
        raise ConversionError(
            f"{key} must be one of {', '.join(map(repr, allowed))}, not {value!r}."
        )


def _stepping(
    leaky_gain: Gain,
    decay: Decay,
    *,
    gain: Gain = "r",
    kept: float = 1.0,
    floor: float | None = None,
    leaky_floor: float | None = None,
    leaky_reset: Literal["subtract", "zero"] | None = None,
    reset: Literal["subtract", "zero"],
    compare: Literal[">=", ">"],
    most_spikes: int = 1,
    reset_next: bool = False,
    latency: Literal[0, 1] = 0,
    start: Literal["zero", "v_leak"] = "zero",
) -> Semantics:
    """Semantics of a tool: what IF and LIF share is said once."""
    integrator = Rules(
        decay="none",
        gain=gain,
        reset=reset,
        compare=compare,
        most_spikes=most_spikes,
        floor=floor,
        kept=kept,
    )
    leaky = Rules(
        decay=decay,
        gain=leaky_gain,
        reset=leaky_reset or reset,
        compare=compare,
        most_spikes=most_spikes,
        floor=leaky_floor,
        reset_next=reset_next,
    )
    return Semantics(integrator=integrator, leaky=leaky, latency=latency, start=start)


PRESETS: Mapping[str, Semantics] = {
    # Equations of the NIR paper, solved over a step of constant input; threshold subtracted as in
    # its exact simulation (lif_exact_sim.py).
    "exact": _stepping("r (1-a)", "exponential", gain="r dt", reset="subtract", compare=">"),
    # norse.torch import_nir: IAFCell and LIFBoxCell, Euler, heaviside(v - v_th), reset to a value.
    "norse": _stepping("r dt/tau", "euler", reset="zero", compare=">", start="v_leak"),
    # sinabs.nir: IAFSqueeze(min_v_mem=-v_threshold), LIFSqueeze without a minimum and norm_input;
    # MultiSpike: floor(v / threshold) spikes, as many subtracted.
    "sinabs": _stepping(
        "r dt/tau", "exponential", reset="subtract", compare=">=", floor=-1.0, most_spikes=255
    ),
    # snntorch.import_nir: Leaky(beta=1 - dt/tau, reset_mechanism="zero", reset_delay=False); IF is
    # Leaky(beta=1) with the default reset, subtract.
    "snntorch": _stepping("r dt/tau", "euler", reset="subtract", leaky_reset="zero", compare=">"),
    # The releases up to 1.0 import IF as Leaky(beta=0.9).
    "snntorch-1.0": _stepping(
        "r dt/tau", "euler", reset="subtract", leaky_reset="zero", compare=">", kept=0.9
    ),
    # spikingjelly nir_exchange: IF has r = 1/dt, v_reset is a hard reset (a soft one is written
    # like it: declare reset="subtract"), v >= v_threshold.
    "spikingjelly": _stepping("r dt/tau", "euler", gain="r dt", reset="zero", compare=">="),
    # paper/02_cnn/nir_to_nengo.py: nengo.LIF (tau_ref 0, min_voltage 0) and an IF reset to 0.
    "nengo": _stepping("r (1-a)", "exponential", reset="zero", compare=">", leaky_floor=0.0),
    # paper/01_lif/_lava_nir.py: Dense passes on the spikes of the step before.
    "lava": _stepping("r dt/tau", "euler", reset="zero", compare=">", latency=1),
    # rockpool.nn.modules.torch.nir: r is written as tau a / dt; StepPWL: several spikes, subtract.
    "rockpool": _stepping(
        "r dt/(tau a)", "exponential", reset="subtract", compare=">=", most_spikes=255
    ),
    # spyx.nn: spikes of the potential of the step before, its threshold off after this decay.
    "spyx": _stepping(
        "r dt/tau", "euler", reset="subtract", compare=">", reset_next=True, latency=1
    ),
    # paper/01_lif/lif_spinnaker2.py, s2_nir: Euler, reset to zero, no delay of connections.
    "spinnaker2": _stepping("r dt/tau", "euler", reset="zero", compare=">"),
}
"""How each tool steps what is in a NIR file."""


def semantics_of(
    producer: str | None = None, semantics: Semantics | None = None, **options: Any
) -> Semantics:
    """Declared semantics, or a preset; nothing is guessed.

    Parameters
    ----------
    producer
        Name of a preset.
    semantics
        Own semantics instead.
    options
        Rules to change in them, for IF and LIF alike, e.g. ``reset="zero"``.

    Raises
    ------
    ConversionError
        Neither or both are given, or the preset is unknown.
    """
    known = ", ".join(PRESETS)
    if (producer is None) == (semantics is None):
        raise ConversionError(
            "A NIR file does not say how its neurons reset, compare, step and clamp: declare one "
            "of producer and semantics.",
            instead=f"Name the tool that the network was made for, producer= one of: {known}.",
        )
    if semantics is None:
        if producer not in PRESETS:
            raise ConversionError(f"There is no preset {producer!r}; there are {known}.")
        semantics = PRESETS[str(producer)]
    return semantics.changed(**options) if options else semantics
