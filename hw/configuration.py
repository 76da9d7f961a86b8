"""The elaboration parameters of an accelerator, from which every width derives."""

from dataclasses import dataclass, fields
from typing import Literal

from amaranth.utils import bits_for, ceil_log2

__all__ = ["OPTIONAL", "AcceleratorConfig", "ConfigurationError"]

OPTIONAL = frozenset(
    {
        "signed_events",
        "rate_input",
        "spike_steps",
        "channel_ranges",
        "target_entries",
        "delays",
        "weight_shift",
        "replay_words",
        "reset_zero",
        "floor",
        "clamp",
        "leak_bits",
        "inhibition_bits",
        "history_words",
        "rest_bits",
        "total_bits",
        "first_bits",
        "early_exit",
        "noise_bits",
        "watchdog_bits",
        "parity",
        "gates",
        "masked",
        "kernels",
        "currents",
        "halves",
        "doubles",
        "skips",
    }
)
"""Parameters that may be 0: hardware that is left out where no program needs it."""


STYLES = ("potential_memory", "short_memories")
"""Parameters that say in what kind of RAM something lies."""

SHORT = 16
"""Rows of the distributed RAM of ECP5 in one cell."""

REGISTERS = "registers"
FEWEST = 2
"""Rows for which registers take no more LUTs than a RAM's address does."""


class ConfigurationError(ValueError):
    """Parameters that no accelerator can have; the message names the parameter and its range."""


