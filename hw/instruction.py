"""The instructions of a core's schedule."""

from amaranth.lib import data, enum

from augend.hw.configuration import AcceleratorConfig
from augend.hw.neuron import Restart, Scale

__all__ = ["BiasWhen", "Kind", "instruction", "projection_layout", "sweep_layout"]


class Kind(enum.Enum, shape=2):
    """What an instruction does."""

    END = 0
    """The inference is over on this core; the next one starts at ``back``."""
    CONSUME = 1
    """Take one step of events from a port through a projection."""
    SWEEP = 2
    """Visit every word of a population."""


class BiasWhen(enum.Enum, shape=2):
    """In which iterations of its loop a sweep adds the bias."""

    NEVER = 0
    ALWAYS = 1
    FIRST = 2
    LAST = 3


def projection_layout(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of a projection's constants, as the fan-out unit needs them.

    ``*_base`` are first entries in the fan-out tables. ``by_channel``: the lane table has an entry
    for each source channel, not just for each lane. ``columns_in_lanes``: lanes lie along the
    columns. ``masked``: the whole mask goes through in one clock, lane to lane. A kernel tap
    covers ``run_last + 1`` words, after which the potential address moves by ``column_step``; a
    row further it moves by ``row_step``, the weight address by ``weight_row_step``. A run makes
    ``additions`` additions.
    """
    return data.StructLayout(
        {
            "row_base": config.table_address,
            "column_base": config.table_address,
            "group_base": config.table_address,
            "lane_base": config.table_address,
            "by_channel": 1,
            "columns_in_lanes": 1,
            "masked": 1,
            "run_last": config.run_bits,
            "column_step": config.potential_address,
            "row_step": config.potential_address,
            "weight_row_step": config.weight_address,
            "additions": 24,
        }
    )


def sweep_layout(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of a sweep's constants.

    The population has (``a_last`` + 1) x (``b_last`` + 1) x (``g_last`` + 1) words from
    ``potential_base`` on. Parameter rows are taken from ``parameter_base`` on, one a word where
    ``per_neuron``, else one for each ``g``. ``current``: before each word its input current is
    read, from ``current_base`` on. ``fire``: compare, reset and emit; ``read``: hand the sums to
    the readout. ``restart`` applies in the loop's last iteration.
    """
    return data.StructLayout(
        {
            "potential_base": config.potential_address,
            "current_base": config.potential_address,
            "parameter_base": config.parameter_address,
            "a_last": config.coordinate_bits,
            "b_last": config.coordinate_bits,
            "g_last": config.coordinate_bits,
            "per_neuron": 1,
            "current": 1,
            "bias": BiasWhen,
            "scale": Scale,
            "fire": 1,
            "read": 1,
            "restart": Restart,
            "updates": 24,
        }
    )


def instruction(config: AcceleratorConfig) -> data.FlexibleLayout:
    """Layout of an instruction; ``projection`` and ``sweep`` share their bits.

    ``times`` is the length of the loop it stands in, less one; where ``closes``, the loop goes
    back to ``back`` until it has been through ``times`` + 1 times. ``population`` is the
    one that is swept, or that the projection ends in.
    """
    head = data.StructLayout(
        {
            "kind": Kind,
            "port": config.port_bits,
            "population": config.population_bits,
            "times": 16,
            "closes": 1,
            "back": config.instruction_address,
        }
    )
    bodies = {"projection": projection_layout(config), "sweep": sweep_layout(config)}
    longest = max(body.size for body in bodies.values())
    return data.FlexibleLayout(
        head.size + longest,
        dict(head) | {name: data.Field(body, head.size) for name, body in bodies.items()},
    )
