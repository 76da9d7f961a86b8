"""Placement: populations on cores, and what each core's memories and schedule hold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from augend.gen.bounds import MOST_BITS, signed_bits
from augend.gen.lane_layout import LaneLayout
from augend.gen.memory_plan import DISTRIBUTED_WORDS, current_hold, lead_hold, plan, potential_hold
from augend.gen.network import (
    INPUT,
    ContractError,
    Gate,
    Ints,
    Population,
    Projection,
    SpikingNetwork,
)
from augend.gen.partial_sums import partial_sums, spread, spreads
from augend.gen.schedule import (
    Consume,
    Instruction,
    Sweep,
    Take,
    When,
    comes_early,
    core_schedule,
    sums_up,
)
from augend.gen.selection import Select, lead_bounds
from augend.gen.sweep_rules import changes_by_itself, most_spikes, negative_rows, sweep_rules
from augend.gen.synapse_tables import SynapseTables, is_masked, synapse_tables

__all__ = [
    "CorePlacement",
    "Placement",
    "PlacementError",
    "UnsupportedError",
    "assign_cores",
    "driven",
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
        "a range of channels",
        "a crop",
        "a delay",
        "weights of their own width",
        "shifted weights",
        "input encoding rate",
        "input encoding ttfs",
        "input encoding hybrid",
        "several input events a step",
        "readout by count",
        "readout by first_spike",
        "readout by softmax",
        "early exit",
        "a max-pool gate",
        "pruned synapses",
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
    target
        ``(entries, 2)``: for each of the first weight words, those of pruned projections, the word
        of its target and whether it is one of fewer neurons than lanes.
    instructions
        The schedule: initialisation, then inference.
    potential_words
        Potentials and input currents.
    shared
        Populations whose words are another's at other times: they are 0 in between, and the
        initial potential is added with the bias, or set by a sweep of its own.
    history_words
        Words of what neurons remember beside.
    """

    weight: npt.NDArray[np.int16]
    parameter: Ints
    row: Ints
    column: Ints
    group: Ints
    lane: Ints
    target: Ints
    instructions: list[Instruction] = field(default_factory=list)
    potential_words: int = 0
    shared: frozenset[str] = frozenset()
    history_words: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Placement:
    """A network laid out for a number of lanes and cores.

    Populations are numbered from 1 in the network's order, then gates; the input is number 0. A
    gate is on the core of its source.

    Parameters
    ----------
    network, lanes
        As given.
    core_of
        Core of each population and gate.
    layouts
        Lane layout of each population and gate, and of the input.
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
    def stored_bits(self) -> int:
        """Width of a weight in memory, that of the widest."""
        return max(self.network.bits_of(p) for p in self.network.projections)

    @property
    def numbers(self) -> dict[str, int]:
        """Number of each population and gate."""
        emitters = [*self.network.populations, *self.network.gates]
        return {INPUT: 0} | {one.name: i for i, one in enumerate(emitters, 1)}

    @property
    def decides(self) -> bool:
        """Whether an inference can end before the last time step."""
        network = self.network
        several = network.readout.size > 1 and network.timesteps > 1
        return network.exit_margin is not None and several

    @property
    def skips(self) -> bool:
        """Whether its schedules have sweeps that may be skipped."""
        instructions = (one for core in self.cores for one in core.instructions)
        return any(isinstance(one, Sweep) and one.skips for one in instructions)

    def listeners(self, name: str) -> list[int]:
        """Cores to which the events of a population, or gate, go."""
        return sorted({self.core_of[p.target] for p in self.network.out_of(name)})


def assign_cores(
    network: SpikingNetwork, cores: int, work: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Split the populations, in order, into at most ``cores`` runs of about equal work.

    Neighbours on one core and a later core only behind an earlier one: so cores work on successive
    steps at once.

    Parameters
    ----------
    network, cores
        As given to `place`.
    work
        Clocks of each population, measured; where None or empty, estimated by the synapses that end
        in it.
    """
    names = [p.name for p in network.populations]
    work = work or {
        name: sum(
            int(p.fan_out(network.shape_of(p.source), network.shape_of(name)).sum())
            for p in network.into(name)
        )
        for name in names
    }
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


