"""Which accelerator a program needs, and whether it fits a given one."""

from dataclasses import fields
from typing import Literal

from augend.gen.bounds import bounds, signed_bits
from augend.gen.place import Placement
from augend.gen.schedule import Sweep
from augend.hw.configuration import OPTIONAL, AcceleratorConfig

__all__ = ["DISTRIBUTED_WORDS", "FitError", "check_fit", "smallest_config"]

DISTRIBUTED_WORDS = 16
"""Most potential words that are put in distributed RAM unless asked otherwise: its depth."""


class FitError(ValueError):
    """A program that does not fit an accelerator; the message gives need and capacity."""


def _potential_bits(placement: Placement) -> int:
    """Width that holds every potential, accumulator and parameter."""
    proved = bounds(placement.network)
    widths = [
        signed_bits(int(core.parameter.min(initial=0)), int(core.parameter.max(initial=0)))
        for core in placement.cores
    ]
    for population in placement.network.populations:
        of = proved[population.name]
        widths += [of.potential_bits, of.accumulator_bits]
        if of.current is not None:
            low, high = of.current
            bias = population.bias
            widths.append(signed_bits(low + int(bias.min()), high + int(bias.max())))
    return max(widths)


def _needs(placement: Placement) -> dict[str, int]:
    """The least value of each parameter of the configuration."""
    network = placement.network
    cores = placement.cores
    layouts = placement.layouts
    sweeps = [i for core in cores for i in core.instructions if isinstance(i, Sweep)]
    counts = [
        int(table[:, 2].max(initial=0))
        for core in cores
        for table in (core.row, core.column, core.lane)
    ]
    coordinates = max(
        *(n - 1 for layout in layouts.values() for n in layout.extent),
        *(n - 1 for s in sweeps for n in s.extent),
        *counts,
    )
    emitters = [layouts[name].words for name in layouts if network.out_of(name)]
    events = network.input.encoding == "events"
    source = layouts["input"]
    return {
        "lanes": placement.lanes,
        "cores": len(cores),
        "weight_bits": network.weight_bits,
        "potential_bits": _potential_bits(placement),
        "weight_words": max(len(core.weight) for core in cores),
        "potential_words": max(core.potential_words for core in cores),
        "parameter_words": max(len(core.parameter) for core in cores),
        "row_entries": max(len(core.row) for core in cores),
        "column_entries": max(len(core.column) for core in cores),
        "group_entries": max(len(core.group) for core in cores),
        "lane_entries": max(len(core.lane) for core in cores),
        "coordinate_bits": max(1, coordinates.bit_length()),
        "instructions": max(len(core.instructions) for core in cores),
        "populations": len(network.populations) + 1,
        "queue_steps": 1,
        "queue_words": max(emitters),
        "input_rows": network.timesteps * (source.words + 1) if events else source.words,
        "pixel_bits": network.input.bits,
        "readout_words": layouts[network.readout.name].words,
        "link_words": 16,
        "signed_events": int(any(p.bipolar for p in network.populations)),
        "spike_planes": max(
            max(map(abs, network.most_spikes(name))).bit_length() for name in layouts
        ),
    }


def _round_up(value: int) -> int:
    """Next power of two."""
    return 1 << (value - 1).bit_length()


def smallest_config(
    placement: Placement,
    *,
    potential_memory: Literal["block", "distributed"] | None = None,
    queue_steps: int = 2,
    link_words: int = 512,
) -> AcceleratorConfig:
    """Configuration made for a program, memories rounded up to powers of two.

    Rounding lets programs of similar size share one Verilated model or bitstream. Few potential
    words lie in distributed RAM, which never holds a beat; many in block RAM.
    """
    needs = {n: v if n in OPTIONAL else max(1, v) for n, v in _needs(placement).items()}
    exact = {"lanes", "cores", "weight_bits", "pixel_bits", "queue_words", "coordinate_bits"}
    exact |= OPTIONAL | {"spike_planes"}
    values = {n: v if n in exact else _round_up(v) for n, v in needs.items()}
    # Widths come in steps of two bits; lane_entries cover at least all lanes.
    values["potential_bits"] = needs["potential_bits"] + needs["potential_bits"] % 2
    values["lane_entries"] = max(values["lane_entries"], placement.lanes)
    values["queue_steps"] = queue_steps
    values["link_words"] = link_words
    if potential_memory is None:
        few = needs["potential_words"] <= DISTRIBUTED_WORDS
        potential_memory = "distributed" if few else "block"
    return AcceleratorConfig(potential_memory=potential_memory, **values)


def check_fit(config: AcceleratorConfig, placement: Placement) -> None:
    """Refuse a program that an accelerator has no room for.

    Raises
    ------
    FitError
        Every parameter that falls short, with need and capacity.
    """
    needs = _needs(placement)
    # A router numbers the encoder after its cores: a placement is for so many, used or not.
    exact = ("lanes", "cores", *(["weight_bits"] if config.weight_bits == 1 else []))
    short = [
        f"{field.name} {needs[field.name]} (has {getattr(config, field.name)})"
        for field in fields(config)
        if field.name in needs
        and (
            needs[field.name] > getattr(config, field.name)
            or (field.name in exact and needs[field.name] != getattr(config, field.name))
        )
    ]
    if short:
        raise FitError(
            f"The program does not fit this accelerator. It needs {', '.join(short)}. Build a "
            f"larger one, or convert with fewer weight bits, fewer time steps or more cores."
        )