@dataclass(frozen=True, kw_only=True)
class AcceleratorConfig:
    """What is fixed when the hardware is built; every program that fits runs on it.

    Parameters
    ----------
    lanes
        Neurons handled a clock, a power of two.
    cores
        Engines beside each other.
    weight_bits
        Width of a stored weight; with 1 bit, 0 stands for -1 and 1 for +1.
    potential_bits
        Width of potentials, thresholds and biases, signed.
    potential_memory
        ``block``: clocked read, a hold of up to three clocks where a word comes back too soon.
        ``distributed``: unclocked read with one forward, never a hold.
    short_memories
        ``block``, or ``distributed`` RAM, for tables and schedules of up to 16 rows, where block
        RAM is scarcer than LUTs. Up to two rows are registers.
    weight_words, potential_words, parameter_words
        Depths of a core's memories, in words of ``lanes`` values.
    row_entries, column_entries, group_entries, lane_entries
        Depths of a core's four fan-out tables.
    coordinate_bits
        Width of a coordinate of an event word, and of the loops that make them.
    instructions
        Depth of a core's schedule.
    populations
        Most populations a program has (the input is one), which sizes the counters.
    queue_steps, queue_words
        Time steps that a queue holds, and event words a step.
    input_rows, input_banks
        Rows of an input, and how many inputs the input memory holds: with 2, the next one is
        written while an inference runs.
    pixel_bits
        Width of an input intensity.
    readout_words, readout_lanes
        Depth of the readout, in words of potentials, and of how many lanes, from the first on; of
        all where there are no more. A power of two.
    link_words
        Depth of the packet buffer, a power of two.
    signed_events
        1 where neurons emit spikes of -1 too: event words carry a sign for each lane.
    spike_planes
        Bits of the number of spikes that a neuron emits in a step, 1 to 8: several spikes travel as
        bit planes, an event word for each.
    channel_ranges
        1 where projections lead from some of a population's channels.
    target_entries
        Weight words of pruned projections that a core holds, each with the word of its target; 0
        where there are none.
    weight_shift
        The most by which a weight is shifted left, for its projection and for its spike plane.
    delays
        1 where spikes may arrive a step later.
    replay_words
        Event words and token of a step that a core keeps, to take it through several projections;
        0 where it takes each step through one.
    early_exit
        1 where an inference can end after the step in which the best score leads by a margin.
    noise_bits
        Width of the noise of a spiking softmax, in sixteenths of the potential; 0 without one.
    watchdog_bits
        An inference without any progress for 2**watchdog_bits clocks is ended with a fault, as is
        one that meets an unexpected token or a full queue; 0 leaves all of this out.
    reset_zero, floor, clamp
        1 where a spike may set a potential to 0, where potentials have a floor, and where they are
        held in the first steps.
    leak_bits
        Width of a leak's right shift, up to 5; 0 where nothing leaks.
    inhibition_bits
        Width of what a spike takes off the other neurons, up to 24; 0 where there is no inhibition.
    history_words
        Depth of a core's history memory, in words of neurons that remember more than a potential.
    rest_bits, total_bits, first_bits
        Widths of what a neuron remembers: the steps in which it will not fire, of which all ones
        is for ever; the signed sum of its spikes; how early it first spiked.
    parity
        1 where every memory has a parity bit a row, so that a flipped bit ends the inference.
    rate_input
        1 where the encoder draws spikes of encoding ``rate``.
    spike_steps
        Time steps for which the encoder can hold who spikes in encodings ``ttfs`` and ``hybrid``; 0
        where it runs neither.
    gates
        1 where max-pool gates pass the spikes of windows' leaders; the history memory then keeps
        whether a neuron spiked.
    masked, kernels
        1 where projections lead from each channel to itself; where a spike meets several taps of a
        kernel, or none, so that rows and columns are counted.
    currents, halves, doubles
        1 where an input current is added in every step; where potentials are halved or doubled on
        the way to it.
    skips
        1 where sweeps that would change nothing are left out, and empty steps taken at once.
    step_bits
        Width of the number of a loop's iterations, less one.
    counter_bits
        Width of the counters of each population.
    threshold_bits, bias_bits, initial_bits
        Widths of stored thresholds, biases and initial potentials, signed, at most those of
        potentials.
    """

    lanes: int = 16
    cores: int = 1
    weight_bits: int = 8
    potential_bits: int = 20
    potential_memory: Literal["block", "distributed"] = "block"
    short_memories: Literal["block", "distributed"] = "block"
    weight_words: int = 4096
    potential_words: int = 1024
    parameter_words: int = 256
    row_entries: int = 128
    column_entries: int = 128
    group_entries: int = 128
    lane_entries: int = 128
    coordinate_bits: int = 8
    instructions: int = 64
    populations: int = 8
    queue_steps: int = 2
    queue_words: int = 256
    input_rows: int = 256
    input_banks: int = 1
    pixel_bits: int = 8
    readout_words: int = 16
    readout_lanes: int = 128
    link_words: int = 512
    signed_events: int = 0
    spike_planes: int = 1
    channel_ranges: int = 0
    target_entries: int = 0
    delays: int = 0
    replay_words: int = 0
    weight_shift: int = 0
    early_exit: int = 0
    noise_bits: int = 0
    watchdog_bits: int = 20
    parity: int = 0
    reset_zero: int = 0
    floor: int = 0
    clamp: int = 0
    leak_bits: int = 0
    inhibition_bits: int = 0
    history_words: int = 0
    rest_bits: int = 0
    total_bits: int = 0
    first_bits: int = 0
    rate_input: int = 0
    spike_steps: int = 0
    gates: int = 0
    masked: int = 1
    kernels: int = 1
    currents: int = 1
    halves: int = 1
    doubles: int = 1
    skips: int = 0
    step_bits: int = 16
    counter_bits: int = 32
    threshold_bits: int = 32
    bias_bits: int = 32
    initial_bits: int = 32

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            least = 0 if field.name in OPTIONAL else 1
            if field.name in STYLES:
                continue
            if not isinstance(value, int) or value < least:
                raise ConfigurationError(
                    f"{field.name} must be an integer of at least {least}, not {value!r}"
                )
        for name in ("lanes", "readout_lanes", "link_words"):
            value = getattr(self, name)
            if value & (value - 1):
                raise ConfigurationError(f"{name} must be a power of two, not {value}")
        for name in STYLES:
            if getattr(self, name) not in ("block", "distributed"):
                raise ConfigurationError(
                    f"{name} must be 'block' or 'distributed', not {getattr(self, name)!r}"
                )
        for name, most in (
            ("weight_bits", 8),
            ("potential_bits", 32),
            ("pixel_bits", 8),
            ("signed_events", 1),
            ("channel_ranges", 1),
            ("delays", 1),
            ("weight_shift", 22),
            ("spike_planes", 8),
            ("early_exit", 1),
            ("noise_bits", 40),
            ("watchdog_bits", 30),
            ("parity", 1),
            ("reset_zero", 1),
            ("floor", 1),
            ("clamp", 1),
            ("leak_bits", 5),
            ("inhibition_bits", 24),
            ("rest_bits", 17),
            ("total_bits", 32),
            ("first_bits", 17),
            ("rate_input", 1),
            ("gates", 1),
            ("masked", 1),
            ("kernels", 1),
            ("currents", 1),
            ("halves", 1),
            ("doubles", 1),
            ("skips", 1),
            ("step_bits", 16),
            ("counter_bits", 32),
            ("threshold_bits", 32),
            ("bias_bits", 32),
            ("initial_bits", 32),
        ):
            if getattr(self, name) > most:
                raise ConfigurationError(
                    f"{name} must be at most {most}, not {getattr(self, name)}"
                )
        widths = ("inhibition_bits", "rest_bits", "total_bits", "first_bits", "gates")
        if (self.history_words > 0) != any(getattr(self, name) for name in widths):
            raise ConfigurationError(
                f"history_words must be above 0 if, and only if, one of {', '.join(widths)} is, "
                f"not {self.history_words}"
            )
        if self.parity and not self.watchdog_bits:
            raise ConfigurationError(
                "parity needs watchdog_bits above 0: what it notices, the watchdog ends and tells"
            )
        if self.link_words < 16:
            raise ConfigurationError(f"link_words must be at least 16, not {self.link_words}")

    def ram_style(self, depth: int) -> str:
        """RAM for a table or schedule of so many rows."""
        if depth <= FEWEST:
            return REGISTERS
        return self.short_memories if depth <= SHORT else "block"

    def few_rows(self, depth: int) -> dict[str, str]:
        """Attribute of a memory of so few rows that registers are best; of others, none."""
        return {"ram_style": REGISTERS} if depth <= FEWEST else {}

    @property
    def lane_bits(self) -> int:
        """Width of a lane's number."""
        return ceil_log2(self.lanes)

    @property
    def score_lanes(self) -> int:
        """Lanes whose scores the readout keeps."""
        return min(self.lanes, self.readout_lanes)

    @property
    def scores(self) -> int:
        """Most scores that the readout keeps."""
        return self.readout_words * self.score_lanes

    @property
    def count_bits(self) -> int:
        """Width of what an instruction adds to a population's counters at once."""
        return min(24, self.counter_bits)

    @property
    def score_bits(self) -> int:
        """Width of a score: a potential, or a count of output spikes of up to 65536 steps."""
        return max(self.potential_bits, 18) if self.noise_bits else self.potential_bits

    @property
    def weight_address(self) -> int:
        """Width of a weight word's address."""
        return max(1, ceil_log2(self.weight_words))

    @property
    def potential_address(self) -> int:
        """Width of a potential word's address."""
        return max(1, ceil_log2(self.potential_words))

    @property
    def parameter_address(self) -> int:
        """Width of a parameter row's address."""
        return max(1, ceil_log2(self.parameter_words))

    @property
    def table_address(self) -> int:
        """Width that addresses the deepest fan-out table."""
        deepest = max(self.row_entries, self.column_entries, self.group_entries, self.lane_entries)
        return max(1, ceil_log2(deepest))

    @property
    def target_address(self) -> int:
        """Width that addresses the words of pruned projections."""
        return max(1, ceil_log2(self.target_entries))

    @property
    def run_bits(self) -> int:
        """Width of the number of words that one kernel tap covers."""
        return self.potential_address

    @property
    def plane_bits(self) -> int:
        """Width of the number of a spike plane; 0 where there is one plane only."""
        return ceil_log2(self.spike_planes)

    @property
    def shift_bits(self) -> int:
        """Width of a weight's left shift; 0 where there is none."""
        return self.weight_shift.bit_length()

    @property
    def emitted_bits(self) -> int:
        """Width of the number of spikes that a neuron emitted last; a gate's source emits one."""
        return self.spike_planes if self.inhibition_bits else self.gates

    @property
    def window_bits(self) -> int:
        """Width of a row or column of a window's neuron, which may be off the source."""
        return self.coordinate_bits + 1

    @property
    def history_address(self) -> int:
        """Width of a history word's address; 0 where there is none."""
        return max(1, ceil_log2(self.history_words)) if self.history_words else 0

    @property
    def window_address(self) -> int:
        """Width that addresses potential and history words alike."""
        return max(self.potential_address, self.history_address)

    @property
    def settles(self) -> bool:
        """Whether a sweep may have something left to do in a word after the last spike."""
        return bool(self.floor or self.history_words)

    @property
    def population_bits(self) -> int:
        """Width of a population's number."""
        return max(1, ceil_log2(self.populations))

    @property
    def port_bits(self) -> int:
        """Width that numbers the router's sources: the cores, then the encoder."""
        return bits_for(self.cores)

    @property
    def instruction_address(self) -> int:
        """Width of an instruction's address."""
        return max(1, ceil_log2(self.instructions))

    @property
    def queue_depth(self) -> int:
        """Event words and step tokens that a queue holds."""
        return self.queue_steps * (self.queue_words + 1)