def place(
    network: SpikingNetwork,
    *,
    lanes: int,
    cores: int = 1,
    core_of: Mapping[str, int] | None = None,
) -> Placement:
    """Lay a network out.

    Parameters
    ----------
    network, lanes, cores
        What, and for which accelerator.
    core_of
        Core of each population; `assign_cores` where None. Any will do: results are the same, and
        no order of them makes cores wait in a circle.

    Raises
    ------
    PlacementError
        What the hardware does not run, by name, or a population without a core.
    """
    if lanes < 1 or lanes & (lanes - 1):
        raise PlacementError(f"Lanes must be a power of two, not {lanes!r}")
    if cores < 1:
        raise PlacementError(f"Cores must be at least 1, not {cores!r}")
    _refuse(network)
    core_of = dict(assign_cores(network, cores) if core_of is None else core_of)
    for population in network.populations:
        if core_of.get(population.name) not in range(cores):
            raise PlacementError(
                f"Population {population.name!r} needs a core of 0 to {cores - 1}, not "
                f"{core_of.get(population.name)!r}"
            )
    core_of |= {gate.name: core_of[network.root_of(gate.name)] for gate in network.gates}
    emitters = [*network.populations, *network.gates]
    layouts = {one.name: LaneLayout(shape=one.shape, lanes=lanes) for one in emitters}
    shape = network.input.shape
    masked = any(is_masked(p, shape[0], lanes) for p in network.out_of(INPUT))
    drawn = network.input.encoding == "rate"
    layouts[INPUT] = LaneLayout.of_input(shape, lanes, channels=masked, in_order=drawn)
    if any(p.kept is not None for p in network.out_of(INPUT)):
        layouts[INPUT] = LaneLayout(shape=shape, lanes=lanes, along="neurons")
    bits = max(network.bits_of(p) for p in network.projections)
    try:
        tables = tuple(
            synapse_tables(p, layouts[p.source], layouts[p.target], stored_bits=bits)
            for p in network.projections
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
    if not network.out_of(INPUT):
        raise UnsupportedError(f"Nothing takes the input: {_ELSEWHERE}")
    for gate in network.gates:
        _refuse_gate(network, gate)


def _refuse_gate(network: SpikingNetwork, gate: Gate) -> None:
    root = network.population(network.root_of(gate.name))
    if not root.fires:
        raise UnsupportedError(
            f"Gate {gate.name!r} is on the readout {root.name!r}, which does not spike: leave the "
            f"gate out, or {_ELSEWHERE}"
        )
    if most_spikes(root) > 1:
        raise UnsupportedError(
            f"Gate {gate.name!r} passes up to {most_spikes(root)} spikes a step of {root.name!r}; "
            f"the accelerator's gates pass one: set most_spikes to 1, or {_ELSEWHERE}"
        )
    bits = signed_bits(*lead_bounds(network, gate))
    if bits > MOST_BITS:
        raise PlacementError(
            f"What the neurons of gate {gate.name!r} lead by needs {bits} bits in "
            f"{network.timesteps} time steps with rule {gate.rule!r} and decay {gate.decay}, and "
            f"{MOST_BITS} is the most: use a smaller decay, fewer time steps, or rule 'count'"
        )


class _CoreBuilder:
    """Collects a core's memories, handing out addresses."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.rows: dict[str, list[npt.NDArray]] = {
            name: [] for name in ("weight", "parameter", "row", "column", "group", "lane", "target")
        }
        self.used = dict.fromkeys(self.rows, 0)
        self.potential_words = 0
        self.potential_base: dict[str, int] = {}
        self.current_base: dict[str, int] = {}
        self.early_base: dict[str, int] = {}
        self.lead_base: dict[str, int] = {}
        self.partial_base: list[int] = []
        self.shared: frozenset[str] = frozenset()
        self.history_words = 0

    def add(self, memory: str, rows: npt.NDArray) -> int:
        """Append rows; returns the first one's address."""
        first = self.used[memory]
        self.rows[memory].append(rows)
        self.used[memory] += len(rows)
        return first

    def add_weights(self, every: Sequence[SynapseTables]) -> list[int]:
        """Lay out weights, those of pruned projections first; returns where each begin."""
        bases = [0] * len(every)
        for number in sorted(range(len(every)), key=lambda n: not every[n].sparse):
            bases[number] = self.add("weight", every[number].weight)
            self.add("target", every[number].target)
        return bases

    def plan(self, network: SpikingNetwork, layouts: Mapping[str, LaneLayout]) -> None:
        """Decide where this core's potentials, input currents and words of gates lie."""
        held = [p for p in network.populations if p.name in layouts]
        led = [g for g in network.gates if g.name in layouts and g.rule != "any"]
        fed = [p for p in held if network.current_fed(p)]
        holds = [potential_hold(network, p, layouts[p.name].words) for p in held]
        holds += [current_hold(network, p, layouts[p.name].words) for p in fed]
        early = [p for p in held if any(comes_early(network, q) for q in network.into(p.name))]
        holds += [potential_hold(network, p, layouts[p.name].words) for p in early]
        holds += [lead_hold(network, g, layouts[g.source].words) for g in led]
        found = plan(holds)
        names = [p.name for p in held]
        bases = iter(found.bases)
        self.potential_base = {p.name: next(bases) for p in held}
        self.current_base = {p.name: next(bases) for p in fed}
        self.early_base = {p.name: next(bases) for p in early}
        self.lead_base = {g.name: next(bases) for g in led}
        self.shared = frozenset(n for n, s in zip(names, found.shared, strict=False) if s)
        self.potential_words = found.words
        name = network.readout.name
        if name in self.potential_base and found.words > DISTRIBUTED_WORDS:
            words = layouts[name].words
            for _ in range(partial_sums(network, layouts) - 1):
                self.partial_base.append(self.potential_words)
                self.potential_words += words

    def remember(self, words: int) -> int:
        """Reserve history words; returns the first one's address."""
        first = self.history_words
        self.history_words += words
        return first

    def empty(self) -> CorePlacement:
        return self.build([])

    def build(self, instructions: list[Instruction]) -> CorePlacement:
        ends = {"weight": (0, self.lanes), "parameter": (0, self.lanes, 6), "target": (0, 2)}
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
            shared=self.shared,
            history_words=self.history_words,
        )


