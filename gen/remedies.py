"""What to do about the layer that costs a converted network most."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from augend.gen.contract import INPUT
from augend.gen.error_causes import Cause
from augend.gen.layer_errors import LayerError, NetworkErrors
from augend.gen.program import Program

__all__ = ["Remedy", "remedy"]

MOST_BITS = 8
MUCH = 2.0
"""Clipping that costs so many times as much as rounding to T levels is no compromise any more."""


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """One change of a conversion.

    ``text`` says it with options of ``augend convert``, ``options`` in those of
    `augend.gen.convert`.
    """

    text: str
    options: Mapping[str, Any]


def remedy(errors: NetworkErrors, program: Program, layer: LayerError, cause: Cause) -> Remedy:
    """The first thing to try against a cause in a layer."""
    if layer.name == INPUT:
        return _of_input(program, cause)
    if cause in ("clipping", "saturation"):
        return _of_clipping(errors, program, layer)
    if cause == "weights":
        return _of_weights(program, layer)
    if cause == "levels":
        return _of_levels(program, layer)
    if cause == "transient":
        return _of_transient(program, layer)
    return Remedy(
        text=f"The biases of {layer.name} do not make up for what they should: --norm mse, and "
        f"more training images to calibrate on (--images).",
        options={"norm": "mse"},
    )


def _of_input(program: Program, cause: Cause) -> Remedy:
    bits, encoding = program.network.input.bits, program.network.input.encoding
    if cause == "levels":
        more = min(bits + 2, MOST_BITS)
        return Remedy(
            text=f"Pixels of {bits} bits are too coarse: --pixel-bits {more}.",
            options={"pixel_bits": more},
        )
    return Remedy(
        text=f"Input spikes of encoding {encoding!r} are a rough picture of the pixels: "
        f"--encoding current, or more time steps.",
        options={"encoding": "current"},
    )


def _of_clipping(errors: NetworkErrors, program: Program, layer: LayerError) -> Remedy:
    norm, percentile = program.metadata.get("norm"), float(program.metadata.get("percentile", 100))
    share = f"{100 * layer.clipped:.2g} % of the activations of {layer.name} are above its scale"
    if norm == "percentile" and percentile < 100:
        higher = round(100 - (100 - percentile) / 10, 6)
        return Remedy(
            text=f"{share}: --percentile {higher:g} raises it, and --norm mse weighs it against "
            f"the rounding to T levels.",
            options={"percentile": higher},
        )
    compromise = errors.reach(layer, "clipping") < MUCH * errors.reach(layer, "levels")
    if norm == "mse" and compromise:
        more = 2 * program.network.timesteps
        return Remedy(
            text=f"{share}, which is the best that T={program.network.timesteps} levels allow: "
            f"--timesteps {more}.",
            options={"timesteps": more},
        )
    return Remedy(
        text=f"{share}: its scale does not fit these images. Calibrate on more training images, or "
        f"with --norm percentile --percentile 99.99.",
        options={"norm": "percentile", "percentile": 99.99},
    )


def _of_weights(program: Program, layer: LayerError) -> Remedy:
    network = program.network
    bits = min(network.bits_of(projection) for projection in network.into(layer.name))
    if bits == MOST_BITS:
        return Remedy(
            text=f"{layer.name} has {bits}-bit weights, the widest there are; some channels have "
            f"weights of very different sizes. Train with weight decay, or prune its outliers.",
            options={},
        )
    more = min(bits + 2, MOST_BITS)
    return Remedy(
        text=f"{bits}-bit weights are too coarse for {layer.name}: "
        f"--layer-bits {layer.name}={more}.",
        options={"layer_bits": {layer.name: more}},
    )


def _of_levels(program: Program, layer: LayerError) -> Remedy:
    timesteps = program.network.timesteps
    if program.metadata.get("initial") == "zero":
        return Remedy(
            text=f"Spike counts of {layer.name} are rounded down: --initial half rounds them.",
            options={"initial": "half"},
        )
    return Remedy(
        text=f"T={timesteps} steps are too few levels for {layer.name}: "
        f"--timesteps {2 * timesteps}.",
        options={"timesteps": 2 * timesteps},
    )


def _of_transient(program: Program, layer: LayerError) -> Remedy:
    network = program.network
    options = () if layer.name not in _populations(program) else _rules(program, layer.name)
    if options:
        return Remedy(
            text=f"The neurons of {layer.name} lose what arrives by {', '.join(options)}: leave "
            f"it out.",
            options={"reset": "subtract"} if "reset to zero" in options else {},
        )
    if network.schedule == "synchronous" and all("leak" not in p.options for p in network.hidden):
        return Remedy(
            text=f"Spikes reach {layer.name} unevenly: --schedule phased waits for all of them. "
            f"Where steps must stay synchronous, --signed takes back spikes that came too "
            f"early, and --clamp 1 holds deeper layers until their sources have settled.",
            options={"schedule": "phased"},
        )
    more = 2 * network.timesteps
    return Remedy(
        text=f"The rates of {layer.name} have not settled: --timesteps {more}.",
        options={"timesteps": more},
    )


def _populations(program: Program) -> set[str]:
    return {population.name for population in program.network.populations}


def _rules(program: Program, name: str) -> tuple[str, ...]:
    """Rules by which neurons lose potential."""
    losing = {"reset to zero", "leak", "floor", "single spike", "refractory steps", "inhibition"}
    return tuple(what for what in program.network.population(name).options if what in losing)
