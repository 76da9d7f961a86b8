"""Placement: populations on cores, and what each core's memories and schedule hold."""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from augend.gen.lane_layout import LaneLayout
from augend.gen.network import INPUT, ContractError, Ints, Population, SpikingNetwork
from augend.gen.schedule import Consume, Instruction, Sweep, When, core_schedule, sums_up
from augend.gen.sweep_rules import negative_rows, sweep_rules
from augend.gen.synapse_tables import SynapseTables, is_masked, synapse_tables

__all__ = [
    "CorePlacement",
    "Placement",
    "PlacementError",
    "UnsupportedError",
    "assign_cores",
    "not_run",
    "place",
]


_ELSEWHERE = "use --backend golden"

RUNS: frozenset[str] = frozenset(
    {
        "reset to zero",
        "bipolar spikes",
        "spikes that are taken back",
        "leak",
        "floor",
        "single spike",
        "clamp",
        "refractory steps",
        "inhibition",
        "several spikes a step",
        "readout by count",
        "readout by first_spike",
    }
)
"""Rules of the contract beyond the plainest, by their names in ``options``, that hardware runs."""


class PlacementError(ValueError):
    """A network that the accelerator cannot run as it is; the message says why."""


class UnsupportedError(PlacementError):
    """A network with rules that the accelerator does not run, and the golden model does."""


@dataclass(kw_only=True, eq=False)
class CorePlacement:
    """Contents of a core's memories.

    Parameters
    ----------
    weight
        ``(words, lanes)``.
    parameter
        ``(rows, lanes, 6)``: threshold, bias, initial potential, limit and step of spikes of -1,
        floor; see ``augend.hw.neuron``. Threshold 0 marks a lane without a neuron; the rows of an
        input current hold in its place the right shift that remains.
    row, column, group, lane
        ``(entries, 3)``: potential word, weight word, count.
    instructions
        The schedule: initialisation, then inference.
    potential_words
        Potentials and input currents.
    history_words
        Words of what neurons remember beside.
    """

    weight: npt.NDArray[np.int16]
    parameter: Ints
    row: Ints
    column: Ints
    group: Ints
    lane: Ints
    instructions: list[Instruction] = field(default_factory=list)
    potential_words: int = 0
    history_words: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Placement:
    """A network laid out for a number of lanes and cores.

    Populations are numbered from 1 in the network's order; the input is number 0.

    Parameters
    ----------
    network, lanes
        As given.
    core_of
        Core of each population.
    layouts
        Lane layout of each population and of the input.
    tables
        Of each projection, in the network's order, with addresses from 0 on.
    cores
        Contents of each core.
    lsb_first
        Bit planes of the input are taken from the least significant on, halving in between; else
        from the most significant on, doubling.
    """

    network: SpikingNetwork
    lanes: int
    core_of: dict[str, int]
    layouts: dict[str, LaneLayout]
    tables: tuple[SynapseTables, ...]
    cores: tuple[CorePlacement, ...]
    lsb_first: bool

    @property
    def numbers(self) -> dict[str, int]:
        """Number of each population."""
        return {INPUT: 0} | {p.name: i for i, p in enumerate(self.network.populations, 1)}

    def listeners(self, name: str) -> list[int]:
        """Cores to which a population's events go."""
        return sorted({self.core_of[p.target] for p in self.network.out_of(name)})


def assign_cores(network: SpikingNetwork, cores: int) -> dict[str, int]:
    """Split the populations, in order, into at most ``cores`` runs of about equal work.

    Work is estimated by the synapses that end in a population. Neighbours on one core and a later
    core only behind an earlier one: so cores work on successive steps at once.
    """
    names = [p.name for p in network.populations]
    work = {}
    for name in names:
        work[name] = sum(
            int(p.fan_out(network.shape_of(p.source), network.shape_of(name)).sum())
            for p in network.into(name)
        )
    least = max(work.values())
    while True:  # the smallest bound on a core's work with which the runs suffice
        assignment: dict[str, int] = {}
        core, load, following = 0, 0, []
        for name in names:
            if load and load + work[name] > least:
                following.append(load + work[name])
                core, load = core + 1, 0
            load += work[name]
            assignment[name] = core
        if core < cores:
            return assignment
        least = min(following)


def bit_planes_upward(network: SpikingNetwork) -> bool:
    """Whether all input currents are shifted right by enough to halve from the lowest plane on."""
    shifts = [p.current_shift for p in network.populations if p.current_shift is not None]
    return bool(shifts) and all(int(s.min()) >= network.input.bits - 1 for s in shifts)