def _fill(placement: Placement, core: int) -> CorePlacement:
    """Lay out memories and schedule of one core."""
    network = placement.network
    builder = _CoreBuilder(placement.lanes)
    here = {n: x for n, x in placement.layouts.items() if placement.core_of.get(n) == core}
    builder.plan(network, here)
    sweeps: dict[str, Sweep] = {}
    currents: dict[str, Sweep] = {}
    for population in network.populations:
        if placement.core_of[population.name] == core:
            sweeps[population.name] = _sweep(placement, builder, population)
            if network.current_fed(population):
                currents[population.name] = _current_sweep(
                    placement, builder, population, sweeps[population.name]
                )
    merges = {
        name: replace(_merge(sweeps[name]), current_base=base)
        for name, base in builder.early_base.items()
    }
    partials = [
        replace(_merge(sweeps[network.readout.name]), current_base=base)
        for base in builder.partial_base
    ]
    gates = _gates(placement, builder, sweeps)
    planes: list[Consume] = []
    spikes: dict[str, list[Consume]] = {}
    taken = [
        (projection, tables)
        for projection, tables in zip(network.projections, placement.tables, strict=True)
        if placement.core_of[projection.target] == core and not _silent(network, projection.source)
    ]
    weight_bases = builder.add_weights([tables for _, tables in taken])
    for (projection, tables), weight_base in zip(taken, weight_bases, strict=True):
        source = projection.source
        base = sweeps[projection.target]
        if partials and projection.target == network.readout.name and spreads(network, source):
            further = builder.partial_base[0] - base.potential_base
            tables = spread(tables, placement.lanes, len(partials) + 1, further, base.words)
        consume = _consume(placement, builder, projection, tables, weight_base)
        if source == INPUT and network.input.is_current:
            planes.append(consume(base.current_base))
        if source != INPUT or network.input.spikes:
            first = base.potential_base
            if comes_early(network, projection):
                first = builder.early_base[projection.target]
            late = replace(consume(first), discards_last=projection.delay > 0)
            spikes.setdefault(source, []).append(late)
    opens = {
        name: sweeps[name]
        for name in currents
        if name in builder.shared
        and driven(network, network.population(name))
        and not network.gathers(network.population(name))
    }
    schedule = core_schedule(
        network,
        sweeps,
        currents,
        opens,
        merges,
        partials,
        _shared(placement, planes),
        {source: _shared(placement, consumes) for source, consumes in spikes.items()},
        gates,
        decides=placement.decides,
    )
    return builder.build(schedule)


