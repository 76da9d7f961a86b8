"""How many clocks the fan-out unit takes for a step of events: counts, word by word."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from augend.gen.lane_layout import LaneLayout
from augend.gen.synapse_tables import SynapseTables

__all__ = ["FAN_OUT", "TARGETS", "StepBeats", "spike_planes", "step_beats"]

Ints = npt.NDArray[np.int64]

_REUSE = 4
"""Clocks from a beat until its word may be read again in a block RAM potential memory."""

_AHEAD = 6
"""Items (spikes, or masked words) between the event word and the beats that are made."""

FAN_OUT = 8
"""Clocks from taking an event word until its first beat."""

TARGETS = 3
"""Clocks that each beat takes further in hardware that looks up words of pruned projections."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StepBeats:
    """Clocks of a step of events in the fan-out unit, for each image.

    Parameters
    ----------
    words
        Potential words that are added to.
    items
        Spikes, or event words of a masked projection.
    beats
        Clocks that they take, holds left out; a spike without any synapse takes one.
    held
        Clocks in which a beat had to wait for its word.
    until_token
        Clocks from the first beat until the token leaves the queue, which it does as soon as
        the first spike of the last event word but one is being expanded.
    """

    words: Ints
    items: Ints
    beats: Ints
    held: Ints
    until_token: Ints


def spike_planes(emitted: npt.NDArray) -> npt.NDArray[np.bool_]:
    """Masks of event words, ``(images, words x planes, lanes)``.

    Several spikes travel as bit planes of their number: an event word for each, the highest first.
    """
    if emitted.dtype == bool:
        return emitted
    spikes = np.abs(emitted)
    planes = int(spikes.max(initial=1)).bit_length()
    masks = (spikes[:, :, None] >> np.arange(planes)[::-1, None] & 1).astype(bool)
    return masks.reshape(len(masks), masks.shape[1] * planes, masks.shape[3])


