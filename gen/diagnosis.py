"""Can a network be converted? A verdict on every layer, and every obstacle, not only the first."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import nn

from augend.gen.bounds import bounds
from augend.gen.contract import ContractError
from augend.gen.entry import Input
from augend.gen.fold import Folded, PoolMode, fold
from augend.gen.frontends.pytorch import Reading, Row, read
from augend.gen.graph import ConversionError, Shape
from augend.gen.layer_costs import LayerCost, layer_costs
from augend.gen.network import SpikingNetwork
from augend.gen.options import Schedule
from augend.gen.outline import outline
from augend.gen.stage import Gating, Stage

__all__ = ["Examination", "check", "examine", "measured"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Examination:
    """Verdict on every operation, and what the network would be.

    Parameters
    ----------
    rows
        Verdicts, in the order of the operations; what concerns the network as a whole comes last,
        under the name ``network``.
    costs
        Of the input, and of every population and gate; none where something is refused.
    macs
        Multiply-accumulates an image of the float network, by layer.
    network
        The spiking network; None where something is refused.
    estimated
        Whether its integers, and so the widths of its potentials, are guessed.
    """

    rows: tuple[Row, ...]
    costs: tuple[LayerCost, ...] = ()
    macs: Mapping[str, int] | None = None
    network: SpikingNetwork | None = None
    estimated: bool = True

    @property
    def refused(self) -> tuple[Row, ...]:
        """Rows that stand in the way."""
        return tuple(row for row in self.rows if row.error is not None)


def check(module: nn.Module, shape: Shape) -> tuple[Row, ...]:
    """Verdict on every operation of a module that is given images of ``shape``.

    Rows are in the order of the operations; those refused carry the error with its advice. What
    concerns the network as a whole comes last, under the name ``network``.

    Parameters
    ----------
    module
        What was trained.
    shape
        Of one image, ``(C, H, W)`` or ``(N,)``.
    """
    try:
        reading = read(module, shape)
    except ConversionError as error:
        return (_whole(error),)
    return _folded(reading, "fold")[0]


def examine(
    reading: Reading,
    *,
    weight_bits: int = 8,
    timesteps: int = 8,
    schedule: Schedule = "synchronous",
    pool: PoolMode = "fold",
    pixel_bits: int = 8,
) -> Examination:
    """Verdict on what a front end read, and an estimate of what it would cost.

    Weights are rounded, but nothing is calibrated: that takes images. Parameters are as those of
    `augend.gen.convert`.
    """
    rows, folded = _folded(reading, pool)
    graph = reading.graph
    if graph is None or folded is None:
        return Examination(rows=rows)
    try:
        entry = Input(shape=graph.input_shape, bits=pixel_bits)
        network = outline(
            folded, entry, weight_bits=weight_bits, timesteps=timesteps, schedule=schedule
        )
    except (ContractError, ConversionError) as error:
        refused = error if isinstance(error, ConversionError) else ConversionError(f"{error}.")
        return Examination(rows=(*rows, _whole(refused)))
    try:
        proved = bounds(network)
    except ContractError:  # with guessed integers that proves nothing
        proved = {}
    return Examination(
        rows=rows, costs=layer_costs(network, proved), macs=graph.macs, network=network
    )


def measured(examination: Examination, network: SpikingNetwork) -> Examination:
    """The same with the integers of a network that was really converted."""
    costs = layer_costs(network, bounds(network))
    return replace(examination, costs=costs, network=network, estimated=False)


def _folded(reading: Reading, pool: PoolMode) -> tuple[tuple[Row, ...], Folded | None]:
    """Rows with what becomes of each layer, and the stages; None where something is refused."""
    rows = list(reading.rows)
    if reading.graph is None:
        return tuple(rows), None
    try:
        folded = fold(reading.graph, pool=pool)
    except ConversionError as error:
        place = next((i for i, row in enumerate(rows) if row.name == error.layer), None)
        if place is None:
            rows.append(_whole(error))
        else:
            rows[place] = replace(rows[place], verdict="refused", error=error, note="")
        return tuple(rows), None
    became = _becomes(folded)
    return tuple(_noted(row, became.get(row.name, [])) for row in rows), folded


def _becomes(folded: Folded) -> dict[str, list[str]]:
    """What every layer becomes, by its name."""
    found: dict[str, list[str]] = {}
    for step in folded.stages:
        for layer in step.layers:
            if isinstance(step, Gating):
                text = f"gate {step.name}"
            elif layer == step.name:
                text = f"{_kind(step)} {step.name}"
            else:
                text = f"in {step.name}"
            found.setdefault(layer, []).append(text)
    return found


def _kind(stage: Stage) -> str:
    activation = stage.activation
    if not stage.spiking:
        return "readout"
    kind = "binary population" if activation.binary else "population"
    if activation.signed:
        kind = f"bipolar {kind}"
    return kind if activation.ceiling is None else f"clipped {kind}"


def _noted(row: Row, became: list[str]) -> Row:
    if row.verdict != "converted" or not became:
        return row
    note = ", ".join(dict.fromkeys(became))
    return replace(row, note=f"{note}; {row.note}" if row.note else note)


def _whole(error: ConversionError) -> Row:
    return Row(
        name=error.layer or "network",
        kind=error.kind or "",
        shape=None,
        verdict="refused",
        error=error,
    )