def _silent(network: SpikingNetwork, source: str) -> bool:
    """Whether a source, or what a gate is on, accumulates and never spikes."""
    return source != INPUT and not network.population(network.root_of(source)).fires


def _gates(
    placement: Placement, builder: _CoreBuilder, sweeps: Mapping[str, Sweep]
) -> dict[str, tuple[Select, Sweep | None]]:
    """Lay out a core's gates: what passes their spikes, and what takes in those of their source."""
    network = placement.network
    remembered = {name: sweep.history_base for name, sweep in sweeps.items()}
    gates: dict[str, tuple[Select, Sweep | None]] = {}
    for gate in network.gates:
        if gate.source not in remembered:
            continue
        source, target = placement.layouts[gate.source], placement.layouts[gate.name]
        passed_base = builder.remember(target.words) if network.gates_on(gate.name) else None
        select = Select(
            gate=gate,
            source=source,
            target=target,
            potential_base=builder.lead_base.get(gate.name, 0),
            history_base=remembered[gate.source],
            passed_base=passed_base,
            emits=bool(network.out_of(gate.name)),
        )
        if passed_base is not None:
            remembered[gate.name] = passed_base
        sweep = None
        if gate.rule != "any":
            sweep = Sweep(
                population=gate.name,
                potential_base=select.potential_base,
                parameter_base=0,
                extent=source.extent,
                per_neuron=False,
                history_base=select.history_base,
                restart="zero",
                leak=(gate.decay,) if gate.rule == "rate" else (),
                leads=gate.rule,
            )
        gates[gate.name] = select, sweep
    return gates


def _merge(sweep: Sweep) -> Sweep:
    """Sweep that adds early arrivals to the potentials, once they have fired."""
    return Sweep(
        population=sweep.population,
        potential_base=sweep.potential_base,
        parameter_base=sweep.parameter_base,
        extent=sweep.extent,
        per_neuron=sweep.per_neuron,
        current="always",
        clears="always",
    )


def _consume(
    placement: Placement,
    builder: _CoreBuilder,
    projection: Projection,
    tables: SynapseTables,
    weight_base: int,
) -> Callable[[int], Consume]:
    """Lay out a projection; what is returned makes a consume into words from a base on."""
    column_base = builder.add("column", tables.column)
    group_base = builder.add("group", tables.group)
    lane_base = builder.add("lane", tables.lane)

    def into(potential_base: int) -> Consume:
        row = tables.row + np.array([potential_base, weight_base, 0])
        return Consume(
            source=projection.source,
            population=projection.target,
            port=placement.core_of.get(projection.source, len(placement.cores)),
            row_base=builder.add("row", row),
            column_base=column_base,
            group_base=group_base,
            lane_base=lane_base,
            tables=tables,
            shift=projection.shift,
        )

    return into


