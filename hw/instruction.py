"""The instructions of a core's schedule."""

from amaranth.lib import data, enum

from augend.hw.configuration import AcceleratorConfig
from augend.hw.lane_control import Lead, Restart, Scale, Totals

__all__ = ["Kind", "When", "instruction", "projection_layout", "sweep_layout", "window_layout"]


class Kind(enum.Enum, shape=3):
    """What an instruction does."""

    END = 0
    """The inference is over on this core; the next one starts at ``back``."""
    CONSUME = 1
    """Take one step of events from a port through a projection."""
    SWEEP = 2
    """Visit every word of a population."""
    TAKE = 3
    """Take one step of events from a port and keep it for the consumes that replay it."""
    DECIDE = 4
    """Wait with all cores for the readout: go on, or initialise and end. Nothing in the loop's last
    iteration."""
    SELECT = 5
    """Pass the spikes of the leaders of a gate's windows."""


class When(enum.Enum, shape=2):
    """In which iterations of its loop a sweep does something."""

    NEVER = 0
    ALWAYS = 1
    FIRST = 2
    LAST = 3


def projection_layout(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of a projection's constants, as the fan-out unit needs them.

    ``*_base`` are first entries in the fan-out tables. ``by_channel``: the lane table has an entry
    for each source channel, not just for each lane. ``columns_in_lanes``: lanes lie along the
    columns. ``masked``: the whole mask goes through in one clock, lane to lane. ``sparse``: the
    word of potentials of each weight word is looked up, and ``additions`` counts where that is
    partial, elsewhere the number of lanes. A kernel tap covers ``run_last + 1`` words, after which
    the potential address moves by ``column_step``; a row further it moves by ``row_step``, the
    weight address by ``weight_row_step``. A run makes ``additions`` additions. Weights are shifted
    left by ``shift``, and by the event word's plane.
    """
    return data.StructLayout(
        {
            "row_base": config.table_address,
            "column_base": config.table_address,
            "group_base": config.table_address,
            "lane_base": config.table_address,
            "by_channel": 1,
            "columns_in_lanes": config.kernels,
            "masked": config.masked,
            "sparse": int(config.target_entries > 0),
            "run_last": config.run_bits,
            "column_step": config.kernels * config.potential_address,
            "row_step": config.kernels * config.potential_address,
            "weight_row_step": config.kernels * config.weight_address,
            "additions": config.count_bits,
            "shift": config.shift_bits,
        }
    )


def sweep_layout(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of a sweep's constants.

    The population has (``a_last`` + 1) x (``b_last`` + 1) x (``g_last`` + 1) words from
    ``potential_base`` on. Parameter rows are taken from ``parameter_base`` on, one a word where
    ``per_neuron``, else one for each ``g``; what is remembered from ``history_base`` on.

    ``current``: when each word's input current is read before it, from ``current_base`` on;
    ``clears``: when that becomes 0. ``fire``: compare and reset; ``emits``: queue the spikes.
    ``read``: when to hand the potentials, or ``totals``, to the readout.
    ``restart`` applies in the loop's last iteration, and what is remembered is forgotten then.
    ``skips``: between the loop's first and last iterations there is nothing to do for a population
    that is quiet, but to queue its token.

    Up to 2**(``planes_last`` + 1) - 1 spikes a step, at most ``most``; ``bipolar``: of -1 too;
    ``zero``: a spike sets the potential to 0. ``settles``: a slot for the floor (``sinks``) and
    for what is remembered (``remembers``); ``restores``: a slot of its own for ``restart``.
    ``leaks`` shifts of ``leak``. In the first ``clamp_steps`` iterations potentials are held.
    ``inhibits``: every spike of the step before takes ``inhibition`` off the others. ``rest`` is
    how long a neuron rests after a spike, all ones for ever; ``takes_back``: spikes of -1 only
    take back earlier ones.

    ``leads``: of a select, the gate's rule; a sweep of such words adds the spikes that the words
    from ``history_base`` on hold, and counts them as additions. A select visits ``window`` words:
    coordinates are those of the gate, addresses those of the first window's first place.
    """
    leaks = {"leaks": 3, "leak": data.ArrayLayout(config.leak_bits, 4)}
    inhibits = {"inhibits": 1, "inhibition": config.inhibition_bits}
    absent = {"leaks": 0, "leak": 0, "inhibits": 0, "inhibition": 0}
    return data.StructLayout(
        {
            "potential_base": config.potential_address,
            "current_base": config.currents * config.potential_address,
            "parameter_base": config.parameter_address,
            "history_base": config.history_address,
            "a_last": config.coordinate_bits,
            "b_last": config.coordinate_bits,
            "g_last": config.coordinate_bits,
            "per_neuron": 1,
            "current": When if config.currents else 0,
            "clears": When if config.currents else 0,
            "bias": When,
            "scale": Scale if config.halves or config.doubles else 0,
            "fire": 1,
            "emits": 1,
            "read": When,
            "restart": Restart,
            "updates": config.count_bits,
            "skips": config.skips,
            "planes_last": config.plane_bits,
            "most": config.spike_planes if config.spike_planes > 1 else 0,
            "bipolar": config.signed_events,
            "zero": config.reset_zero,
            "settles": int(config.settles),
            "sinks": config.floor,
            "remembers": int(config.history_words > 0),
            "restores": config.floor,
            "clamp_steps": 17 * config.clamp,
            "rest": config.rest_bits,
            "totals": Totals if config.total_bits or config.first_bits else 0,
            "takes_back": int(bool(config.total_bits and config.signed_events)),
            "leads": Lead if config.gates else 0,
            "window": window_layout(config) if config.gates else 0,
        }
        | absent
        | (leaks if config.leak_bits else {})
        | (inhibits if config.inhibition_bits else {})
    )


def window_layout(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of a gate's windows.

    The first place lies in row ``row`` and column ``column`` of a source of ``rows`` x ``columns``;
    a window has (``rows_last`` + 1) x (``columns_last`` + 1) places. ``steps`` lead to the next
    place, by what moves: the place's column; its row; the word of channels; the window's column;
    its row. Where the gate ``passes`` spikes on to another, they are remembered from
    ``passed_base`` on.
    """
    place = {"row": config.window_bits, "column": config.window_bits}
    return data.StructLayout(
        {
            "steps": data.ArrayLayout(
                data.StructLayout({"address": config.window_address, **place}), 5
            ),
            **place,
            "rows": config.window_bits,
            "columns": config.window_bits,
            "rows_last": config.coordinate_bits,
            "columns_last": config.coordinate_bits,
            "passes": 1,
            "passed_base": config.history_address,
        }
    )


def instruction(config: AcceleratorConfig) -> data.FlexibleLayout:
    """Layout of an instruction; ``projection`` and ``sweep`` share their bits.

    ``times`` is the length of the loop it stands in, less one; ``nearly`` is one less than it, and
    ``once`` says that it is 0. Where ``closes``, the loop goes back to ``back`` until it has been
    through ``times`` + 1 times. ``population`` is the
    one that is swept, or that the projection ends in; ``source`` the one that it begins in. A
    consume that ``keeps`` takes its step from the port and keeps it; one that ``replays`` takes the
    step that was kept last. One that ``discards_last`` throws its step away in the loop's last
    iteration.
    """
    head = data.StructLayout(
        {
            "kind": Kind,
            "port": config.port_bits,
            "population": config.population_bits,
            "source": config.population_bits,
            "times": config.step_bits,
            "nearly": config.step_bits,
            "once": 1,
            "closes": 1,
            "back": config.instruction_address,
            "keeps": config.replay_words and 1,
            "replays": config.replay_words and 1,
            "discards_last": config.delays,
        }
    )
    bodies = {"projection": projection_layout(config), "sweep": sweep_layout(config)}
    longest = max(body.size for body in bodies.values())
    return data.FlexibleLayout(
        head.size + longest,
        dict(head) | {name: data.Field(body, head.size) for name, body in bodies.items()},
    )
