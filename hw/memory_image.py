"""A placed program as the rows that the load bus writes."""

from typing import Any

import numpy as np
import numpy.typing as npt
from amaranth.hdl import Const
from amaranth.lib import data

from augend.gen.encoding import spike_steps, spike_thresholds
from augend.gen.entry import Input
from augend.gen.gumbel import gumbel_table
from augend.gen.network import INPUT
from augend.gen.place import Placement
from augend.gen.schedule import Consume, Decide, Instruction, Select, Sweep, Take
from augend.hw.configuration import AcceleratorConfig
from augend.hw.encoder import encoder_layout, input_event, input_row_bits
from augend.hw.fan_out import table_entry
from augend.hw.fit import check_fit
from augend.hw.instruction import Kind, When, instruction, projection_layout, sweep_layout
from augend.hw.lane_control import Lead, Restart, Scale, Totals
from augend.hw.loading import CORE_MEMORIES, words
from augend.hw.neuron import neuron_parameters
from augend.hw.rate_encoder import THRESHOLD_BITS
from augend.hw.readout import readout_constants

__all__ = ["Rows", "event_rows", "pixel_rows", "program_rows", "select_constants"]

Rows = npt.NDArray[np.uint32]
"""``(rows, link words a row)``"""

_PARAMETERS = ("threshold", "bias", "initial", "negative_limit", "negative_step", "floor")
"""What a placement's parameters hold of a neuron, in this order."""


def program_rows(config: AcceleratorConfig, placement: Placement) -> list[tuple[str, int, Rows]]:
    """Everything to be loaded, as (memory, core, rows from address 0 on).

    Raises
    ------
    FitError
        It does not fit.
    """
    check_fit(config, placement)
    numbers = placement.numbers
    result = []
    for i, core in enumerate(placement.cores):
        contents = {
            "weight": _weights(config, core.weight),
            "parameter": _parameters(config, core.parameter),
            "instruction": _ints(
                [_instruction(config, one, numbers) for one in core.instructions],
                words(config, "instruction"),
            ),
        }
        widths = [field.width for _, field in table_entry(config)]
        for name in ("row", "column", "group", "lane"):
            table = getattr(core, name)
            contents[name] = _pack([table[:, k : k + 1] for k in range(3)], widths)
        target = [core.target[:, :1], core.target[:, 1:]]
        contents["target"] = _pack(target, [config.potential_address, 1])
        result += [(name, i, contents[name]) for name in CORE_MEMORIES if len(contents[name])]

    network = placement.network
    a, b, g = placement.layouts[INPUT].extent
    entry = network.input
    planes = entry.bits if entry.is_current else 0
    constants = {
        "events": entry.encoding == "events",
        "passes_last": planes + (network.timesteps if entry.spikes else 0) - 1,
        "first_plane": 0 if placement.lsb_first or not planes else planes - 1,
        "upward": placement.lsb_first,
        "population": 0,
        "a_last": a - 1,
        "b_last": b - 1,
        "g_last": g - 1,
    }
    tables = []
    layout = placement.layouts[INPUT]
    constants["lane_last"] = (layout.lane_neurons - 1) % placement.lanes
    if entry.encoding == "rate":
        constants |= {"rate": 1, "seed": entry.seed}
        thresholds = spike_thresholds(entry)[:, None]
        tables.append(("rate", 0, _pack([thresholds], [THRESHOLD_BITS])))
    elif entry.encoding in ("ttfs", "hybrid"):
        constants |= {"timed": 1, "timed_from": planes}
        table = _pack([_intervals(entry, network.timesteps)], [config.pixel_bits])
        tables.append(("interval", 0, table))
    encoder = _const(encoder_layout(config), constants)
    rows, columns, groups = placement.layouts[network.readout.name].extent
    last_constants: dict[str, Any] = {
        "classes_last": network.readout.size - 1,
        "rectified": network.rectified,
        "pixels_last": rows * columns - 1,
        "groups": groups if rows * columns > 1 else 0,
    }
    if placement.decides:
        assert network.exit_margin is not None
        last_constants["margin"] = min(network.exit_margin, 1 << config.potential_bits)
    softmax = network.softmax
    if softmax is not None:
        last_constants["softmax"] = {
            "used": 1,
            "poisson": softmax.clock == "poisson",
            "period_last": softmax.period - 1,
            "rate": softmax.rate,
            "seed": softmax.seed,
        }
        noise = _pack([gumbel_table(softmax.temperature)[:, None]], [config.noise_bits])
        result.append(("noise", 0, noise))
    readout = _const(readout_constants(config), last_constants)
    routes = [
        sum(1 << core for core in placement.listeners(name)) if network.out_of(name) else 0
        for name in numbers
    ]
    return [
        *result,
        *tables,
        ("encoder", 0, _ints([encoder], words(config, "encoder"))),
        ("readout", 0, _ints([readout], words(config, "readout"))),
        ("route", 0, _ints(routes, words(config, "route"))),
    ]