def _shared(placement: Placement, consumes: list[Consume]) -> list[Consume | Take]:
    """Take a step once for all of a core's projections out of one source."""
    if not consumes:
        return []
    first, *others = consumes
    replays = [replace(one, replays=True) for one in others]
    if len(placement.listeners(first.source)) > 1:
        take = Take(source=first.source, population=first.population, port=first.port)
        return [take, replace(first, replays=True), *replays]
    return [replace(first, keeps=bool(others)), *replays]


def driven(network: SpikingNetwork, population: Population) -> bool:
    """Whether an input current comes to a population in every step, and brings the bias."""
    return network.current_fed(population) and not network.input.spikes


def _sweep(placement: Placement, builder: _CoreBuilder, population: Population) -> Sweep:
    """Reserve a population's potentials and parameters; the sweep that fires or reads it."""
    network = placement.network
    layout = placement.layouts[population.name]
    brings = driven(network, population)
    gathers = network.gathers(population)
    last = population is network.readout
    summed = last and sums_up(network)
    shared = population.name in builder.shared
    rules = sweep_rules(network, population)
    added = population.bias * (network.timesteps if summed or gathers else 1)
    if shared and not brings:
        added = _sum(population, added, population.initial)
    elif shared and gathers:
        added = population.initial
    rows, per_neuron = _parameter_rows(
        layout,
        population,
        population.threshold << rules["planes"] - 1,
        added,
        population.initial,
        *negative_rows(population, rules["planes"]),
        *([] if population.floor is None else [population.floor]),
    )
    in_every_step = placement.decides or network.softmax is not None
    read: When = "never" if not last else "always" if in_every_step else "last"
    bias: When = "first" if gathers and (shared or not brings) else "never" if brings else "always"
    current = brings and not gathers
    sweep = Sweep(
        population=population.name,
        potential_base=builder.potential_base[population.name],
        current_base=builder.current_base.get(population.name, 0),
        parameter_base=builder.add("parameter", rows),
        history_base=builder.remember(layout.words) if rules["remembers"] else 0,
        extent=layout.extent,
        per_neuron=per_neuron,
        current="always" if current else "never",
        clears="last" if current else "never",
        bias=bias,
        emits=population.fires and bool(network.out_of(population.name)),
        read=read,
        restart="zero" if shared else "initial",
        updates=population.size * (network.timesteps if summed and not population.plain else 1),
        **rules,
    )
    early = population.name in builder.early_base
    skips = sweep.emits and not last and not early and not changes_by_itself(population, sweep)
    return replace(sweep, skips=skips)


def _current_sweep(
    placement: Placement, builder: _CoreBuilder, population: Population, sweep: Sweep
) -> Sweep:
    """Reserve the parameters of an input current; the sweep that shifts it and adds the bias."""
    layout = placement.layouts[population.name]
    assert population.current_shift is not None
    done = placement.network.input.bits - 1 if placement.lsb_first else 0
    bias = population.bias * driven(placement.network, population)
    rows, per_neuron = _parameter_rows(
        layout, population, population.current_shift - done, bias, bias * 0
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


def _sum(population: Population, one: Ints, other: Ints) -> Ints:
    """Sum of values per channel or per neuron; per channel where both are."""
    if one.shape != other.shape:
        one, other = population.per_neuron(one), population.per_neuron(other)
    return one + other


def _parameter_rows(layout: LaneLayout, population: Population, *values: Ints) -> tuple[Ints, bool]:
    """Parameter rows ``(rows, lanes, 6)``, one a word of channels where all channels are alike."""
    per_neuron = len(population.shape) == 3 and any(v.shape == population.shape for v in values)
    if not per_neuron and len(population.shape) == 3:
        layout = LaneLayout(shape=population.shape[:1], lanes=layout.lanes)
    else:
        values = tuple(population.per_neuron(v) for v in values)
    rows = np.stack([layout.pack(v) for v in values], axis=-1).astype(np.int64)
    return np.pad(rows, ((0, 0), (0, 0), (0, 6 - len(values)))), per_neuron
