"""Which accelerator a program needs, and whether it fits a given one."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Literal

import numpy.typing as npt

from augend.gen.bounds import bounds, late_bound, signed_bits
from augend.gen.gumbel import gumbel_table
from augend.gen.memory_plan import DISTRIBUTED_WORDS
from augend.gen.network import INPUT, SpikingNetwork
from augend.gen.place import CorePlacement, Placement, driven
from augend.gen.schedule import FOREVER, Consume, Select, Sweep, Take
from augend.gen.selection import lead_bounds
from augend.hw.configuration import OPTIONAL, AcceleratorConfig

__all__ = ["FitError", "check_fit", "least_sizes", "smallest_config"]

BLOCK_ROWS = 512
"""Depth of a block RAM at its widest."""


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
        widths.append(signed_bits(*late_bound(placement.network, population)))
        if any(population.name in core.shared for core in placement.cores):
            least, most = int(population.initial.min()), int(population.initial.max())
            widths.append(
                signed_bits(of.potential[0] - max(most, 0), of.potential[1] - min(least, 0))
            )
        if of.current is not None:
            low, high = of.current
            bias = population.bias * driven(placement.network, population)
            widths.append(signed_bits(low + int(bias.min()), high + int(bias.max())))
    most = max(placement.network.most_spikes(placement.network.readout.name))
    if placement.network.decode in ("count", "first_spike"):  # totals are read in their place
        widths.append(signed_bits(0, most * placement.network.timesteps))
    for gate in placement.network.gates:
        widths.append(signed_bits(*lead_bounds(placement.network, gate)))
    return max(widths)


def _noise_bits(placement: Placement) -> int:
    """Width that holds the noise of a softmax; 0 without one."""
    softmax = placement.network.softmax
    if softmax is None:
        return 0
    noise = gumbel_table(softmax.temperature)
    return signed_bits(int(noise.min()), int(noise.max()))


def least_sizes(placement: Placement) -> dict[str, int]:
    """The least value of each parameter of the configuration."""
    network = placement.network
    cores = placement.cores
    layouts = placement.layouts
    sweeps = [i for core in cores for i in core.instructions if isinstance(i, Sweep)]
    counts = [
        int(table[:, 2].max(initial=0))
        for core in cores
        for table in (core.row, core.column, core.group, core.lane)
    ]
    selects = [i for core in cores for i in core.instructions if isinstance(i, Select)]
    coordinates = max(
        *(n - 1 for layout in layouts.values() for n in layout.extent),
        *(n - 1 for s in sweeps for n in s.extent),
        *counts,
        *(k - 1 for s in selects for k in s.gate.kernel),
        *(s.reach - 1 >> 1 for s in selects),
    )
    planes = {name: _spike_planes(network, name) for name in layouts}
    emitters = [layouts[name].words * planes[name] for name in layouts if network.out_of(name)]
    encoding = network.input.encoding
    source = layouts[INPUT]
    input_rows = source.words
    if encoding == "events":
        input_rows = network.timesteps * (source.words * planes[INPUT] + 1)
    return {
        "lanes": placement.lanes,
        "cores": len(cores),
        "weight_bits": placement.stored_bits,
        "potential_bits": _potential_bits(placement),
        "weight_words": max(len(core.weight) for core in cores),
        "potential_words": max(core.potential_words for core in cores),
        "parameter_words": max(len(core.parameter) for core in cores),
        "row_entries": max(len(core.row) for core in cores),
        "column_entries": max(len(core.column) for core in cores),
        "group_entries": max(len(core.group) for core in cores),
        "lane_entries": max(len(core.lane) for core in cores),
        "target_entries": max(len(core.target) for core in cores),
        "coordinate_bits": max(1, coordinates.bit_length()),
        "instructions": max(len(core.instructions) for core in cores),
        "populations": len(placement.numbers),
        "queue_steps": 1,
        "queue_words": max(emitters),
        "input_rows": input_rows,
        "pixel_bits": network.input.bits,
        "readout_words": layouts[network.readout.name].words,
        "readout_lanes": min(placement.lanes, layouts[network.readout.name].lane_neurons),
        "link_words": 16,
        "early_exit": int(placement.decides),
        "noise_bits": _noise_bits(placement),
        "signed_events": int(any(p.bipolar and p.fires for p in network.populations)),
        "spike_planes": max(planes.values()),
        "rate_input": int(encoding == "rate"),
        "spike_steps": network.timesteps if encoding in ("ttfs", "hybrid") else 0,
        "channel_ranges": int(any(p.source_channels is not None for p in network.projections)),
        "delays": int(any(p.delay for p in network.projections)),
        "weight_shift": max(
            p.shift + max(1, *map(abs, network.most_spikes(p.source))).bit_length() - 1
            for p in network.projections
        ),
        "replay_words": max(
            (
                layouts[i.source].words * planes[i.source] + 1
                for core in cores
                for i in core.instructions
                if isinstance(i, Take) or (isinstance(i, Consume) and i.keeps)
            ),
            default=0,
        ),
        "gates": int(bool(selects)),
        "step_bits": max(
            max(1, (i.times - 1).bit_length()) for core in cores for i in core.instructions
        ),
        "counter_bits": _counter_bits(placement, sweeps),
        **_simplest(cores, sweeps),
        **_rules(placement, sweeps),
    }


def _counter_bits(placement: Placement, sweeps: list[Sweep]) -> int:
    """Width that holds whatever is counted of a population in an inference."""
    network = placement.network
    counts = [s.updates * s.times * ((1 << s.planes) - 1) for s in sweeps]
    for core in placement.cores:
        for one in core.instructions:
            if isinstance(one, Consume):
                source, tables = placement.layouts[one.source], one.tables
                most = max(1, *map(abs, network.most_spikes(one.source)))
                beats = (
                    tables.run
                    * _largest(tables.row)
                    * max(_largest(tables.column), _largest(tables.lane))
                )
                items = source.words * placement.lanes * one.times * most.bit_length()
                counts.append(items * beats * placement.lanes)
    counts += [2 * network.timesteps * gate.size for gate in network.gates]
    counts += [sum(counts)]
    return min(32, max(1, *counts).bit_length())


def _largest(table: npt.NDArray) -> int:
    """Greatest number of outputs that an entry of a fan-out table reaches."""
    return int(table[:, 2].max(initial=1))


def _simplest(cores: tuple[CorePlacement, ...], sweeps: list[Sweep]) -> dict[str, int]:
    """The least value of each parameter that plain dense networks can do without."""
    consumes = [i for core in cores for i in core.instructions if isinstance(i, Consume)]
    tables = [table for core in cores for table in (core.row, core.column, core.group, core.lane)]
    widths = {
        name: signed_bits(
            min(int(core.parameter[:, :, field].min(initial=0)) for core in cores),
            max(int(core.parameter[:, :, field].max(initial=0)) for core in cores),
        )
        for field, name in enumerate(("threshold_bits", "bias_bits", "initial_bits"))
    }
    return {
        "masked": int(any(i.tables.masked for i in consumes)),
        "kernels": int(
            any((table[:, 2] != 1).any() for table in tables) or any(len(c.target) for c in cores)
        ),
        "currents": int(any(s.current != "never" for s in sweeps)),
        "halves": int(any(s.scale in ("halve", "halve_some") for s in sweeps)),
        "doubles": int(any(s.scale == "double" for s in sweeps)),
        **widths,
    }


def _rules(placement: Placement, sweeps: list[Sweep]) -> dict[str, int]:
    """The least value of each parameter that a rule of neurons needs."""
    steps = placement.network.timesteps

    def widest(widths: Iterable[int]) -> int:
        return max(widths, default=0)

    return {
        "reset_zero": int(any(s.zero and s.fire for s in sweeps)),
        "floor": int(any(s.sinks for s in sweeps)),
        "clamp": int(any(s.clamp_steps for s in sweeps)),
        "leak_bits": widest(max(1, shift.bit_length()) for s in sweeps for shift in s.leak),
        "inhibition_bits": widest(s.inhibition.bit_length() for s in sweeps),
        "history_words": max(core.history_words for core in placement.cores),
        "rest_bits": widest(
            1 if s.rest == FOREVER else (s.rest + 1).bit_length() for s in sweeps if s.rest
        ),
        "total_bits": widest(
            signed_bits(-s.most * steps, s.most * steps)
            for s in sweeps
            if s.takes_back or s.totals == "count"
        ),
        "first_bits": widest(steps.bit_length() for s in sweeps if s.totals == "first"),
    }


def _spike_planes(network: SpikingNetwork, name: str) -> int:
    """Bits of the greatest number of spikes of a neuron in a step, at least 1."""
    return max(1, *(abs(most).bit_length() for most in network.most_spikes(name)))


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
    words lie in distributed RAM, which never holds a beat; many in block RAM. The input memory has
    a second bank where both together are no deeper than a block RAM. Where a sweep may be skipped
    it can be; the program would run without.
    """
    needs = {n: v if n in OPTIONAL else max(1, v) for n, v in least_sizes(placement).items()}
    exact = {"lanes", "cores", "weight_bits", "pixel_bits", "queue_words", "coordinate_bits"}
    exact |= OPTIONAL | {"spike_planes", "step_bits", "counter_bits", "threshold_bits"}
    exact |= {"bias_bits", "initial_bits"}
    values = {n: v if n in exact else _round_up(v) for n, v in needs.items()}
    # Widths come in steps of two bits; lane_entries cover at least all lanes.
    values["potential_bits"] = needs["potential_bits"] + needs["potential_bits"] % 2
    values["lane_entries"] = max(values["lane_entries"], placement.lanes)
    values["queue_steps"] = queue_steps
    values["link_words"] = link_words
    values["input_banks"] = 2 if 2 * values["input_rows"] <= BLOCK_ROWS else 1
    if potential_memory is None:
        few = needs["potential_words"] <= DISTRIBUTED_WORDS
        potential_memory = "distributed" if few else "block"
    skips = int(placement.skips)
    return AcceleratorConfig(potential_memory=potential_memory, skips=skips, **values)


def check_fit(config: AcceleratorConfig, placement: Placement) -> None:
    """Refuse a program that an accelerator has no room for.

    Raises
    ------
    FitError
        Every parameter that falls short, with need and capacity.
    """
    needs = least_sizes(placement)
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
