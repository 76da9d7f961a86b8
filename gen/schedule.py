"""The schedule of a core: which steps it consumes and which populations it sweeps, in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from augend.gen.memory_plan import potential_hold
from augend.gen.network import INPUT, Projection, SpikingNetwork
from augend.gen.selection import Select
from augend.gen.synapse_tables import SynapseTables

__all__ = [
    "FOREVER",
    "Consume",
    "Decide",
    "End",
    "Instruction",
    "Select",
    "Sweep",
    "Take",
    "When",
    "comes_early",
    "core_schedule",
    "holds",
    "sums_up",
]

When = Literal["never", "always", "first", "last"]
"""Iterations of a loop."""

FOREVER = -1
"""Rest of a neuron that spikes once."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Consume:
    """Take one step of a source's events through a projection.

    One that ``keeps`` keeps the step for those that follow, each of which ``replays`` it. One that
    ``discards_last`` throws the step of the loop's last iteration away. ``port`` is the core of the
    source, or the number of cores for the input. ``times``, ``closes`` and ``back`` (here and
    below): length of the loop that it stands in, whether it is the loop's last instruction, and
    where the loop begins.
    """

    source: str
    population: str
    port: int
    row_base: int
    column_base: int
    group_base: int
    lane_base: int
    tables: SynapseTables
    shift: int = 0
    keeps: bool = False
    replays: bool = False
    discards_last: bool = False
    times: int = 1
    closes: bool = False
    back: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Take:
    """Keep one step of a source's events, at one event word a clock, for consumes to replay.

    Cores that listen to one source all take its steps so: at once, and in the same clocks.
    ``population`` is the target of the first of the consumes.
    """

    source: str
    population: str
    port: int
    times: int = 1
    closes: bool = False
    back: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Sweep:
    """Visit every word of a population, or of its input current.

    Fields as in the hardware's sweep: see ``augend.hw.instruction``. ``passes`` counts the sweeps
    that finish an input current, the last of which adds the bias. ``planes`` of spikes a step;
    ``inhibition`` 0 where there is none; ``rest`` 0, or ``FOREVER``. ``leads``: the words are those
    of a gate, which take in its source's spikes. ``skips``: between the loop's first and last
    iterations, a sweep of neurons that none before spiked of and nothing was added to since changes
    nothing but to emit a token.
    """

    population: str
    potential_base: int
    parameter_base: int
    extent: tuple[int, int, int]
    per_neuron: bool
    current_base: int = 0
    history_base: int = 0
    current: When = "never"
    clears: When = "never"
    bias: When = "never"
    scale: Literal["keep", "halve", "double", "halve_some"] = "keep"
    fire: bool = False
    emits: bool = False
    read: When = "never"
    restart: Literal["no", "initial", "zero"] = "no"
    updates: int = 0
    planes: int = 1
    most: int = 1
    bipolar: bool = False
    zero: bool = False
    sinks: bool = False
    remembers: bool = False
    leak: tuple[int, ...] = ()
    clamp_steps: int = 0
    inhibition: int = 0
    rest: int = 0
    totals: Literal["no", "count", "first"] = "no"
    takes_back: bool = False
    leads: Literal["no", "count", "rate"] = "no"
    skips: bool = False
    passes: int = 1
    times: int = 1
    closes: bool = False
    back: int = 0

    @property
    def words(self) -> int:
        """Number of potential words visited."""
        a, b, g = self.extent
        return a * b * g

    @property
    def settles(self) -> bool:
        """Whether a slot follows the last spike plane, for the floor or for what is remembered."""
        return self.sinks or self.remembers

    @property
    def restores(self) -> bool:
        """Whether the initial potential has to wait until the one above the floor was read."""
        return self.sinks and self.read != "never"

    def whole_slot(self, iteration: int) -> int:
        """Slot, from 0 on, in which a word's sum is whole and its highest plane is compared."""
        reads = holds(self.current, iteration, self.times)
        return reads + (1 + self.planes if self.inhibition else 0)

    def read_slot(self, iteration: int) -> int:
        """Slot whose result is handed over, from 0 on."""
        return self.whole_slot(iteration) + (self.planes if self.settles else 0)

    def slots(self, iteration: int) -> int:
        """Clocks that each word is visited in."""
        leaks = len(self.leak) + 1 if self.leak else 0
        later = self.planes + self.settles + self.restores + leaks
        return self.whole_slot(iteration) + later


