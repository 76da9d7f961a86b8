"""A placed program as the rows that the load bus writes."""

from typing import Any

import numpy as np
import numpy.typing as npt
from amaranth.hdl import Const
from amaranth.lib import data

from augend.gen.network import INPUT
from augend.gen.place import Placement
from augend.gen.schedule import Consume, Instruction, Sweep
from augend.hw.configuration import AcceleratorConfig
from augend.hw.encoder import encoder_layout, input_event, input_row_bits
from augend.hw.fit import check_fit
from augend.hw.instruction import BiasWhen, Kind, instruction
from augend.hw.loading import CORE_MEMORIES, words
from augend.hw.neuron import Restart, Scale

__all__ = ["Rows", "event_rows", "pixel_rows", "program_rows"]

Rows = npt.NDArray[np.uint32]
"""``(rows, link words a row)``"""


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
            "parameter": _pack(
                [core.parameter.reshape(len(core.parameter), 3 * placement.lanes)],
                [config.potential_bits],
            ),
            "instruction": _ints(
                [_instruction(config, one, numbers) for one in core.instructions],
                words(config, "instruction"),
            ),
        }
        widths = [config.potential_address, config.weight_address, config.coordinate_bits]
        for name in ("row", "column", "group", "lane"):
            table = getattr(core, name)
            contents[name] = _pack([table[:, k : k + 1] for k in range(3)], widths)
        result += [(name, i, contents[name]) for name in CORE_MEMORIES if len(contents[name])]

    network = placement.network
    a, b, g = placement.layouts[INPUT].extent
    events = network.input.encoding == "events"
    constants = {
        "events": events,
        "passes_last": (network.timesteps if events else network.input.bits) - 1,
        "first_plane": 0 if placement.lsb_first or events else network.input.bits - 1,
        "upward": placement.lsb_first,
        "population": 0,
        "a_last": a - 1,
        "b_last": b - 1,
        "g_last": g - 1,
    }
    encoder = _const(encoder_layout(config), constants)
    readout = network.readout.channels - 1 | network.rectified << 16
    routes = [
        sum(1 << core for core in placement.listeners(name)) if network.out_of(name) else 0
        for name in numbers
    ]
    return [
        *result,
        ("encoder", 0, _ints([encoder], words(config, "encoder"))),
        ("readout", 0, _ints([readout], words(config, "readout"))),
        ("route", 0, _ints(routes, words(config, "route"))),
    ]


def pixel_rows(config: AcceleratorConfig, placement: Placement, pixels: npt.NDArray) -> Rows:
    """Rows of the input memory for one image of intensities, ``(*input.shape)``."""
    packed = placement.layouts[INPUT].pack(pixels)  # (words, lanes)
    return _pack([packed], [config.pixel_bits], words(config, "input"))


def event_rows(config: AcceleratorConfig, placement: Placement, events: npt.NDArray) -> Rows:
    """Rows of the input memory for one recording of 0/1 events, ``(T, *input.shape)``."""
    layout = placement.layouts[INPUT]
    masks = layout.pack(events)  # (T, words, lanes)
    coordinates = layout.coordinates()
    total = words(config, "input")
    widths = [1, config.coordinate_bits, config.coordinate_bits, config.coordinate_bits]
    rows = []
    for step in masks:
        active = step.any(1)
        rows.append(_ints([int(active.sum())], total))
        at = coordinates[active]
        rows.append(_pack([step[active], at[:, 0:1], at[:, 1:2], at[:, 2:3]], widths, total))
    assert input_event(config).size <= input_row_bits(config)
    return np.concatenate(rows)


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
    return np.packbits(padded, axis=1, bitorder="little").view("<u4").astype(np.uint32)


def _ints(values: list[int], total: int) -> Rows:
    """Pack big integers, one a row."""
    joined = b"".join(value.to_bytes(4 * total, "little") for value in values)
    return np.frombuffer(joined, "<u4").reshape(-1, total).astype(np.uint32)


def _const(layout: data.Layout, values: dict[str, Any]) -> int:
    return Const.cast(layout.const(values)).value


def _instruction(config: AcceleratorConfig, one: Instruction, numbers: dict[str, int]) -> int:
    values: dict[str, Any] = {"times": one.times - 1, "closes": one.closes, "back": one.back}
    if isinstance(one, Consume):
        scalars = one.tables.constants()
        values |= {
            "kind": Kind.CONSUME,
            "port": one.port,
            "population": numbers[one.population],
            "projection": {
                "row_base": one.row_base,
                "column_base": one.column_base,
                "group_base": one.group_base,
                "lane_base": one.lane_base,
                "run_last": scalars.pop("run") - 1,
                **scalars,
            },
        }
    elif isinstance(one, Sweep):
        a, b, g = one.extent
        values |= {
            "kind": Kind.SWEEP,
            "population": numbers[one.population],
            "sweep": {
                "potential_base": one.potential_base,
                "current_base": one.current_base,
                "parameter_base": one.parameter_base,
                "a_last": a - 1,
                "b_last": b - 1,
                "g_last": g - 1,
                "per_neuron": one.per_neuron,
                "current": one.current,
                "bias": BiasWhen[one.bias.upper()],
                "scale": Scale[one.scale.upper()],
                "fire": one.fire,
                "read": one.read,
                "restart": Restart[one.restart.upper()],
                "updates": one.updates,
            },
        }
    else:
        values["kind"] = Kind.END
    return _const(instruction(config), values)