def pixel_rows(config: AcceleratorConfig, placement: Placement, pixels: npt.NDArray) -> Rows:
    """Rows of the input memory for one image of intensities, ``(*input.shape)``."""
    packed = placement.layouts[INPUT].pack(pixels)  # (words, lanes)
    return _pack([packed], [config.pixel_bits], words(config, "input"))


def event_rows(config: AcceleratorConfig, placement: Placement, events: npt.NDArray) -> Rows:
    """Rows of the input memory for one recording of events, ``(T, *input.shape)``.

    Several events of a neuron in a step are bit planes: a row for each plane of a word, the most
    significant first.
    """
    layout = placement.layouts[INPUT]
    counts = layout.pack(events).astype(np.int64)  # (T, words, lanes)
    planes = np.arange(placement.network.input.bits)[::-1]
    masks = (counts[:, :, None] >> planes[:, None] & 1).reshape(len(counts), -1, layout.lanes)
    at = np.repeat(layout.coordinates(), len(planes), axis=0)
    plane = np.tile(planes, layout.words)[:, None]
    total = words(config, "input")
    widths = [1, config.coordinate_bits, config.plane_bits]
    rows = []
    for step in masks:
        active = step.any(1)
        rows.append(_ints([int(active.sum())], total))
        rows.append(_pack([step[active], at[active], plane[active]], widths, total))
    assert input_event(config).size <= input_row_bits(config)
    return np.concatenate(rows)


def _parameters(config: AcceleratorConfig, rows: npt.NDArray) -> Rows:
    """Rows of parameters, of the fields that the hardware has; from ``(rows, lanes, fields)``."""
    values = dict(zip(_PARAMETERS, np.moveaxis(rows, 2, 0), strict=True))
    values["lives"] = values["threshold"] != 0
    fields = neuron_parameters(config)
    columns = [
        (values[name][:, lane : lane + 1], field.width)
        for lane in range(config.lanes)
        for name, field in fields
    ]
    parts, widths = zip(*columns, strict=True)
    return _pack([*parts], [*widths])


def _intervals(entry: Input, timesteps: int) -> npt.NDArray[np.int64]:
    """Least and greatest intensity that spikes in each step, ``(T, 2)``; 1 and 0 where none do."""
    at = spike_steps(entry, timesteps)
    rows = np.tile([1, 0], (timesteps, 1))
    for step in range(timesteps):
        levels = np.flatnonzero(at == step)
        if len(levels):
            rows[step] = levels[0], levels[-1]
    return rows


def _weights(config: AcceleratorConfig, weight: npt.NDArray) -> Rows:
    if config.weight_bits == 1:
        weight = weight > 0
    return _pack([weight], [config.weight_bits], words(config, "weight"))


