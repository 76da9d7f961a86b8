"""``augend check``: whether a network can be converted, layer by layer, and what it would cost."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from augend.gen.datasets import load
from augend.gen.diagnosis import Examination, examine, measured
from augend.gen.frontends.source import front_end, load_source
from augend.gen.frontends.walk import Reading, Row
from augend.gen.graph import ConversionError, Shape
from augend.gen.place import PlacementError, not_run, place
from augend.gen.program import Program
from augend.host.errors import UsageError
from augend.host.verdict_table import show_examination

__all__ = ["CheckOptions", "accelerator_refusal", "examine_source", "show_verdict"]

PLACES = 3
"""Places of a rule that are named."""
PLACED_WEIGHTS = 1 << 23
"""More weights are not laid out: the tables of no accelerator hold them."""


@dataclass(frozen=True, kw_only=True)
class CheckOptions:
    """What ``augend check`` assumes of the conversion; as of `augend.gen.convert`."""

    weight_bits: int = 8
    timesteps: int = 8
    schedule: str = "synchronous"
    pool: str = "fold"
    pixel_bits: int = 8
    lanes: int = 16
    images: int = 200
    producer: str | None = None

    def of_conversion(self) -> dict[str, Any]:
        """Those that conversion takes too."""
        own = ("lanes", "images", "producer")
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in own}


def show_verdict(
    source: str,
    data: str | None,
    shape: str | None,
    options: CheckOptions,
    json: Path | None,
    console: Console,
) -> bool:
    """Print the verdict on every layer; whether all of them convert.

    Parameters
    ----------
    source
        ``file.py:attribute``, a file written by ``augend train``, ``.onnx`` or ``.nir``.
    data
        Data set to calibrate on, for the exact widths; estimated where None.
    shape
        Of one image, as 1,28,28; guessed where neither is given.
    options
        Of the conversion that is assumed.
    json
        File for all figures, or None.
    console
        Where to print.
    """
    from augend.host.verdict_table import write_examination

    with console.status("reading"):
        found = examine_source(source, data, shape, options)
    refusal = None if found.network is None else accelerator_refusal(found, options.lanes)
    show_examination(source, found, refusal, console)
    if json is not None:
        write_examination(source, found, refusal, json)
    return not found.refused


def examine_source(
    source: str, data: str | None, shape: str | None, options: CheckOptions
) -> Examination:
    """Verdict on whatever a person names."""
    if source.endswith(".nir"):
        return _nir(source, options)
    if source.endswith(".onnx"):
        read_onnx = front_end("onnx_graph", "onnx").read
        given = None if shape is None else _shape(shape)
        if given is None and data is not None:
            given = load(data, "test").shape
        reading = _read(lambda: read_onnx(source, given))
        origin: Any = reading.graph
    else:
        from augend.gen.frontends.pytorch import read
        from augend.host.sources import shape_for

        loaded = load_source(source)
        image = shape_for(loaded, data, shape)
        origin = loaded.module
        reading = _read(lambda: read(loaded.module, image))
    found = examine(reading, **options.of_conversion())
    if data is None or found.network is None:
        return found
    return _calibrated(found, origin, data, options)


def accelerator_refusal(found: Examination, lanes: int) -> str | None:
    """Why the accelerator does not run the network; None where it does."""
    network = found.network
    assert network is not None
    if refused := not_run(network):
        return f"The accelerator does not run {_listed(refused)}."
    if sum(p.weight.size for p in network.projections) > PLACED_WEIGHTS:
        return "It has more weights than the accelerator's tables address."
    try:
        place(network, lanes=lanes)
    except PlacementError as error:
        return str(error)
    return None


def _listed(options: Sequence[str]) -> str:
    """Options with their places, each kind once, and of many places the first."""
    places: dict[str, list[str]] = {}
    for option in options:
        what, _, where = option.partition(" (")
        places.setdefault(what, []).append(where.removesuffix(")"))
    texts = []
    for what, all_of in places.items():
        where = ", ".join(place for place in all_of[:PLACES] if place)
        more = f" and {len(all_of) - PLACES} more" if len(all_of) > PLACES else ""
        texts.append(f"{what} ({where}{more})" if where else what)
    return "; ".join(texts)


def _calibrated(found: Examination, origin: Any, data: str, options: CheckOptions) -> Examination:
    """The same with the integers that images make."""
    from augend.gen.conversion import convert

    assert found.network is not None
    shape = found.network.input.shape
    images = load(data, "train").images[: options.images]
    if int(np.prod(images.shape[1:])) != int(np.prod(shape)):
        raise UsageError(f"{data} has images of {images.shape[1:]}, and the network takes {shape}.")
    try:
        program = convert(origin, images.reshape(len(images), *shape), **options.of_conversion())
    except ConversionError as error:
        row = Row(
            name=error.layer or "network", kind="", shape=None, verdict="refused", error=error
        )
        return Examination(rows=(*found.rows, row))
    return measured(found, program.network)


def _nir(source: str, options: CheckOptions) -> Examination:
    rows = front_end("nir_check", "nir").check_nir(
        source,
        producer=options.producer,
        timesteps=options.timesteps,
        weight_bits=options.weight_bits,
    )
    found = Examination(rows=rows)
    if found.refused:
        return found
    program: Program = front_end("nir_import", "nir").import_nir(
        source,
        producer=options.producer,
        timesteps=options.timesteps,
        weight_bits=options.weight_bits,
    )
    return measured(found, program.network)


def _read(read: Any) -> Reading:
    try:
        return read()
    except ConversionError as error:
        name = error.layer or "network"
        row = Row(name=name, kind=error.kind or "", shape=None, verdict="refused", error=error)
        return Reading(rows=(row,), graph=None)


def _shape(text: str) -> Shape:
    try:
        return tuple(int(n) for n in text.split(","))
    except ValueError as error:
        raise UsageError(f"--shape takes numbers such as 1,28,28, not {text!r}.") from error
