"""Where a spike's weights and targets lie: fan-out tables and weight words of a projection."""

from dataclasses import dataclass, fields
from math import gcd
from typing import Any

import numpy as np
import numpy.typing as npt

from augend.gen.lane_layout import LaneLayout
from augend.gen.network import ContractError, Ints, Projection

__all__ = ["SynapseTables", "is_masked", "synapse_tables"]


@dataclass(frozen=True, kw_only=True, eq=False)
class SynapseTables:
    """A projection as the fan-out unit sees it.

    A spike at coordinates (a, b, g) in lane l begins at the sum of ``row[a]``, ``column[b]``,
    ``group[g]`` and ``lane[l]`` (``lane[g * lanes + l]`` where ``by_channel``), each a triple of
    potential word, weight word and number of output coordinates. It covers ``row`` count x
    ``column`` count (``lane`` count where ``columns_in_lanes``) kernel taps of ``run`` words each.

    Parameters
    ----------
    weight
        ``(words, lanes)``.
    row, column, group, lane
        ``(entries, 3)``.
    by_channel, columns_in_lanes
        As above.
    masked
        All lanes of an event word go through at once, lane to lane; ``lane`` is not used.
    run
        Words that a tap covers.
    column_step, row_step
        From the last word of a run to the next tap's first; from one row's first word to the next.
    weight_row_step
        The same for weights, which are contiguous within a row.
    additions
        Synapses in a run.
    """

    weight: npt.NDArray[np.int16]
    row: Ints
    column: Ints
    group: Ints
    lane: Ints
    by_channel: bool = False
    columns_in_lanes: bool = False
    masked: bool = False
    run: int = 1
    column_step: int = 0
    row_step: int = 0
    weight_row_step: int = 0
    additions: int = 0

    def constants(self) -> dict[str, int]:
        """The scalars by name."""
        return {
            f.name: int(getattr(self, f.name))
            for f in fields(self)
            if not isinstance(getattr(self, f.name), np.ndarray)
        }


def is_masked(projection: Projection) -> bool:
    """Whether every channel projects to itself alone, so that whole words go through at once."""
    return projection.kind == "conv" and (
        projection.groups == projection.weight.shape[0] > 1 and projection.weight.shape[1] == 1
    )


def synapse_tables(projection: Projection, source: LaneLayout, target: LaneLayout) -> SynapseTables:
    """Tables of a projection, with addresses from 0 on."""
    if projection.kind == "dense":
        return _dense(projection, source, target)
    return _convolution(projection, source, target)


def _entries(potential: npt.ArrayLike, weight: npt.ArrayLike, count: npt.ArrayLike) -> Ints:
    return np.stack(np.broadcast_arrays(potential, weight, count), axis=-1).astype(np.int64)


def _dense(projection: Projection, source: LaneLayout, target: LaneLayout) -> SynapseTables:
    words = target.words
    weight = projection.weight.T.reshape(-1, *target.shape)  # (sources, *target)
    if len(source.shape) == 1:
        height, width = 1, 1
    else:
        height, width = source.shape[1:]
    a, b, g = (np.arange(n) for n in source.extent)
    lane = np.arange(source.lanes)
    step_b, step_lane = (words, height * width * words)  # b is x, lanes are channels
    if source.along == "columns":
        step_b, step_lane = step_lane, step_b
    return SynapseTables(
        weight=target.pack(weight).reshape(-1, source.lanes),
        row=_entries(0, a * width * words, 1),
        column=_entries(0, b * step_b, 1),
        group=_entries(0, g * source.lanes * step_lane, 0),
        lane=_entries(0, lane * step_lane, 0),
        run=words,
        additions=projection.weight.shape[0],
    )


def _axis(projection: Projection, axis: int, size: int, out: int) -> tuple[Ints, Ints, Ints, Ints]:
    """First output, first stored tap and count of each input coordinate; storage order of taps.

    Taps are stored so that those which one input meets, from its first output on, are neighbours:
    by residue of the tap modulo stride / gcd(stride, dilation), each descending.
    """
    covers = projection.covers(axis, size, out)  # (size, out, taps)
    step = projection.stride[axis] // gcd(projection.stride[axis], projection.dilation[axis])
    taps = np.arange(covers.shape[2])
    order = np.concatenate([taps[taps % step == r][::-1] for r in range(step)])
    place = np.argsort(order)
    reached = covers.any(2)  # (size, out)
    count = reached.sum(1)
    first = np.where(count > 0, reached.argmax(1), 0)
    tap = covers[np.arange(size), first].argmax(1)
    return first, np.where(count > 0, place[tap], 0), count, order