def _pack(columns: list[npt.NDArray], bits: list[int], total: int | None = None) -> Rows:
    """Pack integers side by side, the first in the lowest bits.

    Parameters
    ----------
    columns
        Arrays ``(rows, fields)``.
    bits
        Width of the fields of each array.
    total
        Link words a row; as many as needed where None.
    """
    parts = []
    for column, width in zip(columns, bits, strict=True):
        values = column.astype(np.int64)[..., None] >> np.arange(width)
        parts.append((values & 1).astype(np.uint8).reshape(len(column), column.shape[1] * width))
    flat = np.concatenate(parts, axis=1)
    total = total or -(-flat.shape[1] // 32)
    padded = np.pad(flat, ((0, 0), (0, 32 * total - flat.shape[1])))
    packed = np.ascontiguousarray(np.packbits(padded, axis=1, bitorder="little"))
    return packed.view("<u4").astype(np.uint32)


def _ints(values: list[int], total: int) -> Rows:
    """Pack big integers, one a row."""
    joined = b"".join(value.to_bytes(4 * total, "little") for value in values)
    return np.frombuffer(joined, "<u4").reshape(-1, total).astype(np.uint32)


def _const(layout: data.Layout, values: dict[str, Any]) -> int:
    return Const.cast(layout.const(values)).value


def _instruction(config: AcceleratorConfig, one: Instruction, numbers: dict[str, int]) -> int:
    values: dict[str, Any] = {
        "times": one.times - 1,
        "nearly": max(0, one.times - 2),
        "once": one.times == 1,
        "closes": one.closes,
        "back": one.back,
    }
    if isinstance(one, Consume):
        scalars = one.tables.constants()
        layout = projection_layout(config)
        projection = {
            "shift": one.shift,
            "row_base": one.row_base,
            "column_base": one.column_base,
            "group_base": one.group_base,
            "lane_base": one.lane_base,
            "run_last": scalars.pop("run") - 1,
            **scalars,
        }
        values |= {
            "kind": Kind.CONSUME,
            "port": one.port,
            "population": numbers[one.population],
            "keeps": one.keeps,
            "replays": one.replays,
            "source": numbers[one.source],
            "discards_last": one.discards_last,
            "projection": {name: v for name, v in projection.items() if layout[name].width},
        }
    elif isinstance(one, Take):
        values |= {
            "kind": Kind.TAKE,
            "port": one.port,
            "population": numbers[one.population],
            "source": numbers[one.source],
        }
    elif isinstance(one, Sweep):
        values |= {
            "kind": Kind.SWEEP,
            "population": numbers[one.population],
            "sweep": _sweep(config, one),
        }
    elif isinstance(one, Select):
        values |= {
            "kind": Kind.SELECT,
            "population": numbers[one.population],
            "sweep": select_constants(config, one),
        }
    else:
        values["kind"] = Kind.DECIDE if isinstance(one, Decide) else Kind.END
    return _const(instruction(config), values)


def _sweep(config: AcceleratorConfig, one: Sweep) -> dict[str, Any]:
    a, b, g = one.extent
    values = {
        "potential_base": one.potential_base,
        "parameter_base": one.parameter_base,
        "a_last": a - 1,
        "b_last": b - 1,
        "g_last": g - 1,
        "per_neuron": one.per_neuron,
        "bias": When[one.bias.upper()],
        "fire": one.fire,
        "emits": one.emits,
        "read": When[one.read.upper()],
        "restart": Restart[one.restart.upper()],
        "updates": one.updates,
    }
    optional = {
        "current_base": one.current_base,
        "current": When[one.current.upper()],
        "clears": When[one.clears.upper()],
        "scale": Scale[one.scale.upper()],
        "history_base": one.history_base,
        "planes_last": one.planes - 1,
        "most": one.most,
        "bipolar": one.bipolar,
        "zero": one.zero,
        "settles": one.settles,
        "sinks": one.sinks,
        "remembers": one.remembers,
        "restores": one.restores,
        "leaks": len(one.leak),
        "leak": [*one.leak, 0, 0, 0, 0][:4],
        "clamp_steps": one.clamp_steps,
        "inhibits": one.inhibition > 0,
        "inhibition": one.inhibition,
        "rest": one.rest & ((1 << config.rest_bits) - 1),
        "totals": Totals[one.totals.upper()],
        "takes_back": one.takes_back,
        "leads": Lead[one.leads.upper()],
        "skips": one.skips,
    }
    layout = sweep_layout(config)
    return values | {name: value for name, value in optional.items() if layout[name].width}


def select_constants(config: AcceleratorConfig, one: Select) -> dict[str, Any]:
    """Values of a select's fields, as of a sweep."""
    address = (1 << config.window_address) - 1
    coordinate = (1 << config.window_bits) - 1
    word, row, column = one.first()
    a, b, g = one.target.extent
    rows, columns, _ = one.source.extent
    steps = [
        {"address": words & address, "row": rows & coordinate, "column": columns & coordinate}
        for words, rows, columns in one.steps()
    ]
    return {
        "potential_base": one.potential_base + word & (1 << config.potential_address) - 1,
        "history_base": one.history_base + word & (1 << config.history_address) - 1,
        "a_last": a - 1,
        "b_last": b - 1,
        "g_last": g - 1,
        "emits": one.emits,
        "updates": one.gate.size,
        "leads": Lead[one.rule.upper()],
        "window": {
            "steps": steps,
            "row": row & coordinate,
            "column": column & coordinate,
            "rows": rows,
            "columns": columns,
            "rows_last": one.gate.kernel[0] - 1,
            "columns_last": one.gate.kernel[1] - 1,
            "passes": one.passed_base is not None,
            "passed_base": one.passed_base or 0,
        },
    }