def step_beats(
    emitted: npt.NDArray,
    source: LaneLayout,
    tables: SynapseTables,
    *,
    block: bool,
    targets: bool = False,
) -> StepBeats:
    """Clocks of one step.

    Parameters
    ----------
    emitted
        Numbers of spikes, signed, ``(images, words, lanes)``.
    source
        Layout of the emitting population.
    tables
        Of the projection.
    block
        Whether the potential memory is one of block RAM, which may hold beats.
    targets
        Whether the hardware looks up words of pruned projections.
    """
    masks = spike_planes(emitted)  # (images, words x planes, lanes)
    a, b, g = np.repeat(source.coordinates(), masks.shape[1] // source.words, axis=0).T
    if tables.masked:
        spikes = np.asarray(masks.any(2, keepdims=True))  # (images, words, 1)
        columns = (tables.column[b, 2] * (tables.group[g, 2] > 0))[:, None]
        first = (tables.row[a, 0] + tables.column[b, 0] + tables.group[g, 0])[:, None]
    else:
        spikes = masks
        lane = np.arange(source.lanes)
        entry = g[:, None] * source.lanes + lane if tables.by_channel else lane[None, :]
        entry = np.broadcast_to(entry, (len(g), source.lanes))
        along, across = tables.column[b, 2][:, None], tables.lane[entry, 2]
        if tables.columns_in_lanes:
            along, across = across, along
        columns = along * (across > 0) * (tables.group[g, 2] > 0)[:, None]
        first = (tables.row[a, 0] + tables.column[b, 0] + tables.group[g, 0])[:, None]
        first = first + (tables.lane[entry, 1] if tables.sparse else tables.lane[entry, 0])
    rows = tables.row[a, 2][:, None]
    shape = spikes.shape[1:]
    synapses = np.broadcast_to(rows * columns * tables.run, shape).reshape(-1)
    images = len(spikes)
    flat = spikes.reshape(images, -1)  # (images, items that there may be)
    clocks = np.maximum(synapses, 1)
    items = flat.sum(1, dtype=np.int64)
    words = (flat @ synapses.astype(np.float64)).astype(np.int64)
    beats = (flat @ clocks.astype(np.float64)).astype(np.int64)
    # The token leaves once this item has gone on from the event word; none where below 0. Two more
    # event words are held before the one that is expanded.
    of_word = spikes.sum(2, dtype=np.int64)  # (images, words)
    some = of_word > 0
    behind = some[:, ::-1].cumsum(1)[:, ::-1]  # event words from each one on
    leaving = items - np.where(behind <= 2, of_word, 0).sum(1) - 1 - _AHEAD
    held = np.zeros(images, np.int64)
    held_before = np.zeros(images, np.int64)
    rows_of, columns_of, first_of = (
        np.broadcast_to(x, shape).reshape(-1) for x in (rows, columns, first)
    )
    late = TARGETS * targets  # beats between those that are made and the one that may be held
    same = np.ptp(first_of) == 0 and np.all(synapses == tables.run)
    if block and same and not tables.sparse:
        # Dense: every item covers the same words, each of which comes back after ``run`` clocks.
        extra = max(0, _REUSE - tables.run)
        held = extra * np.maximum(items - 1, 0)
        held_before = extra * np.maximum(leaving + 1 - -(-(2 + late) // tables.run), 0)
    elif block:
        edges = _edges(tables, first_of, rows_of, columns_of)
        for i in range(images):
            held[i], held_before[i] = _holds(
                np.flatnonzero(flat[i]), clocks, edges, int(leaving[i]), late
            )
    ahead = np.cumsum(flat, axis=1) <= leaving[:, None] + 1  # items up to that one
    before = ((flat & ahead) @ clocks.astype(np.float64)).astype(np.int64)
    until_token = np.where(leaving < 0, leaving + 1, before + held_before)
    until_token = np.where(some.sum(1) < 2, some.sum(1) - FAN_OUT, until_token)
    return StepBeats(words=words, items=items, beats=beats, held=held, until_token=until_token)


def _edges(tables: SynapseTables, first: Ints, rows: Ints, columns: Ints) -> tuple[Ints, Ints]:
    """Potential words of the first and last beats of each item, ``(items, 3)``; -1 where fewer."""
    count = rows * columns * tables.run

    def word(position: Ints) -> Ints:
        inside = (position >= 0) & (position < count)
        if tables.sparse:  # ``first`` is the first word of weights
            at = np.append(tables.target[:, 0], -1)
            return np.where(inside, at[np.where(inside, first + position, -1)], -1)
        run = np.maximum(tables.run, 1)
        column = position // run % np.maximum(columns, 1)
        row = position // run // np.maximum(columns, 1)
        step = tables.column_step + tables.run - 1
        at = first + row * tables.row_step + column * step + position % run
        return np.where(inside, at, -1)

    near = _REUSE - 1
    heads = np.stack([word(np.full_like(count, p)) for p in range(near)], axis=1)
    tails = np.stack([word(count - near + p) for p in range(near)], axis=1)
    return heads, tails


def _holds(
    at: Ints, clocks: Ints, edges: tuple[Ints, Ints], leaving: int, late: int
) -> tuple[int, int]:
    """Clocks held in a sequence of items: in all, and before item ``leaving`` has been made.

    The beat that may be held is ``late`` + 1 before the one that is made.
    A beat waits until four clocks after the last one that touched its word. Only the first and last
    three beats of an item can be near enough to another's.
    """
    if len(at) < 2:
        return 0, 0
    heads, tails = edges[0][at], edges[1][at]  # (items, 3)
    near = _REUSE - 1
    sizes = clocks[at]
    begin = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    # Items that may wait: a head word equal to a word near the end of what came before.
    suspects = np.zeros(len(at), bool)
    for back in range(1, near + 1):
        if back >= len(at):
            break
        same = (heads[back:, :, None] == tails[:-back, None, :]) & (heads[back:, :, None] >= 0)
        suspects[back:] |= same.any((1, 2))
    made = int(begin[leaving] + sizes[leaving]) if 0 <= leaving < len(at) else 0
    held = 0
    before = 0
    recent: dict[int, int] = {}  # clocks held at the latest positions
    for i in np.flatnonzero(suspects):
        for q in range(min(near, int(sizes[i]))):
            position = int(begin[i]) + q
            recent = {at_: h for at_, h in recent.items() if at_ > position - near}
            for j in range(max(0, i - near), i):
                for p in range(min(near, int(sizes[j]))):
                    earlier = int(begin[j]) + int(sizes[j]) - 1 - p
                    same = heads[i, q] >= 0 and heads[i, q] == tails[j, near - 1 - p]
                    if same and position - earlier <= near:
                        passed = sum(h for at_, h in recent.items() if at_ > earlier)
                        wait = max(0, _REUSE - (position - earlier) - passed)
                        recent[position] = recent.get(position, 0) + wait
                        held += wait
                        if position < made - 1 - late:
                            before += wait
    return held, before
