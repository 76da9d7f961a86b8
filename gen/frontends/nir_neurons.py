"""What a NIR neuron and declared semantics come to: a step of the potential, in input's units."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from augend.gen.frontends.nir_file import NirNode
from augend.gen.frontends.nir_graph import numbers, refusal
from augend.gen.frontends.nir_semantics import Rules, Semantics
from augend.gen.graph import Floats, Shape

__all__ = ["Neurons", "leak_shifts", "neurons_of", "stepped"]

MOST_LEAK = 24
"""Greatest right shift of a leak that is tried."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Neurons:
    """Neurons as floats, divided by their input gain, potentials counted from v_reset.

    A step is ``v = kept v + bias + input``, then ``threshold`` is compared. Arrays are of the
    neurons' shape.

    Parameters
    ----------
    kept
        Share of the potential that stays.
    gain
        What the input was multiplied with before the division.
    threshold
        Above 0; None where the neurons only integrate.
    bias, start
        Added in every step; potential before the first.
    floor
        Lowest potential after a step, None for none.
    reset_next
        The threshold comes off after the next step's decay.
    bipolar
        Spikes of -1 where the potential is 0 or below; each adds the threshold.
    returned
        What spikes took off comes back: they tell the potential, and do not spend it.
    """

    shape: Shape
    kept: float
    gain: Floats
    threshold: Floats | None
    bias: Floats
    start: Floats
    reset: Literal["subtract", "zero", "none"]
    above: bool
    most_spikes: int = 1
    floor: Floats | None = None
    reset_next: bool = False
    bipolar: bool = False
    returned: bool = False


def neurons_of(name: str, node: NirNode, shape: Shape, semantics: Semantics, dt: float) -> Neurons:
    """Float dynamics of a neuron node.

    Raises
    ------
    ConversionError
        Values that cannot be: r of 0 or below, thresholds not above the reset potential, time
        constants that differ inside the node.
    """
    if node.kind in ("CubaLIF", "CubaLI"):
        raise refusal(
            name,
            node,
            "it has two state variables, current and potential, and a population has one.",
            "Train with LIF (tau_syn of 0), or import with synapses='spikes', which sends the "
            "current as up to 255 signed spikes a step.",
        )
    if node.kind == "Threshold":
        return _instant(name, node, shape)
    rules = semantics.leaky if node.kind in ("LIF", "LI") else semantics.integrator
    tau = numbers(name, node, "tau").reshape(-1) if node.kind in ("LIF", "LI") else None
    if tau is not None and tau.min() <= 0:
        raise refusal(name, node, f"its tau is {tau.min():g}; it must be above 0.")
    return stepped(name, node, shape, rules, tau, numbers(name, node, "r"), semantics, dt)


def stepped(
    name: str,
    node: NirNode,
    shape: Shape,
    rules: Rules,
    tau: Floats | None,
    r: Floats,
    semantics: Semantics,
    dt: float,
) -> Neurons:
    """Dynamics of a membrane with time constant ``tau`` and resistance ``r``."""
    kept = np.unique(np.asarray(rules.kept_share(tau, dt)))
    if tau is not None and kept[-1] - kept[0] > 1e-4 * (1 - kept[0]):
        lowest, highest = tau.min(), tau.max()
        raise refusal(
            name,
            node,
            f"its time constants, {lowest:g} to {highest:g} s, differ; a population has one leak.",
            "Split it into one node for each time constant.",
        )
    gain = _spread(rules.input_gain(r.reshape(-1), tau, dt), shape)
    if gain.min() <= 0:
        raise refusal(name, node, f"its r is {r.min():g}; it must be above 0.")
    share = float(kept[0])
    spikes = node.kind in ("IF", "LIF", "CubaLIF")
    rest = _optional(name, node, "v_leak", shape)
    zero = _optional(name, node, "v_reset", shape) if spikes else np.zeros(shape)
    if rules.reset == "subtract" and np.any(zero):
        raise refusal(
            name,
            node,
            f"it resets to {zero.min():g} to {zero.max():g}, and the semantics subtract.",
            "Declare reset='zero', or write it with v_reset of 0.",
        )
    first = rest if semantics.start == "v_leak" else np.zeros(shape)
    if not spikes:
        return Neurons(
            shape=shape,
            kept=share,
            gain=gain,
            threshold=None,
            bias=(1 - share) * rest,
            start=first,
            reset="none",
            above=False,
        )
    threshold = _spread(numbers(name, node, "v_threshold").reshape(-1), shape) - zero
    if threshold.min() <= 0:
        raise refusal(name, node, "its v_threshold is not above its v_reset.")
    return Neurons(
        shape=shape,
        kept=share,
        gain=gain,
        threshold=threshold / gain,
        bias=(1 - share) * (rest - zero) / gain,
        start=(first - zero) / gain,
        reset=rules.reset,
        above=rules.compare == ">",
        most_spikes=rules.most_spikes,
        floor=None if rules.floor is None else rules.floor * threshold / gain,
        reset_next=rules.reset_next and rules.reset == "subtract" and share < 1,
    )


def leak_shifts(kept: float) -> tuple[int, ...]:
    """Right shifts, at most four, whose terms V >> a come closest to ``1 - kept``."""
    wanted = 1 - kept
    if wanted < 2.0**-MOST_LEAK:
        return ()
    best: tuple[float, tuple[int, ...]] = (np.inf, ())
    chains: list[tuple[int, ...]] = [()]
    for _ in range(4):
        longer = []
        for chain in chains:
            left = wanted - sum(2.0**-a for a in chain)
            if left <= 0:
                continue
            exponent = -np.log2(left)
            for shift in {int(np.floor(exponent)), int(np.ceil(exponent))}:
                if 0 <= shift <= MOST_LEAK:
                    longer.append((*chain, shift))
        chains = longer
        for chain in chains:
            off = abs(wanted - sum(2.0**-a for a in chain))
            if off < best[0] - 1e-12:
                best = off, chain
    return tuple(sorted(best[1]))


def _instant(name: str, node: NirNode, shape: Shape) -> Neurons:
    threshold = _spread(numbers(name, node, "threshold").reshape(-1), shape)
    if threshold.min() < 0:
        instead = "Use a threshold of at least 0."
        raise refusal(name, node, f"its threshold is {threshold.min():g}.", instead)
    return Neurons(
        shape=shape,
        kept=0.0,
        gain=np.ones(shape),
        threshold=threshold,
        bias=np.zeros(shape),
        start=np.zeros(shape),
        reset="zero",
        above=True,
    )


def _optional(name: str, node: NirNode, key: str, shape: Shape) -> Floats:
    if key not in node.values:
        return np.zeros(shape)
    return _spread(numbers(name, node, key).reshape(-1), shape)


def _spread(values: Floats, shape: Shape) -> Floats:
    return np.broadcast_to(values, (int(np.prod(shape)),)).reshape(shape).astype(np.float64)