def place(network: SpikingNetwork, *, lanes: int, cores: int = 1) -> Placement:
    """Lay a network out.

    Raises
    ------
    PlacementError
        What the hardware does not run, by name.
    """
    if lanes < 1 or lanes & (lanes - 1):
        raise PlacementError(f"Lanes must be a power of two, not {lanes!r}")
    if cores < 1:
        raise PlacementError(f"Cores must be at least 1, not {cores!r}")
    _refuse(network)
    core_of = assign_cores(network, cores)
    layouts = {p.name: LaneLayout(shape=p.shape, lanes=lanes) for p in network.populations}
    masked = any(is_masked(p) for p in network.out_of(INPUT))
    layouts[INPUT] = LaneLayout.of_input(network.input.shape, lanes, channels=masked)
    try:
        tables = tuple(
            synapse_tables(p, layouts[p.source], layouts[p.target]) for p in network.projections
        )
    except ContractError as error:
        raise PlacementError(str(error)) from error
    placement = Placement(
        network=network,
        lanes=lanes,
        core_of=core_of,
        layouts=layouts,
        tables=tables,
        cores=tuple(_CoreBuilder(lanes).empty() for _ in range(cores)),
        lsb_first=bit_planes_upward(network),
    )
    filled = tuple(_fill(placement, core) for core in range(cores))
    return replace(placement, cores=filled)


def not_run(network: SpikingNetwork) -> list[str]:
    """Rules that it uses and that hardware does not run, each with where."""
    return [what for what in network.options if what.split(" (")[0] not in RUNS]


def _refuse(network: SpikingNetwork) -> None:
    refused = not_run(network)
    if refused:
        *others, last = refused
        listed = f"{', '.join(others)} and {last}" if others else last
        raise UnsupportedError(f"The accelerator does not run {listed}: {_ELSEWHERE}")
    if any(n > 1 for n in network.readout.shape[1:]):
        raise UnsupportedError(
            f"Readout {network.readout.name!r} has shape {network.readout.shape}; the readout unit "
            f"takes (classes,) or (classes, 1, 1): end in a linear layer, or pool to 1x1, or "
            f"{_ELSEWHERE}"
        )
    _refuse_spikes(network)
    seen: dict[str, str] = {}
    for projection in network.projections:
        if projection.source in seen:
            other = seen[projection.source]
            raise UnsupportedError(
                f"{projection.source!r} projects to both {other!r} and {projection.target!r}; the "
                f"accelerator takes a population's spikes through one projection: {_ELSEWHERE}"
            )
        seen[projection.source] = projection.target
    for population in network.populations:
        sources = {p.source for p in network.into(population.name)}
        if network.current_fed(population) and sources != {INPUT}:
            raise UnsupportedError(
                f"Population {population.name!r} takes the input current and spikes of "
                f"{sorted(sources - {INPUT})}; the accelerator adds one or the other: {_ELSEWHERE}"
            )


def _refuse_spikes(network: SpikingNetwork) -> None:
    """Refuse spikes that neurons emit and that the fan-out does not take."""
    for population in network.populations:
        least, most = network.most_spikes(population.name)
        if network.out_of(population.name) and (least < 0 or most > 1):
            raise UnsupportedError(
                f"Population {population.name!r} emits {least} to {most} spikes in a step; the "
                f"accelerator takes one of +1 from a neuron that others listen to: {_ELSEWHERE}"
            )


class _CoreBuilder:
    """Collects a core's memories, handing out addresses."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.rows: dict[str, list[npt.NDArray]] = {
            name: [] for name in ("weight", "parameter", "row", "column", "group", "lane")
        }
        self.used = dict.fromkeys(self.rows, 0)
        self.potential_words = 0
        self.history_words = 0

    def add(self, memory: str, rows: npt.NDArray) -> int:
        """Append rows; returns the first one's address."""
        first = self.used[memory]
        self.rows[memory].append(rows)
        self.used[memory] += len(rows)
        return first

    def reserve(self, words: int) -> int:
        """Reserve potential words; returns the first one's address."""
        first = self.potential_words
        self.potential_words += words
        return first

    def remember(self, words: int) -> int:
        """Reserve history words; returns the first one's address."""
        first = self.history_words
        self.history_words += words
        return first

    def empty(self) -> CorePlacement:
        return self.build([])

    def build(self, instructions: list[Instruction]) -> CorePlacement:
        ends = {"weight": (0, self.lanes), "parameter": (0, self.lanes, 6)}
        contents = {
            name: np.concatenate([np.zeros(ends.get(name, (0, 3)), np.int64), *rows])
            for name, rows in self.rows.items()
        }
        weight = contents.pop("weight").astype(np.int16)
        return CorePlacement(
            **contents,
            weight=weight,
            instructions=instructions,
            potential_words=self.potential_words,
            history_words=self.history_words,
        )


