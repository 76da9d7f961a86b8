"""The schedule of a core: which steps it consumes and which populations it sweeps, in order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from augend.gen.network import INPUT, SpikingNetwork
from augend.gen.synapse_tables import SynapseTables

__all__ = ["Consume", "End", "Instruction", "Sweep", "core_schedule"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Consume:
    """Take one step of a source's events through a projection.

    ``port`` is the core of the source, or the number of cores for the input. ``times``, ``closes``
    and ``back`` (here and below): length of the loop that it stands in, whether it is the loop's
    last instruction, and where the loop begins.
    """

    source: str
    population: str
    port: int
    row_base: int
    column_base: int
    group_base: int
    lane_base: int
    tables: SynapseTables
    times: int = 1
    closes: bool = False
    back: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Sweep:
    """Visit every word of a population, or of its input current.

    Fields as in the hardware's sweep: see ``augend.hw.instruction``. ``passes`` counts the sweeps
    that finish an input current, the last of which adds the bias.
    """

    population: str
    potential_base: int
    parameter_base: int
    extent: tuple[int, int, int]
    per_neuron: bool
    current_base: int = 0
    current: bool = False
    bias: Literal["never", "always", "first", "last"] = "never"
    scale: Literal["keep", "halve", "double", "halve_some"] = "keep"
    fire: bool = False
    read: bool = False
    restart: Literal["no", "initial", "zero"] = "no"
    updates: int = 0
    passes: int = 1
    times: int = 1
    closes: bool = False
    back: int = 0

    @property
    def words(self) -> int:
        """Number of potential words visited."""
        a, b, g = self.extent
        return a * b * g


@dataclass(frozen=True, kw_only=True, eq=False)
class End:
    """The inference is over; the next one begins at ``back``."""

    back: int
    times: int = 1
    closes: bool = False


Instruction = Consume | Sweep | End


def core_schedule(
    network: SpikingNetwork,
    sweeps: dict[str, Sweep],
    currents: dict[str, Sweep],
    consumes: dict[str, Consume],
    planes: Consume | None = None,
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
    consumes
        By source, the spikes that this core takes.
    planes
        What takes the bit planes of the input current, where this core does.
    """
    program: list[Instruction] = []

    def loop(times: int, body: Sequence[Instruction]) -> None:
        first = len(program)
        for i, item in enumerate(body):
            closes = times > 1 and i == len(body) - 1
            program.append(replace(item, times=times, closes=closes, back=first))

    quiet = {"current": False, "bias": "never", "fire": False, "read": False, "updates": 0}
    loop(1, [replace(s, restart="initial", **quiet) for s in sweeps.values()])
    loop(1, [replace(s, restart="zero", scale="keep") for s in currents.values()])
    begin = len(program) + 1
    program.append(End(back=begin))

    steps = network.timesteps
    if planes is not None:
        (shift,) = currents.values()
        if network.input.bits > 1:
            loop(network.input.bits - 1, [planes, shift])
        loop(1, [planes])
        loop(shift.passes, [replace(shift, scale="halve_some", bias="last")])
        if network.input.spikes:  # the current comes once, before the spikes
            once = replace(sweeps[shift.population], **quiet | {"current": True}, restart="no")
            loop(1, [once])
            loop(1, [replace(shift, restart="zero", scale="keep")])

    fires = [p.name for p in network.hidden]
    order = [*([INPUT] if network.input.spikes else []), *fires]
    bodies = {
        name: [unit[name] for unit in (sweeps, consumes) if name in unit and name != INPUT]
        + ([consumes[name]] if name == INPUT and name in consumes else [])
        for name in order
    }
    if network.schedule == "phased":
        for name in order:
            loop(steps, bodies[name])
    else:
        loop(steps, [item for name in order for item in bodies[name]])
    readout = network.readout.name
    if readout in sweeps:
        read = sweeps[readout]
        if read.current and steps > 1:  # the current of every step but the last
            loop(steps - 1, [replace(read, read=False, restart="no", updates=0)])
        loop(1, [read])
    program.append(End(back=begin))
    return program