def _convolution(projection: Projection, source: LaneLayout, target: LaneLayout) -> SynapseTables:
    lanes = source.lanes
    out_channels, height, width = target.shape
    channels = source.shape[0]
    groups = projection.groups
    per_group = out_channels // groups
    target_g = target.extent[2]

    first_y, tap_y, count_y, order_y = _axis(projection, 0, source.shape[1], height)
    first_x, tap_x, count_x, order_x = _axis(projection, 1, source.shape[2], width)
    kernel = projection.weight[:, :, order_y][:, :, :, order_x]  # (out, in / groups, KH, KW)
    taps_y, taps_x = kernel.shape[2:]
    step_y, step_x = (
        d // gcd(s, d) for s, d in zip(projection.stride, projection.dilation, strict=True)
    )

    masked = is_masked(projection) and source.along == "channels"
    if masked:
        run, first_word = 1, np.zeros(channels, np.int64)
        words = LaneLayout(shape=(channels, taps_y, taps_x), lanes=lanes).pack(kernel[:, 0])
        weight = words.reshape(taps_y * taps_x, target_g, lanes).swapaxes(0, 1)
    else:
        starts = np.arange(groups) * per_group
        run = int(np.max((starts + per_group - 1) // lanes - starts // lanes + 1))
        group_word = np.minimum(starts // lanes, target_g - run)  # (groups,)
        group_of = np.arange(channels) // (channels // groups)
        first_word = group_word[group_of]
        weight = np.zeros((channels, taps_y, taps_x, run * lanes), np.int16)
        for c in range(channels):
            begin = starts[group_of[c]] - first_word[c] * lanes
            of_group = kernel[starts[group_of[c]] : starts[group_of[c]] + per_group]
            taken = of_group[:, c % (channels // groups)]  # (per_group, KH, KW)
            weight[c, :, :, begin : begin + per_group] = np.moveaxis(taken, 0, -1)
        _refuse_one_bit_holes(projection, groups, per_group, lanes, out_channels)

    size = taps_y * taps_x * run  # weight words of a channel (of a word of channels, if masked)
    row = _entries(first_y * width * target_g, tap_y * taps_x * run, count_y)
    along_x = _entries(first_x * target_g, tap_x * run, count_x)
    all_channels = np.arange(channels)
    by_channel = _entries(first_word, all_channels * size, 0)
    g = np.arange(source.extent[2])
    lane = np.arange(lanes)
    tables: dict[str, Any]
    if masked:
        tables = {
            "column": along_x,
            "group": _entries(g, g * size, 0),
            "lane": _entries(lane * 0, 0, 0),
        }
    elif source.along == "columns":
        room = np.zeros((source.extent[2] * lanes, 3), np.int64)
        room[: len(along_x)] = along_x
        tables = {
            "column": by_channel,
            "group": _entries(g * 0, 0, 0),
            "lane": room,
            "by_channel": True,
            "columns_in_lanes": True,
        }
    elif groups > 1:
        room = np.zeros((source.extent[2] * lanes, 3), np.int64)
        room[:channels] = by_channel
        tables = {
            "column": along_x,
            "group": _entries(g * 0, 0, 0),
            "lane": room,
            "by_channel": True,
        }
    else:
        tables = {
            "column": along_x,
            "group": _entries(0, g * lanes * size, 0),
            "lane": _entries(0, lane * size, 0),
        }
    return SynapseTables(
        weight=weight.reshape(-1, lanes),
        row=row,
        masked=masked,
        run=run,
        column_step=step_x * target_g - (run - 1),
        row_step=step_y * width * target_g,
        weight_row_step=taps_x * run,
        additions=0 if masked else per_group,
        **tables,
    )


def _refuse_one_bit_holes(
    projection: Projection, groups: int, per_group: int, lanes: int, out_channels: int
) -> None:
    """A lane of another group needs a weight of 0, which one bit cannot say."""
    one_bit = projection.weight.size > 0 and np.all(np.abs(projection.weight) == 1)
    if groups > 1 and one_bit and per_group % lanes and out_channels > per_group:
        raise ContractError(
            f"projection {projection.source!r} -> {projection.target!r} has groups of {per_group} "
            f"channels, which do not fill whole words of {lanes} lanes; with 1-bit weights use "
            f"lanes that divide {per_group}, or 2 bits"
        )