def _fill(placement: Placement, core: int) -> CorePlacement:
    """Lay out memories and schedule of one core."""
    network = placement.network
    builder = _CoreBuilder(placement.lanes)
    sweeps: dict[str, Sweep] = {}
    currents: dict[str, Sweep] = {}
    for population in network.populations:
        if placement.core_of[population.name] == core:
            sweeps[population.name] = _sweep(placement, builder, population)
            if network.current_fed(population):
                currents[population.name] = _current_sweep(
                    placement, builder, population, sweeps[population.name]
                )
    consumes: dict[str, Consume] = {}
    for projection, tables in zip(network.projections, placement.tables, strict=True):
        if placement.core_of[projection.target] != core:
            continue
        population = network.population(projection.target)
        base = sweeps[population.name]
        first = base.current_base if network.current_fed(population) else base.potential_base
        weight_base = builder.add("weight", tables.weight)
        row = tables.row + np.array([first, weight_base, 0])
        source_core = placement.core_of.get(projection.source, len(placement.cores))
        consumes[projection.source] = Consume(
            source=projection.source,
            population=projection.target,
            port=source_core,
            row_base=builder.add("row", row),
            column_base=builder.add("column", tables.column),
            group_base=builder.add("group", tables.group),
            lane_base=builder.add("lane", tables.lane),
            tables=tables,
        )
    schedule = core_schedule(network, sweeps, currents, consumes)
    return builder.build(schedule)


def _sweep(placement: Placement, builder: _CoreBuilder, population: Population) -> Sweep:
    """Reserve a population's potentials and parameters; the sweep that fires or reads it."""
    network = placement.network
    layout = placement.layouts[population.name]
    fed = network.current_fed(population)
    last = population is network.readout
    summed = last and sums_up(network)
    gathers = network.schedule == "phased" and population.fires and not fed
    rules = sweep_rules(network, population)
    rows, per_neuron = _parameter_rows(
        layout,
        population,
        population.threshold << rules["planes"] - 1,
        population.bias * (network.timesteps if summed or gathers else 1),
        population.initial,
        *negative_rows(population, rules["planes"]),
        *([] if population.floor is None else [population.floor]),
    )
    bias: When = "never" if fed else "first" if gathers else "always"
    return Sweep(
        population=population.name,
        potential_base=builder.reserve(layout.words),
        current_base=builder.reserve(layout.words) if fed else 0,
        parameter_base=builder.add("parameter", rows),
        history_base=builder.remember(layout.words) if rules["remembers"] else 0,
        extent=layout.extent,
        per_neuron=per_neuron,
        current="always" if fed else "never",
        clears="last" if fed else "never",
        bias=bias,
        emits=population.fires and bool(network.out_of(population.name)),
        read="last" if last else "never",
        restart="initial",
        updates=population.size * (network.timesteps if summed and not population.plain else 1),
        **rules,
    )


def _current_sweep(
    placement: Placement, builder: _CoreBuilder, population: Population, sweep: Sweep
) -> Sweep:
    """Reserve the parameters of an input current; the sweep that shifts it and adds the bias."""
    layout = placement.layouts[population.name]
    assert population.current_shift is not None
    done = placement.network.input.bits - 1 if placement.lsb_first else 0
    rows, per_neuron = _parameter_rows(
        layout, population, population.current_shift - done, population.bias, population.bias * 0
    )
    return Sweep(
        population=population.name,
        potential_base=sweep.current_base,
        parameter_base=builder.add("parameter", rows),
        extent=layout.extent,
        per_neuron=per_neuron,
        scale="halve" if placement.lsb_first else "double",
        passes=max(1, int(population.current_shift.max()) - done),
    )


def _parameter_rows(layout: LaneLayout, population: Population, *values: Ints) -> tuple[Ints, bool]:
    """Parameter rows ``(rows, lanes, 6)``, one a word of channels where all channels are alike."""
    per_neuron = len(population.shape) == 3 and any(v.shape == population.shape for v in values)
    if not per_neuron and len(population.shape) == 3:
        layout = LaneLayout(shape=population.shape[:1], lanes=layout.lanes)
    else:
        values = tuple(population.per_neuron(v) for v in values)
    rows = np.stack([layout.pack(v) for v in values], axis=-1).astype(np.int64)
    return np.pad(rows, ((0, 0), (0, 0), (0, 6 - len(values)))), per_neuron