def holds(when: When, iteration: int, times: int) -> bool:
    """Whether something is done in an iteration of a loop."""
    if when == "first":
        return iteration == 0
    return when == "always" or (when == "last" and iteration == times - 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Decide:
    """Wait with all cores until it is known whether the inference ends with this time step.

    Where it does, the core's initialisation is carried out once more. In the loop's last iteration
    there is nothing to wait for.
    """

    times: int = 1
    closes: bool = False
    back: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class End:
    """The inference is over; the next one begins at ``back``."""

    back: int
    times: int = 1
    closes: bool = False


Instruction = Consume | Take | Sweep | Select | Decide | End


def core_schedule(
    network: SpikingNetwork,
    sweeps: dict[str, Sweep],
    currents: dict[str, Sweep],
    opens: Mapping[str, Sweep],
    merges: Mapping[str, Sweep],
    partials: Sequence[Sweep],
    planes: Sequence[Consume | Take],
    consumes: Mapping[str, Sequence[Consume | Take]],
    gates: Mapping[str, tuple[Select, Sweep | None]],
    *,
    decides: bool = False,
) -> list[Instruction]:
    """Schedule of a core: initialisation, then inference.

    Every core takes (population, step) pairs in the same order, in which they are also emitted:
    therefore the cores cannot wait for each other in a circle.

    Parameters
    ----------
    network
        The network.
    sweeps, currents
        Sweeps of the populations of this core, and of their input currents.
    opens
        Of these sweeps, those of populations that need their initial potentials set, in the phased
        schedule, before anything comes in.
    merges
        Sweeps that add what arrived too early for the step: spikes with a delay, of populations
        that come before their target.
    partials
        Sweeps that add the partial sums of a readout to it.
    planes
        How it takes a bit plane of the input current.
    consumes
        By source, how it takes a step of spikes.
    gates
        Of the gates of this core: how their spikes pass, and the sweep that takes in those of their
        source.
    decides
        Whether the inference may end before the last time step.
    """
    program: list[Instruction] = []

    def loop(times: int, body: Sequence[Instruction]) -> None:
        first = len(program)
        # Whether a sweep spiked is known two clocks after the next instruction executes.
        between = times > 2 and len(body) > 1
        for i, item in enumerate(body):
            if isinstance(item, Sweep):
                item = replace(item, skips=item.skips and between)
            closes = times > 1 and i == len(body) - 1
            program.append(replace(item, times=times, closes=closes, back=first))

    quiet = {"current": "never", "clears": "never", "bias": "never", "read": "never"}
    quiet |= {"fire": False, "emits": False, "updates": 0, "planes": 1, "most": 1}
    quiet |= {"sinks": False, "clamp_steps": 0, "inhibition": 0}
    quiet |= {"leads": "no", "skips": False}
    leading = [sweep for _, sweep in gates.values() if sweep is not None]
    loop(1, [replace(s, **quiet) for s in [*sweeps.values(), *leading]])
    loop(1, [replace(s, restart="zero", scale="keep") for s in currents.values()])
    early = {"current": "never", "clears": "never", "restart": "zero"}
    early_sums = [*merges.values(), *partials]
    loop(1, [replace(m, potential_base=m.current_base, **early) for m in early_sums])
    begin = len(program) + 1
    program.append(End(back=begin))

    def open_for(phase: int) -> None:
        for name, sweep in opens.items():
            if potential_hold(network, network.population(name), 0).first == phase:
                loop(1, [replace(sweep, **quiet | {"restart": "initial"})])

    steps = network.timesteps
    open_for(0)
    if currents:
        if network.input.bits > 1:
            loop(network.input.bits - 1, [*planes, *currents.values()])
        loop(1, planes)
    for name, shift in currents.items():
        loop(shift.passes, [replace(shift, scale="halve_some", bias="last")])
        sweep = sweeps[name]
        once = network.input.spikes  # a hybrid input's current, before its spikes
        if once or (sweep.fire and sweep.current == "never"):  # or all steps before it fires
            adds = {"current": "always", "clears": "last", "restart": "no", "remembers": False}
            loop(1 if once else steps, [replace(sweep, **quiet | adds | {"leak": ()})])

    readout = sweeps.get(network.readout.name)
    last = network.readout.name
    stepwise: list[Instruction] = []
    if not sums_up(network):
        stepwise = [unit[last] for unit in (sweeps, merges) if last in unit]
        stepwise += consumes.get(last, [])
    fires = [p.name for p in network.hidden]
    order = [*([INPUT] if network.input.spikes else []), *fires]
    bodies: dict[str, list[Instruction]] = {
        name: [
            *(unit[name] for unit in (sweeps, merges) if name in unit),
            *consumes.get(name, []),
        ]
        for name in order
    }
    for gate in network.gates:
        passing = [one for one in gates.get(gate.name, ()) if one is not None]
        behind = bodies.get(network.root_of(gate.name), stepwise)
        behind += [*passing, *consumes.get(gate.name, [])]
    if network.schedule == "phased":
        phases = [INPUT, *fires]
        for name in order:
            if name != INPUT:
                open_for(phases.index(name))
            loop(steps, bodies[name])
        open_for(len(phases))
        loop(steps, stepwise)
    else:
        body = [*(item for name in order for item in bodies[name]), *stepwise]
        loop(steps, [*body, Decide()] if decides and body else body)
    if readout is not None and sums_up(network):
        if readout.current != "never" and steps > 1:  # the current of every step but the last
            unread = {"read": "never", "clears": "never", "restart": "no", "updates": 0}
            loop(steps - 1, [replace(readout, **unread)])
        loop(1, [*partials, readout])
    program.append(End(back=begin))
    return program


def sums_up(network: SpikingNetwork) -> bool:
    """Whether the readout only accumulates, so that it is swept once, at the end."""
    readout = network.readout
    if network.exit_margin is not None or network.softmax is not None:
        return False
    return not (readout.fires or readout.leak or readout.floor is not None or readout.clamp_steps)


def comes_early(network: SpikingNetwork, projection: Projection) -> bool:
    """Whether its spikes are taken before the step in which they arrive has begun.

    They are those of a delay, out of a population before the target: of the same step there is
    still a sweep of the target to come. A readout that only accumulates is swept once, at the end.
    """
    names = [p.name for p in network.populations]
    target = projection.target
    source = network.root_of(projection.source)
    before = projection.delay > 0 and names.index(source) < names.index(target)
    return before and not (target == network.readout.name and sums_up(network))
