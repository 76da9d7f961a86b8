"""The accelerators of the table of placed ones, what each is for, and what is aimed at."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from augend.hw.configuration import AcceleratorConfig

__all__ = ["ACCELERATORS", "ENGINES", "Accelerator"]


def _engine(lanes: int, **chosen: object) -> AcceleratorConfig:
    """What a plain dense network 784-64-10 with spikes as input needs, on 4-bit weights."""
    usual = {
        "weight_bits": 4,
        "potential_bits": 14,
        "potential_memory": "block",
        "weight_words": 4096,
        "potential_words": 32,
        "parameter_words": 16,
        "row_entries": 32,
        "column_entries": 2,
        "group_entries": 16,
        "lane_entries": 32,
        "coordinate_bits": 5,
        "instructions": 16,
        "populations": 4,
        "queue_words": 56,
        "input_rows": 64,
        "pixel_bits": 1,
        "readout_words": 1,
        "link_words": 64,
        "masked": 0,
        "kernels": 0,
        "currents": 0,
        "halves": 0,
        "doubles": 0,
        "step_bits": 2,
        "counter_bits": 17,
        "threshold_bits": 8,
        "bias_bits": 7,
        "initial_bits": 7,
    }
    return AcceleratorConfig(lanes=lanes, **(usual | chosen))


_SMALL = {
    "potential_bits": 12,
    "weight_words": 512,
    "potential_words": 16,
    "row_entries": 16,
    "column_entries": 1,
    "group_entries": 2,
    "lane_entries": 8,
    "coordinate_bits": 4,
    "instructions": 8,
    "populations": 2,
    "queue_words": 32,
    "input_rows": 32,
    "readout_words": 2,
    "counter_bits": 16,
    "threshold_bits": 4,
    "bias_bits": 10,
    "initial_bits": 4,
}
"""A plain dense network 256-10 of 8 lanes."""
_TINY = _SMALL | {"weight_words": 256, "group_entries": 4, "readout_words": 4}
_WIDE = {
    "potential_bits": 12,
    "short_memories": "distributed",
    "weight_words": 512,
    "potential_words": 16,
    "row_entries": 16,
    "column_entries": 1,
    "group_entries": 4,
    "lane_entries": 64,
    "coordinate_bits": 4,
    "readout_lanes": 16,
    "threshold_bits": 7,
    "bias_bits": 6,
    "initial_bits": 6,
}
"""A plain dense network 256-64-10 of 64 lanes."""


@dataclass(frozen=True, kw_only=True)
class Accelerator:
    """A row of the table.

    Parameters
    ----------
    device
        Where it is placed.
    config
        What is built; made for the program of that name where None.
    chosen
        What of the latter is set otherwise.
    target
        Clock rate aimed at, in MHz.
    most_luts
        LUT4 aimed at.
    peer
        Whose network it is, and what that takes, measured with its own code on the same device.
    """

    device: str
    config: AcceleratorConfig | None = None
    chosen: Mapping[str, int | str] = field(default_factory=dict)
    target: int | None = None
    most_luts: int | None = None
    peer: str = ""


ENGINES = {
    "engine, 16 lanes": Accelerator(
        device="LFE5U-25F", config=_engine(16), target=185, most_luts=110 * 16
    ),
    "engine, 64 lanes": Accelerator(
        device="LFE5U-25F",
        config=_engine(64, **_WIDE),
        target=165,
        most_luts=70 * 64,
    ),
    "engine, 8 lanes": Accelerator(device="HX8K", config=_engine(8, **_SMALL), target=120),
    "engine, 8 lanes, low power": Accelerator(
        device="UP5K",
        config=_engine(8, **_SMALL | {"threshold_bits": 2, "initial_bits": 3}),
        target=48,
    ),
    "engine, 4 lanes": Accelerator(device="HX8K", config=_engine(4, **_TINY)),
    "engine, 4 lanes, parity": Accelerator(device="HX8K", config=_engine(4, **_TINY, parity=1)),
}
"""Accelerators of a fixed size; that of 4 lanes is small enough to be synthesised in a test."""

_BLOCK = {"potential_memory": "block", "short_memories": "block"}
_SHORT = {"short_memories": "block"}
_TINYODIN = "tinyODIN: 2,960 LUT4, 39.6 MHz, 133 us, 90.7 %"
_SPIKER = "Spiker+: 8,869 LUT4, 44.4 MHz, 329 us, 91.0 %"
_RUNNING = {
    "256-10": Accelerator(
        device="LFE5U-25F", chosen=_SHORT, target=139, most_luts=1480, peer=_TINYODIN
    ),
    "784-128-10, 16 lanes": Accelerator(
        # Block RAMs that are full up to a power of two need no multiplexers behind them.
        device="LFE5U-25F",
        chosen=_BLOCK | {"weight_words": 8192},
        most_luts=1300,
        peer=_SPIKER,
    ),
    "784-128-10, 128 lanes": Accelerator(device="LFE5U-25F", most_luts=4400, peer=_SPIKER),
    "784-128-10 pruned, 32 lanes": Accelerator(
        device="LFE5U-25F", chosen=_SHORT, most_luts=4400, peer=_SPIKER
    ),
    "CNN": Accelerator(device="LFE5U-45F", chosen=_BLOCK),
    "784-1200-1200-10, 1 bit": Accelerator(device="LFE5U-85F", chosen=_BLOCK),
    "ResNet-20": Accelerator(device="LFE5U-85F", chosen=_BLOCK),
}
ACCELERATORS = ENGINES | _RUNNING
