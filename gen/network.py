"""The contract: an integer spiking network, of which everything downstream is a function."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from augend.gen.contract import INPUT, ContractError, Ints, Shape
from augend.gen.entry import Input
from augend.gen.gate import Gate
from augend.gen.population import Population
from augend.gen.projection import Projection
from augend.gen.softmax import Softmax

__all__ = [
    "INPUT",
    "ContractError",
    "Decode",
    "Gate",
    "Input",
    "Ints",
    "Population",
    "Projection",
    "Shape",
    "Softmax",
    "SpikingNetwork",
]

Decode = Literal["potential", "count", "first_spike", "softmax"]


@dataclass(frozen=True, kw_only=True, eq=False)
class SpikingNetwork:
    """An integer spiking network: no float in it, no multiplication in its execution.

    ``synchronous``: in every time step every population, in order, takes what its sources emitted
    in that step, and fires. ``phased``: a population first takes the spikes of all steps of its
    sources and all its biases, then fires once a step for all steps; a population that only the
    constant input current drives has nothing to wait for and adds current and bias step by step.
    The current of a ``hybrid`` input is added once in either.
    A gate works in the same step as its source.

    Parameters
    ----------
    input
        What enters.
    populations
        In topological order. The last is read out; it alone may have reset ``none``.
    projections
        Each from an earlier population, a gate on one, or the input, to a later one; with delay 1
        from any.
    gates
        Max-pools, each after its source.
    timesteps
        Number of time steps T, at least 1.
    schedule
        ``synchronous`` or ``phased``.
    weight_bits
        Width of a weight: signed two's complement; with 1 bit the weights are -1 and +1.
    rectified
        The network ends in a ReLU: scores below 0 are read as 0, and so are the potentials that a
        ``softmax`` draws from.
    decode
        Scores of the last population: its ``potential`` after the last step (reset ``none``), the
        ``count`` of its (signed) spikes, or ``first_spike``: steps left when it first spikes with
        +1, that one included, T - t in step t from 0 on, and 0 where it never does; ``softmax``
        (reset ``none``, synchronous): how many output spikes each class won.
    exit_margin
        For ``potential`` in the synchronous schedule: the inference ends after the first step in
        which the best score leads the second by so much, both read as ``rectified`` says; None
        runs all steps, as a single class does.
    softmax
        Temperature, clock and seed of the output spikes of decode ``softmax``; else None.
    """

    input: Input
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    gates: tuple[Gate, ...] = ()
    timesteps: int = 8
    schedule: Literal["synchronous", "phased"] = "synchronous"
    weight_bits: int = 8
    rectified: bool = False
    decode: Decode = "potential"
    exit_margin: int | None = None
    softmax: Softmax | None = None
    _shapes: dict[str, Shape] = field(init=False, repr=False)
    _order: dict[str, int] = field(init=False, repr=False)
    _by_name: dict[str, Population] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.timesteps < 1:
            raise ContractError(f"Time steps must be at least 1, not {self.timesteps!r}")
        if self.schedule not in ("synchronous", "phased"):
            raise ContractError(
                f"Schedule must be 'synchronous' or 'phased', not {self.schedule!r}"
            )
        if not 1 <= self.weight_bits <= 8:
            raise ContractError(f"Weight bits must be 1 to 8, not {self.weight_bits!r}")
        names = [p.name for p in self.populations]
        every = [*names, *(gate.name for gate in self.gates)]
        if not names or len(set(every)) < len(every) or INPUT in every:
            raise ContractError(f"Populations need distinct names other than 'input', not {every}")
        self._check_readout()
        shapes = {INPUT: self.input.shape} | {p.name: p.shape for p in self.populations}
        order = {INPUT: 0} | {name: place for place, name in enumerate(names, start=1)}
        object.__setattr__(self, "_by_name", {p.name: p for p in self.populations})
        object.__setattr__(self, "_shapes", shapes)
        object.__setattr__(self, "_order", order)
        for gate in self.gates:
            self._add_gate(gate)
        for projection in self.projections:
            self._check_projection(projection)
        for population in self.populations:
            self._check_population(population)

    def _check_readout(self) -> None:
        resets = [p.reset for p in self.populations]
        silent = [place for place, reset in enumerate(resets) if reset == "none"]
        if self.decode not in get_args(Decode):
            raise ContractError(
                f"Decode must be one of {', '.join(map(repr, get_args(Decode)))}, "
                f"not {self.decode!r}"
            )
        accumulates = self.decode in ("potential", "softmax")
        if silent != ([len(resets) - 1] if accumulates else []):
            which = "The last population, and only it," if accumulates else "None"
            raise ContractError(f"{which} has reset 'none', not {resets}")
        self._check_softmax()
        if self.exit_margin is not None and (
            self.exit_margin < 1 or self.schedule == "phased" or self.decode != "potential"
        ):
            raise ContractError(
                f"An exit margin is at least 1, for scores by potential in the synchronous "
                f"schedule, not {self.exit_margin!r} with {self.decode!r} and {self.schedule!r}"
            )

    def _check_softmax(self) -> None:
        if (self.decode == "softmax") != (self.softmax is not None):
            raise ContractError(
                f"Decode 'softmax', and only it, needs a Softmax with temperature and clock; this "
                f"is decode {self.decode!r} with {self.softmax!r}"
            )
        if self.softmax is None:
            return
        if self.schedule == "phased":
            raise ContractError(
                "Decode 'softmax' draws output spikes from the potentials of a step, which the "
                "phased schedule has no meaning for; use schedule 'synchronous' or decode "
                "'potential'"
            )
        if self.softmax.period > self.timesteps:
            raise ContractError(
                f"The softmax's clock must tick in the {self.timesteps} time steps; its period is "
                f"{self.softmax.period}"
            )

    def _add_gate(self, gate: Gate) -> None:
        source = self._shapes.get(gate.source)
        if source is None or gate.source == INPUT:
            raise ContractError(
                f"Gate {gate.name!r} needs a population, or an earlier gate, for its source, not "
                f"{gate.source!r}"
            )
        if len(source) != 3 or source[0] != gate.shape[0]:
            raise ContractError(
                f"Gate {gate.name!r} of shape {gate.shape} needs a source of as many channels, "
                f"not {source}"
            )
        for axis in (0, 1):
            starts = np.arange(gate.shape[1 + axis]) * gate.stride[axis] - gate.padding[axis]
            taps = starts[:, None] + np.arange(gate.kernel[axis]) * gate.dilation[axis]
            if not ((taps >= 0) & (taps < source[1 + axis])).any(1).all():
                raise ContractError(
                    f"Gate {gate.name!r} has windows that hold no neuron of its source {source}"
                )
        self._shapes[gate.name] = gate.shape
        self._order[gate.name] = self._order[gate.source]

    def _check_projection(self, projection: Projection) -> None:
        where = f"projection {projection.source!r} -> {projection.target!r}"
        if projection.source not in self._shapes or projection.target not in self._by_name:
            raise ContractError(
                f"{where} must lead to one of {list(self._by_name)} from one of "
                f"{list(self._shapes)}"
            )
        if projection.delay:
            if projection.source == INPUT or self.schedule == "phased":
                raise ContractError(
                    f"{where} has a delay, which only spikes of populations in the synchronous "
                    f"schedule can have"
                )
        elif self._order[projection.source] >= self._order[projection.target]:
            raise ContractError(f"{where} must lead from an earlier population to a later one")
        source, target = self.shape_of(projection.source), self.shape_of(projection.target)
        weight = projection.weight
        for shape, chosen in (
            (source, projection.source_channels),
            (target, projection.target_channels),
        ):
            if chosen is not None and chosen[1] > shape[0]:
                raise ContractError(f"{where} names channels {chosen} of a population of {shape}")
        if projection.kind == "conv":
            if len(source) != 3 or len(target) != 3:
                raise ContractError(f"{where} is a convolution and needs (C, H, W) at both ends")
            ends = projection.source_part(source)[0], projection.target_part(target)[0]
            if ends[0] % projection.groups or ends[1] % projection.groups:
                raise ContractError(
                    f"{where} has {projection.groups} groups, which must divide its "
                    f"{ends[0]} and {ends[1]} channels"
                )
        expected = projection.weight_shape(source, target)
        if weight.shape != expected:
            raise ContractError(f"{where} needs weights of shape {expected}, not {weight.shape}")
        bits = self.bits_of(projection)
        low, high = _range(bits)
        if weight.size and (weight.min() < low or weight.max() > high):
            raise ContractError(
                f"{where} has weights from {weight.min()} to {weight.max()}; "
                f"{bits} bits hold {low} to {high}"
            )
        there = weight if projection.kept is None else weight[projection.kept]
        if bits == 1 and np.any(there == 0):
            raise ContractError(f"{where} has weights of 0; one bit holds -1 and +1 only")

    def _check_population(self, population: Population) -> None:
        sources = self.into(population.name)
        if not sources:
            raise ContractError(f"Nothing projects to population {population.name!r}")
        fed = self.input.is_current and any(p.source == INPUT for p in sources)
        if fed != (population.current_shift is not None):
            raise ContractError(
                f"Population {population.name!r} needs current shifts if, and only if, "
                f"a current input projects to it"
            )
        waits = set(population.options) - {"bipolar spikes", "several spikes a step"}
        if self.schedule == "phased" and waits:
            raise ContractError(
                f"Population {population.name!r} has {', '.join(sorted(waits))}, which the phased "
                f"schedule, where steps are summed before the first spike, has no meaning for"
            )

    @property
    def weight_range(self) -> tuple[int, int]:
        """Least and greatest weight of the network's width."""
        return _range(self.weight_bits)

    def bits_of(self, projection: Projection) -> int:
        """Width of a projection's weights."""
        return self.weight_bits if projection.bits is None else projection.bits

    @property
    def readout(self) -> Population:
        """The last population, which is read."""
        return self.populations[-1]

    @cached_property
    def hidden(self) -> tuple[Population, ...]:
        """The populations before the one that is read."""
        return self.populations[:-1]

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the rules beyond the plainest network that it uses, each with where."""
        used = [f"{what} ({p.name})" for p in self.populations for what in p.options]
        used += [
            f"{what} ({p.source} to {p.target})" for p in self.projections for what in p.options
        ]
        used += [f"a max-pool gate ({gate.name})" for gate in self.gates]
        if self.input.encoding not in ("current", "events"):
            used.append(f"input encoding {self.input.encoding}")
        if self.input.encoding == "events" and self.input.bits > 1:
            used.append("several input events a step")
        if self.decode != "potential":
            used.append(f"readout by {self.decode}")
        if self.exit_margin is not None:
            used.append("early exit")
        return tuple(used)

    def population(self, name: str) -> Population:
        """Population of that name."""
        return self._by_name[name]

    def shape_of(self, name: str) -> Shape:
        """Shape of a population, of a gate or of the input."""
        return self._shapes[name]

    def most_spikes(self, name: str) -> tuple[int, int]:
        """Least and greatest number of spikes of a source's neuron in a step, signed."""
        if name == INPUT:
            return 0, self.input.most_spikes
        if name in self._by_name:
            population = self._by_name[name]
            most = population.most_spikes if population.fires else 0
            return -most if population.bipolar else 0, most
        return self.most_spikes(next(g.source for g in self.gates if g.name == name))

    def root_of(self, name: str) -> str:
        """Population whose spikes a gate, or a chain of gates, passes; any other name as it is."""
        sources = {gate.name: gate.source for gate in self.gates}
        while name in sources:
            name = sources[name]
        return name

    def gates_on(self, name: str) -> Sequence[Gate]:
        """Gates that a population, or a gate, feeds directly."""
        return tuple(gate for gate in self.gates if gate.source == name)

    def into(self, name: str) -> tuple[Projection, ...]:
        """Projections that end in a population."""
        return tuple(p for p in self.projections if p.target == name)

    def out_of(self, name: str) -> tuple[Projection, ...]:
        """Projections that leave a population, a gate or the input."""
        return tuple(p for p in self.projections if p.source == name)

    def gathers(self, population: Population) -> bool:
        """Whether it takes spikes of all steps before it fires for the first time."""
        fed = not self.input.spikes
        into = self.into(population.name)
        waits = any(not (fed and p.source == INPUT) for p in into)
        return self.schedule == "phased" and population.fires and waits

    def current_fed(self, population: Population) -> bool:
        """Whether the constant input current drives a population."""
        return population.current_shift is not None


def _range(bits: int) -> tuple[int, int]:
    return (-1, 1) if bits == 1 else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
