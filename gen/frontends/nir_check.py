"""A verdict on every node of a NIR file: what becomes of it, or what stands in the way."""

import os
from typing import Any

from augend.gen.contract import ContractError
from augend.gen.frontends.nir_exported import exported_program
from augend.gen.frontends.nir_file import read_nir_file
from augend.gen.frontends.nir_graph import LINEAR, NEURONS, FlatGraph, flatten
from augend.gen.frontends.nir_import import import_nir
from augend.gen.frontends.nir_network import READOUT, links_of
from augend.gen.frontends.nir_neurons import neurons_of
from augend.gen.frontends.nir_semantics import Semantics, semantics_of
from augend.gen.frontends.walk import Row
from augend.gen.graph import ConversionError, Shape
from augend.gen.network import Population
from augend.gen.program import Program

__all__ = ["check_nir"]


def check_nir(
    path: str | os.PathLike[str],
    *,
    producer: str | None = None,
    semantics: Semantics | None = None,
    timesteps: int = 100,
    **options: Any,
) -> tuple[Row, ...]:
    """Verdict on every node, and every obstacle, not only the first.

    Parameters
    ----------
    path
        The file.
    producer, semantics, timesteps, options
        As `augend.gen.frontends.nir_import.import_nir` takes them. Without semantics, what they
        leave open is refused under the name ``network``, after all nodes.
    """
    try:
        file = read_nir_file(path)
        exported = exported_program(file.graph) is not None
        flat = flatten(file)
    except ConversionError as error:
        return (_refused(error, None),)
    errors: dict[str | None, ConversionError] = {}
    program: Program | None = None
    if exported:
        program = import_nir(path)
    else:
        errors = _obstacles(flat, producer, semantics, options)
        if not errors:
            try:
                program = import_nir(
                    path, producer=producer, semantics=semantics, timesteps=timesteps, **options
                )
            except ConversionError as error:
                errors[error.layer] = error
            except ContractError as error:
                errors[None] = ConversionError(str(error))
    rows = [_row(name, flat, errors.get(name), program) for name in flat.nodes]
    rows += [_refused(e, None) for name, e in errors.items() if name not in flat.nodes]
    if program is not None and READOUT in {p.name for p in program.network.populations}:
        population = program.network.population(READOUT)
        note = _of_population(population, program)
        rows.append(_passed(READOUT, "accumulator", population.shape, note, "converted"))
    return tuple(rows)


def _obstacles(
    flat: FlatGraph,
    producer: str | None,
    semantics: Semantics | None,
    options: dict[str, Any],
) -> dict[str | None, ConversionError]:
    errors: dict[str | None, ConversionError] = {}
    own = ("dt", "weight_bits", "input_bits", "synapses", "lanes", "cores")
    dt = float(options.get("dt", 1e-4))
    try:
        declared = semantics_of(
            producer, semantics, **{k: v for k, v in options.items() if k not in own}
        )
    except ConversionError as error:
        return {None: error}
    for name, node in flat.nodes.items():
        split = node.kind == "CubaLIF" and options.get("synapses") == "spikes"
        if node.kind in NEURONS and not split:
            try:
                neurons_of(name, node, flat.shapes[name], declared, dt)
            except ConversionError as error:
                errors[name] = error
    try:
        links_of(flat, dt=dt, latency=declared.latency)
    except ConversionError as error:
        errors.setdefault(error.layer, error)
    return errors


def _row(name: str, flat: FlatGraph, error: ConversionError | None, program: Program | None) -> Row:
    node, shape = flat.nodes[name], flat.shapes[name]
    if error is not None:
        return _refused(error, shape, name, node.kind)
    if node.kind in ("Pass", "Flatten", "Input", "Output"):
        return _passed(name, node.kind, shape, "")
    populations = {} if program is None else {p.name: p for p in program.network.populations}
    if name in populations and program is not None:
        note = _of_population(populations[name], program)
    elif node.kind in LINEAR:
        note = "folded into the synapses of the neurons that follow"
    else:
        note = ""
    return _passed(name, node.kind, shape, note, "converted")


def _of_population(population: Population, program: Program) -> str:
    network = program.network
    parts = [f"{population.size} neurons", f"reset {population.reset}"]
    if population.fires:
        low, high = population.threshold.min(), population.threshold.max()
        parts.append(f"threshold {low}" if low == high else f"thresholds {low} to {high}")
    if population.leak:
        parts.append("leak " + " + ".join(f"V>>{a}" for a in population.leak))
    if population.most_spikes > 1:
        parts.append(f"up to {population.most_spikes} spikes a step")
    if population.floor is not None:
        parts.append(f"floor {population.floor.min()}")
    out = [
        p.fan_out(population.shape, network.shape_of(p.target)).max()
        for p in network.out_of(population.name)
    ]
    if out:
        parts.append(f"fan-out up to {sum(map(int, out))}")
    parts.append(f"{program.bounds[population.name].potential_bits}-bit potentials")
    return ", ".join(parts)


def _passed(name: str, kind: str, shape: Shape, note: str, verdict: Any = "passed") -> Row:
    return Row(name=name, kind=kind, shape=shape, verdict=verdict, note=note)


def _refused(
    error: ConversionError, shape: Shape | None, name: str | None = None, kind: str | None = None
) -> Row:
    return Row(
        name=name or error.layer or "network",
        kind=kind or error.kind or "",
        shape=shape,
        verdict="refused",
        error=error,
    )
