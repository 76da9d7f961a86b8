"""Where a spike's weights and targets lie: fan-out tables and weight words of a projection."""

from dataclasses import dataclass, field, fields, replace
from math import gcd
from typing import Any

import numpy as np
import numpy.typing as npt

from augend.gen.lane_layout import LaneLayout
from augend.gen.network import ContractError, Ints, Projection
from augend.gen.sparsity import kept_words, word_of

__all__ = ["SynapseTables", "is_masked", "synapse_tables"]


@dataclass(frozen=True, kw_only=True, eq=False)
class SynapseTables:
    """A projection as the fan-out unit sees it.

    A spike at coordinates (a, b, g) in lane l begins at the sum of ``row[a]``, ``column[b]``,
    ``group[g]`` and ``lane[l]`` (``lane[g * lanes + l]`` where ``by_channel``), each a triple of
    potential word, weight word and number of output coordinates. It covers ``row`` count x
    ``column`` count (``lane`` count where ``columns_in_lanes``) kernel taps of ``run`` words each;
    none where one of the four counts is 0, as for channels that take no part.

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
    sparse
        A tap is a weight word whose word of potentials, from those of ``row`` and ``lane`` on, is
        in ``target``, and which brings ``additions`` only where that one is partial, else as many
        as there are lanes.
    target
        ``(words, 2)``, where it is sparse: word of the target, and whether that holds fewer
        neurons than there are lanes.
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
    sparse: bool = False
    target: Ints = field(default_factory=lambda: np.zeros((0, 2), np.int64))

    def constants(self) -> dict[str, int]:
        """The scalars by name."""
        return {
            f.name: int(getattr(self, f.name))
            for f in fields(self)
            if not isinstance(getattr(self, f.name), np.ndarray)
        }


def is_masked(projection: Projection, source_channels: int, lanes: int) -> bool:
    """Whether every channel projects to itself alone, so that whole words go through at once.

    A word goes through lane to lane, all of it: ranges of channels have to fit whole words.
    """
    first, last = projection.source_channels or (0, source_channels)
    begin, _ = projection.target_channels or (0, 0)
    return (
        projection.kind == "conv"
        and projection.groups == projection.weight.shape[0] > 1
        and projection.weight.shape[1] == 1
        and first % lanes == begin % lanes == 0
        and (last % lanes == 0 or last == source_channels)
    )


def synapse_tables(
    projection: Projection, source: LaneLayout, target: LaneLayout, *, stored_bits: int = 8
) -> SynapseTables:
    """Tables of a projection, with addresses from 0 on.

    Parameters
    ----------
    projection, source, target
        The synapses, and how both ends lie in lanes.
    stored_bits
        Width of a weight in memory; with 1 bit there is no weight of 0.

    Raises
    ------
    ContractError
        A weight of 0 would be needed beside weights of one bit, or a pruned projection does not
        keep whole words.
    """
    if projection.kept is not None:
        return _sparse(projection, projection.kept, source, target)
    if source.along == "neurons":
        projection, source = _in_a_row(projection, source)
    if projection.kind == "dense":
        return _dense(projection, source, target, stored_bits)
    return _convolution(projection, source, target, stored_bits)


def _entries(potential: npt.ArrayLike, weight: npt.ArrayLike, count: npt.ArrayLike) -> Ints:
    return np.stack(np.broadcast_arrays(potential, weight, count), axis=-1).astype(np.int64)


def _channel_tables(
    source: LaneLayout, taking: tuple[int, int], potential: Ints, size: int
) -> dict[str, Any]:
    """Group and lane tables where lanes are channels, of which a range takes part.

    A channel's potentials begin ``potential`` further, its ``size`` weight words behind those of
    the one before. Words and lanes are apart where they contribute apart from each other.
    """
    first, last = taking
    lanes, words = source.lanes, source.extent[2]
    if not (potential.any() or first % lanes) and (last % lanes == 0 or last == source.shape[0]):
        g = np.arange(words)
        inside = (g * lanes >= first) & (g * lanes < last)
        return {
            "group": _entries(0, np.where(inside, (g * lanes - first) * size, 0), inside),
            "lane": _entries(0, np.arange(lanes) * size, 1),
        }
    room = np.zeros((words * lanes, 3), np.int64)
    room[first:last] = _entries(potential, np.arange(last - first) * size, 1)
    return {"group": _entries(0, np.zeros(words), 1), "lane": room, "by_channel": True}


def _dense(
    projection: Projection, source: LaneLayout, target: LaneLayout, stored_bits: int
) -> SynapseTables:
    """One run that covers the target; for a range of its channels, one at each row and column."""
    lanes = source.lanes
    first, last = taking = projection.source_channels or (0, source.shape[0])
    begin, end = projection.target_channels or (0, target.shape[0])
    neurons = projection.weight.shape[1]
    spread = np.zeros((neurons, *target.shape), np.int16)
    spread[:, begin:end] = projection.weight.T.reshape(
        neurons, *projection.target_part(target.shape)
    )
    rows, columns, words = target.extent
    weight = target.pack(spread).reshape(neurons, rows, columns, words, lanes)
    if end - begin == target.shape[0]:
        taps, first_word, run, additions = (1, 1), 0, target.words, projection.weight.shape[0]
    else:
        _refuse_holes(projection, stored_bits, lanes, target.shape[0], begin, end)
        first_word, past = begin // lanes, -(-end // lanes)
        weight = weight[:, :, :, first_word:past]
        taps, run, additions = (rows, columns), past - first_word, end - begin
    size = taps[0] * taps[1] * run  # weight words of a source neuron
    height, width = source.shape[1:] if len(source.shape) == 3 else (1, 1)
    a, b, g = (np.arange(n) for n in source.extent)
    tables: dict[str, Any]
    if source.along == "columns":
        taken = (b >= first) & (b < last)
        offset = np.where(taken, (b - first) * height * width * size, 0)
        tables = {
            "column": _entries(0, offset, np.where(taken, taps[1], 0)),
            "group": _entries(0, g * lanes * size, 1),
            "lane": _entries(0, np.arange(lanes) * size, 1),
        }
    else:
        tables = {
            "column": _entries(0, b * size, taps[1]),
            **_channel_tables(
                source, taking, np.zeros(last - first, np.int64), height * width * size
            ),
        }
    return SynapseTables(
        weight=weight.reshape(-1, lanes),
        row=_entries(first_word, a * width * size, taps[0]),
        run=run,
        column_step=words - (run - 1),
        row_step=columns * words,
        weight_row_step=taps[1] * run,
        additions=additions,
        **tables,
    )


def _in_a_row(projection: Projection, source: LaneLayout) -> tuple[Projection, LaneLayout]:
    """Put a projection out of an input along its neurons as one out of a shape (N,)."""
    if projection.kind != "dense":
        raise ContractError(
            f"The input goes into pruned synapses, and by projection {projection.source!r} -> "
            f"{projection.target!r} into a convolution; hardware takes it through either: convert "
            f"without sparse"
        )
    flat = LaneLayout(shape=(source.lane_neurons,), lanes=source.lanes)
    if projection.source_channels is None:
        return projection, flat
    plane = source.lane_neurons // source.shape[0]
    first, last = projection.source_channels
    return replace(projection, source_channels=(first * plane, last * plane)), flat


def _sparse(
    projection: Projection,
    kept: npt.NDArray[np.bool_],
    source: LaneLayout,
    target: LaneLayout,
) -> SynapseTables:
    """For each source neuron, where its words of weights begin and how many they are."""
    where = f"projection {projection.source!r} -> {projection.target!r}"
    lanes = source.lanes
    if not source.is_row:
        raise ContractError(
            f"{where} is pruned and comes from a population of shape {source.shape}; hardware "
            f"takes pruned synapses out of the input or a population of shape (N,)"
        )
    if projection.source_channels is not None or projection.target_channels is not None:
        raise ContractError(f"{where} is pruned, and leads between some channels only")
    there = kept_words(kept, projection, target.shape, lanes)  # (words, sources)
    if not np.array_equal(kept, there[word_of(projection, target.shape, lanes)]):
        raise ContractError(
            f"{where} is pruned in other pieces than whole words of {lanes} lanes; convert the "
            f"network for {lanes} lanes with sparse"
        )
    neurons = projection.weight.shape[1]
    weight = target.pack(projection.weight.T.reshape(neurons, *target.shape))
    at, word = np.nonzero(there.T)  # source by source, words rising
    count = there.sum(0)
    room = np.zeros((source.words * lanes, 3), np.int64)
    room[:neurons] = _entries(0, np.cumsum(count) - count, count)
    held = target.pack(np.ones(target.shape, np.int64)).sum(1)  # neurons of each word
    partial = held < lanes
    return SynapseTables(
        weight=weight[at, word],
        row=_entries(0, [0], 1),
        column=_entries(0, [0], 1),
        group=_entries(0, np.zeros(source.words), 1),
        lane=room,
        by_channel=True,
        columns_in_lanes=True,
        additions=int(held[partial].max(initial=0)),
        sparse=True,
        target=np.stack([word, partial[word]], axis=-1),
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


def _convolution(
    projection: Projection, source: LaneLayout, target: LaneLayout, stored_bits: int
) -> SynapseTables:
    lanes = source.lanes
    out_channels, height, width = target.shape
    taking = projection.source_channels or (0, source.shape[0])
    begin, end = projection.target_channels or (0, out_channels)
    channels = taking[1] - taking[0]
    groups = projection.groups
    per_group = (end - begin) // groups
    target_g = target.extent[2]

    first_y, tap_y, count_y, order_y = _axis(projection, 0, source.shape[1], height)
    first_x, tap_x, count_x, order_x = _axis(projection, 1, source.shape[2], width)
    kernel = projection.weight[:, :, order_y][:, :, :, order_x]  # (out, in / groups, KH, KW)
    taps_y, taps_x = kernel.shape[2:]
    step_y, step_x = (
        d // gcd(s, d) for s, d in zip(projection.stride, projection.dilation, strict=True)
    )

    masked = is_masked(projection, source.shape[0], lanes) and source.along == "channels"
    first_word = np.zeros(channels, np.int64)
    if masked:
        run, nearest = 1, begin // lanes
        words = LaneLayout(shape=(channels, taps_y, taps_x), lanes=lanes).pack(kernel[:, 0])
        weight = words.reshape(taps_y * taps_x, -1, lanes).swapaxes(0, 1)
    else:
        starts = begin + np.arange(groups) * per_group
        run = int(np.max((starts + per_group - 1) // lanes - starts // lanes + 1))
        group_word = np.minimum(starts // lanes, target_g - run)  # (groups,)
        group_of = np.arange(channels) // (channels // groups)
        first_word, nearest = group_word[group_of], int(group_word[0])
        weight = np.zeros((channels, taps_y, taps_x, run * lanes), np.int16)
        for c in range(channels):
            at = starts[group_of[c]] - first_word[c] * lanes
            out = starts[group_of[c]] - begin
            taken = kernel[out : out + per_group, c % (channels // groups)]  # (per_group, KH, KW)
            weight[c, :, :, at : at + per_group] = np.moveaxis(taken, 0, -1)
        for start in starts.tolist():
            _refuse_holes(projection, stored_bits, lanes, out_channels, start, start + per_group)
        first_word = first_word - nearest

    size = taps_y * taps_x * run  # weight words of a channel (of a word of channels, if masked)
    row = _entries(nearest + first_y * width * target_g, tap_y * taps_x * run, count_y)
    along_x = _entries(first_x * target_g, tap_x * run, count_x)
    b, g = (np.arange(n) for n in source.extent[1:])
    tables: dict[str, Any]
    if masked:
        word = g - taking[0] // lanes
        inside = (word >= 0) & (g * lanes < taking[1])
        tables = {
            "column": along_x,
            "group": np.where(inside[:, None], _entries(word, word * size, 1), 0),
            "lane": _entries(np.zeros(lanes), 0, 1),
        }
    elif source.along == "columns":
        column = np.zeros((len(b), 3), np.int64)
        column[slice(*taking)] = _entries(first_word, np.arange(channels) * size, 1)
        room = np.zeros((len(g) * lanes, 3), np.int64)
        room[: len(along_x)] = along_x
        tables = {
            "column": column,
            "group": _entries(0, g * 0, 1),
            "lane": room,
            "by_channel": True,
            "columns_in_lanes": True,
        }
    else:
        tables = {"column": along_x, **_channel_tables(source, taking, first_word, size)}
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


def _refuse_holes(
    projection: Projection, stored_bits: int, lanes: int, channels: int, begin: int, end: int
) -> None:
    """A lane of a channel that is not reached needs a weight of 0, which one bit cannot say."""
    if stored_bits == 1 and (begin % lanes or (end % lanes and end < channels)):
        raise ContractError(
            f"projection {projection.source!r} -> {projection.target!r} reaches channels {begin} "
            f"to {end - 1} of {channels}, which do not fill whole words of {lanes} lanes; with "
            f"1-bit weights use lanes that divide {begin} and {end}, or 2 bits"
        )
